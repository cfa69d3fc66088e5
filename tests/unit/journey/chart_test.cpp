#include "journey/manage/chart.h"

#include <catch2/catch.hpp>

using namespace anteroom;
using namespace anteroom::journey;

namespace {

long number(const pages::Values& column, const char* name) {
  return std::stol(column.text.at(name));
}

}  // namespace

TEST_CASE("a scale ends at a round number that everything fits below") {
  CHECK(scale_top(0) == 1);
  CHECK(scale_top(1) == 1);
  CHECK(scale_top(2) == 2);
  CHECK(scale_top(3) == 5);
  CHECK(scale_top(6) == 10);
  CHECK(scale_top(10) == 10);
  CHECK(scale_top(11) == 20);
  CHECK(scale_top(51) == 100);
  CHECK(scale_top(99999) == 100000);
}

TEST_CASE("columns stand in their group, from the bottom, as high as their value") {
  const pages::Values chart = column_chart({{50, 25}, {0, 100}});
  CHECK(chart.text.at("top") == "100");
  const auto& columns = chart.lists.at("columns");
  REQUIRE(columns.size() == 3);
  CHECK(columns[0].text.at("series") == "first");
  CHECK(columns[1].text.at("series") == "second");
  CHECK(number(columns[0], "height") == kChartHeight / 2);
  CHECK(number(columns[1], "height") == kChartHeight / 4);
  for (const auto& column : columns) {
    CHECK(number(column, "y") + number(column, "height") == kChartHeight);
  }
  // Beside each other in the first half; the last in the second.
  CHECK(number(columns[0], "x") + number(columns[0], "width") == number(columns[1], "x"));
  CHECK(number(columns[1], "x") + number(columns[1], "width") <= kChartWidth / 2);
  CHECK(number(columns[2], "x") >= kChartWidth / 2);
  CHECK(number(columns[2], "x") + number(columns[2], "width") <= kChartWidth);
}

TEST_CASE("what is little can be seen, and what is nothing cannot") {
  const auto columns = column_chart({{1, 0, -3}, {1000000}}).lists.at("columns");
  REQUIRE(columns.size() == 2);
  CHECK(number(columns[0], "height") > 5);
  CHECK(bar_length(1, 1000000) > 5);
  CHECK(bar_length(0, 10) == 0);
  CHECK(bar_length(5, 0) == 0);
  CHECK(bar_length(10, 10) == kChartWidth);
  CHECK(bar_length(11, 10) == kChartWidth);
}

TEST_CASE("a chart of nothing is empty") {
  CHECK(column_chart({}).lists.at("columns").empty());
  CHECK(column_chart({{}, {0}}).lists.at("columns").empty());
}
