#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "anteroom/activity.h"
#include "http/form.h"
#include "journey/frame/respond.h"
#include "journey/manage/chart.h"
#include "journey/manage/company_choice.h"
#include "journey/manage/manage.h"
#include "journey/manage/steps.h"
#include "text/instant.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using pages::Values;

constexpr int kDays = 30;

constexpr int kMostCompanies = 20;

using store::SignOns;

// Of those who left, in percent. Who began at the identity provider came without having left.
std::string share(const SignOns& counted) {
  if (counted.started == 0) return "–";
  return std::to_string(std::min(100L, counted.returned() * 100 / counted.started)) + "%";
}

// Every day of the period, also those without anything. Days are those of UTC.
std::map<std::string, SignOns> by_day(std::map<std::string, SignOns> counted, Time now) {
  for (int ago = 0; ago < kDays; ++ago) {
    counted[text::format_instant(now - std::chrono::hours(24 * ago)).substr(0, 10)];
  }
  while (counted.size() > kDays) counted.erase(counted.begin());  // midnight came in between
  return counted;
}

struct Series {
  MessageKey label;
  std::function<long(const SignOns&)> of;
};

// Two series over the days, with their table.
Values day_chart(const std::map<std::string, SignOns>& days, const std::string& id,
                 MessageKey title, const Series& first, const Series& second) {
  std::vector<std::vector<long>> groups;
  std::vector<Values> rows;
  for (const auto& [day, counted] : days) {
    groups.push_back({first.of(counted), second.of(counted)});
    rows.push_back({{{"day", day},
                     {"first_count", std::to_string(first.of(counted))},
                     {"second_count", std::to_string(second.of(counted))}}});
  }
  Values chart = column_chart(groups);
  chart.text["id"] = id;
  chart.text["first_day"] = days.begin()->first;
  chart.text["last_day"] = days.rbegin()->first;
  chart.messages["title"] = title;
  chart.messages["first_label"] = first.label;
  chart.messages["second_label"] = second.label;
  std::reverse(rows.begin(), rows.end());
  chart.lists["days"] = std::move(rows);
  return chart;
}

Values counted_row(const SignOns& counted, long most) {
  Values row;
  row.text["signed_on"] = std::to_string(counted.signed_on);
  row.text["left"] = std::to_string(counted.started);
  row.text["returned"] = std::to_string(counted.returned());
  row.text["share"] = share(counted);
  row.text["length"] = std::to_string(bar_length(std::min(counted.signed_on, most), most));
  return row;
}

// The busiest first, then all others together.
std::vector<Values> company_rows(const Context& context, const store::Activity& activity) {
  const long most = activity.companies.empty() ? 0 : activity.companies.front().second.signed_on;
  std::vector<Values> rows;
  for (const auto& [idp, counted] : activity.companies) {
    Values row = counted_row(counted, most);
    row.text["href"] = context.path("/manage/activity?company=") + http::percent_encode(idp);
    row.text["name"] = context.companies->display_name(idp);
    rows.push_back(std::move(row));
  }
  if (activity.others > 0) {
    Values row = counted_row(activity.of_others, most);
    row.messages["others"] = {"activity_others"_message,
                              {{"count", std::to_string(activity.others)}}};
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

// Whom the page is about. Whoever decides at some properties only sees their own company's: others'
// names and numbers are not theirs.
struct Subject {
  std::string company;  ///< empty: all
  std::string typed;
  std::vector<const IdentityProvider*> several;  ///< that may have been meant
};

Subject subject_of(const std::vector<const IdentityProvider*>& companies, std::string typed) {
  Subject subject;
  subject.several = find_companies(companies, typed, kMostCompanies);
  subject.typed = std::move(typed);
  if (subject.several.size() == 1) {
    subject.company = subject.several.front()->name;
    subject.typed = subject.several.front()->name;
    subject.several.clear();
  }
  return subject;
}

std::vector<Values> links_to(const Context& context,
                             const std::vector<const IdentityProvider*>& companies) {
  std::vector<Values> links;
  links.reserve(companies.size());
  for (const IdentityProvider* company : companies) {
    links.push_back(
        {{{"href", context.path("/manage/activity?company=") + http::percent_encode(company->name)},
          {"name", company->display_name}}});
  }
  return links;
}

}  // namespace

Task<Response> show_activity(Exchange exchange, ManageUser user) {
  Context& context = exchange.context;
  const auto query = http::Form::parse(exchange.head().query);
  const bool sees_all = is_everywhere(context, user);
  Values values;
  Subject subject;
  subject.company = user.fields().idp;
  if (sees_all) {
    const auto companies = companies_for(exchange, user);
    subject = subject_of(companies, query ? std::string(text::trimmed(query->get("company"))) : "");
    offer_companies(values, companies, subject.typed);
  }
  auto counting = store::activity(context.ports.database, kDays, subject.company, kMostCompanies);
  store::Activity activity = co_await or_unavailable(exchange, std::move(counting));
  auto timing = store::waiting_times(context.ports.database, kDays);
  const std::vector<long> times = co_await or_unavailable(exchange, std::move(timing));

  const auto days = by_day(std::move(activity.days), exchange.now());
  values.text["company"] =
      subject.company.empty() ? "" : exchange.companies->display_name(subject.company);
  values.flags["is_unknown"] =
      subject.company.empty() && subject.several.empty() && !subject.typed.empty();
  values.flags["are_several"] = !subject.several.empty();
  values.lists["several"] = links_to(context, subject.several);
  values.lists["charts"] = {
      day_chart(days, "sign-ons", "activity_sign_ons"_message,
                {"activity_signed_on"_message, [](const SignOns& day) { return day.signed_on; }},
                {"activity_refused"_message, [](const SignOns& day) { return day.refused; }}),
      day_chart(days, "drop-off", "activity_drop_off"_message,
                {"activity_left"_message, [](const SignOns& day) { return day.started; }},
                {"activity_returned"_message, [](const SignOns& day) { return day.returned(); }})};
  values.lists["by_company"] = company_rows(context, activity);
  values.flags["has_activity"] = !activity.companies.empty();
  values.flags["sees_all"] = sees_all;
  values.lists["waiting"] = waiting_rows(times);
  co_return manage_page(exchange, user, ManageTab::activity, "manage_activity", 200,
                        std::move(values));
}

}  // namespace anteroom::journey
