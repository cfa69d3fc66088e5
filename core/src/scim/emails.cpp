#include "scim/emails.h"

#include <algorithm>

#include "scim/codes.h"
#include "text/ascii.h"

namespace anteroom::scim {

namespace {

constexpr std::size_t kMaxOthers = 16;

bool is_primary(const Json& email) {
  const Json* said = member(email, "primary");
  if (said == nullptr) return false;
  const auto value = read_boolean(*said, "primary");
  return value && *value;
}

bool is_work(const Json& email) {
  const Json* type = member(email, "type");
  return type != nullptr && type->is_string() &&
         text::equals_ignoring_case(type->get_ref<const std::string&>(), "work");
}

struct Emails {
  const Json* work = nullptr;  // its value
  bool is_work_primary = false;
  std::vector<std::string> others;
};

void add_other(Emails& emails, const Json& email, const Json& value) {
  auto text = read_text(value, "emails.value", kMaxEmail);
  if (!text || emails.others.size() == kMaxOthers) return;
  emails.others.insert(is_primary(email) ? emails.others.begin() : emails.others.end(),
                       std::move(*text));
}

Result<Emails> read_emails(const Json& value) {
  Emails emails;
  const auto add = [&emails](const Json& email) {
    const Json* address = member(email, "value");
    if (address == nullptr || address->is_null()) return email.is_object();
    if (!is_work(email)) {
      add_other(emails, email, *address);
    } else if (emails.work == nullptr || (is_primary(email) && !emails.is_work_primary)) {
      emails.work = address;
      emails.is_work_primary = is_primary(email);
    }
    return true;
  };
  const bool is_good = value.is_array() ? std::all_of(value.begin(), value.end(), add) : add(value);
  if (!is_good) return Failure{code::kScimInvalidValue, "emails must be objects with a value."};
  return emails;
}

// Whatever the brackets said has been looked at.
Status set_email(UserChange& change, Operation operation, const Json& value) {
  change.other_emails.clear();
  change.adds_email = false;
  change.only_email.reset();
  return change_text(change.work_email, operation, value, "emails.value", kMaxEmail);
}

Status replace_all(UserChange& change, const Emails& emails) {
  static const Json kNone;
  Status set = set_email(change, emails.work == nullptr ? Operation::remove : Operation::set,
                         emails.work == nullptr ? kNone : *emails.work);
  if (emails.work == nullptr) change.other_emails = emails.others;
  return set;
}

// A work email that an operation before this one has set is there already; one that it has taken
// away is not.
Status add_all(UserChange& change, Emails emails) {
  if (emails.work != nullptr && emails.is_work_primary) return replace_all(change, emails);
  const bool is_given = change.work_email && !change.work_email->empty();
  if (is_given || !change.other_emails.empty() || change.only_email) return Done{};
  const bool is_taken_away = change.work_email.has_value();
  if (emails.work != nullptr) {
    Status set = set_email(change, Operation::set, *emails.work);
    if (!set) return set;
  } else {
    change.other_emails = std::move(emails.others);
  }
  change.adds_email = !is_taken_away;
  return Done{};
}

enum class Chosen { yes, no, unclear };

// Whether the brackets are about the work email: its type and that it is the primary one are known,
// its value is so in the database, where that can be compared with one text (`wanted`).
Chosen choose(const Expression& where, std::optional<std::string>& wanted) {
  std::size_t known = 0;
  std::size_t open = 0;
  for (std::size_t i = 0; i < where.comparisons.size(); ++i) {
    const Comparison& comparison = where.comparisons[i];
    const std::string_view have = comparison.sub == "type"      ? "work"
                                  : comparison.sub == "primary" ? "true"
                                                                : "";
    if (comparison.sub != "value") {
      if (holds(comparison, have)) known |= std::size_t{1} << i;
      continue;
    }
    const bool is_another = wanted && !text::equals_ignoring_case(*wanted, comparison.value);
    if (comparison.test != "eq" || is_another) return Chosen::unclear;
    wanted = comparison.value;
    open |= std::size_t{1} << i;
  }
  const bool if_equal = where.table[known | open] == '1';
  const bool if_not = where.table[known] == '1';
  if (if_equal == if_not) wanted.reset();
  if (if_not && !if_equal) return Chosen::unclear;
  return if_equal ? Chosen::yes : Chosen::no;
}

// The one in brackets, or a part of it.
Status change_chosen(UserChange& change, Operation operation, const Path& path, const Json& value) {
  if (path.sub == "value") return set_email(change, operation, value);
  if (!path.sub.empty()) return Done{};  // is "work", and the primary one
  if (operation == Operation::remove) return set_email(change, operation, value);
  const Json& email = value.is_array() && value.size() == 1 ? value[0] : value;
  if (!email.is_object()) {
    return Failure{code::kScimInvalidValue, "emails must be objects with a value."};
  }
  const Json* address = member(email, "value");
  return address == nullptr ? Status(Done{}) : set_email(change, operation, *address);
}

}  // namespace

Status change_emails(UserChange& change, Operation operation, const Path& path, const Json& value) {
  if (path.where) {
    std::optional<std::string> wanted;
    const Chosen chosen = choose(*path.where, wanted);
    if (chosen == Chosen::unclear) {
      return Failure{code::kScimInvalidPath,
                     "emails can be chosen by type, primary and one value."};
    }
    if (chosen == Chosen::no) return Done{};  // others are not kept
    if (wanted && change.work_email) {
      if (!text::equals_ignoring_case(*wanted, *change.work_email)) return Done{};
      wanted.reset();
    }
    Status changed = change_chosen(change, operation, path, value);
    if (changed && change.work_email && wanted) change.only_email = std::move(wanted);
    return changed;
  }
  if (!path.sub.empty()) {
    return path.sub == "value" ? set_email(change, operation, value) : Status(Done{});
  }
  if (operation == Operation::remove) return replace_all(change, {});
  auto emails = read_emails(value);
  if (!emails) return emails.failure();
  return operation == Operation::set ? replace_all(change, *emails)
                                     : add_all(change, std::move(*emails));
}

}  // namespace anteroom::scim
