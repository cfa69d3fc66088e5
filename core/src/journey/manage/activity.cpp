#include <algorithm>
#include <array>
#include <map>

#include "anteroom/activity.h"
#include "http/form.h"
#include "journey/frame/respond.h"
#include "journey/manage/chart.h"
#include "journey/manage/manage.h"
#include "journey/manage/steps.h"
#include "text/instant.h"

namespace anteroom::journey {

namespace {

using pages::Values;

constexpr int kDays = 30;

struct Counts {
  long started = 0, returned = 0, signed_on = 0, refused = 0;

  void add(const store::ActivityDay& day) {
    started += day.started;
    returned += day.returned;
    signed_on += day.signed_on;
    refused += day.refused;
  }
};

// Of those who left, in percent. Who began at the identity provider came without having left.
std::string share(const Counts& counts) {
  if (counts.started == 0) return "–";
  return std::to_string(std::min(100L, counts.returned * 100 / counts.started)) + "%";
}

// Every day of the period, also those without anything. Days are those of UTC.
std::map<std::string, Counts> by_day(const std::vector<store::ActivityDay>& activity,
                                     const std::string& idp, Time now) {
  std::map<std::string, Counts> days;
  for (int ago = 0; ago < kDays; ++ago) {
    days[text::format_instant(now - std::chrono::hours(24 * ago)).substr(0, 10)];
  }
  for (const store::ActivityDay& day : activity) {
    const auto known = days.find(day.day);
    if (known != days.end() && (idp.empty() || day.idp == idp)) known->second.add(day);
  }
  return days;
}

// Two series over the days, with their table.
Values day_chart(const std::map<std::string, Counts>& days, const std::string& id, MessageKey title,
                 MessageKey first, MessageKey second, long Counts::*a, long Counts::*b) {
  std::vector<std::vector<long>> groups;
  std::vector<Values> rows;
  for (const auto& [day, counts] : days) {
    groups.push_back({counts.*a, counts.*b});
    rows.push_back({{{"day", day},
                     {"first_count", std::to_string(counts.*a)},
                     {"second_count", std::to_string(counts.*b)}}});
  }
  Values chart = column_chart(groups);
  chart.text["id"] = id;
  chart.text["first_day"] = days.begin()->first;
  chart.text["last_day"] = days.rbegin()->first;
  chart.messages["title"] = title;
  chart.messages["first_label"] = first;
  chart.messages["second_label"] = second;
  std::reverse(rows.begin(), rows.end());
  chart.lists["days"] = std::move(rows);
  return chart;
}

// The busiest first.
std::vector<Values> company_rows(const Context& context,
                                 const std::vector<store::ActivityDay>& activity) {
  std::map<std::string, Counts> by_idp;
  for (const store::ActivityDay& day : activity) by_idp[day.idp].add(day);
  std::vector<std::pair<std::string, Counts>> companies(by_idp.begin(), by_idp.end());
  std::stable_sort(companies.begin(), companies.end(), [](const auto& x, const auto& y) {
    return x.second.signed_on > y.second.signed_on;
  });
  std::vector<Values> rows;
  for (const auto& [idp, counts] : companies) {
    Values row;
    row.text["href"] = context.path("/manage/activity?company=") + http::percent_encode(idp);
    row.text["name"] = context.companies->display_name(idp);
    row.text["signed_on"] = std::to_string(counts.signed_on);
    row.text["left"] = std::to_string(counts.started);
    row.text["returned"] = std::to_string(counts.returned);
    row.text["share"] = share(counts);
    row.text["length"] =
        std::to_string(bar_length(counts.signed_on, companies.front().second.signed_on));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Values> waiting_rows(const std::vector<long>& times) {
  constexpr std::array<MessageKey, 7> kBuckets{
      "waited_hour"_message, "waited_hours"_message, "waited_day"_message,  "waited_days"_message,
      "waited_week"_message, "waited_more"_message,  "waited_still"_message};
  const auto count = std::min(times.size(), kBuckets.size());
  long highest = 0;
  for (const long people : times) highest = std::max(highest, people);
  std::vector<Values> rows;
  for (std::size_t i = 0; i < count; ++i) {
    Values row;
    row.messages["bucket"] = kBuckets[i];
    row.text["count"] = std::to_string(times[i]);
    row.text["length"] = std::to_string(bar_length(times[i], highest));
    row.text["series"] = i + 1 == kBuckets.size() ? "second" : "first";
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Values> company_choices(const std::vector<const IdentityProvider*>& companies,
                                    const std::string& chosen) {
  std::vector<Values> choices;
  choices.reserve(companies.size());
  for (const IdentityProvider* idp : companies) {
    choices.push_back(
        {{{"key", idp->name}, {"name", idp->display_name}}, {{"is_chosen", idp->name == chosen}}});
  }
  return choices;
}

// Whoever decides at some properties only sees their own company's: others' names and numbers are
// not theirs.
void keep_own(std::vector<store::ActivityDay>& activity, std::string_view idp) {
  std::erase_if(activity, [idp](const store::ActivityDay& day) { return day.idp != idp; });
}

}  // namespace

Task<Response> show_activity(Exchange exchange, ManageUser user) {
  Context& context = exchange.context;
  const auto query = http::Form::parse(exchange.head().query);
  const auto companies = companies_for(exchange, user);
  const bool sees_all = companies.size() == exchange.companies->all().size();
  std::string company = sees_all ? "" : std::string(user.fields().idp);
  if (query && sees_all && exchange.companies->by_name(query->get("company")) != nullptr) {
    company = query->get("company");
  }
  auto counting = store::activity(context.ports.database, kDays);
  std::vector<store::ActivityDay> activity = co_await or_unavailable(exchange, std::move(counting));
  if (!sees_all) keep_own(activity, company);
  auto timing = store::waiting_times(context.ports.database, kDays);
  const std::vector<long> times = co_await or_unavailable(exchange, std::move(timing));

  const auto days = by_day(activity, company, exchange.now());
  Values values;
  values.text["company"] = company.empty() ? "" : exchange.companies->display_name(company);
  values.lists["companies"] = company_choices(companies, company);
  values.lists["charts"] = {
      day_chart(days, "sign-ons", "activity_sign_ons"_message, "activity_signed_on"_message,
                "activity_refused"_message, &Counts::signed_on, &Counts::refused),
      day_chart(days, "drop-off", "activity_drop_off"_message, "activity_left"_message,
                "activity_returned"_message, &Counts::started, &Counts::returned)};
  values.lists["by_company"] = company_rows(context, activity);
  values.flags["has_activity"] = !activity.empty();
  values.flags["sees_all"] = sees_all;
  values.lists["waiting"] = waiting_rows(times);
  co_return manage_page(exchange, user, ManageTab::activity, "manage_activity", 200,
                        std::move(values));
}

}  // namespace anteroom::journey
