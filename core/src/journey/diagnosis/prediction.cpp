#include "journey/diagnosis/prediction.h"

#include "access/levels.h"
#include "anteroom/email.h"
#include "anteroom/people.h"
#include "anteroom/ports.h"
#include "journey/frame/property_names.h"
#include "journey/frame/readable.h"
#include "text/instant.h"

namespace anteroom::journey {

namespace {

// One prediction under way.
class Asking {
 public:
  Asking(const Settings& settings, const CompanyDirectory& companies, Time now)
      : settings_(settings), companies_(companies), now_(now) {}

  Prediction prediction;

  void ask(const std::string& email, const std::optional<store::Person>& person) {
    if (!reaches_an_idp(std::string(email_domain(email)))) return;
    if (!person) return decide(Fate::waiting_room, "no_record", "why_no_record"_message);
    if (person->state == "disabled") {
      return decide(Fate::refused, "user_disabled", "why_switched_off"_message);
    }
    if (!is_tied_well(*person)) return;
    if (person->grants.empty()) {
      return decide(Fate::waiting_room, "no_grant", "why_no_access"_message);
    }
    prediction.steps.push_back({"why_has"_message, {{"grants", person->grants}}});
    if (access::highest_level(settings_.access, person->grants).empty()) {
      return decide(Fate::waiting_room, "no_grant", "why_unknown_levels"_message);
    }
    prediction.rule = "access_level";
  }

 private:
  void decide(Fate fate, std::string_view rule, Message why) {
    prediction.fate = fate;
    prediction.rule = rule;
    prediction.steps.push_back(std::move(why));
  }

  bool reaches_an_idp(const std::string& domain) {
    idp_ = companies_.by_domain(domain);
    if (idp_ == nullptr) {
      decide(Fate::cannot_sign_on, "email_domain_not_registered",
             {"why_no_company"_message, {{"domain", domain}}});
      return false;
    }
    const std::string& company = idp_->display_name;
    prediction.steps.push_back({"why_company"_message, {{"domain", domain}, {"company", company}}});
    const auto& until = idp_->metadata.valid_until;
    if (until && *until <= now_) {
      decide(Fate::cannot_sign_on, "metadata_expired",
             {"why_metadata_expired"_message, {{"company", company}}});
      return false;
    }
    if (!idp_->closed.empty()) {
      decide(Fate::cannot_sign_on, "company_closed",
             {"why_company_closed"_message, {{"company", company}}});
      return false;
    }
    return true;
  }

  bool is_tied_well(const store::Person& person) {
    if (person.idp.empty()) {
      prediction.steps.push_back("why_not_pinned"_message);
      return true;
    }
    const IdentityProvider* own = companies_.by_name(person.idp);
    const std::string company = own == nullptr ? person.idp : own->display_name;
    if (own != idp_) {
      decide(Fate::refused, "identity_pinned",
             {"why_pinned_elsewhere"_message, {{"company", company}}});
      return false;
    }
    prediction.steps.push_back({"why_pinned"_message, {{"company", company}}});
    return true;
  }

  const Settings& settings_;
  const CompanyDirectory& companies_;
  Time now_;
  const IdentityProvider* idp_ = nullptr;  // that speaks for the domain
};

Message ends(MessageKey before, MessageKey after, Time end, Time now,
             Message::Arguments arguments) {
  arguments["date"] = readable_time(text::format_instant(end));
  return {now < end ? before : after, std::move(arguments)};
}

// "Elm Court=manager (VALUE), …".
std::string asserted_text(const std::vector<AssertedGrant>& grants,
                          const store::PropertyNames& names) {
  std::string text;
  for (const AssertedGrant& grant : grants) {
    text += (text.empty() ? "" : ", ") + name_of_property(grant.property, names) + "=" +
            grant.level + " (" + grant.value + ")";
  }
  return text;
}

}  // namespace

Prediction predict(const Settings& settings, const CompanyDirectory& companies,
                   const std::string& email, const std::optional<store::Person>& person, Time now) {
  Asking asking(settings, companies, now);
  asking.ask(email, person);
  return std::move(asking.prediction);
}

std::vector<Message> asserted_messages(const CompanyDirectory& companies, const std::string& email,
                                       const std::optional<store::Person>& person,
                                       const store::LastAsserted& last,
                                       const store::PropertyNames& names) {
  const IdentityProvider* company = companies.by_domain(email_domain(email));
  if (company == nullptr || company->asserted.values.empty()) return {};
  const AssertedAccess& table = company->asserted;
  std::vector<Message> said{{"why_asserts"_message,
                             {{"company", company->display_name}, {"attribute", table.attribute}}}};
  if (!person || person->last_sign_on_at.empty()) {
    said.emplace_back("why_asserted_unknown"_message);
    return said;
  }
  const std::string given = asserted_text(given_for(table, last.values), names);
  said.push_back(given.empty() ? Message("why_asserted_nothing"_message)
                               : Message{"why_asserted"_message, {{"given", given}}});
  if (!last.too_many_at.empty()) {
    said.push_back({"why_too_many_groups"_message, {{"date", readable_time(last.too_many_at)}}});
  }
  return said;
}

Message fate_message(Fate fate, const std::string& email) {
  const Message::Arguments who{{"email", email}};
  switch (fate) {
    case Fate::cannot_sign_on:
      return {"why_cannot_sign_on"_message, who};
    case Fate::waiting_room:
      return {"why_waiting_room"_message, who};
    case Fate::refused:
      return {"why_refused"_message, who};
    case Fate::let_in:
      break;
  }
  return {"why_let_in"_message, who};
}

std::vector<Message> validity_messages(const IdentityProvider& idp, Time now) {
  std::vector<Message> said;
  if (const auto& until = idp.metadata.valid_until) {
    said.push_back(
        ends("why_metadata_ends"_message, "why_metadata_ended"_message, *until, now, {}));
  }
  for (const IdpCertificate& one : idp.metadata.certificates) {
    said.push_back(ends("why_certificate_ends"_message, "why_certificate_ended"_message,
                        one.not_after, now, {{"subject", one.subject}}));
  }
  return said;
}

}  // namespace anteroom::journey
