// Charts: numbers in, shapes out. Only the shapes are drawn; what they say stands beside them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/pages.h"

namespace anteroom::journey {

/// The box that shapes are placed in (the viewBox); a page stretches it as it likes.
inline constexpr long kChartWidth = 3000;
inline constexpr long kChartHeight = 1000;

/// 1, 2 or 5 times a power of ten: the least that is not below `highest`.
long scale_top(long highest);

/// Groups of columns from left to right: one group for each entry of `groups`, one column in it for
/// each series, first to third. Text `top` (what the box's height stands for), list `columns` with
/// `x`, `y`, `width`, `height`, `series` (the class "first" … "third"). What is 0 has no column;
/// what is not is never too low to be seen.
pages::Values column_chart(const std::vector<std::vector<long>>& groups);

/// The length of a bar in a box of kChartWidth, for a value of at most `highest`.
long bar_length(long value, long highest);

}  // namespace anteroom::journey
