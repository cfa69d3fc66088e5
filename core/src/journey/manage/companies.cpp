// The list of companies, for whoever may connect them, and the first step of connecting one.
#include "journey/manage/companies.h"

#include <algorithm>
#include <array>
#include <utility>

#include "journey/frame/readable.h"
#include "journey/frame/respond.h"
#include "journey/manage/choices.h"
#include "journey/manage/steps.h"
#include "text/ascii.h"
#include "text/instant.h"

namespace anteroom::journey {

namespace {

using store::CompanyChange;

constexpr int kPageSize = 50;
constexpr int kMostCounted = 1000;
constexpr std::size_t kMaxSearch = 200;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kPresetLabels{
    {{"entra", "Microsoft Entra ID"},
     {"adfs", "AD FS"},
     {"okta", "Okta"},
     {"google", "Google Workspace"},
     {"keycloak", "Keycloak"},
     {"generic", "SAML 2.0"}}};
static_assert(kPresetLabels.size() == kPresets.size());

constexpr std::array<std::string_view, 4> kStates{"draft", "live", "suspended", "archived"};

constexpr std::array<std::pair<std::string_view, MessageKey>, 3> kOnly{
    {{"waiting", "companies_waiting"_message},
     {"ends_soon", "companies_ends_soon"_message},
     {"failing", "companies_failing"_message}}};

struct View {
  std::string search, state, only, after;

  static View of(const std::optional<http::Form>& query) {
    const std::string state = field_of(query, "state", kMaxCompanyName);
    const bool is_state = std::find(kStates.begin(), kStates.end(), state) != kStates.end();
    const std::string only = field_of(query, "only", kMaxCompanyName);
    const bool is_only = std::any_of(kOnly.begin(), kOnly.end(),
                                     [&](const auto& known) { return known.first == only; });
    return {field_of(query, "q", kMaxSearch), is_state ? state : "", is_only ? only : "",
            field_of(query, "after", kMaxCompanyName)};
  }
};

struct TriedNewCompany : Attempt {
  std::string name, display_name, preset = kPresets[0];
};

// What ends next of its metadata, and in how many days.
void add_end(const store::CompanyLine& company, Time now, pages::Values& values) {
  if (!company.ends_at) return;
  const auto days = std::chrono::floor<std::chrono::days>(*company.ends_at - now).count();
  values.text["ends_on"] = text::format_instant(*company.ends_at).substr(0, 10);
  values.messages["ends"] = {company.ends_by_certificate ? "companies_certificate"_message
                                                         : "companies_metadata"_message};
  const std::string count = std::to_string(days);
  values.messages["ends_in"] = days < 0    ? Message("companies_ended"_message)
                               : days == 0 ? Message("companies_under_a_day"_message)
                               : days == 1 ? Message("companies_one_day"_message)
                                           : Message{"companies_days"_message, {{"days", count}}};
  values.flags["is_over"] = days < 0;
  values.flags["is_soon"] = *company.ends_at - now < store::kEndsSoon;
}

pages::Values line_values(const Context& context, const store::CompanyLine& company, Time now) {
  pages::Values values;
  values.text = {{"name", company.name},
                 {"display_name", company.display_name},
                 {"href", context.path(company_path(company.name))},
                 {"domains", text::joined(company.domains)},
                 {"people", counted(company.people)},
                 {"last_sign_on", readable_time(company.last_sign_on)},
                 {"refused", std::to_string(company.refused)},
                 {"commonest", company.commonest}};
  values.messages["state"] = state_message(company.state);
  values.flags = {
      {"is_live", company.state == "live"},           {"is_draft", company.state == "draft"},
      {"is_suspended", company.state == "suspended"}, {"has_handed_in", company.has_handed_in},
      {"has_proposal", company.has_proposal},         {"has_refused", company.refused > 0}};
  add_end(company, now, values);
  return values;
}

std::vector<pages::Values> state_choices(std::string_view chosen) {
  std::vector<pages::Values> choices;
  for (const std::string_view state : kStates) {
    pages::Values one;
    one.text["value"] = state;
    one.messages["label"] = state_message(state);
    one.flags["is_chosen"] = state == chosen;
    choices.push_back(std::move(one));
  }
  return choices;
}

std::vector<pages::Values> only_choices(std::string_view chosen) {
  std::vector<pages::Values> choices;
  for (const auto& [value, label] : kOnly) {
    pages::Values one;
    one.text["value"] = value;
    one.messages["label"] = label;
    one.flags["is_chosen"] = value == chosen;
    choices.push_back(std::move(one));
  }
  return choices;
}

Task<Response> list_page(Exchange& exchange, const ManageUser& viewer, View view,
                         TriedNewCompany tried) {
  Context& context = exchange.context;
  auto searching = store::search_companies(
      context.ports.database, viewer.actor, context.settings.access,
      store::CompanyFilter{view.search, view.state, view.only, view.after, kPageSize + 1});
  const std::vector<store::CompanyLine> found =
      co_await or_unavailable(exchange, std::move(searching));
  pages::Values values;
  values.messages = std::move(tried.messages);
  const std::string here = context.path("/manage/companies?q=") +
                           http::percent_encode(view.search) + "&state=" + view.state +
                           "&only=" + view.only;
  values.text = {{"search", view.search},
                 {"first_url", here},
                 {"given_name", tried.name},
                 {"given_display_name", tried.display_name}};
  values.flags = {{"has_errors", tried.status != 200},
                  {"is_first", view.after.empty()},
                  {"has_companies", !found.empty()}};
  values.lists["states"] = state_choices(view.state);
  values.lists["only"] = only_choices(view.only);
  values.lists["presets"] = preset_choices(tried.preset);
  const auto shown = std::min<std::size_t>(found.size(), kPageSize);
  auto& entries = values.lists["entries"];
  for (std::size_t i = 0; i < shown; ++i)
    entries.push_back(line_values(context, found[i], exchange.now()));
  if (shown < found.size()) {
    values.text["next_url"] = here + "&after=" + http::percent_encode(found[shown - 1].name);
  }
  co_return manage_page(exchange, viewer, ManageTab::companies, "manage_companies", tried.status,
                        std::move(values));
}

// Before the database is asked.
void judge(const Settings& settings, TriedNewCompany& tried) {
  const CompanyVerdict verdict = judge_company_name(settings, tried.name);
  if (verdict.fault == CompanyFault::name_is_configured) {
    tried.refuse("name_error", "company_name_taken"_message);
  } else if (!verdict.is_good()) {
    tried.refuse("name_error", "company_bad_name"_message);
  }
  if (Message bad = complaint_about_needed_name(tried.display_name); !bad.empty()) {
    tried.refuse("display_name_error", bad);
  }
}

}  // namespace

std::string company_path(const std::string& name) {
  return "/manage/companies/show?name=" + http::percent_encode(name);
}

Message state_message(std::string_view state) {
  if (state == "draft") return "company_is_draft"_message;
  if (state == "live") return "company_is_live"_message;
  if (state == "suspended") return "company_is_suspended"_message;
  return "company_is_archived"_message;
}

std::string preset_label(std::string_view preset) {
  for (const auto& [name, label] : kPresetLabels) {
    if (name == preset) return std::string(label);
  }
  return std::string(kPresetLabels.back().second);
}

bool is_preset(std::string_view name) {
  return std::find(kPresets.begin(), kPresets.end(), name) != kPresets.end();
}

std::string counted(int count) {
  return std::to_string(count) + (count >= kMostCounted ? "+" : "");
}

std::vector<pages::Values> preset_choices(std::string_view chosen) {
  std::vector<pages::Values> choices;
  choices.reserve(kPresetLabels.size());
  for (const auto& [name, label] : kPresetLabels) {
    choices.push_back(choice(std::string(name), std::string(label), chosen));
  }
  return choices;
}

Task<Response> list_companies(Exchange exchange, ManageUser viewer) {
  View view = View::of(http::Form::parse(exchange.head().query));
  TriedNewCompany nothing;
  auto showing = list_page(exchange, viewer, std::move(view), std::move(nothing));
  Response response = co_await showing;
  co_return response;
}

std::string to_companies(const Exchange& /*exchange*/) {
  return "/manage/companies";
}

Task<Response> add_company(Exchange exchange, ManageUser viewer) {
  const auto form = http::Form::parse(exchange.request.body());
  Context& context = exchange.context;
  TriedNewCompany tried;
  tried.name = field_of(form, "name", kMaxCompanyName);
  tried.display_name = field_of(form, "display_name", kMaxDisplayName);
  tried.preset = field_of(form, "preset", kMaxCompanyName);
  if (!is_preset(tried.preset)) {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "no such preset"});
  }
  judge(context.settings, tried);
  if (tried.status == 200) {
    auto adding = store::add_company(context.ports.database, viewer.actor, context.settings.access,
                                     store::NewCompany{tried.name, tried.display_name,
                                                       R"({"preset": ")" + tried.preset + "\"}"});
    const CompanyChange added = co_await or_unavailable(exchange, std::move(adding));
    if (added == CompanyChange::done) {
      co_return redirect(303, context.path(company_path(tried.name)) + "&notice=added");
    }
    const bool is_taken = added == CompanyChange::name_taken;
    refuse_change(tried, is_taken ? "name_error" : "failure", added);
  }
  View all;
  auto showing = list_page(exchange, viewer, std::move(all), std::move(tried));
  Response response = co_await showing;
  co_return response;
}

}  // namespace anteroom::journey
