// Writing OpenMetrics 1.0.0 text: families in order, each with its type and help, `# EOF` last.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace anteroom::metrics {

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

class Exposition {
 public:
  /// The samples that follow belong to it. `type`: counter, gauge, histogram or info.
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// `suffix` as the type demands: "_total", "_bucket", …
  void sample(std::string_view suffix, Labels labels, std::uint64_t value);
  void sample(std::string_view suffix, Labels labels, std::int64_t value);
  /// With `digits` behind the point.
  void sample(std::string_view suffix, Labels labels, double value, int digits);
  [[nodiscard]] std::string finish();

 private:
  void begin(std::string_view suffix, Labels labels);

  std::string family_;
  std::string text_;
};

/// A number without needless zeros: 0.0005, 1, 2.5.
std::string decimal(double value, int digits);

}  // namespace anteroom::metrics
