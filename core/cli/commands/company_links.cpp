#include "cli/commands/company_links.h"

#include <memory>

#include "anteroom/email.h"
#include "cli/commands/company_steps.h"
#include "cli/commands/company_texts.h"
#include "host/system_random.h"
#include "services/domain_prover.h"
#include "session/set_up_link.h"
#include "text/unicode.h"

namespace anteroom::cli {

namespace {

using store::CompanyChange;

constexpr int kHistory = 100;

struct Given : Acting {
  std::string domain, to;
  long number = 0;
};
using Run = void (*)(Console&, const Given&);

void make(Console& console, const Given& given) {
  const store::CompanyRow row = row_of(console, given.name);
  const auto to = given.to.empty() ? std::optional(std::string()) : canonical_email(given.to);
  if (!to) throw Abort{exit_usage, "'" + given.to + "' is not an email address"};
  if (!to->empty() && !console.settings().mail) {
    throw Abort{exit_refused,
                "the configuration has no `mail`: nothing is sent. Without --to the "
                "link is printed"};
  }
  SystemRandom random;
  const std::vector<Secret>& keys = console.settings().sessions.cookie_keys;
  session::Mint mint(keys, session::kSetUpLinks);
  auto made = session::make_link(mint, crypto::Sealer(keys), random, SystemClock().now());
  if (!made) throw Abort{exit_refused, "no randomness"};
  store::NewLink link{row.name, made->hash, *to, to->empty() ? "" : made->sealed};
  need_change(row.name,
              console.need(wait(store::make_link(console.database(), actor_of(console, given),
                                                 console.settings().access, std::move(link)))));
  if (!to->empty()) {
    console.say("sent to " + *to, {{"sent_to", *to}});
    return;
  }
  const std::string address =
      session::set_up_address(console.settings().service_provider, made->token);
  const auto links = console.need(wait(store::links_of_company(console.database(), row.name)));
  const store::CompanyLink& newest = links.at(0);
  console.say(address + "\nlink " + std::to_string(newest.number) + ", until " + newest.ends_at +
                  ", for the first browser that opens it",
              {{"link", address}, {"number", newest.number}, {"ends_at", newest.ends_at}});
}

void end(Console& console, const Given& given) {
  const auto ended =
      console.need(wait(store::end_link(console.database(), actor_of(console, given),
                                        console.settings().access, given.name, given.number)));
  if (ended == CompanyChange::same) {
    throw Abort{exit_refused, given.name + " has no link " + std::to_string(given.number) +
                                  " that holds: anteroom company show " + given.name};
  }
  need_change(given.name, ended);
  console.say("link " + std::to_string(given.number) + " has ended",
              {{"company", given.name}, {"number", given.number}});
}

void dismiss(Console& console, const Given& given) {
  const auto closed = console.need(wait(store::close_hand_in(
      console.database(), actor_of(console, given), console.settings().access, given.name)));
  if (closed == CompanyChange::same) {
    throw Abort{exit_refused, given.name + ": nothing that was handed in waits"};
  }
  need_change(given.name, closed);
  console.say("nothing of " + given.name + " waits any more", {{"company", given.name}});
}

void history(Console& console, const Given& given) {
  (void)row_of(console, given.name);
  const auto events = console.need(
      wait(store::history_of_company(console.database(), actor_of(console, given),
                                     console.settings().access, given.name, kHistory)));
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const store::CompanyEvent& event : events) {
    rows.push_back({event.at, event.kind, event.actor, event.detail});
    json.push_back(
        {{"at", event.at}, {"kind", event.kind}, {"actor", event.actor}, {"detail", event.detail}});
  }
  console.table({"AT", "KIND", "BY", "DETAIL"}, rows, json);
}

store::DomainProof proof_of(Console& console, const Given& given, const std::string& domain) {
  for (store::DomainProof& proof :
       console.need(wait(store::proofs_of_company(console.database(), given.name)))) {
    if (proof.domain == domain) return std::move(proof);
  }
  throw Abort{exit_refused, domain + " is not asked for any more"};
}

void verify(Console& console, const Given& given) {
  (void)row_of(console, given.name);
  const std::string domain = canonical_domain(given.domain).value_or("");
  // That it is configured, or below another one, is for whoever gives it.
  const CompanyVerdict verdict = judge_company_domain(console.settings(), given.name, domain, true);
  if (verdict.fault == CompanyFault::bad_domain || verdict.fault == CompanyFault::public_domain) {
    need_good(verdict);
  }
  SystemRandom random;
  auto challenge = new_challenge(random);
  if (!challenge) throw Abort{exit_refused, "no randomness"};
  const auto asked = console.need(
      wait(store::ask_for_proof(console.database(), actor_of(console, given),
                                console.settings().access, given.name, domain, *challenge)));
  if (asked != CompanyChange::same) need_change(given.name, asked);
  const auto look = console.need(
      services::prove_domain(console.database(), console.settings(), given.name, domain));
  const store::DomainProof proof = proof_of(console, given, domain);
  if (!look && !proof.is_proven()) {
    throw Abort{exit_refused,
                "somebody looks it up right now: anteroom company show " + given.name};
  }
  if (proof.is_proven() && (!look || look->outcome == look_outcome::kProven)) {
    console.say(domain + " is " + proof_text(proof),
                {{"domain", domain}, {"is_proven", true}, {"proven_at", proof.proven_at}});
    return;
  }
  throw Abort{exit_refused, domain + " is " + proof_text(proof) + "\nTXT record " +
                                challenge_name(domain) + "\n" + proof.challenge};
}

std::pair<CLI::App*, std::shared_ptr<Given>> subcommand(CLI::App& parent, Console& console,
                                                        const char* name, const char* help,
                                                        Run run) {
  auto given = std::make_shared<Given>();
  auto* command = parent.add_subcommand(name, help);
  command->add_option("NAME", given->name, "a-z, 0-9 and hyphens; kept in user records")
      ->required();
  add_as(*command, given);
  command->callback([&console, given, run] { run(console, *given); });
  return {command, given};
}

}  // namespace

void add_links(CLI::App& company, Console& console) {
  const auto [making, made] =
      subcommand(company, console, "link",
                 "make a link by which the customer's administrator hands in the connection", make);
  making->add_option("--to", made->to, "EMAIL that it is sent to, instead of being printed");
  const auto [ending, ended] = subcommand(company, console, "end-link",
                                          "end such a link, and whoever has opened it is out", end);
  ending->add_option("NUMBER", ended->number, "as `company show` prints it")->required();
  subcommand(company, console, "dismiss",
             "throw away what was handed in and not taken: it does not wait any more", dismiss);
  subcommand(company, console, "history", "what was done to it, the newest first", history);
}

void add_verifying(CLI::App& domain, Console& console) {
  const auto [verifying, given] = subcommand(
      domain, console, "verify",
      "look for the TXT record that proves it, once it was made: what it has to say is printed",
      verify);
  verifying->add_option("DOMAIN", given->domain)->required();
}

}  // namespace anteroom::cli
