#include "database/pq.h"

#include <string_view>

namespace anteroom::nginx {

namespace {

std::string one_line(const char* text) {
  std::string line = text == nullptr ? "" : text;
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return line;
}

}  // namespace

std::string error_text(const PGconn* connection) {
  return one_line(PQerrorMessage(connection));
}

Rows rows_of(const PGresult* result) {
  Rows rows;
  const int count = PQntuples(result);
  const int fields = PQnfields(result);
  rows.rows.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    std::vector<Cell>& cells = rows.rows.emplace_back();
    cells.reserve(static_cast<std::size_t>(fields));
    for (int field = 0; field < fields; ++field) {
      if (PQgetisnull(result, row, field) != 0) {
        cells.emplace_back(std::nullopt);
      } else {
        cells.emplace_back(std::string(PQgetvalue(result, row, field),
                                       static_cast<std::size_t>(PQgetlength(result, row, field))));
      }
    }
  }
  return rows;
}

bool is_success(const PGresult* result) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      return true;
    default:
      return false;
  }
}

Verdict judge(const PGresult* error) {
  const char* field = PQresultErrorField(error, PG_DIAG_SQLSTATE);
  const std::string_view state = field == nullptr ? "" : field;
  const std::string detail = std::string(field == nullptr ? "?????" : field) + " " +
                             one_line(PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY));
  // No SQLSTATE: libpq itself gave up. 08: connection; 57P0x: shut down; 25006: a standby now.
  if (state.empty() || state.starts_with("08") || state.starts_with("57P0") || state == "25006") {
    return {{code::kDatabaseUnavailable, detail}, false};
  }
  if (state == "57014") {
    return {{code::kDatabaseUnavailable, detail + " (database.statement_timeout)"}, true};
  }
  if (state.starts_with("53")) return {{code::kDatabaseUnavailable, detail}, true};
  // A prepared statement the server no longer knows or can no longer run (a migration): prepare
  // anew.
  if (state.starts_with("26") || state == "0A000") {
    return {{code::kDatabaseUnavailable, detail}, false};
  }
  return {{code::kDatabaseRefused, detail}, true};
}

}  // namespace anteroom::nginx
