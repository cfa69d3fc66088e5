// The pages about companies.

#include "samples.h"

namespace samples {

namespace {

using anteroom::operator""_message;

Values option(const std::string& value, const std::string& label, bool is_chosen = false) {
  return {{{"value", value}, {"label", label}}, {{"is_chosen", is_chosen}}};
}

Values key(char digit) {
  std::string print;
  for (int i = 0; i < 32; ++i) print += (i == 0 ? "" : ":") + std::string(2, digit);
  return {{{"fingerprint", print}}};
}

Values line(const std::string& name, const std::string& display_name, const std::string& state) {
  Values values{{{"name", name},
                 {"display_name", display_name},
                 {"href", "/auth/manage/companies/show?name=" + name},
                 {"domains", state == "draft" ? "" : "contoso.example, contoso.com"},
                 {"people", state == "draft" ? "0" : "1000+"},
                 {"last_sign_on", state == "draft" ? "" : "2026-05-04 09:12 UTC"},
                 {"refused", state == "live" ? "3" : "0"},
                 {"commonest", "assertion_expired"}},
                {{"is_live", state == "live"},
                 {"is_draft", state == "draft"},
                 {"is_suspended", state == "suspended"},
                 {"has_refused", state == "live"}}};
  if (state != "draft") {
    values.text["ends_on"] = state == "live" ? "2026-06-01" : "2026-05-01";
    values.messages["ends"] =
        state == "live" ? "companies_certificate"_message : "companies_metadata"_message;
    values.messages["ends_in"] = state == "live"
                                     ? anteroom::Message{"companies_days"_message, {{"days", "28"}}}
                                     : anteroom::Message("companies_ended"_message);
    values.flags["is_soon"] = true;
    values.flags["is_over"] = state == "suspended";
    values.flags["has_proposal"] = state == "suspended";
  }
  values.messages["state"] = state == "draft"  ? "company_is_draft"_message
                             : state == "live" ? "company_is_live"_message
                                               : "company_is_suspended"_message;
  return values;
}

std::vector<Values> presets() {
  return {option("entra", "Microsoft Entra ID", true), option("generic", "SAML 2.0")};
}

Values list() {
  Values values{{{"search", "co"},
                 {"first_url", "/auth/manage/companies?q=co&state="},
                 {"next_url", "/auth/manage/companies?q=co&state=&after=fabrikam"},
                 {"given_name", ""},
                 {"given_display_name", ""}},
                {{"has_companies", true}, {"is_first", false}, {"has_errors", false}}};
  Values state = option("live", "");
  state.messages["label"] = "company_is_live"_message;
  Values only = option("ends_soon", "");
  only.messages["label"] = "companies_ends_soon"_message;
  values.lists = {
      {"entries",
       {line("contoso", "Contoso, with a name that is longer than most", "live"),
        line("fabrikam", "Fabrikam", "draft"), line("litware", "Litware", "suspended")}},
      {"states", {state}},
      {"only", {only}},
      {"presets", presets()}};
  return values;
}

Values event(anteroom::MessageKey what, const std::string& detail) {
  Values values{{{"at", "2026-05-04 09:12 UTC"},
                 {"actor", "grace.hopper@northwind.example"},
                 {"detail", detail}}};
  values.messages["what"] = what;
  return values;
}

Values version(const std::string& at, bool is_in_force, char digit) {
  Values values{{{"at", at},
                 {"by", "grace.hopper@northwind.example"},
                 {"entity_id", "https://sts.windows.net/0f8fad5b-d9cb-469f-a165-70867728950e/"}},
                {{"is_in_force", is_in_force}}};
  values.lists["keys"] = {key(digit)};
  return values;
}

Values setting(const std::string& path, anteroom::MessageKey label, anteroom::MessageKey hint,
               const std::string& value, const char* kind) {
  Values values{{{"path", path}, {"value", value}}, {{kind, true}}};
  values.messages = {{"label", label}, {"hint", hint}};
  if (std::string_view(kind) != "is_chosen_of") return values;
  values.lists["choices"] = {option("", ""), option("post", "post", value == "post"),
                             option("redirect", "redirect")};
  values.lists["choices"].front().text.erase("label");
  values.lists["choices"].front().messages["label"] = "setting_usual"_message;
  return values;
}

std::vector<Values> settings() {
  return {setting("button", "setting_button"_message, "setting_button_hint"_message, "Contoso",
                  "is_line"),
          setting("request_binding", "setting_request_binding"_message,
                  "setting_request_binding_hint"_message, "post", "is_chosen_of"),
          setting("attributes.subject", "setting_attributes_subject"_message,
                  "setting_attributes_subject_hint"_message, "tenant\nobject", "is_lines")};
}

// A draft that has nothing yet.
Values draft() {
  Values values{{{"name", "contoso"},
                 {"display_name", "Contoso"},
                 {"version", "17"},
                 {"preset_label", "Microsoft Entra ID"},
                 {"closed", ""},
                 {"conflicts", ""},
                 {"people", "0"},
                 {"sessions", "0"},
                 {"others", "2"},
                 {"identifier", "https://login.example.com/saml2"},
                 {"test_url", "https://login.example.com/auth/test?t=WEFFUzI1Ni1HQ00"},
                 {"reply_url", "https://login.example.com/saml2/acs"},
                 {"sign_on_url", "https://login.example.com/auth/at/contoso"},
                 {"logout_url", "https://login.example.com/saml2/logout"},
                 {"metadata_url", "https://login.example.com/auth/metadata"},
                 {"all_domains", ""},
                 {"given_domain", ""},
                 {"given_metadata", ""},
                 {"given_display_name", "Contoso"},
                 {"other_settings", ""},
                 {"attribute", ""},
                 {"new_entity_id", ""}},
                {{"may_change", true},
                 {"is_draft", true},
                 {"is_live", false},
                 {"is_suspended", false},
                 {"is_archived", false},
                 {"has_table", false},
                 {"is_entra", true},
                 {"is_too_old", false},
                 {"has_entered", false},
                 {"has_errors", false},
                 {"has_domains", false},
                 {"has_metadata", false},
                 {"has_versions", false},
                 {"has_old_keys", false},
                 {"has_remarks", false},
                 {"judged", false},
                 {"may_go_live", false},
                 {"may_archive", true}}};
  values.messages = {{"state", "company_is_draft"_message}, {"notice", "company_added"_message}};
  values.lists = {{"presets", presets()},
                  {"settings", settings()},
                  {"history", {event("history_company_added"_message, "")}}};
  return values;
}

void add_domains(Values& values, bool may_change) {
  for (const char* domain : {"contoso.example", "xn--mnchen-3ya.example"}) {
    const bool is_ascii = domain[0] == 'c';
    values.lists["domains"].push_back(
        {{{"name", "contoso"}, {"domain", domain}, {"spelt", is_ascii ? "" : "münchen.example"}},
         {{"may_change", may_change}}});
  }
  values.text["all_domains"] = "contoso.example, xn--mnchen-3ya.example";
  values.flags["has_domains"] = true;
}

Values live() {
  Values values = draft();
  values.text["people"] = "412";
  values.text["sessions"] = "38";
  values.text["closed"] = "its certificate has expired";
  values.text["conflicts"] = "contoso.example is northwind's already";
  values.text["other_settings"] = R"({"force_authn":true})";
  values.text["attribute"] = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";
  values.flags["has_table"] = true;
  values.lists["asserted"] = {
      {{{"value", "0f8fad5b-d9cb-469f-a165-70867728950e"},
        {"level", "manager"},
        {"properties", "Elm Court, Oak House"}},
       {{"is_everywhere", false}}},
      {{{"value", "<Night shift>"}, {"level", "viewer"}, {"properties", "*"}},
       {{"is_everywhere", true}}}};
  add_domains(values, false);
  for (const char* flag : {"may_change", "is_draft", "may_archive"}) values.flags[flag] = false;
  for (const char* flag : {"is_live", "has_metadata", "has_versions", "is_too_old"}) {
    values.flags[flag] = true;
  }
  values.text["address"] =
      "https://login.microsoftonline.com/0f8fad5b-d9cb-469f-a165-70867728950e/federationmetadata/"
      "2007-06/federationmetadata.xml?appid=7c9e6679-7425-40de-944b-e07fc1f90ae7";
  values.text["given_address"] = values.text["address"];
  values.messages = {
      {"state", "company_is_live"_message},
      {"too_many_groups",
       {"company_too_many_groups"_message, {{"people", "3"}, {"at", "2026-05-04 15:12 UTC"}}}},
      {"address_state", {"company_address_good"_message, {{"at", "2026-05-04 15:12 UTC"}}}}};
  values.lists["versions"] = {version("2026-05-04 09:12 UTC", true, 'A'),
                              version("2025-05-04 09:12 UTC", false, 'B')};
  values.lists["history"].insert(
      values.lists["history"].begin(),
      event("history_company_went_live"_message, "was draft, domains contoso.example"));
  return values;
}

// Other metadata has been looked at, and other things are wrong.
Values judged() {
  Values values = live();
  values.lists["domains"].clear();
  add_domains(values, true);
  for (const char* flag :
       {"may_change", "judged", "has_old_keys", "has_remarks", "has_errors", "has_entered"}) {
    values.flags[flag] = true;
  }
  values.text["given_metadata"] = "<EntityDescriptor>\n</EntityDescriptor>";
  values.text["given_domain"] = "gmail.com";
  values.text["new_entity_id"] = "https://sts.windows.net/0f8fad5b-d9cb-469f-a165-70867728950e/";
  values.lists["new_keys"] = {key('C')};
  values.lists["old_keys"] = {key('A')};
  values.lists["remarks"] = {{{{"remark", "its certificate ends on 2026-06-01"}}}};
  values.messages["failure"] = "company_nothing_changed"_message;
  values.messages["display_name_error"] = "property_no_name"_message;
  values.messages["domain_error"] = {"company_public_domain"_message, {{"domain", "gmail.com"}}};
  values.messages["metadata_error"] = {
      "company_bad_metadata"_message,
      {{"why", "this is the metadata of a service provider, not of an identity provider"}}};
  values.messages["settings_error"] = {"company_bad_settings"_message,
                                       {{"why", "'force_authn' must be true or false"}}};
  values.flags["has_entered_settings"] = true;
  values.text["warned_domain"] = "eu.contoso.example";
  values.text["given_address"] = "http://idp.contoso.example/metadata";
  values.messages["address_error"] = "company_bad_address"_message;
  values.messages["address_state"] = {};
  values.messages["address_failure"] = {
      "company_address_failed"_message,
      {{"at", "2026-05-04 15:12 UTC"},
       {"good", "2026-05-04 09:12 UTC"},
       {"why", "its entity ID is https://evil.example/, not https://sts.windows.net/"}}};
  values.messages["contacts_error"] = {"company_bad_contact"_message, {{"contact", "ida"}}};
  return values;
}

Values ready() {
  Values values = draft();
  add_domains(values, true);
  values.lists["versions"] = {version("2026-05-04 09:12 UTC", true, 'A')};
  for (const char* flag : {"has_metadata", "has_versions", "may_go_live"}) {
    values.flags[flag] = true;
  }
  values.text["contacts"] = "ida@contoso.example, it@partner.example";
  values.text["given_contacts"] = "ida@contoso.example\nit@partner.example";
  values.flags["is_entra"] = false;
  values.messages["notice"] = "company_domain_given"_message;
  return values;
}

Values proposal(const std::string& number, anteroom::MessageKey act, const std::string& detail) {
  Values values{{{"name", "contoso"}, {"number", number}, {"detail", detail}}};
  values.messages["act"] = act;
  values.messages["by"] = {"company_proposed_by"_message,
                           {{"by", "grace.hopper@northwind.example"},
                            {"at", "2026-05-04 09:12 UTC"},
                            {"until", "2026-05-11 09:12 UTC"}}};
  values.flags = {{"may_decline", true}, {"may_confirm", number != "3"}, {"is_own", number == "3"}};
  return values;
}

// Others have to confirm what was done.
Values proposed() {
  Values values = live();
  values.lists["domains"].clear();
  add_domains(values, true);
  values.flags["may_change"] = values.flags["has_proposals"] = true;
  values.flags["is_too_old"] = false;
  values.text["closed"] = values.text["conflicts"] = "";
  values.messages["notice"] = "company_was_proposed"_message;
  Values metadata = proposal("2", "company_proposed_metadata"_message,
                             "https://sts.windows.net/0f8fad5b-d9cb-469f-a165-70867728950e/");
  metadata.flags["is_metadata"] = true;
  metadata.lists["keys"] = {key('E')};
  metadata.lists["old_keys"] = {key('A')};
  values.lists["proposals"] = {
      metadata, proposal("3", "company_proposed_domain"_message, "eu.contoso.example"),
      proposal("4", "company_proposed_live"_message, "")};
  return values;
}

Values archived() {
  Values values = live();
  values.flags["is_live"] = values.flags["is_too_old"] = false;
  values.flags["is_archived"] = true;
  values.messages["state"] = "company_is_archived"_message;
  return values;
}

// One with a proof of each kind: proven, given, another's, gone.
Values proof(const std::string& domain, const char* kind) {
  const std::string is = kind;
  Values values{{{"name", "contoso"},
                 {"domain", domain},
                 {"spelt", ""},
                 {"number", is},
                 {"record", "_anteroom-challenge." + domain},
                 {"challenge", "anteroom-domain=Rm9yIHRoZSBzYW1wbGUgYWxvbmUsIG5vdGhpbmcgZWxzZQ"}},
                {{"is_proven", is == "1" || is == "2"},
                 {"is_given", is == "2" || is == "4"},
                 {"is_missing", is == "4"},
                 {"may_decide", is != "2" && is != "4"}}};
  values.messages["asked"] = {"company_asked_by"_message,
                              {{"by", "link 3 of ida@contoso.example"}}};
  if (is == "1" || is == "2") {
    values.text["proven_at"] = "2026-05-04 09:12 UTC";
    return values;
  }
  values.text["at"] = "2026-05-04 15:12 UTC";
  values.messages["look"] = is == "3" ? "set_up_other_text"_message : "set_up_no_name"_message;
  if (is == "3") {
    values.text["found"] = "\"v=spf1 -all\"";
    values.messages["owner"] = {"company_domain_taken_by"_message, {{"company", "fabrikam"}}};
  }
  if (is == "4") values.text["missing_since"] = "2026-05-03 15:12 UTC";
  return values;
}

std::vector<Values> proofs() {
  return {proof("contoso.example", "1"), proof("eu.contoso.example", "2"),
          proof("fabrikam.example", "3"), proof("contoso.com", "4")};
}

Values link(const std::string& number, bool is_opened) {
  Values values{{{"name", "contoso"}, {"number", number}}, {{"is_opened", is_opened}}};
  values.messages["link_said"] = {
      is_opened ? "company_link_sent"_message : "company_link_copied"_message,
      {{"number", number},
       {"to", "ida@contoso.example"},
       {"by", "grace.hopper@northwind.example"},
       {"until", "2026-05-07 09:12 UTC"}}};
  values.messages["opened"] =
      is_opened ? anteroom::Message{"company_link_opened"_message, {{"at", "2026-05-04 15:12 UTC"}}}
                : anteroom::Message("company_link_not_opened"_message);
  return values;
}

// Its administrator has handed in all that there is.
Values handed_in() {
  Values values = ready();
  values.messages["handed_in"] = {"company_handed_in_at"_message, {{"at", "2026-05-04 15:12 UTC"}}};
  values.messages["to_error"] = {"company_bad_contact"_message, {{"contact", "ida"}}};
  for (const char* flag : {"has_offer", "has_proofs", "has_links", "has_mail"}) {
    values.flags[flag] = true;
  }
  values.text["offered_entity_id"] =
      "https://sts.windows.net/0f8fad5b-d9cb-469f-a165-70867728950e/";
  values.text["offered_metadata"] = "<EntityDescriptor>\n</EntityDescriptor>";
  values.text["given_to"] = "ida";
  values.text["made_link"] = "https://login.example.com/auth/set-up#c2FtcGxlIGxpbms";
  values.lists["offered_keys"] = {key('D')};
  values.lists["keys_now"] = {key('A')};
  values.lists["proofs"] = proofs();
  values.lists["links"] = {link("3", true), link("4", false)};
  return values;
}

Values connection() {
  Values values;
  const Values company = draft();
  for (const char* same : {"display_name", "version", "identifier", "reply_url", "sign_on_url",
                           "logout_url", "metadata_url"}) {
    values.text[same] = company.text.at(same);
  }
  for (const char* empty :
       {"handed_in_at", "entity_id", "test_url", "given_metadata", "given_domain"}) {
    values.text[empty] = "";
  }
  values.text["ends_at"] = "2026-05-07 09:12 UTC";
  values.text["link_number"] = "3";
  values.text["offer"] = "";
  values.flags = {
      {"is_entra", true}, {"is_live", false}, {"is_offered", false}, {"is_self_service", true}};
  return values;
}

Values filled_connection() {
  Values values = connection();
  values.text["handed_in_at"] = "2026-05-04 15:12 UTC";
  values.text["entity_id"] = "https://sts.windows.net/0f8fad5b-d9cb-469f-a165-70867728950e/";
  values.text["test_url"] = "https://login.example.com/auth/test?t=WEFFUzI1Ni1HQ00";
  values.text["given_metadata"] = "<EntityDescriptor>\n</EntityDescriptor>";
  values.text["given_domain"] = "gmail.com";
  for (const char* flag : {"has_metadata", "is_offered", "has_remarks", "has_domains", "has_proofs",
                           "is_live", "has_errors"}) {
    values.flags[flag] = true;
  }
  values.lists["keys"] = {key('D')};
  values.lists["remarks"] = {{{{"remark", "its certificate ends on 2026-06-01"}}}};
  values.lists["domains"] = {
      {{{"domain", "xn--mnchen-3ya.example"}, {"spelt", "münchen.example"}}}};
  values.lists["proofs"] = proofs();
  for (Values& one : values.lists["proofs"]) one.flags["may_act"] = one.text["number"] != "2";
  values.messages = {
      {"notice", "set_up_domain_asked"_message},
      {"failure", "set_up_needs_metadata"_message},
      {"metadata_error", "set_up_private_key"_message},
      {"domain_error", {"company_public_domain"_message, {{"domain", "gmail.com"}}}}};
  return values;
}

}  // namespace

std::vector<Sample> set_up() {
  Values opening{{{"connection_url", "/auth/set-up/connection"}}, {{"is_open", true}}};
  opening.messages["error"] = "set_up_bad_code"_message;
  return {{"set_up_open", "set_up_open", 200, {}},
          {"set_up_open_wrong", "set_up_open", 422, opening},
          {"set_up_empty", "set_up", 200, connection()},
          {"set_up", "set_up", 422, filled_connection()}};
}

std::vector<Sample> companies() {
  Values wrong = list();
  wrong.text["given_name"] = "Contoso Ltd";
  wrong.flags["has_errors"] = true;
  wrong.messages = {{"name_error", "company_bad_name"_message},
                    {"display_name_error", "property_no_name"_message},
                    {"failure", "company_not_allowed"_message}};
  Values none;
  none.lists["presets"] = presets();
  std::vector<Sample> samples{
      managed("manage_companies", "manage_companies", 200, list(), "tab_companies"),
      managed("manage_companies_wrong", "manage_companies", 422, wrong, "tab_companies"),
      managed("manage_companies_none", "manage_companies", 200, none, "tab_companies"),
      managed("manage_company_draft", "manage_company", 200, draft(), "tab_companies"),
      managed("manage_company_ready", "manage_company", 200, ready(), "tab_companies"),
      managed("manage_company_handed_in", "manage_company", 422, handed_in(), "tab_companies"),
      managed("manage_company_live", "manage_company", 200, live(), "tab_companies"),
      managed("manage_company_proposed", "manage_company", 200, proposed(), "tab_companies"),
      managed("manage_company_judged", "manage_company", 422, judged(), "tab_companies"),
      managed("manage_company_archived", "manage_company", 200, archived(), "tab_companies")};
  for (Sample& sample : samples) {
    sample.values.flags["may_connect"] = true;
    sample.values.flags["may_process_everywhere"] = true;
  }
  return samples;
}

}  // namespace samples
