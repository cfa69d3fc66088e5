#include "config/problems.h"

#include <algorithm>
#include <map>

namespace anteroom::config {

void Problems::add(const Place& place, std::string message, bool is_warning) {
  list_.push_back({place.file, place.line + 1, place.column + 1, std::move(message), is_warning});
}

bool Problems::has_error() const {
  return std::any_of(list_.begin(), list_.end(), [](const Problem& p) { return !p.is_warning; });
}

std::vector<Problem> Problems::sorted() const {
  std::map<std::string, std::size_t> order;
  for (const Problem& problem : list_) order.emplace(problem.file, order.size());
  std::vector<Problem> out = list_;
  std::stable_sort(out.begin(), out.end(), [&](const Problem& a, const Problem& b) {
    return std::tuple(order[a.file], a.line, a.column) <
           std::tuple(order[b.file], b.line, b.column);
  });
  return out;
}

}  // namespace anteroom::config

namespace anteroom {

std::string to_string(const Problem& problem) {
  std::string out = problem.file;
  if (problem.line > 0) {
    out += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
  }
  return out + ": " + (problem.is_warning ? "warning: " : "error: ") + problem.message;
}

}  // namespace anteroom
