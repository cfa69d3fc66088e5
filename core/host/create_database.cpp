#include "host/create_database.h"

#include <map>

#include "anteroom/site.h"
#include "anteroom/store.h"
#include "host/as_account.h"
#include "host/migrate.h"

namespace anteroom {

namespace {

using Parts = std::map<std::string, std::string>;

constexpr const char* kAdministrator = "postgres";
constexpr const char* kLock = "SELECT pg_advisory_lock(hashtext('anteroom.create'))";
constexpr Statement kRole{"create_role_exists", "SELECT 1 FROM pg_roles WHERE rolname = $1"};
constexpr Statement kDatabase{"create_database_exists",
                              "SELECT 1 FROM pg_database WHERE datname = $1"};
// Of a server made in another encoding, the locale may not go with UTF8; C goes with all.
constexpr Statement kIsUtf8{"create_is_utf8",
                            "SELECT 1 FROM pg_database WHERE datname = 'template0'"
                            " AND pg_encoding_to_char(encoding) = 'UTF8' AND $1 = ''"};
constexpr Statement kSuperuser{"create_superuser",
                               "SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper"};

std::string doubled(const std::string& text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    out += c;
    if (c == quote) out += c;
  }
  return out + quote;
}

std::string identifier(const std::string& name) {
  return doubled(name, '"');
}

std::string escaped(const std::string& text, const std::string& special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string::npos) out += '\\';
    out += c;
  }
  return out;
}

Result<Parts> parts_of(const std::string& connection) {
  auto parameters = store::connection_parameters(connection, "");
  if (!parameters) return parameters.failure();
  return Parts(parameters->begin(), parameters->end());
}

std::string connection_of(const Parts& parts) {
  std::string text;
  for (const auto& [keyword, value] : parts) {
    text += keyword + "='" + escaped(value, "'\\") + "' ";
  }
  return text;
}

class Creation {
 public:
  explicit Creation(const DatabasePlan& plan) : plan_(plan) {}
  ~Creation() {
    if (administration_ == nullptr || is_kept_) return;
    const AsAccount account(administrator_account_);
    if (made_.is_database_new) {
      (void)administration_->execute_script("DROP DATABASE " + identifier(made_.database));
    }
    if (made_.is_role_new)
      (void)administration_->execute_script("DROP ROLE " + identifier(made_.role));
  }
  Creation(const Creation&) = delete;
  Creation& operator=(const Creation&) = delete;

  Result<CreatedDatabase> run() {
    for (const auto step : {&Creation::find, &Creation::make, &Creation::migrate_as_owner}) {
      if (const Status done = (this->*step)(); !done) return done.failure();
    }
    is_kept_ = true;
    return made_;
  }

 private:
  // Who is to own what, and who makes it.
  Status find() {
    const auto parts = parts_of(plan_.application.connection);
    if (!parts) return parts.failure();
    const auto value = [&](const char* keyword, const std::string& otherwise) {
      const auto part = parts->find(keyword);
      return part == parts->end() ? otherwise : part->second;
    };
    made_.role = value("user", plan_.worker_account);
    made_.database = value("dbname", made_.role);
    administrator_ = *parts;
    if (plan_.administrator.empty()) {
      for (const char* own : {"password", "passfile", "sslcert", "sslkey"})
        administrator_.erase(own);
      administrator_["user"] = kAdministrator;
      administrator_["dbname"] = kAdministrator;
      administrator_account_ = kAdministrator;
      return Done{};
    }
    const auto given = parts_of(plan_.administrator);
    if (!given) return given.failure();
    administrator_ = *given;
    administrator_.emplace("dbname", kAdministrator);
    return Done{};
  }

  Status make() {
    const AsAccount account(administrator_account_);
    administration_ = connected(administrator_);
    if (Status locked = administration_->execute_script(kLock); !locked) return locked;
    if (Status role = make_role(); !role) return role;
    const auto found = exists(kDatabase, made_.database);
    if (!found) return found.failure();
    if (*found) return Done{};
    const auto is_utf8 = exists(kIsUtf8, "");
    if (!is_utf8) return is_utf8.failure();
    Status done = administration_->execute_script(
        "CREATE DATABASE " + identifier(made_.database) + " OWNER " + identifier(made_.role) +
        " TEMPLATE template0 ENCODING 'UTF8'" + (*is_utf8 ? "" : " LC_COLLATE 'C' LC_CTYPE 'C'"));
    made_.is_database_new = bool(done);
    if (!done) return done;
    // Whoever may connect may listen to who signs on, and hold locks of ours.
    return administration_->execute_script("REVOKE ALL ON DATABASE " + identifier(made_.database) +
                                           " FROM PUBLIC");
  }

  Status make_role() {
    const auto found = exists(kRole, made_.role);
    if (!found) return found.failure();
    if (*found && plan_.is_password_new) {
      return Failure{code::kDatabaseRefused,
                     "the role " + made_.role + " exists and its password is not known here"};
    }
    if (!*found) {
      std::string secret;
      if (!plan_.application.password.empty()) {
        const auto encrypted =
            administration_->encrypted_password(made_.role, plan_.application.password);
        if (!encrypted) return encrypted.failure();
        secret = " PASSWORD " + doubled(*encrypted, '\'');
      }
      Status done = administration_->execute_script("CREATE ROLE " + identifier(made_.role) +
                                                    " LOGIN" + secret);
      if (!done) return done;
      made_.is_role_new = true;
    }
    Params none;
    const Result<Rows> superuser =
        wait(anteroom::run(*administration_, kSuperuser, std::move(none)));
    if (!superuser) return superuser.failure();
    if (!superuser->rows.empty()) return Done{};
    // Only a member may make a database for it and act as it.
    return administration_->execute_script("GRANT " + identifier(made_.role) + " TO CURRENT_USER");
  }

  // As the application, so that all is the role's own; and because what its owner has put into a
  // database that exists is not to run in an administrator's session.
  Status migrate_as_owner() {
    if (!can_be_application()) return migrate_new_one();
    const AsAccount account(plan_.worker_account);
    BlockingDatabase database(plan_.application);
    if (const Status reached = database.execute_script("SELECT 1"); !reached) {
      return Failure{reached.failure().code,
                     "nginx's workers could not use it: " + reached.failure().detail};
    }
    return keep(migrate(database));
  }

  // Nobody but root and they themselves can be taken for the workers where there is no password.
  [[nodiscard]] bool can_be_application() const {
    const passwd* self = getpwuid(geteuid());  // NOLINT(concurrency-mt-unsafe): one thread
    return geteuid() == 0 || !plan_.application.password.empty() ||
           (self != nullptr && plan_.worker_account == self->pw_name);
  }

  Status migrate_new_one() {
    if (!made_.is_database_new) {
      return Failure{code::kDatabaseRefused, "the database " + made_.database +
                                                 " is there already; what it lacks is for " +
                                                 made_.role + " to make: anteroom migrate"};
    }
    const AsAccount account(administrator_account_);
    Parts owner = administrator_;
    owner["dbname"] = made_.database;
    owner["options"] += " -c role=" + escaped(made_.role, "\\ ");
    return keep(migrate(*connected(owner)));
  }

  Status keep(Result<std::vector<std::string>> applied) {
    if (!applied) return applied.failure();
    made_.migrations = std::move(applied).value();
    return Done{};
  }

  Result<bool> exists(const Statement& statement, const std::string& name) {
    Params params{name};
    const Result<Rows> rows = wait(anteroom::run(*administration_, statement, std::move(params)));
    if (!rows) return rows.failure();
    return !rows->rows.empty();
  }

  [[nodiscard]] std::unique_ptr<BlockingDatabase> connected(const Parts& parts) const {
    DatabaseSettings settings;
    settings.connection = connection_of(parts);
    settings.connect_timeout = plan_.application.connect_timeout;
    return std::make_unique<BlockingDatabase>(settings);
  }

  const DatabasePlan& plan_;
  Parts administrator_;
  std::string administrator_account_;
  std::unique_ptr<BlockingDatabase> administration_;
  CreatedDatabase made_;
  bool is_kept_ = false;
};

}  // namespace

Result<CreatedDatabase> create_database(const DatabasePlan& plan) {
  return Creation(plan).run();
}

bool needs_password(const std::string& connection) {
  const auto parts = parts_of(connection);
  if (!parts) return false;
  for (const char* proof : {"password", "passfile", "sslcert", "service"}) {
    if (parts->contains(proof)) return false;
  }
  const auto host = parts->find("host");
  return parts->contains("hostaddr") ||
         (host != parts->end() && !host->second.empty() && host->second.front() != '/');
}

}  // namespace anteroom
