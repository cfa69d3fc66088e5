#include <iostream>
#include <memory>

#include "anteroom/saml.h"
#include "cli/commands/console.h"

namespace anteroom::cli {

void add_metadata(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("metadata", "print our own SAML metadata");
  auto name = std::make_shared<std::string>();
  command->add_option("--idp", *name, "with the attributes of this identity provider only");
  command->callback([&console, name] {
    const Settings& settings = console.settings();
    std::vector<const IdentityProvider*> idps;
    if (!name->empty()) {
      idps.push_back(&console.company(*name));
    } else {
      for (const auto& company : console.companies().all()) idps.push_back(company.get());
    }
    saml::initialize();
    const auto metadata = console.need(
        saml::build_sp_metadata(settings.service_provider, idps, settings.pages.product_name));
    console.say(metadata.substr(0, metadata.find_last_not_of('\n') + 1), {{"metadata", metadata}});
  });
}

}  // namespace anteroom::cli
