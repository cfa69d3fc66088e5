#pragma once

#include <string>
#include <vector>

#include "host/blocking_ports.h"

namespace anteroom {

/// What is to be there, and who makes it.
struct DatabasePlan {
  DatabaseSettings application;  ///< how nginx and the command will connect
  bool is_password_new = false;  ///< nobody has it yet: only for a role that is made now
  std::string worker_account;    ///< operating-system user of nginx's workers
  /// libpq connection string of a role that may make roles and databases; empty: `postgres` on the
  /// application's server, for root as the operating-system user of that name.
  std::string administrator;
};

struct CreatedDatabase {
  std::string role, database;
  bool is_role_new = false, is_database_new = false;
  std::vector<std::string> migrations;  ///< those applied
};

/// Makes the role, its database and the schema as far as they are missing, and sees whether nginx's
/// workers can use them. Safe to repeat and to run on several machines at once; what it made goes
/// again if it fails.
Result<CreatedDatabase> create_database(const DatabasePlan& plan);

/// Whether a server reached by this connection string will want a password: it is reached by TCP,
/// and the string names no other proof.
bool needs_password(const std::string& connection);

}  // namespace anteroom
