// What `anteroom init` is told, and the texts it makes of it.
#pragma once

#include <string>
#include <vector>

#include "anteroom/settings.h"

namespace anteroom::cli {

struct InitAnswers {
  std::string base_url, entity_id, product_name, support_email;
  std::string connection = "host=/run/postgresql dbname=anteroom user=www-data";
  std::vector<std::string> apps;
  bool has_password_file = false;  // kDatabasePassword beside the configuration
};

inline constexpr const char* kDatabasePassword = "database-password";

/// The whole configuration file, commented. What was not answered stands in it as a comment.
std::string yaml_of(const InitAnswers& answers);

/// Why a libpq connection string cannot be written into the configuration; empty: it can.
std::string connection_problem(const std::string& connection);

/// What to add to nginx.conf; where the module is loaded already, what to add to its http block.
std::string nginx_lines(const Settings& settings, const std::string& config_file,
                        bool is_module_loaded);

/// Shell commands that make the role, the database and the schema; those for a server elsewhere
/// name it.
std::string database_commands(const Settings& settings, const std::string& config_file,
                              const std::string& user);

}  // namespace anteroom::cli
