#include "journey/manage/chart.h"

#include <algorithm>
#include <array>

namespace anteroom::journey {

namespace {

constexpr long kLeastVisible = 12;
constexpr std::array<const char*, 3> kSeries{"first", "second", "third"};

long scaled(long value, long highest, long size) {
  if (value <= 0 || highest <= 0) return 0;
  // Counts times a box's size stay far below what a long holds.
  return std::clamp(std::min(value, highest) * size / highest, kLeastVisible, size);
}

}  // namespace

long scale_top(long highest) {
  long power = 1;
  while (power <= highest / 10) power *= 10;
  for (const long step : {1L, 2L, 5L}) {
    if (step * power >= highest) return step * power;
  }
  return 10 * power;
}

pages::Values column_chart(const std::vector<std::vector<long>>& groups) {
  long highest = 0;
  for (const auto& group : groups) {
    for (const long value : group) highest = std::max(highest, value);
  }
  const long top = scale_top(highest);
  pages::Values chart;
  chart.text["top"] = std::to_string(top);
  auto& columns = chart.lists["columns"];
  const long pitch = groups.empty() ? 0 : kChartWidth / static_cast<long>(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto series = std::min(groups[i].size(), kSeries.size());
    if (series == 0) continue;
    const long gap = pitch / 5;  // between groups
    const long width = (pitch - gap) / static_cast<long>(series);
    for (std::size_t k = 0; k < series; ++k) {
      const long height = scaled(groups[i][k], top, kChartHeight);
      if (height == 0) continue;
      const long x = static_cast<long>(i) * pitch + gap / 2 + static_cast<long>(k) * width;
      columns.push_back({{{"x", std::to_string(x)},
                          {"y", std::to_string(kChartHeight - height)},
                          {"width", std::to_string(width)},
                          {"height", std::to_string(height)},
                          {"series", kSeries[k]}}});
    }
  }
  return chart;
}

long bar_length(long value, long highest) {
  return scaled(value, highest, kChartWidth);
}

}  // namespace anteroom::journey
