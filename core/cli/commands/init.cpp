#include "cli/commands/init.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <memory>
#include <system_error>

#include "anteroom/saml.h"
#include "cli/commands/creating.h"
#include "cli/commands/new_key.h"
#include "host/create_database.h"
#include "host/files.h"

namespace anteroom::cli {

namespace {

namespace fs = std::filesystem;

// Where Debian's packages of nginx modules load them from.
constexpr const char* kEnabledModule = "/etc/nginx/modules-enabled/50-mod-http-auth-saml.conf";

std::string reason() {
  return std::generic_category().message(errno);
}

/// Files and directories that appear whole, and go again unless kept.
class NewFiles {
 public:
  explicit NewFiles(gid_t group) : group_(group) {}
  ~NewFiles() {
    std::error_code ignored;
    for (auto path = made_.rbegin(); path != made_.rend(); ++path) fs::remove(*path, ignored);
  }
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;

  void directory(const fs::path& path) {
    if (fs::is_directory(path)) return;
    if (mkdir(path.c_str(), 0700) != 0) {
      throw Abort{exit_refused, "cannot make " + path.string() + ": " + reason()};
    }
    made_.push_back(path);
    share(path, 0750);
  }

  /// Whole under its name, or not there.
  void file(const fs::path& path, std::string_view text) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) throw Abort{exit_refused, "cannot write " + path.string() + ": " + reason()};
    made_.push_back(path);
    const bool is_written =
        write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
    if (close(fd) != 0 || !is_written) {
      throw Abort{exit_refused, "cannot write " + path.string() + ": " + reason()};
    }
    share(path, 0640);
  }

  /// Gives the last file its final name. Never over another file.
  void rename_last(const fs::path& path) {
    if (link(made_.back().c_str(), path.c_str()) != 0) {
      throw Abort{exit_refused, "cannot write " + path.string() + ": " + reason()};
    }
    (void)unlink(made_.back().c_str());
    made_.back() = path;
  }

  void keep() { made_.clear(); }

 private:
  // Without the right to give a file to the group, it stays readable by its owner alone.
  void share(const fs::path& path, mode_t mode) const {
    if (lchown(path.c_str(), static_cast<uid_t>(-1), group_) != 0) return;
    if (chmod(path.c_str(), mode) != 0) {
      throw Abort{exit_refused, "cannot share " + path.string() + ": " + reason()};
    }
  }

  gid_t group_;
  std::vector<fs::path> made_;
};

gid_t group_of(const std::string& user) {
  const passwd* entry = getpwnam(user.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
  if (entry == nullptr) throw Abort{exit_usage, "there is no user '" + user + "' (--user)"};
  return entry->pw_gid;
}

std::string asked(const std::string& question, const std::string& otherwise = "") {
  std::cerr << question << (otherwise.empty() ? "" : " [" + otherwise + "]") << ": " << std::flush;
  std::string line;
  if (!std::getline(std::cin, line)) {
    throw Abort{exit_refused, "stopped before the last question: nothing was written"};
  }
  return line.empty() ? otherwise : line;
}

void ask_for_missing(InitAnswers& answers, CreatingOptions& creating) {
  while (answers.base_url.empty()) {
    answers.base_url = asked("The host that signs people in, as https://login.example.com");
  }
  if (answers.apps.empty()) {
    const std::string app = asked("Your app, if it is another host, as https://app.example.com");
    if (!app.empty()) answers.apps.push_back(app);
  }
  if (answers.entity_id.empty()) {
    answers.entity_id = asked("Entity ID, which customers enter as Identifier", answers.base_url);
  }
  if (answers.product_name.empty()) answers.product_name = asked("Name of the product, for pages");
  if (answers.support_email.empty()) answers.support_email = asked("Address of your support");
  answers.connection = asked("PostgreSQL connection", answers.connection);
  if (creating.is_wanted) return;
  // Elsewhere postgres is seldom let in, and what was answered would be lost.
  const bool is_easy = geteuid() == 0 && !needs_password(answers.connection);
  const std::string answer =
      asked("Make its role, database and schema now, as postgres", is_easy ? "yes" : "no");
  creating.is_wanted = answer.front() == 'y' || answer.front() == 'Y';
}

// What the configuration would take and nothing could use.
void check_answers(const InitAnswers& answers) {
  if (const std::string problem = connection_problem(answers.connection); !problem.empty()) {
    throw Abort{exit_usage, problem};
  }
  if (!answers.support_email.empty() && !saml::canonical_email(answers.support_email)) {
    throw Abort{exit_usage,
                "'" + answers.support_email + "' is not a valid email address (--support-email)"};
  }
}

/// The configuration under its future name's neighbour, so that its paths hold. Abort with what is
/// wrong with it, by key.
std::shared_ptr<const Settings> checked(const std::string& part) {
  const LoadedSettings loaded = load_settings(part, std::chrono::system_clock::now());
  if (loaded.settings != nullptr) return loaded.settings;
  std::string message;
  for (const Problem& problem : loaded.problems) {
    if (!problem.is_warning) message += problem.message + "\n";
  }
  throw Abort{exit_usage, message + "nothing was written"};
}

struct Written {
  std::shared_ptr<const Settings> settings;
  Created created;
};

// The database comes between the files and their final name: whichever fails, nothing is left.
Written write_all(const fs::path& yaml, InitAnswers& answers, const CreatingOptions& creating) {
  const SignalsHeld held;
  NewFiles files(group_of(creating.account));
  const fs::path directory = yaml.parent_path();
  files.directory(directory);
  files.directory(directory / "idp.d");
  // A key that is there already may be in use: it is taken as it is.
  const fs::path key = directory / "cookie.key";
  if (!fs::exists(key)) files.file(key, new_key());
  const fs::path password = directory / kDatabasePassword;
  answers.has_password_file = fs::exists(password);
  const bool is_password_new =
      creating.is_wanted && !answers.has_password_file && needs_password(answers.connection);
  if (is_password_new) {
    files.file(password, new_key());
    answers.has_password_file = true;
  }
  const std::string part = yaml.string() + ".part";
  (void)unlink(part.c_str());
  files.file(part, yaml_of(answers));
  Written written{checked(part), {}};
  if (creating.is_wanted) {
    written.created = create(written.settings->database, creating, is_password_new);
  }
  files.rename_last(yaml);
  files.keep();
  return written;
}

void init(const Console& console, InitAnswers answers, CreatingOptions creating,
          bool is_questioning) {
  const fs::path yaml = fs::absolute(console.config_file);
  if (fs::exists(fs::symlink_status(yaml))) {
    throw Abort{exit_refused, yaml.string() + " exists already: it is left as it is"};
  }
  if (is_questioning && isatty(STDIN_FILENO) == 1) ask_for_missing(answers, creating);
  if (answers.base_url.empty()) {
    throw Abort{exit_usage,
                "--base-url is missing: the host that signs people in, as "
                "https://login.example.com"};
  }
  check_answers(answers);
  const Written written = write_all(yaml, answers, creating);
  const std::string commands =
      creating.is_wanted ? ""
                         : database_commands(*written.settings, yaml.string(), creating.account);
  const bool is_module_loaded = fs::exists(kEnabledModule);
  const std::string lines = nginx_lines(*written.settings, yaml.string(), is_module_loaded);
  const std::string where = is_module_loaded ? "/etc/nginx/conf.d/anteroom.conf" : "nginx.conf";
  console.say("wrote " + yaml.string() + "\n" +
                  (creating.is_wanted ? written.created.text + "\n"
                                      : "\nThe database, unless it exists:\n\n" + commands) +
                  "\nIn " + where + ", then nginx -t:\n\n" + lines +
                  "\nThen one customer: anteroom idp add --help",
              {{"wrote", yaml.string()},
               {"database", commands},
               {"created", written.created.json},
               {"nginx", lines}});
}

}  // namespace

void add_init(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("init", "write a first configuration, with its keys");
  auto answers = std::make_shared<InitAnswers>();
  auto creating = std::make_shared<CreatingOptions>();
  auto no_questions = std::make_shared<bool>(false);
  command->add_option("--base-url", answers->base_url, "the host that signs people in");
  command->add_option("--app", answers->apps, "a host that people are signed in for; repeatable");
  command->add_option("--entity-id", answers->entity_id, "our SAML name; otherwise the base URL");
  command->add_option("--product-name", answers->product_name, "how pages call the product");
  command->add_option("--support-email", answers->support_email, "whom pages refer people to");
  command->add_option("--connection", answers->connection, "libpq connection string")
      ->capture_default_str();
  add_creating(*command, creating);
  command->add_flag("--no-questions", *no_questions, "ask nothing on a terminal either");
  command->callback([&console, answers, creating, no_questions] {
    init(console, *answers, *creating, !*no_questions);
  });
}

}  // namespace anteroom::cli
