// Comma-separated values (RFC 4180).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/result.h"

namespace anteroom::text {

struct CsvRow {
  int line = 0;  ///< where it starts, from 1
  std::vector<std::string> cells;
};

/// A byte-order mark is fine, and lines end with CRLF, LF or CR; blank lines are left out. Where in
/// the first of the others a semicolon stands before any comma, outside quotations, semicolons
/// separate the cells, as spreadsheets of many languages write it. Fails, with the line in the
/// detail, on a quotation that does not end.
Result<std::vector<CsvRow>> parse_csv(std::string_view text);

}  // namespace anteroom::text
