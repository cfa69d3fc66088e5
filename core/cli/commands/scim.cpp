#include <memory>

#include "anteroom/gate.h"
#include "anteroom/properties.h"
#include "anteroom/scim.h"
#include "cli/commands/console.h"
#include "host/system_random.h"
#include "scim/request.h"
#include "session/mint.h"

namespace anteroom::cli {

namespace {

struct Given {
  std::string company, name;
};

void check_name(const std::string& name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  if (name.size() > 63 || name.find_first_not_of(kAllowed) != std::string::npos) {
    throw Abort{exit_refused,
                "'" + name + "' is not a valid token name: letters, digits, . _ and -"};
  }
}

void add_token(Console& console, const Given& given) {
  const IdentityProvider& idp = console.known_company(given.company);
  check_name(given.name);
  SystemRandom random;
  session::Mints mints(console.settings().sessions.cookie_keys);
  const auto secret = mints.directories.make(random, idp.name);
  const std::string token = std::string(scim::kTokenPrefix) + secret.value_or("");
  const auto hash = hash_token(token);
  if (!secret || !hash) throw Abort{exit_refused, "there is no randomness"};
  const auto name = console.need(wait(
      store::add_scim_token(console.database(), idp.name, given.name, *hash, Console::actor())));
  if (!name) {
    throw Abort{exit_refused, idp.name + " has a token of this name already: give another --name"};
  }
  const auto& sp = console.settings().service_provider;
  const std::string url = scim::endpoint_of(sp, idp.name);
  console.say("added token " + *name + " of " + idp.name +
                  "; it is shown this once\nTenant URL:   " + url + "\nSecret token: " + token,
              {{"added", *name}, {"company", idp.name}, {"tenant_url", url}, {"token", token}});
}

void list_tokens(Console& console) {
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  for (const store::ScimToken& token :
       console.need(wait(store::list_scim_tokens(console.database())))) {
    // The token of a company that is no longer configured opens nothing, until there is a company
    // of that name again.
    const bool is_known = console.known_companies().by_name(token.idp) != nullptr;
    rows.push_back({token.idp + (is_known ? "" : " (not configured)"), token.name, token.created_at,
                    token.created_by, token.last_used_at.empty() ? "never" : token.last_used_at});
    json.push_back({{"company", token.idp},
                    {"is_configured", is_known},
                    {"name", token.name},
                    {"created_at", token.created_at},
                    {"created_by", token.created_by},
                    {"last_used_at", token.last_used_at}});
  }
  console.table({"COMPANY", "NAME", "CREATED", "BY", "LAST USED"}, rows, json);
}

void remove_token(Console& console, const Given& given) {
  if (!console.need(wait(store::remove_scim_token(console.database(), given.company, given.name,
                                                  Console::actor())))) {
    throw Abort{exit_refused, given.company + " has no token " + given.name};
  }
  console.say("removed token " + given.name + " of " + given.company,
              {{"removed", given.name}, {"company", given.company}});
}

std::vector<std::string> properties_of(const IdentityProvider& idp) {
  std::vector<std::string> keys;
  for (const GroupAccess& group : idp.scim_groups) {
    keys.insert(keys.end(), group.properties.begin(), group.properties.end());
  }
  return keys;
}

void apply_table(Console& console, const std::string& company) {
  const IdentityProvider& idp = console.known_company(company);
  const auto table = store::scim_table_of(idp, console.settings().access);
  const int count = console.need(
      wait(store::scim_apply_table(console.database(), store::scim_company_of(idp), table)));
  const auto closed =
      console.need(wait(store::closed_among(console.database(), properties_of(idp))));
  std::string text =
      "applied the groups of " + idp.name + " to " + std::to_string(count) + " people";
  for (const std::string& key : closed)
    text += "\n" + key + " is closed: groups give nothing there";
  console.say(text, {{"applied", idp.name}, {"people", count}, {"closed", closed}});
}

}  // namespace

void add_scim(CLI::App& app, Console& console) {
  auto* scim = app.add_subcommand("scim", "provisioning by customers' directories");
  scim->require_subcommand(1)->fallthrough();
  auto* token = scim->add_subcommand("token", "bearer tokens")->require_subcommand(1);
  token->fallthrough();

  auto* add_command = token->add_subcommand("add", "make a token, and print it this once");
  auto given = std::make_shared<Given>();
  add_command->add_option("COMPANY", given->company, "an identity provider's name")->required();
  add_command->add_option("--name", given->name, "today's date unless given");
  add_command->callback([&console, given] { add_token(console, *given); });

  token->add_subcommand("list", "list tokens")->callback([&console] { list_tokens(console); });

  auto* remove_command = token->add_subcommand("remove", "remove a token; it opens nothing more");
  remove_command->add_option("COMPANY", given->company)->required();
  remove_command->add_option("NAME", given->name)->required();
  remove_command->callback([&console, given] { remove_token(console, *given); });

  auto* apply_command = scim->add_subcommand("apply", "grants as the changed table of groups says");
  apply_command->add_option("COMPANY", given->company)->required();
  apply_command->callback([&console, given] { apply_table(console, given->company); });
}

}  // namespace anteroom::cli
