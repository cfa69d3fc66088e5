#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace anteroom::cli {

struct CsvRow {
  int line = 0;  ///< where it starts, from 1
  std::vector<std::string> cells;
};

/// RFC 4180 with a comma; a byte-order mark and CRLF are fine; blank lines are left out. Throws
/// std::runtime_error naming the line of a quotation that does not end.
std::vector<CsvRow> parse_csv(std::string_view text);

}  // namespace anteroom::cli
