// Deprecated in c-ares 1.34, and all that Debian 12's 1.18 has.
#define CARES_NO_DEPRECATED
#include "anteroom/txt_records.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <span>

namespace anteroom {

namespace {

using Clock = std::chrono::steady_clock;
using Kind = TxtAnswer::Kind;

constexpr std::chrono::seconds kMost{10};
constexpr std::chrono::seconds kSecondPass{4};
constexpr int kTimeout = 2000;  // ms, of the first try with each server
constexpr int kTries = 2;
constexpr int kClass = 1, kCname = 5, kTxt = 16;  // RFC 1035, 3.2
constexpr std::size_t kMostTexts = 100;
constexpr std::size_t kHeader = 12;

Failure failed(int status) {
  return {code::kDns, ares_strerror(status)};
}

struct Library {
  int status = ares_library_init(ARES_LIB_INIT_ALL);
};

const Library& library() {
  static const Library kLibrary;
  return kLibrary;
}

struct Destroy {
  void operator()(ares_channel channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<std::remove_pointer_t<ares_channel>, Destroy>;

// RFC 1035, 4.1.1: where questions end and answers begin is found by reading what is before.
class Message {
 public:
  explicit Message(std::span<const unsigned char> bytes) : bytes_(bytes) {}

  /// Where the last CNAME of the answer leads; empty: there is none, or it cannot be read.
  std::string last_alias() {
    if (bytes_.size() < kHeader) return "";
    std::size_t questions = number(4);
    std::size_t answers = number(6);
    at_ = kHeader;
    std::string alias;
    for (; questions > 0; --questions) {
      if (!skip_name() || !skip(4)) return alias;
    }
    for (; answers > 0; --answers) {
      if (!skip_name() || bytes_.size() - at_ < 10) return alias;
      const std::size_t type = number(at_);
      const std::size_t length = number(at_ + 8);
      at_ += 10;
      if (type == kCname) alias = name();
      if (!skip(length)) return alias;
    }
    return alias;
  }

 private:
  [[nodiscard]] std::size_t number(std::size_t at) const {
    return static_cast<std::size_t>(bytes_[at]) << 8U | bytes_[at + 1];
  }

  bool skip(std::size_t count) {
    if (bytes_.size() - at_ < count) return false;
    at_ += count;
    return true;
  }

  bool skip_name() {
    long length = 0;
    return !expand(length).empty() && skip(static_cast<std::size_t>(length));
  }

  // "." stands for the root.
  [[nodiscard]] std::string name() const {
    long length = 0;
    return expand(length);
  }

  // Empty: it cannot be read.
  [[nodiscard]] std::string expand(long& length) const {
    if (at_ >= bytes_.size()) return "";
    char* text = nullptr;
    if (ares_expand_name(bytes_.data() + at_, bytes_.data(), static_cast<int>(bytes_.size()), &text,
                         &length) != ARES_SUCCESS) {
      return "";
    }
    std::string name = text[0] == '\0' ? "." : text;
    ares_free_string(text);
    return name;
  }

  std::span<const unsigned char> bytes_;
  std::size_t at_ = 0;
};

std::vector<std::string> texts_of(const ares_txt_ext* chunk) {
  std::vector<std::string> texts;
  for (; chunk != nullptr; chunk = chunk->next) {
    if (chunk->record_start != 0 || texts.empty()) {
      if (texts.size() == kMostTexts) break;
      texts.emplace_back();
    }
    texts.back().append(reinterpret_cast<const char*>(chunk->txt), chunk->length);
  }
  return texts;
}

Kind kind_of(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return Kind::no_name;
    case ARES_ENODATA:
      return Kind::no_text;
    case ARES_ESERVFAIL:
      return Kind::server_failure;
    case ARES_EREFUSED:
      return Kind::server_refused;
    default:
      return Kind::no_answer;
  }
}

void take_answer(void* argument, int status, int /*timeouts*/, unsigned char* bytes, int length) {
  auto& answer = *static_cast<TxtAnswer*>(argument);
  if (status == ARES_SUCCESS) {
    ares_txt_ext* chunks = nullptr;
    status = ares_parse_txt_reply_ext(bytes, length, &chunks);
    if (status == ARES_SUCCESS) answer.texts = texts_of(chunks);
    if (chunks != nullptr) ares_free_data(chunks);
    if (status == ARES_SUCCESS && answer.texts.empty()) status = ARES_ENODATA;
  }
  answer.kind = status == ARES_SUCCESS ? Kind::texts : kind_of(status);
  if (answer.kind != Kind::texts && bytes != nullptr && length > 0) {
    answer.alias_of = Message({bytes, static_cast<std::size_t>(length)}).last_alias();
  }
}

Result<Channel> make_channel(const std::vector<std::string>& servers, int more_flags) {
  if (library().status != ARES_SUCCESS) return failed(library().status);
  ares_options options{};
  // Names are whole. Sockets close once nothing is asked any more, which ends the waiting.
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS | more_flags;
  options.timeout = kTimeout;
  options.tries = kTries;
  options.ednspsz = 1232;  // no fragments
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ;
  ares_channel made = nullptr;
  if (const int status = ares_init_options(&made, &options, mask); status != ARES_SUCCESS) {
    return failed(status);
  }
  Channel channel(made);
  if (servers.empty()) return channel;
  std::string list;
  for (const std::string& server : servers) list += (list.empty() ? "" : ",") + server;
  const int status = ares_set_servers_ports_csv(channel.get(), list.c_str());
  if (status != ARES_SUCCESS) return failed(status);
  return channel;
}

// One step; false: all is answered, or nothing can be waited for.
bool step(const Channel& channel, Clock::time_point end) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const int bits = ares_getsock(channel.get(), sockets.data(), ARES_GETSOCK_MAXNUM);
  std::vector<pollfd> waiting;
  for (unsigned i = 0; i < sockets.size(); ++i) {
    short events = 0;
    if (ARES_GETSOCK_READABLE(static_cast<unsigned>(bits), i)) events |= POLLIN;
    if (ARES_GETSOCK_WRITABLE(static_cast<unsigned>(bits), i)) events |= POLLOUT;
    if (events != 0) waiting.push_back({sockets[i], events, 0});
  }
  if (waiting.empty()) return false;
  const auto left =
      std::max(Clock::duration::zero(), std::min<Clock::duration>(end - Clock::now(), kMost));
  timeval most{};
  most.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
  most.tv_usec =
      std::chrono::duration_cast<std::chrono::microseconds>(left % std::chrono::seconds(1)).count();
  timeval next{};
  const timeval* wait = ares_timeout(channel.get(), &most, &next);
  const auto milliseconds = static_cast<int>(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1);
  if (poll(waiting.data(), waiting.size(), milliseconds) <= 0) {
    ares_process_fd(channel.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // times out what is late
    return true;
  }
  for (const pollfd& one : waiting) {
    const bool reads = (one.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
    const bool writes = (one.revents & POLLOUT) != 0;
    if (reads || writes) {
      ares_process_fd(channel.get(), reads ? one.fd : ARES_SOCKET_BAD,
                      writes ? one.fd : ARES_SOCKET_BAD);
    }
  }
  return true;
}

// Those that nobody has answered yet.
Status ask(const std::vector<std::string>& names, const std::vector<std::string>& servers,
           int flags, Clock::time_point end, std::vector<TxtAnswer>& answers) {
  const auto channel = make_channel(servers, flags);
  if (!channel) return channel.failure();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (answers[i].kind != Kind::no_answer) continue;
    ares_query(channel->get(), names[i].c_str(), kClass, kTxt, take_answer, &answers[i]);
  }
  while (Clock::now() < end && step(*channel, end)) {
  }
  ares_cancel(channel->get());
  return Done{};
}

}  // namespace

Result<std::vector<TxtAnswer>> find_txt_records(const std::vector<std::string>& names,
                                                const std::vector<std::string>& servers) {
  std::vector<TxtAnswer> answers(names.size());
  const auto end = Clock::now() + kMost;
  // One that says SERVFAIL or REFUSED is passed over for the next, and c-ares does not tell what
  // the last one said: those are asked once more.
  const auto first_end = end - kSecondPass;
  if (Status asked = ask(names, servers, 0, first_end, answers); !asked) return asked.failure();
  if (Status asked = ask(names, servers, ARES_FLAG_NOCHECKRESP, end, answers); !asked) {
    return asked.failure();
  }
  return answers;
}

}  // namespace anteroom
