// Errors as values: what went wrong (a stable code), and what only the log may know.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace anteroom {

/// A stable reason code: lower_snake_case, never renamed once released. Operators search logs and
/// the audit trail for it. It points at a string literal.
struct Code {
  std::string_view name;
  friend constexpr bool operator==(Code a, Code b) { return a.name == b.name; }
};

/// Why something was not done. `detail` is for the operator's log only, never for a browser; it
/// holds no secret, token, cookie or whole assertion.
struct Failure {
  Code code;
  std::string detail;
};

/// Codes that any layer may return. Areas define their own next to what can fail.
namespace code {
inline constexpr Code kDatabaseUnavailable{
    "database_unavailable"};                        ///< answer 503, try again later
inline constexpr Code kOverloaded{"overloaded"};    ///< a bounded queue is full: 503
inline constexpr Code kInternal{"internal_error"};  ///< deny
}  // namespace code

/// A T or the Failure that kept it from being made.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Failure failure)
      : state_(std::in_place_index<1>, std::move(failure)) {
  }  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Failure& failure() const { return std::get<1>(state_); }

 private:
  std::variant<T, Failure> state_;
};

/// A Result that carries nothing on success.
struct Done {};
using Status = Result<Done>;

}  // namespace anteroom
