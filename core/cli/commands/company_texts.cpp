#include "cli/commands/company_texts.h"

#include <sstream>

#include "anteroom/company_address.h"
#include "cli/commands/company_access.h"

namespace anteroom::cli {

namespace {

using store::CompanyChange;

Json versions_json(const std::vector<store::MetadataVersion>& versions) {
  Json list = Json::array();
  for (const store::MetadataVersion& version : versions) {
    list.push_back({{"number", version.number},
                    {"entity_id", version.entity_id},
                    {"fingerprints", version.fingerprints},
                    {"brought_by", version.brought_by},
                    {"brought_at", version.brought_at},
                    {"is_in_force", version.is_in_force}});
  }
  return list;
}

Json problems_json(const ReadCompany& read) {
  Json list = Json::array();
  for (const Problem& problem : read.problems) list.push_back(to_string(problem));
  return list;
}

std::string versions_text(const std::vector<store::MetadataVersion>& versions) {
  std::string text;
  for (const store::MetadataVersion& version : versions) {
    text += "metadata:   " + std::to_string(version.number) +
            (version.is_in_force ? " (in force), " : ", ") + version.brought_at.substr(0, 16) +
            "Z, by " + version.brought_by + "\n            " + version.entity_id + "\n";
    for (const std::string& print : version.fingerprints) text += "            " + print + "\n";
  }
  return text.empty() ? "metadata:   none yet\n" : text;
}

std::string fetch_text(const std::optional<store::FetchState>& fetch) {
  if (!fetch) return "";
  if (fetch->checked_at.empty()) return "fetched:    not yet\n";
  const std::string good =
      fetch->good_at.empty() ? "never" : "last on " + fetch->good_at.substr(0, 16) + "Z";
  if (fetch->error.empty()) return "fetched:    " + good + "\n";
  return "fetched:    " + good + "; tried on " + fetch->checked_at.substr(0, 16) +
         "Z: " + fetch->error + "\n";
}

std::string minute(const std::string& iso) {
  return iso.substr(0, 16) + "Z";
}

std::string links_text(const std::vector<store::CompanyLink>& links) {
  std::string text;
  for (const store::CompanyLink& link : links) {
    text += "link:       " + std::to_string(link.number) + ", " +
            (link.sent_to.empty() ? "to be passed on" : "sent to " + link.sent_to) + ", by " +
            link.made_by + ", until " + minute(link.ends_at) +
            (link.opened_at.empty() ? ", not opened yet" : ", opened " + minute(link.opened_at)) +
            "\n";
  }
  return text;
}

Json links_json(const std::vector<store::CompanyLink>& links) {
  Json list = Json::array();
  for (const store::CompanyLink& link : links) {
    list.push_back({{"number", link.number},
                    {"sent_to", link.sent_to},
                    {"made_by", link.made_by},
                    {"made_at", link.made_at},
                    {"opened_at", link.opened_at},
                    {"ends_at", link.ends_at}});
  }
  return list;
}

std::string proofs_text(const ShownCompany& shown) {
  std::string text;
  for (const store::DomainProof& proof : shown.proofs) {
    text += "proof:      " + proof.domain +
            (proof.owner.empty()             ? ", asked for by " + proof.asked_by
             : proof.owner == shown.row.name ? ""
                                             : ", which the company " + proof.owner + " has") +
            ": " + proof_text(proof) + "\n            TXT record " + challenge_name(proof.domain) +
            "\n            " + proof.challenge + "\n";
  }
  return text;
}

Json proofs_json(const std::vector<store::DomainProof>& proofs) {
  Json list = Json::array();
  for (const store::DomainProof& proof : proofs) {
    list.push_back({{"domain", proof.domain},
                    {"record", challenge_name(proof.domain)},
                    {"challenge", proof.challenge},
                    {"asked_by", proof.asked_by},
                    {"company", proof.owner},
                    {"checked_at", proof.checked_at},
                    {"proven_at", proof.proven_at},
                    {"missing_since", proof.missing_since},
                    {"outcome", proof.outcome},
                    {"found", proof.found},
                    {"detail", proof.detail}});
  }
  return list;
}

std::string handed_in_text(const std::optional<store::HandIn>& handed_in) {
  if (!handed_in) return "";
  std::string text = handed_in->handed_in_at.empty()
                         ? ""
                         : "handed in:  " + minute(handed_in->handed_in_at) + "\n";
  if (handed_in->entity_id.empty()) return text;
  text += (text.empty() ? "sent:       other metadata, not handed in yet, "
                        : "handed in:  other metadata, ") +
          minute(handed_in->offered_at) + ", by " + handed_in->offered_by + "\n            " +
          handed_in->entity_id + "\n";
  for (const std::string& print : handed_in->fingerprints) text += "            " + print + "\n";
  return text;
}

// What of it a person has to compare.
std::string detail_of(const store::Proposal& proposal) {
  switch (proposal.act) {
    case store::ProposedAct::live:
      return "go live";
    case store::ProposedAct::domain:
      return "domain " + proposal.domain;
    case store::ProposedAct::metadata:
      return "metadata of " + proposal.entity_id;
    case store::ProposedAct::settings:
      break;
  }
  return "settings: " + proposal.details;
}

std::string proposals_text(const std::vector<store::Proposal>& proposals) {
  std::string text;
  for (const store::Proposal& one : proposals) {
    text += "waits:      " + std::to_string(one.number) + ", " + detail_of(one) + ", proposed by " +
            one.proposed_by + ", until " + minute(one.ends_at) + "\n";
    for (const std::string& print : one.fingerprints) text += "            " + print + "\n";
  }
  return text;
}

Json proposals_json(const std::vector<store::Proposal>& proposals) {
  Json list = Json::array();
  for (const store::Proposal& one : proposals) {
    list.push_back({{"number", one.number},
                    {"act", detail_of(one)},
                    {"fingerprints", one.fingerprints},
                    {"proposed_by", one.proposed_by},
                    {"proposed_at", one.proposed_at},
                    {"ends_at", one.ends_at}});
  }
  return list;
}

}  // namespace

std::string company_refusal(CompanyChange change) {
  switch (change) {
    case CompanyChange::done:
    case CompanyChange::proposed:
      return "";
    case CompanyChange::own_proposal:
      return "nobody confirms what they have proposed themselves";
    case CompanyChange::no_proposal:
      return "nothing of this number waits: somebody was quicker, its time is over, or the "
             "company, or "
             "what its proposer may do, has changed";
    case CompanyChange::same:
      return "it is so already";
    case CompanyChange::no_company:
      return "there is no such company, or it is archived";
    case CompanyChange::name_taken:
      return "there is, or was, a company of this name";
    case CompanyChange::changed_meanwhile:
      return "somebody else has changed it meanwhile: look at it and try again";
    case CompanyChange::entity_id_taken:
      return "another company has the entity ID of this metadata";
    case CompanyChange::domain_taken:
      return "another company has this domain";
    case CompanyChange::below_another:
      return "it is below another company's domain";
    case CompanyChange::no_metadata:
      return "it has no metadata yet: anteroom company metadata";
    case CompanyChange::no_domain:
      return "it has no domain yet: anteroom company domain add";
    case CompanyChange::still_live:
      return "suspend it first";
    case CompanyChange::own_company:
      return "nobody changes the company that they sign on at";
    case CompanyChange::above_own_level:
      return "nobody gives by a table what they do not hold themselves there";
    case CompanyChange::no_link:
      return "the link does not hold any more";
    case CompanyChange::too_many:
      return "there are too many already: ten links, fifty domains that are to be proven, or fifty "
             "acts that wait for a second person";
    case CompanyChange::not_allowed:
      return "that needs manage.connect_companies at all properties";
  }
  return "unknown";
}

std::string company_text(const ShownCompany& shown, const Settings& settings) {
  const store::CompanyRow& row = shown.row;
  std::string text =
      "name:       " + row.name + "\nshown as:   " + row.display_name +
      "\nstate:      " + row.state + "\nbutton:     " + shown.read.company.button +
      "\ndomains:    " + joined_words(row.domains) + "\ncontacts:   " +
      (row.contacts.empty() ? "none: nobody there is told" : joined_words(row.contacts)) +
      "\nsettings:   " + row.settings + "\n" + fetch_text(shown.fetch) +
      versions_text(shown.versions) + links_text(shown.links) + proofs_text(shown) +
      handed_in_text(shown.handed_in) + proposals_text(shown.proposals);
  if (const AssertedAccess& table = shown.read.company.asserted; !table.values.empty()) {
    text += access_text(table, shown.too_many_groups);
  }
  if (row.state == "live" && !shown.read.company.closed.empty()) {
    text = "CLOSED:     " + shown.read.company.closed + "\n" + text;
  }
  for (const Problem& problem : shown.read.problems) {
    text += "remark:     " + problem.message + "\n";
  }
  return text + for_the_customer_text(for_the_customer(settings.service_provider, row.name));
}

Json company_json(const ShownCompany& shown, const Settings& settings) {
  const store::CompanyRow& row = shown.row;
  Json json = for_the_customer(settings.service_provider, row.name);
  json["name"] = row.name;
  json["display_name"] = row.display_name;
  json["state"] = row.state;
  json["domains"] = row.domains;
  json["contacts"] = row.contacts;
  json["button"] = shown.read.company.button;
  json["settings"] = Json::parse(row.settings, nullptr, false);
  json["metadata"] = versions_json(shown.versions);
  if (shown.fetch) {
    json["fetched"] = {{"url", shown.fetch->url},
                       {"checked_at", shown.fetch->checked_at},
                       {"good_at", shown.fetch->good_at},
                       {"error", shown.fetch->error}};
  }
  json["links"] = links_json(shown.links);
  json["proofs"] = proofs_json(shown.proofs);
  if (shown.handed_in) {
    json["handed_in"] = {{"at", shown.handed_in->handed_in_at},
                         {"entity_id", shown.handed_in->entity_id},
                         {"fingerprints", shown.handed_in->fingerprints},
                         {"by", shown.handed_in->offered_by}};
  }
  json["proposals"] = proposals_json(shown.proposals);
  json["too_many_groups"] = {{"people", shown.too_many_groups.people},
                             {"last_at", shown.too_many_groups.last_at}};
  json["closed"] = row.state == "live" ? shown.read.company.closed : "";
  json["problems"] = problems_json(shown.read);
  return json;
}

std::string proof_text(const store::DomainProof& proof) {
  if (!proof.missing_since.empty()) {
    return "proven on " + minute(proof.proven_at) + ", but not since " +
           minute(proof.missing_since) + ": " + proof.detail;
  }
  if (!proof.proven_at.empty()) {
    return "proven on " + minute(proof.proven_at) +
           (proof.detail.empty() ? "" : "; the last look came to nothing: " + proof.detail);
  }
  return proof.detail.empty() ? "not looked up yet" : "not proven: " + proof.detail;
}

void set_value(Json& settings, const std::string& path, const std::string& value) {
  Json* place = &settings;
  std::istringstream keys(path);
  for (std::string key; std::getline(keys, key, '.');) {
    if (!place->is_object() && !place->is_null()) {
      throw Abort{exit_refused, "'" + path + "' leads through a value that has no keys"};
    }
    place = &(*place)[key];
  }
  Json parsed = Json::parse(value, nullptr, false);
  *place = parsed.is_discarded() ? Json(value) : std::move(parsed);
}

std::string joined_words(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

Json for_the_customer(const ServiceProviderSettings& sp, const std::string& company) {
  return {{"identifier", sp.entity_id},
          {"reply_url", sp.acs_url},
          {"logout_url", sp.slo_url},
          {"sign_on_url", company_address(sp, company)}};
}

std::string for_the_customer_text(const Json& values) {
  return "Send to the customer's administrator:\n  Identifier (Entity ID)  " +
         values["identifier"].get<std::string>() + "\n  Reply URL (ACS)         " +
         values["reply_url"].get<std::string>() + "\n  Sign on URL             " +
         values["sign_on_url"].get<std::string>() + "\n  Logout URL              " +
         values["logout_url"].get<std::string>();
}

}  // namespace anteroom::cli
