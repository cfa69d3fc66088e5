// Reading rows: text format, by position.
#pragma once

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "anteroom/audit.h"
#include "anteroom/ports.h"

namespace anteroom::store {

/// NULL reads as empty.
inline const std::string& text(const std::vector<Cell>& row, std::size_t column) {
  static const std::string kEmpty;
  return row.at(column) ? *row.at(column) : kEmpty;
}

inline bool is_true(const std::vector<Cell>& row, std::size_t column) {
  return text(row, column) == "t";
}

/// 0 where there is none.
inline long number(const std::vector<Cell>& row, std::size_t column) {
  return std::strtol(text(row, column).c_str(), nullptr, 10);
}

inline Failure unexpected_rows(const Statement& statement) {
  return {code::kInternal, std::string("unexpected rows from ") + statement.name};
}

/// Of a statement that answers with one number; 0 where there is no row.
inline int only_number(const Rows& rows) {
  return rows.rows.empty() ? 0 : static_cast<int>(number(rows.rows[0], 0));
}

/// Rows of id, at, kind, code, reference, actor, idp, email, user_id, client_address, detail.
inline std::vector<RecordedEvent> recorded_events(const Rows& rows) {
  std::vector<RecordedEvent> events;
  for (const auto& row : rows.rows) {
    events.push_back({number(row, 0), text(row, 1), text(row, 2), text(row, 3), text(row, 4),
                      text(row, 5), text(row, 6), text(row, 7), text(row, 8), text(row, 9),
                      text(row, 10)});
  }
  return events;
}

/// Microseconds since 1970, as text, for a bigint parameter (SQL turns it into a timestamptz).
inline std::string microseconds(Time time) {
  return std::to_string(time.time_since_epoch().count());
}

inline std::string interval(std::chrono::seconds seconds) {
  return std::to_string(seconds.count()) + " seconds";
}

}  // namespace anteroom::store
