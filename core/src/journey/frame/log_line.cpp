#include "journey/frame/log_line.h"

#include "companies/verifier_cache.h"
#include "text/unicode.h"

namespace anteroom::journey {

LogLine& LogLine::add(std::string_view key, std::string_view value, std::size_t max) {
  constexpr std::string_view kEndOrSplit = " \"\\=";
  if (value.empty()) return *this;
  const std::string shown = text::printable(value, max);
  text_.append(" ").append(key).append("=");
  if (shown.find_first_of(kEndOrSplit) == std::string::npos) {
    text_ += shown;
    return *this;
  }
  text_ += '"';
  for (const char c : shown) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
  return *this;
}

void log_closed(Log& log, const IdentityProvider& company, std::string_view why) {
  LogLine line("company closed");
  line.add("code", companies::kCompanyClosed.name).add("idp", company.name).add("why", why);
  log.write(LogLevel::error, line.text());
}

}  // namespace anteroom::journey
