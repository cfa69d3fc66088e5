#include "samples.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>

#include "pages/catalogue.h"
#include "pages/common_values.h"
#include "pages/composition.h"
#include "pages/page_values.h"
#include "pages/shipped.h"
#include "pages/template.h"

namespace samples {

namespace {

using anteroom::operator""_words;

Sample sample(std::string file, std::string name, int status,
              std::map<std::string, std::string> text, std::map<std::string, bool> flags = {},
              std::map<std::string, anteroom::Words> words = {}) {
  return {std::move(file),
          std::move(name),
          status,
          {std::move(text), std::move(flags), std::move(words), {}}};
}

constexpr const char* kAda = "ada.lovelace@contoso.example";

std::vector<Sample> sign_on() {
  const anteroom::Words microsoft{"provider_button_of"_words, {{"provider", "Microsoft"}}};
  return {
      sample("sign_in", "sign_in", 200, {{"return", "cmV0dXJu"}}),
      sample("sign_in_notice", "sign_in", 200, {{"return", "cmV0dXJu"}}, {},
             {{"notice", "notice_stale"_words}}),
      sample("sign_in_unknown", "sign_in", 422,
             {{"email", "ada@contosso.example"}, {"return", "cmV0dXJu"}}, {{"show_support", true}},
             {{"error", {"sign_in_unknown_domain"_words, {{"domain", "contosso.example"}}}}}),
      sample("provider_entra", "provider", 200,
             {{"email", kAda},
              {"idp", "contoso"},
              {"display_name", "Contoso"},
              {"return", "cmV0dXJu"},
              {"return_query", "cmV0dXJu"}},
             {{"is_entra", true}}, {{"button", microsoft}}),
      sample("provider_generic", "provider", 200,
             {{"email", "grace@fabrikam.example"},
              {"idp", "fabrikam"},
              {"display_name", "Fabrikam Facilities"},
              {"button", "Fabrikam Account"}}),
      sample("provider_only", "provider", 200,
             {{"idp", "fabrikam"},
              {"display_name", "Fabrikam Facilities"},
              {"button", "Fabrikam Account"}}),
      sample("provider_step_up", "provider", 200,
             {{"email", kAda},
              {"idp", "contoso"},
              {"display_name", "Contoso"},
              {"return", "cmV0dXJu"}},
             {{"is_entra", true}, {"is_step_up", true}}, {{"button", microsoft}}),
      sample("microsoft_error", "microsoft_error", 200,
             {{"code", "AADSTS50105"}, {"number", "50105"}, {"sign_in_url", "/auth/sign-in"}}, {},
             {{"meaning", "aadsts_not_assigned"_words}, {"remedy", "remedy_assign"_words}}),
      sample("microsoft_error_unknown", "microsoft_error", 200,
             {{"code", "AADSTS1"}, {"number", "1"}, {"sign_in_url", "/auth/sign-in"}},
             {{"is_unknown", true}}),
      sample("post_to_idp", "post_to_idp", 200,
             {{"action", "https://idp.contoso.example/saml2"},
              {"parameter", "SAMLRequest"},
              {"message", "PHNhbWxwOkF1dGhuUmVxdWVzdC8+"},
              {"relay_state", "0123456789abcdef"},
              {"display_name", "Contoso"}}),
  };
}

// Somebody in the Waiting Room, in the state that these values tell of.
Sample waiting_for(const std::string& file, std::map<std::string, std::string> text,
                   std::map<std::string, bool> flags) {
  text.insert({{"email", kAda},
               {"name", "Ada Lovelace"},
               {"company", "Contoso"},
               {"status_url", "/auth/waiting/status"},
               {"stream_url", "/auth/waiting/events"},
               {"refresh_url", "/auth/waiting"},
               {"news", "1.1777885520000000"},
               {"reference", "7KQ2-M4XD"}});
  Sample waiting = sample(file, "waiting", 200, std::move(text), std::move(flags));
  for (const char* name : {"Grace Hopper", "katherine.johnson@contoso.example"}) {
    waiting.values.lists["approvers"].push_back({{{"approver", name}}});
  }
  return waiting;
}

std::vector<Sample> signed_in() {
  return {
      sample("waiting", "waiting", 200,
             {{"email", kAda},
              {"name", "Ada Lovelace"},
              {"company", "Contoso"},
              {"status_url", "/auth/waiting/status?r=cmV0dXJu"},
              {"stream_url", "/auth/waiting/events"},
              {"refresh_url", "/auth/waiting?r=cmV0dXJu"},
              {"reference", "7KQ2-M4XD"}}),
      waiting_for("waiting_ask", {{"ask_url", "/auth/waiting/ask?r=cmV0dXJu"}},
                  {{"may_ask", true}, {"has_approvers", true}}),
      waiting_for("waiting_asked", {{"asked_at", "2026-05-04 09:12 UTC"}},
                  {{"has_approvers", true}}),
      waiting_for("waiting_open",
                  {{"since", "2026-05-04 09:12 UTC"},
                   {"requested_by", "Grace Hopper"},
                   {"property", "Harbour View"}},
                  {{"is_open", true}}),
      waiting_for("waiting_declined",
                  {{"requested_by", "Grace Hopper"},
                   {"reason", "Ada works for the other building now."},
                   {"ask_url", "/auth/waiting/ask?r=cmV0dXJu"}},
                  {{"is_declined", true}, {"may_ask", true}, {"has_approvers", true}}),
      sample("denied", "denied", 403,
             {{"email", kAda},
              {"name", "Ada Lovelace"},
              {"needed_level", "manager"},
              {"property", "harbour-view"},
              {"your_level", "technician"},
              {"your_properties", "mill-house=technician,north-quay=viewer"},
              {"reference", "7KQ2-M4XD"},
              {"back_url", "/"}}),
      sample("sign_out", "sign_out", 200, {{"email", kAda}}),
      sample("signed_out", "signed_out", 200, {{"sign_in_url", "/auth/sign-in"}}),
      sample("signed_out_unconfirmed", "signed_out", 200,
             {{"sign_in_url", "/auth/sign-in"}, {"company", "Northwind Property Group"}}),
  };
}

std::vector<Sample> refusals() {
  return {
      sample("error", "error", 403, {{"reference", "7KQ2-M4XD"}, {"retry_url", "/auth/sign-in"}},
             {{"show_retry", true}},
             {{"title", "rejected_title"_words},
              {"message", "rejected"_words},
              {"hint", "rejected_hint"_words},
              {"retry_label", "start_again"_words}}),
      sample("maintenance", "error", 503, {{"reference", "7KQ2-M4XD"}}, {{"is_maintenance", true}},
             {{"title", "unavailable_title"_words},
              {"message", "unavailable"_words},
              {"hint", "unavailable_hint"_words}}),
  };
}

}  // namespace

Settings settings() {
  Settings settings;
  settings.service_provider.pages_prefix = "/auth";
  settings.service_provider.landing_url = "https://app.example.com/";
  settings.service_provider.apps = {{"https://login.example.com", "login.example.com"},
                                    {"https://app.example.com", "app.example.com"}};
  settings.pages.product_name = "Northwind Maintenance";
  settings.pages.support_email = "support@northwind.example";
  settings.pages.support_phone = "+1 (555) 010-0199";
  settings.pages.support_url = "https://help.northwind.example/sign-in";
  settings.pages.privacy_url = "https://northwind.example/privacy";
  return settings;
}

std::vector<Sample> all() {
  std::vector<Sample> samples;
  for (const auto& group : {sign_on(), signed_in(), refusals()}) {
    samples.insert(samples.end(), group.begin(), group.end());
  }
  return samples;
}

const std::map<std::string, std::vector<std::string>>& text_values() {
  static const std::map<std::string, std::vector<std::string>> kValues{
      {"sign_in", {"email", "return", "error", "notice"}},
      {"provider", {"email", "idp", "display_name", "button", "return", "return_query"}},
      {"microsoft_error", {"code", "number", "meaning", "remedy", "sign_in_url"}},
      {"post_to_idp", {"action", "parameter", "message", "relay_state", "display_name"}},
      {"waiting",
       {"email", "name", "company", "status_url", "stream_url", "refresh_url", "reference", "news",
        "since", "requested_by", "property", "reason", "asked_at", "ask_url"}},
      {"denied",
       {"email", "name", "needed_level", "property", "your_level", "your_properties", "reference",
        "back_url"}},
      {"sign_out", {"email"}},
      {"signed_out", {"sign_in_url", "company"}},
      {"error", {"title", "message", "hint", "reference", "retry_url", "retry_label"}},
  };
  return kValues;
}

std::string kit_page(const std::string& language) {
  namespace pages = anteroom::pages;
  pages::TemplateTexts texts = pages::chosen_texts({});
  texts["manage_kit"] = read_file("tests/unit/pages/kit.mustache");
  const pages::Catalogue catalogue(pages::shipped_catalogues().at(language));
  Values common = pages::common_values(settings());
  for (const char* name : {"style.css", "manage.css", "icon.svg"}) {
    std::string value = name;
    std::replace(value.begin(), value.end(), '.', '_');
    common.text[value] = std::string("/auth/assets/") + name;
  }
  Values values{{{"language", language}, {"signed_in_as", "grace.hopper@contoso.example"}},
                {{"may_request", true}, {"may_process", true}, {"tab_queue", true}}};
  const Values waiting{{{"label", "waiting 3 days"}}, {{"is_pending", true}}};
  const Values open{{{"label", "open"}}};
  const Values approved{{{"label", "approved"}}, {{"is_good", true}}};
  const Values declined{{{"label", "declined"}}, {{"is_bad", true}}};
  for (const auto& badges : {std::vector<Values>{open, waiting}, {approved}, {declined}}) {
    values.lists["rows"].push_back({{{"name", "Ada Lovelace"},
                                     {"email", kAda},
                                     {"level", "technician"},
                                     {"href", "/auth/manage/people"}},
                                    {},
                                    {},
                                    {{"badges", badges}}});
  }
  return pages::Template(pages::with_texts(pages::in_layout(texts, "manage_kit"), catalogue))
      .render(common, pages::presentable(values, catalogue));
}

std::string header(const anteroom::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

std::string body(const std::string& name, const Values& values) {
  return anteroom::pages::Renderer(settings()).page("", name, 200, values).body;
}

std::vector<std::string> tags(const std::string& html) {
  static const std::regex kTag("<[a-z][^>]*>");
  return {std::sregex_token_iterator(html.begin(), html.end(), kTag), {}};
}

std::vector<std::string> attributes(const std::string& html, const std::string& name) {
  const std::regex attribute("\\s" + name + "=\"([^\"]*)\"");
  std::vector<std::string> found;
  for (const std::string& tag : tags(html)) {
    found.insert(found.end(), std::sregex_token_iterator(tag.begin(), tag.end(), attribute, 1),
                 std::sregex_token_iterator());
  }
  return found;
}

std::string read_file(const std::string& path_in_repository) {
  std::ifstream file(std::string(ANTEROOM_SOURCE_DIR "/") + path_in_repository, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path_in_repository);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace samples
