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
    for (const IdentityProvider& idp : settings.identity_providers) {
      if (name->empty() || idp.name == *name) idps.push_back(&idp);
    }
    if (!name->empty() && idps.empty()) {
      throw Abort{exit_refused, "there is no identity provider '" + *name +
                                    "': `anteroom idp list` shows those that there are"};
    }
    saml::initialize();
    const auto metadata = console.need(
        saml::build_sp_metadata(settings.service_provider, idps, settings.pages.product_name));
    console.say(metadata.substr(0, metadata.find_last_not_of('\n') + 1), {{"metadata", metadata}});
  });
}

}  // namespace anteroom::cli
