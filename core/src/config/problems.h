#pragma once

#include <yaml-cpp/mark.h>

#include <string>
#include <vector>

#include "anteroom/settings.h"

namespace anteroom::config {

/// A place in a YAML file; counts from 0 as yaml-cpp does, -1: none.
struct Place {
  std::string file;
  int line = -1;
  int column = -1;
};

/// Collects everything that is wrong, so that one run shows all of it.
class Problems {
 public:
  void error(const Place& place, std::string message) { add(place, std::move(message), false); }
  void warn(const Place& place, std::string message) { add(place, std::move(message), true); }

  [[nodiscard]] bool has_error() const;
  /// By file and place, in the order the files were read.
  [[nodiscard]] std::vector<Problem> sorted() const;

 private:
  void add(const Place& place, std::string message, bool is_warning);
  std::vector<Problem> list_;
};

}  // namespace anteroom::config
