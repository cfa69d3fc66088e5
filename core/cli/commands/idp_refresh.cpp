#include <memory>

#include "cli/commands/console.h"
#include "services/metadata_service.h"

namespace anteroom::cli {

namespace {

using services::Refreshed;
using services::RefreshOptions;

const char* word_of(Refreshed::Outcome outcome) {
  switch (outcome) {
    case Refreshed::Outcome::unchanged:
      return "unchanged";
    case Refreshed::Outcome::changed:
      return "changed";
    case Refreshed::Outcome::failed:
      break;
  }
  return "failed";
}

std::vector<MetadataSource> sources_of(const RefreshOptions& options) {
  auto sources = services::metadata_sources(options);
  if (sources) return std::move(sources).value();
  const bool is_broken = sources.failure().code == code::kConfiguration;
  throw Abort{is_broken ? exit_configuration : exit_refused, sources.failure().detail};
}

void refresh_once(const Console& console, const RefreshOptions& options) {
  const services::StopSignals signals;
  services::LineLog log(true);
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  int failed = 0;
  bool is_news = false;
  const auto sources = sources_of(options);
  for (const MetadataSource& source : sources) {
    if (signals.are_there()) break;
    const Refreshed done = services::refresh_now(source);
    failed += done.outcome == Refreshed::Outcome::failed ? 1 : 0;
    is_news = is_news || done.outcome == Refreshed::Outcome::changed;
    rows.push_back({source.idp, word_of(done.outcome), done.detail});
    json.push_back(
        {{"name", source.idp}, {"outcome", word_of(done.outcome)}, {"detail", done.detail}});
  }
  const bool is_announced = services::announce(sources, options.on_change, log);
  console.table({"NAME", "METADATA", ""}, rows, json);
  if (is_news && options.on_change.empty() && !console.is_json) {
    console.say("Take it into service: nginx -t && nginx -s reload", {});
  }
  if (failed > 0) {
    throw Abort{exit_refused, std::to_string(failed) + " not refreshed: the last good copies stay"};
  }
  if (!is_announced) throw Abort{exit_refused, "new metadata is not in use yet"};
}

void refresh_forever(const RefreshOptions& options) {
  const services::StopSignals signals;
  services::LineLog log(false);
  services::keep_metadata_fresh(options, signals, log);
}

}  // namespace

void add_idp_refresh(CLI::App& idp, Console& console) {
  auto* command = idp.add_subcommand(
      "refresh", "fetch metadata from metadata_url, again and again (--once: now)");
  auto options = std::make_shared<RefreshOptions>();
  auto is_once = std::make_shared<bool>(false);
  command->add_option("NAME", options->names, "these only");
  command->add_flag("--once", *is_once, "all at once, then end");
  command->add_option("--on-change", options->on_change,
                      "shell command that makes nginx read new metadata");
  command->callback([&console, options, is_once] {
    options->config_file = console.config_file;
    *is_once ? refresh_once(console, *options) : refresh_forever(*options);
  });
}

}  // namespace anteroom::cli
