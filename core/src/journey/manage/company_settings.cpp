#include "journey/manage/company_settings.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "journey/frame/respond.h"
#include "journey/manage/choices.h"
#include "journey/manage/companies.h"
#include "journey/manage/steps.h"
#include "text/ascii.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using Json = nlohmann::json;
using store::CompanyChange;

// What the table of companies takes, in one field.
constexpr std::size_t kMaxSetting = 64u << 10;

constexpr std::string_view kNone = "-";  // of a list: there is none, whatever is usual

enum class Kind {
  yes_or_no,
  choice,
  text,
  list,  // one to a line
  pem,
};

struct Key {
  std::string_view path;  // with dots
  Kind kind;
  MessageKey label, hint;
  std::array<std::string_view, 3> choices = {};
};

// In the order of the page: how one signs on, what is believed, where things come from.
constexpr std::array<Key, 23> kKeys{
    {{"button", Kind::text, "setting_button"_message, "setting_button_hint"_message},
     {"send_login_hint", Kind::yes_or_no, "setting_send_login_hint"_message,
      "setting_send_login_hint_hint"_message},
     {"force_authn", Kind::yes_or_no, "setting_force_authn"_message,
      "setting_force_authn_hint"_message},
     {"passive_first", Kind::yes_or_no, "setting_passive_first"_message,
      "setting_passive_first_hint"_message},
     {"allow_unsolicited", Kind::yes_or_no, "setting_allow_unsolicited"_message,
      "setting_allow_unsolicited_hint"_message},
     {"authn_context", Kind::list, "setting_authn_context"_message,
      "setting_authn_context_hint"_message},
     {"name_id_format", Kind::text, "setting_name_id_format"_message,
      "setting_name_id_format_hint"_message},
     {"request_binding",
      Kind::choice,
      "setting_request_binding"_message,
      "setting_request_binding_hint"_message,
      {"redirect", "post"}},
     {"sign_requests", Kind::yes_or_no, "setting_sign_requests"_message,
      "setting_sign_requests_hint"_message},
     {"response_binding",
      Kind::choice,
      "setting_response_binding"_message,
      "setting_response_binding_hint"_message,
      {"post", "artifact"}},
     {"attributes.email", Kind::list, "setting_attributes_email"_message,
      "setting_attributes_email_hint"_message},
     {"attributes.name", Kind::list, "setting_attributes_name"_message,
      "setting_attributes_name_hint"_message},
     {"attributes.subject", Kind::list, "setting_attributes_subject"_message,
      "setting_attributes_subject_hint"_message},
     {"single_logout.binding",
      Kind::choice,
      "setting_single_logout_binding"_message,
      "setting_single_logout_binding_hint"_message,
      {"redirect", "post", "off"}},
     {"single_logout.answer", Kind::yes_or_no, "setting_single_logout_answer"_message,
      "setting_single_logout_answer_hint"_message},
     {"single_logout.issuers", Kind::list, "setting_single_logout_issuers"_message,
      "setting_single_logout_issuers_hint"_message},
     {"expired_certificate",
      Kind::choice,
      "setting_expired_certificate"_message,
      "setting_expired_certificate_hint"_message,
      {"warn", "reject"}},
     {"allow_sha1", Kind::yes_or_no, "setting_weak_signatures"_message,
      "setting_weak_signatures_hint"_message},
     {"allow_rsa_pkcs1", Kind::yes_or_no, "setting_weak_encryption"_message,
      "setting_weak_encryption_hint"_message},
     {"metadata_refresh", Kind::text, "setting_metadata_refresh"_message,
      "setting_metadata_refresh_hint"_message},
     {"metadata_ca", Kind::pem, "setting_metadata_ca"_message, "setting_metadata_ca_hint"_message},
     {"metadata_certificate", Kind::pem, "setting_metadata_certificate"_message,
      "setting_metadata_certificate_hint"_message},
     {"back_channel_ca", Kind::pem, "setting_back_channel_ca"_message,
      "setting_back_channel_ca_hint"_message}}};

Json parsed(const std::string& settings) {
  Json json = Json::parse(settings, nullptr, false);
  return json.is_object() ? json : Json::object();
}

// "attributes", "email"; the first is empty where there is but one.
std::pair<std::string, std::string> parts_of(std::string_view path) {
  const auto dot = path.find('.');
  if (dot == std::string_view::npos) return {"", std::string(path)};
  return {std::string(path.substr(0, dot)), std::string(path.substr(dot + 1))};
}

const Json* find(const Json& settings, std::string_view path) {
  const auto [outer, inner] = parts_of(path);
  const Json* place = &settings;
  if (!outer.empty()) {
    const auto at = settings.find(outer);
    if (at == settings.end() || !at->is_object()) return nullptr;
    place = &*at;
  }
  const auto at = place->find(inner);
  return at == place->end() ? nullptr : &*at;
}

// null: as if it had never been said.
void put(Json& settings, std::string_view path, Json value) {
  const auto [outer, inner] = parts_of(path);
  if (!outer.empty() && (!settings.contains(outer) || !settings[outer].is_object())) {
    if (value.is_null()) return;
    settings[outer] = Json::object();
  }
  Json& place = outer.empty() ? settings : settings[outer];
  if (value.is_null()) {
    place.erase(inner);
  } else {
    place[inner] = std::move(value);
  }
  if (!outer.empty() && place.empty()) settings.erase(outer);
}

// As a field shows it.
std::string shown(const Json* value) {
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return value->get<std::string>();
  if (!value->is_array()) return value->dump();
  if (value->empty()) return std::string(kNone);
  std::string lines;
  for (const Json& one : *value) lines += (lines.empty() ? "" : "\n") + shown(&one);
  return lines;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    const auto line = text::trimmed(std::string_view(text).substr(from, end - from));
    if (!line.empty()) lines.emplace_back(line);
    from = end + 1;
  }
  return lines;
}

bool is_choice(const Key& key, std::string_view value) {
  if (key.kind == Kind::yes_or_no) return value == "true" || value == "false";
  return std::find(key.choices.begin(), key.choices.end(), value) != key.choices.end();
}

// As the row keeps it; null: nothing was entered.
Json kept(const Key& key, const std::string& entered) {
  if (entered.empty()) return nullptr;
  if (key.kind == Kind::yes_or_no) return entered == "true";
  if (key.kind != Kind::list) return entered;
  if (entered == kNone) return Json::array();
  return lines_of(entered);
}

std::vector<pages::Values> choices_of(const Key& key, const std::string& value) {
  std::vector<pages::Values> choices;
  const auto add = [&](std::string_view one, const Message& label) {
    choices.push_back(choice(std::string(one), std::string(one), value));
    if (label.empty()) return;
    choices.back().text.erase("label");
    choices.back().messages["label"] = label;
  };
  add("", "setting_usual"_message);
  if (key.kind == Kind::yes_or_no) {
    add("true", "setting_yes"_message);
    add("false", "setting_no"_message);
  }
  for (const std::string_view one : key.choices) {
    if (!one.empty()) add(one, {});
  }
  return choices;
}

// What the form brought; nothing where it is none of ours.
std::optional<EnteredSettings> entered_in(const std::optional<http::Form>& form) {
  if (!form) return std::nullopt;
  EnteredSettings entered;
  for (const Key& key : kKeys) {
    if (!form->has(key.path)) continue;
    std::string value = text::well_formed(field_of(form, key.path, kMaxSetting));
    std::erase(value, '\r');
    const bool is_chosen = key.kind == Kind::yes_or_no || key.kind == Kind::choice;
    if (is_chosen && !value.empty() && !is_choice(key, value)) return std::nullopt;
    entered.emplace(key.path, std::move(value));
  }
  return entered;
}

// What was not touched stays exactly as it was.
void put_in(const EnteredSettings& entered, store::CompanyRow& row) {
  Json settings = parsed(row.settings);
  for (const Key& key : kKeys) {
    const auto at = entered.find(key.path);
    if (at == entered.end() || at->second == text::trimmed(shown(find(settings, key.path))))
      continue;
    put(settings, key.path, kept(key, at->second));
  }
  row.settings = settings.dump();
}

}  // namespace

Task<Result<CompanyVerdict>> judge_settings(Exchange& exchange, store::CompanyRow row) {
  std::function<CompanyVerdict()> judging = [settings = exchange.context.checking.settings_owner,
                                             row = std::move(row), now = exchange.now()] {
    return judge_company_settings(*settings, row, now);
  };
  return offload<CompanyVerdict>(exchange.context.ports.worker, std::move(judging));
}

std::vector<pages::Values> setting_values(const std::string& settings,
                                          const EnteredSettings& entered) {
  const Json json = parsed(settings);
  std::vector<pages::Values> all;
  for (const Key& key : kKeys) {
    const auto at = entered.find(key.path);
    const std::string value = at == entered.end() ? shown(find(json, key.path)) : at->second;
    pages::Values& one = all.emplace_back();
    one.text = {{"path", std::string(key.path)}, {"value", value}};
    one.messages = {{"label", key.label}, {"hint", key.hint}};
    const bool is_chosen = key.kind == Kind::yes_or_no || key.kind == Kind::choice;
    one.flags = {{"is_chosen_of", is_chosen},
                 {"is_line", key.kind == Kind::text},
                 {"is_lines", key.kind == Kind::list || key.kind == Kind::pem}};
    if (is_chosen) one.lists["choices"] = choices_of(key, value);
  }
  return all;
}

std::string other_settings(const std::string& settings) {
  Json json = Json::parse(settings, nullptr, false);
  if (!json.is_object()) return settings;
  for (const char* elsewhere : {"access", "metadata_url", "preset"}) json.erase(elsewhere);
  for (const Key& key : kKeys) put(json, key.path, nullptr);
  return json.empty() ? "" : json.dump();
}

Task<Response> change_company_settings(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const std::string name = field_of(form, "name", kMaxCompanyName);
  auto entered = entered_in(form);
  if (!entered) {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "settings"});
  }
  TriedCompany tried;
  tried.settings = std::move(*entered);
  auto finding = store::find_company(context.ports.database, name);
  std::optional<store::CompanyRow> row = co_await or_unavailable(exchange, std::move(finding));
  if (row && !is_late(exchange, viewer, tried)) {
    put_in(tried.settings, *row);
    row->version = version_in(field_of(form, "version", kMaxCompanyName));
    auto judging = judge_settings(exchange, *row);
    const CompanyVerdict verdict = co_await or_unavailable(exchange, std::move(judging));
    if (verdict.is_good()) {
      auto changing = store::change_company(context.ports.database, viewer.actor,
                                            context.settings.access, std::move(*row));
      const CompanyChange change = co_await or_unavailable(exchange, std::move(changing));
      if (is_done_with(change)) co_return company_changed(exchange, name, "settings", change);
      refuse_change(tried, "failure", change);
    } else {
      tried.refuse("settings_error", {"company_bad_settings"_message, {{"why", verdict.why}}});
    }
  }
  auto showing = company_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

}  // namespace anteroom::journey
