// libpq's handles and results in our terms.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "anteroom/ports.h"

namespace anteroom::nginx {

struct FreePq {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PGnotify* notification) const { PQfreemem(notification); }
};
using PqConnection = std::unique_ptr<PGconn, FreePq>;
using PqResult = std::unique_ptr<PGresult, FreePq>;
using PqNotification = std::unique_ptr<PGnotify, FreePq>;

/// libpq's message on one line.
std::string error_text(const PGconn* connection);

Rows rows_of(const PGresult* result);

bool is_success(const PGresult* result);

/// What an error result means for whoever asked, and for the connection.
struct Verdict {
  Failure failure;
  bool is_usable = true;  ///< false: close the connection
};
Verdict judge(const PGresult* error);

}  // namespace anteroom::nginx
