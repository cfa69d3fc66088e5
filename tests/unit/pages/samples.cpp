#include "samples.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>

#include "pages/catalogue.h"
#include "pages/composition.h"
#include "pages/page_values.h"
#include "pages/shipped.h"
#include "templates/common_values.h"
#include "templates/template.h"

namespace samples {

namespace {

using anteroom::Message;
using anteroom::operator""_message;

Sample sample(std::string file, std::string name, int status,
              std::map<std::string, std::string> text, std::map<std::string, bool> flags = {},
              std::map<std::string, anteroom::Message> messages = {}) {
  return {std::move(file),
          std::move(name),
          status,
          {std::move(text), std::move(flags), std::move(messages), {}}};
}

constexpr const char* kAda = "ada.lovelace@contoso.example";

void add_checks(Sample& of, bool passed) {
  of.values.lists["checks"] = {
      {{{"what", "issuer"}, {"value", ""}}, {{"passed", true}}},
      {{{"what", "audience"}, {"value", passed ? "" : "https://<other>.example"}},
       {{"passed", passed}}}};
  of.values.lists["response"] = {
      {{{"what", "Response/@Destination"}, {"value", "https://login.example.com/saml2"}}},
      {{{"what", "Assertion/Issuer"}, {"value", "https://sts.windows.net/0f1e2d3c/"}}}};
  of.values.flags["has_checks"] = true;
  of.values.flags["has_response"] = true;
}

Sample test_passed() {
  Sample passed =
      sample("test_result_passed", "test_result", 200,
             {{"company", "Contoso"},
              {"token", "WEFFUw"},
              {"reference", "7KQ2-M4XD"},
              {"email", kAda},
              {"name", "Ada Lovelace"},
              {"subject", "0f1e2d3c/5b6a7988"},
              {"name_id", kAda},
              {"attribute", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"}},
             {{"passed", true},
              {"has_attributes", true},
              {"has_table", true},
              {"gives", true},
              {"has_too_many_groups", false}},
             {{"fate", {"test_let_in_by_table"_message, {{"email", kAda}}}}});
  passed.values.lists["attributes"] = {
      {{{"what", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"},
        {"value", "Facilities, <Night shift>"}}}};
  passed.values.lists["given"] = {
      {{{"what", "Facilities"}, {"level", "manager"}, {"property", "Elm Court"}},
       {{"is_everywhere", false}}},
      {{{"what", "Old mill"}, {"level", "manager"}, {"property", "Mill"}, {"property_key", "mill"}},
       {{"is_everywhere", false}, {"is_closed", true}}},
      {{{"what", "Pier"}, {"level", "viewer"}, {"property", "pier"}},
       {{"is_everywhere", false}, {"is_unknown", true}}},
      {{{"what", "<Night shift>"}, {"level", "viewer"}, {"property", ""}},
       {{"is_everywhere", true}}}};
  add_checks(passed, true);
  return passed;
}

Sample test_failed() {
  Sample failed = sample(
      "test_failed", "test_result", 200,
      {{"company", "Contoso"},
       {"token", "WEFFUw"},
       {"reference", "7KQ2-M4XD"},
       {"code", "audience"},
       {"detail", "https://<other>.example"},
       {"said", "not assigned"}},
      {}, {{"meaning", "aadsts_not_assigned"_message}, {"remedy", "test_mend_identifier"_message}});
  add_checks(failed, false);
  return failed;
}

std::vector<Sample> sign_on() {
  const anteroom::Message microsoft{"provider_button_of"_message, {{"provider", "Microsoft"}}};
  return {
      sample("sign_in", "sign_in", 200, {{"return", "cmV0dXJu"}}),
      sample("sign_in_notice", "sign_in", 200, {{"return", "cmV0dXJu"}}, {},
             {{"notice", "notice_stale"_message}}),
      sample("sign_in_unknown", "sign_in", 422,
             {{"email", "ada@contosso.example"}, {"return", "cmV0dXJu"}}, {{"show_support", true}},
             {{"error", {"sign_in_unknown_domain"_message, {{"domain", "contosso.example"}}}}}),
      sample("provider_entra", "provider", 200,
             {{"email", kAda},
              {"idp", "contoso"},
              {"display_name", "Contoso"},
              {"return", "cmV0dXJu"},
              {"return_query", "cmV0dXJu"}},
             {{"is_entra", true}, {"may_choose", true}}, {{"button", microsoft}}),
      sample("provider_remembered", "provider", 200,
             {{"idp", "contoso"}, {"display_name", "Contoso"}, {"return", "cmV0dXJu"}},
             {{"is_entra", true}, {"may_choose", true}}, {{"button", microsoft}}),
      sample("provider_generic", "provider", 200,
             {{"email", "grace@fabrikam.example"},
              {"idp", "fabrikam"},
              {"display_name", "Fabrikam Facilities"},
              {"button", "Fabrikam Login"}},
             {{"may_choose", true}}),
      sample("provider_only", "provider", 200,
             {{"idp", "fabrikam"},
              {"display_name", "Fabrikam Facilities"},
              {"button", "Fabrikam Login"}}),
      sample("provider_step_up", "provider", 200,
             {{"email", kAda},
              {"idp", "contoso"},
              {"display_name", "Contoso"},
              {"return", "cmV0dXJu"}},
             {{"is_entra", true}, {"is_step_up", true}}, {{"button", microsoft}}),
      sample("microsoft_error", "microsoft_error", 200,
             {{"code", "AADSTS50105"}, {"number", "50105"}, {"sign_in_url", "/auth/sign-in"}}, {},
             {{"meaning", "aadsts_not_assigned"_message}, {"remedy", "remedy_assign"_message}}),
      sample("microsoft_error_unknown", "microsoft_error", 200,
             {{"code", "AADSTS1"}, {"number", "1"}, {"sign_in_url", "/auth/sign-in"}},
             {{"is_unknown", true}}),
      sample("test_sign_on", "test_sign_on", 200, {{"company", "Contoso"}, {"token", "WEFFUw"}},
             {{"is_entra", true}}),
      sample("test_sign_on_closed", "test_sign_on", 200,
             {{"company", "Contoso"}, {"token", "WEFFUw"}, {"closed", "it has no metadata"}}),
      test_passed(),
      test_failed(),
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
               {"heartbeat", "55"},
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
              {"heartbeat", "55"},
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
              {"property", "Harbour View"},
              {"property_key", "harbour-view"},
              {"your_level", "technician"},
              {"your_properties", "mill-house=technician,north-quay=viewer"},
              {"reference", "7KQ2-M4XD"},
              {"back_url", "/"}}),
      sample("sign_out", "sign_out", 200, {{"email", kAda}}),
      sample("signed_out", "signed_out", 200, {{"sign_in_url", "/auth/sign-in"}}),
      sample("go_on", "go_on", 200, {{"return", "aGFuZGxl"}}),
      sample("signed_on", "signed_on", 200, {{"email", kAda}}),
      sample("list_kept", "list_kept", 403, {{"list", "ann@corp.test\nben@corp.test"}}),
      sample("signed_out_unconfirmed", "signed_out", 200,
             {{"sign_in_url", "/auth/sign-in"}, {"company", "Northwind Holdings"}}),
  };
}

Values option(std::string value, std::string label, bool is_chosen = false) {
  return {{{"value", std::move(value)}, {"label", std::move(label)}}, {{"is_chosen", is_chosen}}};
}

// Where properties are found by typing, with several that were meant.
void look_for_property(Values& values) {
  values.lists["properties"].clear();
  values.text["looked_for"] = "harbour";
  values.flags.insert({{"is_typed", true}, {"has_candidates", true}});
  values.lists["candidates"] = {option("harbour-view", "Harbour View (harbour-view)"),
                                option("old-harbour", "The Old Harbour (old-harbour)", true)};
  values.messages["property_error"] = {"seek_several"_message, {{"typed", "harbour"}}};
  values.messages["more_candidates"] = {"seek_more"_message, {{"count", "12"}}};
}

Values found(const std::string& name, const std::string& email, const std::string& state) {
  Values person{{{"href", "/auth/manage/people/show?user=1"},
                 {"name", name},
                 {"email", email},
                 {"company", "Contoso"},
                 {"last_sign_on", state == "is_waiting" ? "" : "2026-05-04 09:12 UTC"}},
                {{state, true}}};
  if (state == "is_waiting") return person;
  person.lists["grants"] = {
      {{{"property", "Harbour View"}, {"property_key", "harbour-view"}, {"level", "technician"}}},
      {{{"property", ""}, {"property_key", ""}, {"level", "viewer"}}}};
  return person;
}

std::vector<Values> levels(const std::string& chosen) {
  std::vector<Values> levels;
  for (const std::string level : {"viewer", "technician", "manager"}) {
    levels.push_back({{{"level", level}}, {{"is_chosen", level == chosen}}});
  }
  return levels;
}

Values grant(const std::string& key, const std::string& property, bool may_change) {
  const bool is_closed = key == "harbour-view";
  Values grant{{{"user", "1"},
                {"key", key},
                {"property", property},
                {"property_key", ""},
                {"level", "technician"},
                {"until", "2027-01-31"},
                {"expires_at", "2027-01-31"},
                {"expires_was", "2027-01-31T00:00:00Z"},
                {"granted_by", "grace.hopper@contoso.example"},
                {"granted_at", "2026-05-01 08:00 UTC"}},
               {{"may_change", may_change && !is_closed},
                {"may_remove", is_closed},
                {"is_closed", is_closed}}};
  grant.lists["levels"] = levels("technician");
  return grant;
}

Sample person(const std::string& file, const std::string& state) {
  Sample person = sample(file, "manage_person", 200,
                         {{"user", "1"},
                          {"name", "Ada Lovelace"},
                          {"email", kAda},
                          {"company", "Contoso"},
                          {"last_sign_on", "2026-05-04 09:12 UTC"},
                          {"known_since", "2026-04-01 07:30 UTC"},
                          {"expires_at", ""}},
                         {{"is_waiting", false},
                          {"is_active", false},
                          {"is_disabled", false},
                          {"is_self", false},
                          {"is_only_asked_for", false},
                          {"is_off_by_people", false},
                          {"is_off_by_directory", false}});
  person.values.flags[state] = true;
  auto& lists = person.values.lists;
  lists["levels"] = levels("");
  lists["properties"] = {{{{"key", "*"}, {"name", ""}}, {{"is_all", true}}},
                         {{{"key", "mill-house"}, {"name", "Mill House"}}, {{"is_chosen", true}}}};
  return person;
}

Sample known_person() {
  Sample known = person("manage_person", "is_active");
  auto& [text, flags, messages, lists] = known.values;
  flags.insert({{"has_grants", true}, {"has_sessions", true}, {"has_history", true}});
  messages["notice"] = "people_granted"_message;
  lists["grants"] = {grant("*", "", false), grant("harbour-view", "Harbour View", true),
                     grant("north-quay", "North Quay", true)};
  lists["grants"].back().messages["error"] = "change_in_the_past"_message;
  for (const char* device : {"Firefox, Windows", "Safari, iPhone", ""}) {
    lists["sessions"].push_back({{{"user", "1"},
                                  {"reference", "0123456789abcdef"},
                                  {"device", device},
                                  {"address", "2001:db8::1234:5678"},
                                  {"origin", "https://app.example.com"},
                                  {"last_seen", "2026-05-04 09:12 UTC"},
                                  {"begun", "2026-05-04 07:58 UTC"}},
                                 {{"is_own", device == std::string("Safari, iPhone")}}});
  }
  Values changed{{{"at", "2026-05-04 09:12 UTC"},
                  {"actor", "grace.hopper@contoso.example"},
                  {"detail", "viewer, elm; technician, elm, 2027-01-31T00:00:00Z"},
                  {"code", ""},
                  {"reference", ""}}};
  changed.messages["what"] = "history_grant_changed"_message;
  Values refused{{{"at", "2026-05-04 09:10 UTC"},
                  {"actor", ""},
                  {"detail", ""},
                  {"code", "replayed"},
                  {"reference", "7KQ2-M4XD"}}};
  refused.messages["what"] = "history_sign_on_refused"_message;
  lists["history"] = {changed, refused};
  return known;
}

Sample refused_person() {
  Sample refused = person("manage_person_refused", "is_disabled");
  refused.values.flags["is_off_by_directory"] = true;
  for (const char* place : {"failure", "add_error", "sessions_error", "account_error"}) {
    refused.values.messages[place] = "change_above_own_level"_message;
  }
  return refused;
}

Sample person_with_typing() {
  Sample typed = person("manage_person_typed", "is_active");
  look_for_property(typed.values);
  typed.values.flags.insert({{"may_everywhere", true}, {"is_everywhere", false}});
  return typed;
}

Sample person_asked_for() {
  Sample asked_for = person("manage_person_asked_for", "is_active");
  asked_for.values.flags["is_only_asked_for"] = true;
  asked_for.values.text["last_sign_on"] = asked_for.values.text["known_since"] = "";
  return asked_for;
}

Sample activity() {
  Sample activity = sample("manage_activity", "manage_activity", 200, {{"company", "Contoso"}},
                           {{"has_activity", true}, {"sees_all", true}});
  auto& lists = activity.values.lists;
  lists["companies"] = {{{{"value", "contoso"}, {"label", "Contoso"}}, {{"is_chosen", true}}}};
  activity.values.text["typed"] = "contoso";
  for (const char* flag : {"is_typed", "are_several", "is_unknown"}) {
    activity.values.flags[flag] = false;
  }
  const auto chart = [](const char* id, const Message& title, const Message& first,
                        const Message& second) {
    Values values{
        {{"id", id}, {"top", "200"}, {"first_day", "2026-04-05"}, {"last_day", "2026-05-04"}},
        {},
        {{"title", title}, {"first_label", first}, {"second_label", second}}};
    for (int day = 0; day < 30; ++day) {
      const int height = 120 + day * 37 % 700;
      for (const std::string series : {"first", "second"}) {
        const bool is_first = series == "first";
        const int shown = is_first ? height : height / 9 + 12;
        values.lists["columns"].push_back({{{"series", series},
                                            {"x", std::to_string(day * 100 + (is_first ? 10 : 50))},
                                            {"y", std::to_string(1000 - shown)},
                                            {"width", "40"},
                                            {"height", std::to_string(shown)}}});
      }
    }
    values.lists["days"] = {
        {{{"day", "2026-05-04"}, {"first_count", "120"}, {"second_count", "3"}}},
        {{{"day", "2026-05-03"}, {"first_count", "98"}, {"second_count", "0"}}}};
    return values;
  };
  lists["charts"] = {chart("sign-ons", "activity_sign_ons"_message, "activity_signed_on"_message,
                           "activity_refused"_message),
                     chart("drop-off", "activity_drop_off"_message, "activity_left"_message,
                           "activity_returned"_message)};
  for (const std::string company : {"Contoso", "Fabrikam Facilities"}) {
    lists["by_company"].push_back({{{"href", "/auth/manage/activity?company=x"},
                                    {"name", company},
                                    {"signed_on", "1200"},
                                    {"left", "1300"},
                                    {"returned", "1250"},
                                    {"share", "96%"},
                                    {"length", company == "Contoso" ? "3000" : "700"}}});
  }
  for (const Message& bucket : {Message("waited_hour"_message), Message("waited_hours"_message),
                                Message("waited_week"_message), Message("waited_still"_message)}) {
    Values row{{{"count", "12"}, {"length", "1200"}, {"series", "first"}}};
    row.messages["bucket"] = bucket;
    lists["waiting"].push_back(row);
  }
  return activity;
}

// Of so many companies that one is typed.
Sample activity_of_many() {
  Sample many = activity();
  many.file = "manage_activity_typed";
  many.values.text["company"] = "";
  many.values.text["typed"] = "fabri";
  many.values.lists["companies"].clear();
  many.values.lists["several"] = {
      {{{"href", "/auth/manage/activity?company=x"}, {"name", "Fabrikam"}}},
      {{{"href", "/auth/manage/activity?company=y"}, {"name", "Fabrikam Facilities"}}}};
  Values others = many.values.lists["by_company"].back();
  others.text.erase("href");
  others.text.erase("name");
  others.messages["others"] = {"activity_others"_message, {{"count", "1980"}}};
  many.values.lists["by_company"].push_back(others);
  for (const char* flag : {"is_typed", "are_several", "is_unknown"}) many.values.flags[flag] = true;
  return many;
}

Values part(const char* what, const char* value) {
  return {{{"what", what}, {"value", value}}};
}

Values step(const Message& message) {
  Values entry;
  entry.messages["step"] = message;
  return entry;
}

Sample why_reference() {
  Sample why =
      sample("manage_why_reference", "manage_why", 200,
             {{"asked", "7KQ2-M4XD"},
              {"reference", "7KQ2-M4XD"},
              {"at", "2026-05-04 09:10 UTC"},
              {"company", "Contoso"},
              {"email", kAda},
              {"email_query", "ada%40contoso.example"},
              {"code", "status"},
              {"detail", "Responder AADSTS50105: not assigned to a role"}},
             {{"has_finding", true},
              {"has_transcript", true},
              {"has_asked", true},
              {"has_response", true}},
             {{"meaning", "aadsts_not_assigned"_message}, {"remedy", "remedy_assign"_message}});
  auto& lists = why.values.lists;
  Values passed = part("issuer", "");
  passed.flags["passed"] = true;
  lists["checks"] = {passed, part("status", "Responder AADSTS50105: not assigned to a role")};
  lists["asked_parts"] = {part("ID", "id0123456789abcdef0123456789abcdef"),
                          part("IssueInstant", "2026-05-04T09:09:58Z")};
  lists["expected"] = {part("Destination", "https://login.example.com/saml2/idpresponse")};
  lists["response"] = {part("Response/@Destination", "https://login.example.com/saml2/acs"),
                       part("Response/Signature", "none")};
  return why;
}

Sample why_person() {
  Sample why = sample("manage_why_person", "manage_why", 200,
                      {{"asked", kAda},
                       {"company", "Contoso"},
                       {"href", "/auth/manage/people/show?user=1"},
                       {"last_success", "2026-05-04 09:12 UTC"},
                       {"last_failure", ""},
                       {"identifier", "https://login.example.com/"},
                       {"reply_url", "https://login.example.com/saml2/idpresponse"},
                       {"sign_on_url", "https://login.example.com/auth/at/contoso"},
                       {"logout_url", "https://login.example.com/saml2/logout"}},
                      {{"has_prediction", true}, {"has_company", true}, {"has_refusals", true}},
                      {{"fate", Message("why_waiting_room"_message, {{"email", kAda}})}});
  auto& lists = why.values.lists;
  lists["steps"] = {
      step({"why_company"_message, {{"domain", "contoso.example"}, {"company", "Contoso"}}}),
      step("why_not_pinned"_message), step("why_no_access"_message)};
  lists["validity"] = {step({"why_certificate_ends"_message,
                             {{"subject", "CN=Microsoft Azure Federated SSO Certificate"},
                              {"date", "2029-01-31 12:00 UTC"}}})};
  lists["refusals"] = {
      {{{"at", "2026-05-04 09:10 UTC"}, {"code", "user_disabled"}, {"reference", "7KQ2-M4XD"}}}};
  return why;
}

// With what manage_layout is given.
std::vector<Sample> manage() {
  std::vector<Sample> samples{
      why_reference(),
      why_person(),
      sample("manage_why_neither", "manage_why", 422, {{"asked", "Ada"}},
             {{"is_neither", true}, {"is_nobody", false}, {"is_unknown_reference", false}}),
      sample("manage_people", "manage_people", 200,
             {{"search", "ada"},
              {"first_url", "/auth/manage/people?q=ada"},
              {"next_url", "/auth/manage/people?q=ada&after=x"}},
             {{"has_people", true}, {"is_first", false}, {"only_waiting", true}}),
      sample("manage_people_none", "manage_people", 200, {{"search", "nobody"}}),
      known_person(),
      refused_person(),
      person_with_typing(),
      person_asked_for(),
      activity(),
      activity_of_many()};
  const auto list = std::find_if(samples.begin(), samples.end(),
                                 [](const Sample& one) { return one.file == "manage_people"; });
  list->values.lists["people"] = {
      found("Ada Lovelace", kAda, "is_active"),
      found("", "katherine.johnson@contoso.example", "is_waiting"),
      found("Grace Hopper", "grace.hopper@contoso.example", "is_disabled")};
  for (Sample& sample : samples) {
    sample.values.text["signed_in_as"] = "grace.hopper@contoso.example";
    sample.values.flags["may_process"] = true;
    sample.values.flags[sample.name == "manage_activity" ? "tab_activity" : "tab_people"] = true;
  }
  return samples;
}

std::vector<Sample> new_user() {
  const std::vector<Values> properties{option("harbour-view", "Harbour View", true),
                                       option("mill-house", "Mill House")};
  const std::vector<Values> levels{option("viewer", "viewer"),
                                   option("technician", "technician", true)};
  Values fresh;
  fresh.lists = {{"properties", properties}, {"levels", levels}};
  fresh.flags["may_everywhere"] = true;
  Values wrong = fresh;
  wrong.text = {{"given_email", kAda},
                {"given_name", "Ada Lovelace"},
                {"expires", "2020-01-31"},
                {"open_request", "0f8fad5b-d9cb-469f-a165-70867728950e"}};
  wrong.messages = {{"email_error", "request_already_open"_message},
                    {"level_error", {"above_own_level"_message, {{"level", "manager"}}}},
                    {"expires_error", "day_in_the_past"_message}};
  wrong.flags["has_errors"] = true;
  Values unsure = fresh;
  unsure.text = {{"given_email", "ada@fabrikam.example"}, {"confirmed", "fabrikam.example"}};
  unsure.messages["warning"] = {"no_sign_on_yet"_message, {{"domain", "fabrikam.example"}}};
  Values typed = fresh;
  look_for_property(typed);
  typed.flags["has_errors"] = true;
  return {managed("manage_new_user", "manage_new_user", 200, fresh, "tab_new_user"),
          managed("manage_new_user_typed", "manage_new_user", 422, typed, "tab_new_user"),
          managed("manage_new_user_wrong", "manage_new_user", 422, wrong, "tab_new_user"),
          managed("manage_new_user_confirm", "manage_new_user", 200, unsure, "tab_new_user")};
}

Values request(std::map<std::string, std::string> more, std::map<std::string, bool> flags) {
  Values entry{{{"id", "0f8fad5b-d9cb-469f-a165-70867728950e"},
                {"person_name", "Ada Lovelace"},
                {"person_email", kAda},
                {"level", "technician"},
                {"property_name", "Harbour View"},
                {"property_key", "harbour-view"},
                {"asked_on", "2026-05-04 09:12 UTC"}},
               std::move(flags)};
  for (auto& [name, value] : more) entry.text[name] = std::move(value);
  return entry;
}

std::vector<Sample> requests() {
  Values own;
  own.messages["notice"] = "request_filed"_message;
  Values open = request({{"waiting_since", "2026-05-01 08:00 UTC"}}, {{"is_open", true}});
  open.messages = {
      {"state", "state_open"_message},
      {"way_to_sign_on",
       {"signs_in_with"_message, {{"provider", "Microsoft"}, {"company", "Contoso"}}}}};
  Values declined = request({{"decided_by", "support@northwind.example"},
                             {"decided_on", "2026-05-05 10:00 UTC"},
                             {"until", "2026-12-31"},
                             {"reason", "Please use the address of your company."}},
                            {{"is_declined", true}, {"is_decided", true}, {"is_closed", false}});
  declined.messages["state"] = "state_declined"_message;
  own.lists["requests"] = {open, declined};
  own.text["after"] = "x";

  Values queue;
  queue.flags = {{"may_decide_any", true}, {"has_failures", true}};
  queue.messages["notice"] = "approved_one"_message;
  queue.lists = {{"companies", {option("contoso", "Contoso")}},
                 {"properties", {option("harbour-view", "Harbour View")}},
                 {"ages", {option("7", "7", true)}}};
  queue.lists["failures"] = {
      {{{"who", kAda}},
       {},
       {{"why", {"decided_already"_message, {{"who", "ops@northwind.example"}}}}}}};
  Values waiting = request({{"waiting_since", "2026-05-01 08:00 UTC"},
                            {"requested_by", "grace.hopper@contoso.example"},
                            {"reason", "New technician for the lifts."}},
                           {{"may_decide", true}});
  Values other = request({{"requested_by", "support@northwind.example"},
                          {"person_name", ""},
                          {"person_email", "ada@fabrikam.example"},
                          {"until", "2026-12-31"}},
                         {{"is_closed", true}});
  waiting.messages["lost_reach"] = {"requester_lost_reach"_message,
                                    {{"requested_by", "grace.hopper@contoso.example"}}};
  other.messages["no_sign_on"] = {"signs_in_nowhere"_message, {{"domain", "fabrikam.example"}}};
  queue.lists["requests"] = {waiting, other};
  queue.flags["has_waiting"] = true;
  queue.lists["waiting"] = {{{{"person_email", "new@contoso.example"},
                              {"person_name", "Nina New"},
                              {"company", "Contoso"},
                              {"signed_on", "2026-05-04 09:12 UTC"},
                              {"email_query", "new%40contoso.example"}}}};
  queue.text = {{"first_query", "?min_days=7"}, {"next_query", "?min_days=7&after=x"}};
  Values typed{{{"in_property", ""}}, {{"is_first", true}}};
  look_for_property(typed);
  typed.messages["property_error"] += "queue_all_properties"_message;
  typed.text["typed_company"] = "northwind";
  typed.flags.insert({{"is_company_typed", true}, {"has_several_companies", true}});
  typed.messages["company_error"] = "queue_company_several"_message;
  typed.lists["several_companies"] = {
      {{{"href", "/auth/manage/queue?in_company=northwind"}, {"name", "Northwind"}}},
      {{{"href", "/auth/manage/queue?in_company=nw2"}, {"name", "Northwind Holdings"}}}};
  return {managed("manage_requests", "manage_requests", 200, own, "tab_requests"),
          managed("manage_requests_none", "manage_requests", 200, {}, "tab_requests"),
          managed("manage_queue", "manage_queue", 409, queue, "tab_queue"),
          managed("manage_queue_typed", "manage_queue", 200, typed, "tab_queue"),
          managed("manage_queue_none", "manage_queue", 200, {}, "tab_queue")};
}

std::vector<Sample> new_users() {
  Values empty;
  empty.lists = {{"properties", {option("harbour-view", "Harbour View")}},
                 {"levels", {option("viewer", "viewer")}}};
  Values good{{{"line", "2"},
               {"person_email", kAda},
               {"level", "viewer"},
               {"property_name", "Harbour View"}}};
  good.messages["verdict"] = {"signs_in_at"_message, {{"company", "Contoso"}}};
  Values bad{{{"line", "3"}, {"person_email", "ada"}, {"person_name", "Ada"}}, {{"is_bad", true}}};
  bad.messages["verdict"] = "list_bad_address"_message;
  Values wrong = empty;
  wrong.text["list"] = "email\nada.lovelace@contoso.example\nada";
  wrong.flags = {{"has_errors", true}, {"has_rows", true}};
  wrong.messages["not_ready"] = {"list_not_ready"_message, {{"bad", "1"}, {"count", "2"}}};
  wrong.lists["rows"] = {bad, good};
  Values ready = empty;
  ready.flags["has_rows"] = true;
  ready.messages = {{"ready", {"list_ready"_message, {{"count", "201"}}}},
                    {"more", {"list_more"_message, {{"count", "1"}}}}};
  ready.lists["rows"] = {good};
  Values none = empty;
  none.flags["has_errors"] = true;
  none.messages["list_error"] = "list_empty"_message;
  Values typed = none;
  look_for_property(typed);
  return {managed("manage_new_users", "manage_new_users", 200, empty, "tab_new_user"),
          managed("manage_new_users_typed", "manage_new_users", 422, typed, "tab_new_user"),
          managed("manage_new_users_wrong", "manage_new_users", 422, wrong, "tab_new_user"),
          managed("manage_new_users_ready", "manage_new_users", 200, ready, "tab_new_user"),
          managed("manage_new_users_empty", "manage_new_users", 422, none, "tab_new_user")};
}

std::vector<Sample> one_request() {
  Values open = request({{"asked_level", "technician"},
                         {"requested_by", "grace.hopper@contoso.example"},
                         {"reason", "New technician for the lifts."},
                         {"waiting_since", "2026-05-01 08:00 UTC"}},
                        {{"may_decide", true}});
  open.text.erase("level");  // asked_level
  open.messages["way_to_sign_on"] = {"signs_in_at"_message, {{"company", "Contoso"}}};
  open.lists = {{"properties", {option("harbour-view", "Harbour View", true)}},
                {"levels", {option("technician", "technician", true)}}};
  open.messages["lost_reach"] = {"requester_lost_reach"_message,
                                 {{"requested_by", "grace.hopper@contoso.example"}}};
  open.flags["is_closed"] = true;
  open.messages["held"] = {"held_now_until"_message,
                           {{"held_level", "viewer"}, {"held_until", "2027-01-31"}}};
  Values late = open;
  late.flags = {{"has_errors", true}};
  late.messages["error"] = {"decided_already"_message, {{"who", "ops@northwind.example"}}};
  Values typed = open;
  look_for_property(typed);
  typed.text["chosen_was"] = "harbour-house";
  typed.flags.insert({{"is_everywhere", true}, {"is_everywhere_chosen", true}});
  typed.lists["properties"] = {option("harbour-house", "Harbour House (harbour-house)", true)};
  return {managed("manage_request", "manage_request", 200, open, "tab_queue"),
          managed("manage_request_typed", "manage_request", 422, typed, "tab_queue"),
          managed("manage_request_late", "manage_request", 409, late, "tab_queue")};
}

std::vector<Sample> properties() {
  Values open{{{"key", "harbour-view"},
               {"name", "Harbour View"},
               {"href", "/auth/manage/properties/show?key=harbour-view"},
               {"closed_on", ""},
               {"closed_by", ""}},
              {{"is_closed", false}}};
  Values closed = open;
  closed.text["name"] = "Mill House, the old building behind the station with the long name";
  closed.text["key"] = "mill-house";
  closed.text["closed_on"] = "2026-05-04 09:12 UTC";
  closed.text["closed_by"] = "grace.hopper@contoso.example";
  closed.flags["is_closed"] = true;
  Values list{{{"search", "h"},
               {"first_url", "/auth/manage/properties?q=h&state="},
               {"next_url", "/auth/manage/properties?q=h&state=&after=mill-house"},
               {"given_key", ""},
               {"given_name", ""}},
              {{"has_properties", true},
               {"is_first", false},
               {"has_errors", false},
               {"only_open", false},
               {"only_closed", false}}};
  list.lists["entries"] = {open, closed};
  list.messages["notice"] = "properties_put_in_done"_message;
  Values wrong = list;
  wrong.text["given_key"] = "Mill House";
  wrong.flags["has_errors"] = true;
  wrong.messages = {{"key_error", "property_bad_key"_message},
                    {"name_error", "property_no_name"_message}};
  Values one = open;
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"was", "Harbour View"},
                                          {"given_name", "Harbour View"},
                                          {"people", "12"},
                                          {"requests", "3"}}) {
    one.text[name] = value;
  }
  one.flags["has_errors"] = false;
  one.messages["notice"] = "property_renamed"_message;
  Values shut = one;
  for (const auto& [name, value] : closed.text) shut.text[name] = value;
  shut.flags = {{"is_closed", true}, {"has_errors", true}};
  shut.messages = {{"failure", "property_changed"_message},
                   {"name_error", "property_no_name"_message}};
  Values many{{{"list", "key,name\nash-1,Ash Hill\nmill-house,Mill"}, {"seen", "d41d8c"}},
              {{"has_rows", true}, {"has_errors", false}}};
  many.messages["ready"] = {"properties_many_ready"_message,
                            {{"added", "1"}, {"renamed", "1"}, {"same", "0"}}};
  Values added{{{"line", "2"}, {"key", "ash-1"}, {"name", "Ash Hill"}}, {{"is_bad", false}}};
  added.messages["verdict"] = "property_row_added"_message;
  Values renamed{{{"line", "3"}, {"key", "mill-house"}, {"name", "Mill"}}, {{"is_bad", false}}};
  renamed.messages["verdict"] = {"property_row_renamed"_message, {{"was", "Mill House"}}};
  many.lists["rows"] = {added, renamed};
  Values many_wrong = many;
  many_wrong.messages.erase("ready");
  many_wrong.text["seen"] = "";
  many_wrong.flags["has_errors"] = true;
  many_wrong.messages["failure"] = {"properties_many_not_ready"_message,
                                    {{"count", "2"}, {"bad", "1"}}};
  many_wrong.messages["list_error"] = "properties_list_empty"_message;
  many_wrong.messages["more"] = {"list_more"_message, {{"count", "7"}}};
  many_wrong.lists["rows"][0].flags["is_bad"] = true;
  many_wrong.lists["rows"][0].messages["verdict"] = "property_bad_key"_message;
  std::vector<Sample> samples{
      managed("manage_many_properties", "manage_many_properties", 200, many, "tab_properties"),
      managed("manage_many_properties_wrong", "manage_many_properties", 422, many_wrong,
              "tab_properties"),
      managed("manage_properties", "manage_properties", 200, list, "tab_properties"),
      managed("manage_properties_wrong", "manage_properties", 422, wrong, "tab_properties"),
      managed("manage_properties_none", "manage_properties", 200, {}, "tab_properties"),
      managed("manage_property", "manage_property", 200, one, "tab_properties"),
      managed("manage_property_closed", "manage_property", 409, shut, "tab_properties")};
  for (Sample& sample : samples) sample.values.flags["may_process_everywhere"] = true;
  return samples;
}

std::vector<Sample> refusals() {
  return {
      sample("error", "error", 403, {{"reference", "7KQ2-M4XD"}, {"retry_url", "/auth/sign-in"}},
             {{"show_retry", true}},
             {{"title", "rejected_title"_message},
              {"message", "rejected"_message},
              {"hint", "rejected_hint"_message},
              {"retry_label", "start_again"_message}}),
      sample("no_company", "error", 404,
             {{"reference", "7KQ2-M4XD"}, {"retry_url", "/auth/sign-in"}}, {{"show_retry", true}},
             {{"title", "no_company_title"_message},
              {"message", "no_company"_message},
              {"hint", "no_company_hint"_message},
              {"retry_label", "sign_in"_message}}),
      sample("maintenance", "error", 503, {{"reference", "7KQ2-M4XD"}}, {{"is_maintenance", true}},
             {{"title", "unavailable_title"_message},
              {"message", "unavailable"_message},
              {"hint", "unavailable_hint"_message}}),
  };
}

}  // namespace

Sample managed(std::string file, std::string name, int status, Values values,
               const std::string& tab) {
  values.text["signed_in_as"] = "grace.hopper@contoso.example";
  for (const std::string& flag : {std::string("may_request"), std::string("may_process"), tab}) {
    values.flags[flag] = true;
  }
  return {std::move(file), std::move(name), status, std::move(values)};
}

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
  for (const auto& group : {sign_on(), signed_in(), refusals(), manage(), new_user(), requests(),
                            new_users(), one_request(), properties(), companies(), set_up()}) {
    samples.insert(samples.end(), group.begin(), group.end());
  }
  return samples;
}

const std::map<std::string, std::vector<std::string>>& text_values() {
  static const std::map<std::string, std::vector<std::string>> kValues{
      {"sign_in", {"email", "return", "error", "notice"}},
      {"provider", {"email", "idp", "display_name", "button", "return", "return_query"}},
      {"microsoft_error", {"code", "number", "meaning", "remedy", "sign_in_url"}},
      {"test_sign_on", {"company", "token", "closed"}},
      {"test_result",
       {"company", "token", "reference", "email", "name", "subject", "name_id", "code", "detail",
        "said", "attribute"}},
      {"post_to_idp", {"action", "parameter", "message", "relay_state", "display_name"}},
      {"waiting",
       {"email", "name", "company", "status_url", "stream_url", "heartbeat", "refresh_url",
        "reference", "news", "since", "requested_by", "property", "reason", "asked_at", "ask_url"}},
      {"denied",
       {"email", "name", "needed_level", "property", "property_key", "your_level",
        "your_properties", "reference", "back_url"}},
      {"sign_out", {"email"}},
      {"go_on", {"return"}},
      {"signed_on", {"email"}},
      {"signed_out", {"sign_in_url", "company"}},
      {"list_kept", {"list", "property", "looked_for", "level", "expires", "note"}},
      {"manage_people", {"search", "first_url", "next_url"}},
      {"manage_person",
       {"user", "name", "email", "email_query", "company", "last_sign_on", "known_since",
        "expires_at"}},
      {"manage_why",
       {"asked", "reference", "at", "company", "email", "email_query", "code", "detail", "href",
        "last_success", "last_failure", "identifier", "reply_url", "sign_on_url", "logout_url"}},
      {"manage_activity", {"company"}},
      {"manage_many_properties", {"list", "seen"}},
      {"manage_properties", {"search", "first_url", "next_url", "given_key", "given_name"}},
      {"manage_companies", {"search", "first_url", "next_url", "given_name", "given_display_name"}},
      {"manage_company",
       {"name",
        "display_name",
        "version",
        "preset_label",
        "closed",
        "conflicts",
        "people",
        "sessions",
        "others",
        "identifier",
        "reply_url",
        "sign_on_url",
        "logout_url",
        "metadata_url",
        "all_domains",
        "given_domain",
        "given_metadata",
        "given_display_name",
        "other_settings",
        "attribute",
        "new_entity_id",
        "address",
        "given_address",
        "handed_in",
        "offered_entity_id",
        "given_to",
        "made_link"}},
      {"set_up_open", {"error", "connection_url"}},
      {"set_up",
       {"display_name", "version", "link_number", "offer", "ends_at", "handed_in_at", "identifier",
        "reply_url", "sign_on_url", "logout_url", "metadata_url", "entity_id", "test_url",
        "given_metadata", "given_domain"}},
      {"manage_property",
       {"key", "name", "href", "closed_on", "closed_by", "was", "given_name", "people",
        "requests"}},
      {"error", {"title", "message", "hint", "reference", "retry_url", "retry_label"}},
      {"manage_new_user",
       {"owner",      "given_email",    "given_name",    "expires",       "note",
        "confirmed",  "open_request",   "notice",        "warning",       "email_error",
        "name_error", "property_error", "level_error",   "expires_error", "note_error",
        "has_errors", "may_everywhere", "is_everywhere", "properties",    "levels",
        "value",      "label",          "is_chosen"}},
      {"manage_requests",
       {"notice",      "is_first",      "after",         "requests",      "id",
        "person_name", "person_email",  "level",         "property_name", "until",
        "asked_on",    "waiting_since", "property_key",  "is_closed",     "reason",
        "decided_by",  "decided_on",    "is_open",       "is_approved",   "is_declined",
        "is_decided",  "state",         "way_to_sign_on"}},
      {"manage_new_users",
       {"list",        "property",      "level",    "expires",   "note",       "properties",
        "levels",      "value",         "label",    "is_chosen", "has_errors", "list_error",
        "ready",       "not_ready",     "has_rows", "rows",      "line",       "person_email",
        "person_name", "property_name", "until",    "is_bad",    "verdict",    "more"}},
      {"manage_request",
       {"id",           "person_email",  "person_name",    "asked_level",  "property_name",
        "property_key", "is_closed",     "until",          "reason",       "requested_by",
        "asked_on",     "waiting_since", "way_to_sign_on", "lost_reach",   "held",
        "may_decide",   "has_errors",    "error",          "reason_error", "reason_given",
        "levels",       "properties",    "value",          "label",        "is_chosen",
        "is_everywhere"}},
      {"manage_queue",
       {"notice",        "error",          "reason_error",  "reason_given", "in_company",
        "in_property",   "min_days",       "first_query",   "next_query",   "is_first",
        "is_filtered",   "may_decide_any", "has_failures",  "failures",     "who",
        "why",           "companies",      "properties",    "ages",         "value",
        "label",         "is_chosen",      "requests",      "id",           "person_name",
        "person_email",  "level",          "property_name", "until",        "asked_on",
        "waiting_since", "reason",         "requested_by",  "may_decide",   "no_sign_on",
        "lost_reach",    "has_waiting",    "waiting",       "company",      "signed_on",
        "email_query",   "may_request",    "property_key",  "is_closed"}},
  };
  return kValues;
}

std::string kit_page(const std::string& language) {
  namespace pages = anteroom::pages;
  pages::TemplateTexts texts = pages::chosen_texts({});
  texts["manage_kit"] = read_file("tests/unit/pages/kit.mustache");
  const pages::Catalogue catalogue(pages::shipped_catalogues().at(language));
  Values common = anteroom::templates::common_values(settings());
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
  return anteroom::templates::Template(
             pages::with_texts(pages::in_layout(texts, "manage_kit"), catalogue))
      .render(common, pages::presentable(values, catalogue));
}

std::string header(const anteroom::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

const anteroom::pages::Renderer& renderer() {
  static const anteroom::pages::Renderer kRenderer(settings());
  return kRenderer;
}

std::string body(const std::string& name, const Values& values) {
  return renderer().page("", name, 200, values).body;
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
