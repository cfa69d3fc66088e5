#include <libpq-fe.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands/init.h"

namespace anteroom::cli {

namespace {

// JSON strings are YAML double-quoted scalars.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', true);
}

std::string list_of(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + quoted(item);
  return "[" + text + "]";
}

std::string for_shell(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string server_of(const std::string& authority, const std::string& locations) {
  const std::size_t colon = authority.find(':');
  return "server {\n    listen " +
         (colon == std::string::npos ? "443" : authority.substr(colon + 1)) +
         " ssl;\n    server_name " + authority.substr(0, colon) + ";\n" + locations + "}\n";
}

std::string indented(const std::string& lines) {
  std::string text;
  for (std::size_t start = 0; start < lines.size();) {
    const std::size_t end = lines.find('\n', start) + 1;
    text += "    " + lines.substr(start, end - start);
    start = end;
  }
  return text;
}

// Keyword and value of all that a connection string sets; nullopt if it is not one.
std::optional<std::map<std::string, std::string>> parts_of(const std::string& connection) {
  struct Free {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  };
  const std::unique_ptr<PQconninfoOption, Free> options(
      PQconninfoParse(connection.c_str(), nullptr));
  if (options == nullptr) return std::nullopt;
  std::map<std::string, std::string> parts;
  for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o) {
    if (o->val != nullptr) parts.emplace(o->keyword, o->val);
  }
  return parts;
}

std::string option(const std::map<std::string, std::string>& parts, const std::string& keyword) {
  const auto part = parts.find(keyword);
  return part == parts.end() ? "" : " --" + keyword + "=" + for_shell(part->second);
}

}  // namespace

std::string yaml_of(const InitAnswers& answers) {
  std::string text =
      "# Anteroom's configuration. `nginx -t` and `anteroom check` report everything that is wrong "
      "with it at once.\n# Paths are relative to this file.\n\nservice_provider:\n  entity_id: " +
      quoted(answers.entity_id.empty() ? answers.base_url : answers.entity_id) +
      "   # what customers enter as Identifier: never change it once one has\n  base_url: " +
      quoted(answers.base_url) + "   # the host that signs people in\n";
  if (answers.apps.empty()) {
    text += "  # apps: [https://app.example.com]     # further hosts it signs them in for\n";
  } else {
    text += "  apps: " + list_of(answers.apps) +
            "   # the hosts it signs them in for\n  landing_url: " +
            quoted(answers.apps.front() + (answers.apps.front().ends_with('/') ? "" : "/")) +
            "   # where one lands without having asked for a page\n";
  }
  text +=
      "\n# One file per customer; `anteroom idp add` writes them.\n"
      "identity_providers_directory: idp.d\n\ndatabase:\n  connection: " +
      quoted(answers.connection) + "\n  " + (answers.has_password_file ? "" : "# ") +
      "password_file: " + kDatabasePassword +
      "   # 0640, readable by nginx's workers\n"
      "\n# What nodes know of companies in the database, for a start without it.\n"
      "companies: { kept_in: /var/cache/anteroom }\n"
      "\nsessions:\n  lifetime: 12h\n  idle_timeout: 2h\n"
      "  cookie_keys: [cookie.key]   # the first seals, all open\n"
      "\naccess:\n  levels: [viewer, technician, manager, admin]   # lowest first\n"
      "\nmanage:\n  request_new_users: manager   # who may ask for access for others\n"
      "  process_requests: admin      # who may decide\n\npages:\n  " +
      (answers.product_name.empty() ? "# product_name: Example Maintenance"
                                    : "product_name: " + quoted(answers.product_name)) +
      "\n  " +
      (answers.support_email.empty()
           ? "# support: { email: support@example.com }"
           : "support: { email: " + quoted(answers.support_email) + " }") +
      "\n\n# Without it nobody is told anything by mail.\n# mail:\n"
      "#   from: Example Maintenance <no-reply@example.com>\n"
      "#   smtp: smtp://mail.example.com:587\n"
      "#   user: anteroom\n#   password_file: smtp-password\n#   notify: [support@example.com]\n";
  return text;
}

std::string connection_problem(const std::string& connection) {
  const auto parts = parts_of(connection);
  if (!parts) return "the connection is not a libpq connection string (--connection)";
  if (!parts->contains("dbname")) return "the connection names no dbname (--connection)";
  if (parts->contains("password")) {
    return "the connection holds a password: leave it out, and name a file with "
           "database.password_file afterwards";
  }
  return "";
}

std::string nginx_lines(const Settings& settings, const std::string& config_file,
                        bool is_module_loaded) {
  const ServiceProviderSettings& sp = settings.service_provider;
  const std::string gated =
      "    location / { auth_saml on; proxy_pass http://127.0.0.1:3000; }   # your app\n";
  std::string text = "auth_saml_config " + config_file +
                     ";\nssl_certificate     /etc/ssl/example.com.pem;\n"
                     "ssl_certificate_key /etc/ssl/example.com.key;\n";
  bool has_app = false;
  for (const Origin& app : sp.apps) {
    if (app.authority == sp.origin.authority) continue;
    text += server_of(app.authority, gated);
    has_app = true;
  }
  const std::string pages_alone =
      "    auth_saml on;\n    gzip on; gzip_types text/css text/javascript image/svg+xml;\n"
      "    location / { return 302 " +
      sp.landing_url + "; }\n";
  text += server_of(sp.origin.authority, has_app ? pages_alone : gated);
  if (is_module_loaded) return text;
  return "load_module modules/ngx_http_auth_saml_module.so;\nhttp {\n" + indented(text) + "}\n";
}

std::string database_commands(const Settings& settings, const std::string& config_file,
                              const std::string& user) {
  const auto parts =
      parts_of(settings.database.connection).value_or(std::map<std::string, std::string>{});
  const std::string server = option(parts, "host") + option(parts, "port");
  const auto value = [&](const char* keyword, const std::string& otherwise) {
    const auto part = parts.find(keyword);
    return for_shell(part == parts.end() ? otherwise : part->second);
  };
  const std::string role = value("user", user);
  const std::string database = value("dbname", "anteroom");
  return "sudo -u postgres createuser" + server + " " + role + "\nsudo -u postgres createdb" +
         server + " --owner=" + role + " " + database +
         "\necho 'REVOKE ALL ON DATABASE :\"db\" FROM PUBLIC' | sudo -u postgres psql" + server +
         " --set=db=" + database + "\nsudo -u " + for_shell(user) + " anteroom --config " +
         for_shell(config_file) + " migrate\n";
}

}  // namespace anteroom::cli
