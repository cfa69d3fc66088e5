#include "text/csv.h"

#include <algorithm>

namespace anteroom::text {

namespace {

// Of the first line that is not blank, outside quotations.
char first_separator(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of("\r\n"), text.size()));
  bool is_quoted = false;
  for (const char c : text) {
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (c == ',' || c == ';') return c;
    if (c == '\n' || c == '\r') break;
  }
  return ',';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
    separator_ = first_separator(text_);
  }

  Result<std::vector<CsvRow>> rows() {
    std::vector<CsvRow> rows;
    while (at_ < text_.size()) {
      CsvRow row{line_, {}};
      do row.cells.push_back(cell());
      while (take(separator_));
      if (open_quotation_ != 0) {
        return Failure{Code{"malformed_csv"},
                       "line " + std::to_string(open_quotation_) + ": a quotation does not end"};
      }
      end_line();
      if (row.cells.size() > 1 || !row.cells[0].empty()) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  // CRLF, LF, or CR alone.
  void end_line() {
    const bool is_return = take('\r');
    if (take('\n') || is_return) ++line_;
  }

  std::string cell() {
    if (take('"')) return quoted();
    std::string out;
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' &&
           text_[at_] != '\r') {
      out += text_[at_++];
    }
    return out;
  }

  std::string quoted() {
    const int start = line_;
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"' && !take('"')) return out + cell();
      if (c == '\n' || (c == '\r' && !text_.substr(at_).starts_with('\n'))) ++line_;
      out += c;
    }
    open_quotation_ = start;
    return out;
  }

  std::string_view text_;
  char separator_ = ',';
  std::size_t at_ = 0;
  int line_ = 1;
  int open_quotation_ = 0;  // the line of one that does not end
};

}  // namespace

Result<std::vector<CsvRow>> parse_csv(std::string_view text) {
  return Parser(text).rows();
}

}  // namespace anteroom::text
