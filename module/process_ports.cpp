#include "process_ports.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "ngx.h"

namespace anteroom::nginx {

namespace {

constexpr std::size_t kMaxLine = 1800;  // nginx cuts its lines at 2,048

ngx_uint_t severity(LogLevel level) {
  switch (level) {
    case LogLevel::info:
      return NGX_LOG_INFO;
    case LogLevel::warning:
      return NGX_LOG_WARN;
    case LogLevel::error:
      return NGX_LOG_ERR;
  }
  return NGX_LOG_ERR;
}

bool draw(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t filled = getrandom(bytes.data(), bytes.size(), 0);
    if (filled < 0 && errno == EINTR) continue;
    if (filled <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(filled));
  }
  return true;
}

}  // namespace

Time SystemClock::now() const {
  return std::chrono::time_point_cast<Time::duration>(std::chrono::system_clock::now());
}

bool SystemRandom::fill(std::span<std::uint8_t> bytes) {
  if (bytes.size() != kNonceBytes) return draw(bytes);
  if (left_ < bytes.size()) {
    left_ = 0;
    if (!draw(drawn_)) return false;
    left_ = drawn_.size();
  }
  const auto taken = std::span(drawn_).subspan(left_ -= bytes.size(), bytes.size());
  std::copy(taken.begin(), taken.end(), bytes.begin());
  std::fill(taken.begin(), taken.end(), std::uint8_t{0});  // given out once
  return true;
}

void ErrorLog::write(LogLevel level, std::string_view line) {
  std::string text(line.substr(0, kMaxLine));
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  ngx_log_error(severity(level), ngx_cycle->log, 0, "anteroom: %s", text.c_str());
}

}  // namespace anteroom::nginx
