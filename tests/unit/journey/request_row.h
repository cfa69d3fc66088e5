// A request as the database tells of it.
#pragma once

#include <optional>
#include <vector>

#include "anteroom/ports.h"

namespace anteroom::test {

inline constexpr const char* kRequest = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// Bob's, who waits, for a manager at Elm Court; nobody who asks may decide about it. Columns of
/// list_requests() and show_request().
inline std::vector<Cell> request_row() {
  return {kRequest,
          "bob@corp.test",
          "Bob",
          "elm",
          "Elm Court",
          "manager",
          "",
          "needs it",
          "open",
          "ann@corp.test",
          "2026-05-04T09:12:33Z",
          "",
          "",
          "",
          "2026-05-01T08:00:00Z",
          "corp",
          "f",
          "f",
          std::nullopt,
          std::nullopt,
          "",
          "f"};
}

}  // namespace anteroom::test
