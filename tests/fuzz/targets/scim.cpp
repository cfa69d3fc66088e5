// A directory's request: a User, a Group, a change of either, or a filter.
// Oracle: what is accepted is plain and within its bounds; nobody is turned on by a body that does
// not say so; what is read is read again when it is written; a filter finds what it names; what all
// this takes, in steps and in pieces of memory, grows with the input's length and not faster.

#include "anteroom/scim.h"

#include <cstdlib>
#include <new>
#include <string>

#include "fuzz/target.h"
#include "scim/document.h"
#include "scim/filter.h"
#include "scim/groups.h"
#include "scim/path.h"
#include "scim/request.h"
#include "scim/users.h"
#include "text/uuid.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

constexpr std::size_t kFixedCost = 10'000;
constexpr std::size_t kCostOfAByte = 100;

std::size_t pieces_of_memory = 0;

std::size_t values_in(const scim::Json& json, std::size_t depth) {
  require(depth <= scim::kMaxDepth || !json.is_structured(), "nested too deep");
  require(!json.is_object() || json.size() <= scim::kMaxNames, "too many names");
  std::size_t count = 1;
  if (json.is_structured()) {
    for (const scim::Json& value : json) count += values_in(value, depth + 1);
  }
  return count;
}

void check_document(std::string_view body) {
  scim::Effort effort;
  const auto document = scim::parse_document(body, effort);
  require(effort.steps <= 16 * (body.size() + 1), "steps beyond measure");
  require(!document || values_in(*document, 1) <= scim::kMaxValues, "too many values");
}

void check_text(const std::optional<std::string>& text, std::size_t max) {
  if (!text) return;
  require(text->size() <= max, "a text is too long");
  for (const char c : *text) {
    require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a control character");
  }
  require(text->find("\xe2\x80\xae") == std::string::npos, "a right-to-left override");
}

bool says_true(std::string_view body) {
  std::string lower;
  for (const char c : body) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower.find("true") != std::string::npos || lower.find('\\') != std::string::npos;
}

void check_change(const scim::UserChange& change) {
  check_text(change.user_name, 254);
  check_text(change.work_email, 254);
  for (const auto& text : {change.external_id, change.display_name, change.formatted_name,
                           change.given_name, change.family_name}) {
    check_text(text, 256);
  }
  require(!change.user_name || !change.user_name->empty(), "a user name is taken away");
}

void check_user(std::string_view body) {
  const auto user = scim::read_user_replacement(body).change;
  if (!user) return;
  check_change(*user);
  require(user->is_active != std::optional(true) || says_true(body), "turned on without a word");
  scim::User kept;
  kept.id = "2819c223-7f76-453a-919d-413861904646";
  kept.user_name = *user->user_name;
  kept.external_id = *user->external_id;
  kept.work_email = *user->work_email;
  kept.display_name = *user->display_name;
  kept.formatted_name = *user->formatted_name;
  kept.given_name = *user->given_name;
  kept.family_name = *user->family_name;
  kept.is_active = user->is_active.value_or(true);
  const auto again = scim::read_new_user(scim::write_user(kept, "https://login.test/scim"));
  require(again && again->user_name == user->user_name && again->external_id == user->external_id &&
              again->work_email == user->work_email && again->display_name == user->display_name &&
              again->formatted_name == user->formatted_name &&
              again->given_name == user->given_name && again->family_name == user->family_name &&
              again->is_active == kept.is_active,
          "another User when it is written and read again");
}

void check_user_patch(std::string_view body) {
  const auto reading = scim::read_user_patch(body);
  const auto& change = reading.change;
  require(!change || reading.turns_off == (change->is_active == std::optional(false)),
          "turned off, or not, against the word of the body");
  if (!change) return;
  check_change(*change);
  require(change->is_active != std::optional(true) || says_true(body), "turned on without a word");
}

void check_group(std::string_view body, bool is_patch) {
  const auto change = is_patch ? scim::read_group_patch(body) : scim::read_group(body);
  if (!change) return;
  check_text(change->display_name, 256);
  check_text(change->external_id, 256);
  for (const auto& ids : {change->adds, change->removes}) {
    for (const std::string& id : ids) require(text::is_uuid(id), "a member that is not an id");
  }
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

void check_filter(std::string_view text) {
  const auto user = scim::parse_user_filter(text);
  if (user) {
    require(user->rest.table.size() == std::size_t{1} << user->rest.conditions.size(),
            "a table of another size");
    require(user->rest.conditions.size() <= scim::kMaxComparisons, "too many comparisons");
    std::string written;
    const auto add = [&written](const char* name, const std::optional<std::string>& value) {
      if (!value) return;
      check_text(value, 1024);
      written += (written.empty() ? "" : " and ") + std::string(name) + " eq " + in_quotes(*value);
    };
    add("id", user->id);
    add("userName", user->user_name);
    add("externalId", user->external_id);
    add("emails[type eq \"work\"].value", user->email);
    const auto again = scim::parse_user_filter(written);
    require(written.size() > 1024 ||
                (again && again->id == user->id && again->user_name == user->user_name &&
                 again->external_id == user->external_id && again->email == user->email),
            "another filter when it is written again");
  }
  const auto group = scim::parse_group_filter(text);
  require(!group || group->rest.table.size() == std::size_t{1} << group->rest.conditions.size(),
          "a table of another size");
  require(scim::Projection(text, text).of({{"id", "1"}, {"userName", "a"}}).contains("id"),
          "no id");
  (void)scim::read_search(text);
  (void)scim::parse_path(text);
  (void)scim::bearer_token(text);
  const auto page = scim::read_page(text, text);
  require(!page || (page->start >= 1 && page->count >= 0 && page->count <= scim::kMaxCount),
          "a page out of bounds");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = view(data, size);
  const std::size_t before = pieces_of_memory;
  check_document(input);
  check_user(input);
  check_user_patch(input);
  check_group(input, false);
  check_group(input, true);
  check_filter(input);
  require(pieces_of_memory - before <= kFixedCost + kCostOfAByte * size, "memory beyond measure");
  return 0;
}

// Counted, wherever it is asked for.
void* operator new(std::size_t size) {
  ++pieces_of_memory;
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
