#include <iostream>

#include "cli/commands/console.h"

namespace anteroom::cli {

namespace {

constexpr const char* kBefore = R"(# bash completion for anteroom; made by `anteroom completion`.
_anteroom() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path="" part words valued
  _anteroom_words ""
  for part in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $part != -* && $words == *" $part "* ]] && path+="${path:+ }$part" && _anteroom_words "$path"
  done
  COMPREPLY=()
  # After an option that takes a value: files.
  [[ $valued == *" $before "* ]] && return
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
_anteroom_words() {
  case $1 in
)";
constexpr const char* kAfter = "  esac\n}\ncomplete -o default -F _anteroom anteroom\n";

void add_options(const CLI::App& command, std::string& words, std::string& valued) {
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (words.find(" --" + name + " ") != std::string::npos) continue;
      words += "--" + name + " ";
      if (option->get_items_expected_max() > 0) valued += "--" + name + " ";
    }
  }
}

void print_words(const CLI::App& app, const CLI::App& command, const std::string& path) {
  std::string words = " ";
  std::string valued = " ";
  const auto commands = command.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : commands) words += child->get_name() + " ";
  add_options(command, words, valued);
  // Those of the whole may stand behind a command too.
  add_options(app, words, valued);
  std::cout << "    \"" << path << "\") words=\"" << words << "\" valued=\"" << valued << "\" ;;\n";
  for (const CLI::App* child : commands) {
    print_words(app, *child, path + (path.empty() ? "" : " ") + child->get_name());
  }
}

}  // namespace

void add_completion(CLI::App& app) {
  auto* command = app.add_subcommand("completion", "print what makes bash complete this command");
  command->callback([&app] {
    std::cout << kBefore;
    print_words(app, app, "");
    std::cout << kAfter;
  });
}

}  // namespace anteroom::cli
