#include "anteroom/activity.h"
#include "anteroom/store.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kActivity{"sign_on_activity",
                              "SELECT day, idp, companies, started, signed_on, refused FROM "
                              "anteroom.sign_on_activity($1::int,"
                              " $2, $3::int)"};
constexpr Statement kCountDay{"count_day", "SELECT anteroom.count_day()"};
constexpr Statement kWaitingTimes{"waiting_times",
                                  "SELECT unnest(anteroom.waiting_times($1::int))"};
constexpr Statement kWaitingNow{"waiting_now", "SELECT people, since FROM anteroom.waiting_now()"};
constexpr Statement kCountStarted{"count_started",
                                  "SELECT anteroom.count_started($1::text[], $2::bigint[])"};

}  // namespace

Task<Result<Activity>> activity(Database& database, int days, std::string idp, int most) {
  Params params{std::to_string(days), std::move(idp), std::to_string(most)};
  Result<Rows> result = co_await run(database, kActivity, std::move(params));
  if (!result) co_return result.failure();
  Activity all;
  for (const auto& row : result->rows) {
    const SignOns counted{number(row, 3), number(row, 4), number(row, 5)};
    if (row.at(0)) {
      all.days.emplace(text(row, 0), counted);
    } else if (row.at(1)) {
      all.companies.emplace_back(text(row, 1), counted);
    } else {
      all.others = static_cast<int>(number(row, 2));
      all.of_others = counted;
    }
  }
  co_return all;
}

Task<Result<std::optional<bool>>> count_day(Database& database) {
  Params none;
  Result<Rows> result = co_await run(database, kCountDay, std::move(none));
  if (!result) {
    co_return Failure{
        result.failure().code,
        "a day's sign-ons cannot be counted (anteroom migrate counts without a limit of time): " +
            result.failure().detail};
  }
  if (result->rows.size() != 1) co_return unexpected_rows(kCountDay);
  if (!result->rows[0].at(0)) co_return std::optional<bool>();
  co_return std::optional(is_true(result->rows[0], 0));
}

Task<Result<std::vector<long>>> waiting_times(Database& database, int days) {
  Params params{std::to_string(days)};
  Result<Rows> result = co_await run(database, kWaitingTimes, std::move(params));
  if (!result) co_return result.failure();
  std::vector<long> buckets;
  for (const auto& row : result->rows) buckets.push_back(number(row, 0));
  co_return buckets;
}

Task<Result<WaitingNow>> waiting_now(Database& database) {
  Params none;
  Result<Rows> result = co_await run(database, kWaitingNow, std::move(none));
  if (!result) co_return result.failure();
  WaitingNow now;
  for (const auto& row : result->rows) {
    now.count = number(row, 0);
    if (row.at(1)) now.since = Time(Time::duration(number(row, 1)));
  }
  co_return now;
}

Task<Result<Done>> count_started(Database& database,
                                 std::vector<std::pair<std::string, long>> started_by_idp) {
  if (started_by_idp.empty()) co_return Done{};
  std::vector<std::string> idps;
  std::vector<std::string> counts;
  for (const auto& [idp, count] : started_by_idp) {
    idps.push_back(idp);
    counts.push_back(std::to_string(count));
  }
  Params params{array_literal(idps), array_literal(counts)};
  Result<Rows> result = co_await run(database, kCountStarted, std::move(params));
  if (!result) co_return result.failure();
  co_return Done{};
}

}  // namespace anteroom::store
