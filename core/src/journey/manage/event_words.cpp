#include "journey/manage/event_words.h"

#include <algorithm>
#include <array>

#include "journey/frame/property_names.h"

namespace anteroom::journey {

namespace {

// "manager at elm until …", "manager at elm oak"; what people wrote follows "; reason: ".
constexpr std::array<std::string_view, 8> kSayingAt{
    "denied",        "grant_changed",    "manage_refused",   "provisioned",
    "request_filed", "request_approved", "request_declined", "request_withdrawn"};
constexpr std::string_view kAt = " at ";

bool is_of_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

std::size_t end_of_key(std::string_view text, std::size_t begin) {
  while (begin < text.size() && is_of_key(text[begin])) ++begin;
  return begin;
}

// Calls visit(begin, end) for each key after " at ", with those that follow it after a space.
template <class Visit>
void for_each_place(std::string_view said, bool is_list, Visit visit) {
  for (std::size_t at = said.find(kAt); at != std::string_view::npos; at = said.find(kAt, at)) {
    at += kAt.size();
    std::size_t end = end_of_key(said, at);
    visit(at, end);
    while (is_list && end < said.size() && said[end] == ' ') {
      at = end + 1;
      end = end_of_key(said, at);
      visit(at, end);
    }
    at = end;
  }
}

// "elm: none -> manager, oak: viewer -> none"; what a company asserted follows "; ".
template <class Visit>
void for_each_change(std::string_view said, Visit visit) {
  constexpr std::string_view kBetween = ", ";
  for (std::size_t at = 0; at < said.size();) {
    visit(at, end_of_key(said, at));
    const std::size_t next = said.find(kBetween, at);
    if (next == std::string_view::npos) return;
    at = next + kBetween.size();
  }
}

template <class Visit>
void for_each_key(std::string_view kind, std::string_view detail, Visit visit) {
  const std::string_view said = detail.substr(0, detail.find("; reason: "));
  if (kind == "grants_changed") {
    for_each_change(said.substr(0, said.find("; ")), visit);
  } else if (std::find(kSayingAt.begin(), kSayingAt.end(), kind) != kSayingAt.end()) {
    for_each_place(said, kind == "provisioned", visit);
  }
}

}  // namespace

void add_what(pages::Values& values, std::span<const EventName> names, const std::string& kind) {
  const auto known = std::find_if(names.begin(), names.end(),
                                  [&](const EventName& name) { return name.first == kind; });
  if (known == names.end()) {
    values.text["what"] = kind;
  } else {
    values.messages["what"] = known->second;
  }
}

std::vector<std::string> keys_in_event(std::string_view kind, std::string_view detail) {
  std::vector<std::string> keys;
  for_each_key(kind, detail, [&](std::size_t begin, std::size_t end) {
    if (end > begin) keys.emplace_back(detail.substr(begin, end - begin));
  });
  return keys;
}

std::string event_with_names(std::string_view kind, std::string_view detail,
                             const store::PropertyNames& names) {
  std::string text;
  std::size_t done = 0;
  for_each_key(kind, detail, [&](std::size_t begin, std::size_t end) {
    text.append(detail.substr(done, begin - done));
    text += name_of_property(detail.substr(begin, end - begin), names);
    done = end;
  });
  return text.append(detail.substr(done));
}

}  // namespace anteroom::journey
