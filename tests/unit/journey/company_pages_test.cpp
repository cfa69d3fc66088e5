// The pages about companies.

#include <set>

#include "config/keys.h"
#include "http/form.h"
#include "unit/journey/fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Contains;

namespace {

const Cell kNever = std::nullopt;

// Somebody who may connect companies, unless said otherwise.
struct Support {
  World world;
  std::string outcome = "changed";  ///< of every change
  std::string state = "draft", domains = "contoso.test", settings = R"({"preset": "entra"})";
  std::string xml = forge::make_metadata("https://contoso.test/", "https://contoso.test/sso",
                                         {journey_authority()});
  bool has_metadata = true;
  Rows proposals;

  explicit Support(const std::string& grants = "*=manager",
                   std::chrono::minutes sign_on_age = std::chrono::minutes(0)) {
    world.settings->access.request_new_users = "viewer";
    world.settings->access.process_requests = "viewer";
    world.settings->access.connect_companies = "manager";
    const SessionFields own{"ref",     "user", "ann@corp.test", "Ann", "corp", "https://login.test",
                            "manager", grants};
    const Time now = world.clock.now();
    world.record =
        SessionRecord(UserStatus::active, {now + std::chrono::hours(1), now - sign_on_age}, own)
            .bytes();
    for (const char* change :
         {"add_company", "change_company", "bring_metadata", "withdraw_domain",
          "set_company_contacts", "make_link", "end_link", "close_hand_in", "ask_for_proof",
          "refuse_domain", "confirm_proposal", "drop_proposal"}) {
      world.database.answers[change] = [this](const Params&) { return Rows{{{outcome}}}; };
    }
    world.database.answers["give_domain"] = [this](const Params&) {
      return Rows{{{outcome, "litware", "litware.test"}}};
    };
    world.database.answers["set_company_state"] = [this](const Params&) {
      return Rows{{{outcome, "3"}}};
    };
    answer_questions();
  }

  void answer_questions() {
    auto& answers = world.database.answers;
    answers["find_company"] = [this](const Params& params) {
      if (params[0] != "contoso") return Rows{};
      return Rows{{{"contoso", "Con <toso>", state, domains, settings,
                    has_metadata ? Cell(xml) : kNever, "17", "ida@contoso.test", "0", ""}}};
    };
    answers["show_company"] = [this](const Params& params) {
      if (params[1] != "contoso") return Rows{};
      return Rows{{{"contoso", "Con <toso>", state, domains, settings, "", "17", "ida@contoso.test",
                    "0", ""}}};
    };
    answers["metadata_versions"] = [this](const Params&) {
      if (!has_metadata) return Rows{};
      return Rows{{{"1", "https://contoso.test/", "AA:BB", "grace@corp.test",
                    "2026-05-04T09:12:33Z", "t"}}};
    };
    answers["fetch_of_company"] = [](const Params&) { return Rows{}; };
    for (const char* empty : {"links_of_company", "proofs_of_company", "hand_in_of_company"}) {
      answers[empty] = [](const Params&) { return Rows{}; };
    }
    answers["proposals_of_company"] = [this](const Params&) { return proposals; };
    answers["people_of_company"] = [](const Params&) { return Rows{{{"12", "3", "4"}}}; };
    answers["history_of_company"] = [](const Params&) {
      return Rows{{{"2026-05-04T09:12:33Z", "company_added", "grace@corp.test", "Contoso {}"}}};
    };
    answers["search_companies"] = [this](const Params&) {
      Rows rows;
      for (int i = 0; i < 51; ++i) {
        rows.rows.push_back({"c" + std::to_string(i), "House <" + std::to_string(i) + ">", "live",
                             "a.test b.test", "1000", kNever, "2", "assertion_expired",
                             i == 0 ? "t" : "f", i == 1 ? "t" : "f", ends(i), "t"});
      }
      return rows;
    };
  }

  // In ten days, a month ago, in a year, in an hour, or nobody knows.
  Cell ends(int i) {
    constexpr int kDays[] = {10, -30, 365, 0};
    if (i > 3) return kNever;
    const Time at = world.clock.now() + std::chrono::hours(24 * kDays[i] + 1);
    return std::to_string(at.time_since_epoch().count());
  }

  Response get(const std::string& page, const std::string& query = "") {
    return world.answer(
        {.path = "/auth/manage/companies" + page, .query = query, .cookie = kSessionCookieHeader});
  }
  Response post(const std::string& form, const std::string& body,
                const std::string& origin = "https://login.test") {
    return world.answer({.method = "POST",
                         .path = "/auth/manage/companies/" + form,
                         .body = body,
                         .cookie = kSessionCookieHeader,
                         .origin = origin});
  }
  Response send_metadata(const std::string& metadata, const std::string& more = "") {
    const std::string begin = "--edge\r\nContent-Disposition: form-data; name=\"";
    const std::string body = begin + "name\"\r\n\r\ncontoso\r\n" + begin + "metadata\"\r\n\r\n" +
                             metadata + "\r\n" + more + "--edge--\r\n";
    return world.answer({.method = "POST",
                         .path = "/auth/manage/companies/metadata",
                         .body = body,
                         .cookie = kSessionCookieHeader,
                         .origin = "https://login.test",
                         .content_type = "multipart/form-data; boundary=edge"});
  }
  Response confirm_metadata(const std::string& metadata) {
    return send_metadata(
        metadata,
        "--edge\r\nContent-Disposition: form-data; name=\"confirmed\"\r\n\r\nyes\r\n"
        "--edge\r\nContent-Disposition: form-data; name=\"version\"\r\n\r\n17\r\n");
  }
  int changes() {
    int count = 0;
    for (const char* change :
         {"add_company", "change_company", "bring_metadata", "give_domain", "withdraw_domain",
          "set_company_contacts", "set_company_state", "make_link", "end_link", "close_hand_in",
          "ask_for_proof", "refuse_domain", "confirm_proposal", "drop_proposal"}) {
      count += world.database.calls[change];
    }
    return count;
  }
};

// Every form, with what it needs.
const std::vector<std::pair<std::string, std::string>> kForms{
    {"add", "name=fabrikam&display_name=Fabrikam&preset=entra"},
    {"domain", "name=contoso&domain=contoso.example&then=give"},
    {"domain", "name=contoso&domain=contoso.test&then=withdraw"},
    {"rename", "name=contoso&display_name=Contoso+Ltd&preset=okta&version=17"},
    {"state", "name=contoso&then=live&version=17"},
    {"state", "name=contoso&then=suspended"},
    {"state", "name=contoso&then=archived"},
    {"domain", "name=contoso&domain=contoso.example&then=prove"},
    {"domain", "name=contoso&domain=contoso.example&then=refuse"},
    {"link", "name=contoso&then=make"},
    {"link", "name=contoso&then=end&number=1"},
    {"handed-in", "name=contoso"},
    {"settings", "name=contoso&version=17&force_authn=true"},
    {"second", "name=contoso&number=4&then=confirm"},
    {"second", "name=contoso&number=4&then=decline"},
    {"contacts", "name=contoso&contacts=bo%40contoso.test"},
    {"address", "name=contoso&version=17&address=https%3A%2F%2Fidp.test%2Fmetadata"}};

}  // namespace

TEST_CASE("companies are for those who may connect them at all properties") {
  for (const char* grants : {"elm=manager", "*=viewer,elm=manager", "*=viewer"}) {
    Support support(grants);
    for (const char* page : {"", "/show", "/change"}) {
      CHECK(support.get(page, "name=contoso").status == 403);
    }
    for (const auto& [form, body] : kForms) CHECK(support.post(form, body).status == 403);
    CHECK(support.confirm_metadata(support.xml).status == 403);
    CHECK(support.changes() == 0);
    CHECK(support.world.database.calls["search_companies"] == 0);
    CHECK(support.world.database.calls["find_company"] == 0);
    CHECK(support.world.database.calls["show_company"] == 0);
  }
}

TEST_CASE("forms about companies are taken from our own pages only") {
  Support support;
  for (const auto& [form, body] : kForms) {
    CHECK(support.post(form, body, "https://app.test").status == 403);
  }
  CHECK(support.changes() == 0);
}

TEST_CASE("the list says what there is to know of each company, by pages") {
  Support support;
  const Response page = support.get("", "q=con&state=live&only=failing&after=a");
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("House &lt;0&gt;") && Contains("a.test, b.test") &&
                            Contains("1000+") && Contains("assertion_expired") &&
                            Contains("q=con&amp;state=live&amp;only=failing&amp;after=c49") &&
                            !Contains("c50"));
  const Params asked = support.world.database.last["search_companies"];
  CHECK(asked[1] == "con");
  CHECK(asked[2] == "live");
  CHECK(asked[3] == "a");
  CHECK(asked[5] == "failing");
  CHECK_THAT(page.body, Contains("waits for a second person") && Contains("in 10 days") &&
                            Contains(">over<") && Contains("in 365 days") &&
                            Contains("in less than a day") && !Contains("in 0 days"));
  CHECK(support.get("", "state=%27%3B").status == 200);
  CHECK(support.world.database.last["search_companies"][2] == "");
  CHECK(support.get("", "only=%27%3B").status == 200);
  CHECK(support.world.database.last["search_companies"][5] == "");
}

TEST_CASE("a company is added as a draft with its kind of identity provider") {
  Support support;
  support.outcome = "added";
  const Response added = support.post("add", kForms[0].second);
  CHECK(added.status == 303);
  CHECK(header(added, "Location") == "/auth/manage/companies/show?name=fabrikam&notice=added");
  CHECK(support.world.database.last["add_company"][3] == R"({"preset": "entra"})");
}

TEST_CASE("what is wrong with a new company is said beside the field, and stays there") {
  const auto complaint = [](const std::string& body, const std::string& outcome = "added") {
    Support support;
    support.outcome = outcome;
    const Response page = support.post("add", body);
    CHECK((page.status == 422 || page.status == 403));
    CHECK_THAT(page.body, Contains("value=\"Fabri &amp; Kam\"") || Contains("Please enter a name"));
    return page.body;
  };
  CHECK_THAT(complaint("name=Fabri+kam&display_name=Fabri+%26+Kam&preset=entra"),
             Contains("A short name has"));
  CHECK_THAT(complaint("name=corp&display_name=Fabri+%26+Kam&preset=entra"),
             Contains("There is, or was, a company"));
  CHECK_THAT(complaint("name=fabrikam&display_name=Fabri+%26+Kam&preset=entra", "name_taken"),
             Contains("There is, or was, a company"));
  CHECK_THAT(complaint("name=fabrikam&display_name=&preset=entra"),
             Contains("Please enter a name"));
  CHECK_THAT(complaint("name=fabrikam&display_name=Fabri+%26+Kam&preset=entra", "own_company"),
             Contains("Somebody else has to change it"));
  Support support;
  CHECK(support.post("add", "name=fabrikam&display_name=X&preset=%22%7D").status == 400);
  CHECK(support.changes() == 0);
}

TEST_CASE("a company's page has what its administrator enters, and what is wrong is escaped") {
  Support support;
  const Response page = support.get("/show", "name=contoso");
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("Con &lt;toso&gt;") && !Contains("<toso>") &&
                            Contains("https://login.test/saml2/idpresponse") &&
                            Contains("https://login.test/auth/at/contoso") &&
                            Contains("Basic SAML Configuration") && Contains("AA:BB") &&
                            Contains("value=\"live\""));
  support.settings = R"({"preset": "okta", "scim": {}})";
  CHECK_THAT(support.get("/show", "name=contoso").body, Contains("Okta") &&
                                                            !Contains("Basic SAML Configuration") &&
                                                            Contains("{&quot;scim&quot;:{}}"));
  CHECK(support.get("/show", "name=nobody").status == 404);
}

TEST_CASE("a company goes live once it has metadata and a domain") {
  Support support;
  support.has_metadata = false;
  CHECK_THAT(support.get("/show", "name=contoso").body, !Contains("value=\"live\""));
  support.has_metadata = true;
  support.domains = "";
  CHECK_THAT(support.get("/show", "name=contoso").body, !Contains("value=\"live\""));
  support.domains = "contoso.test";
  const Response live = support.post("state", "name=contoso&then=live&version=17");
  CHECK(header(live, "Location") == "/auth/manage/companies/show?name=contoso&notice=live");
  support.xml = "<EntityDescriptor/>";  // nodes would not take it
  const int before = support.changes();
  const Response refused = support.post("state", "name=contoso&then=live&version=17");
  CHECK(refused.status == 422);
  CHECK_THAT(refused.body, Contains("This cannot be used: "));
  CHECK(support.changes() == before);
  CHECK(support.post("state", "name=contoso&then=testing").status == 400);
}

TEST_CASE("who signed on long ago is shown no forms, and what they send is kept on the page") {
  Support late("*=manager", std::chrono::hours(2));
  const Response page = late.get("/show", "name=contoso");
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("/auth/manage/companies/change?name=contoso") &&
                            !Contains("value=\"live\"") && !Contains("value=\"give\""));
  const Response domain = late.post("domain", "name=contoso&domain=new.test&then=give");
  CHECK(domain.status == 403);
  CHECK_THAT(domain.body, Contains("value=\"new.test\"") && Contains("Nothing was changed") &&
                              Contains("target=\"_blank\""));
  CHECK_THAT(late.send_metadata("<Mine/>").body, Contains("&lt;Mine/&gt;"));
  CHECK(late.confirm_metadata(late.xml).status == 403);
  CHECK(late.post("state", "name=contoso&then=live&version=17").status == 403);
  CHECK(late.post("state", "name=contoso&then=archived").status == 403);
  CHECK(late.post("rename", kForms[3].second).status == 403);
  CHECK_THAT(late.post("rename", "name=contoso&display_name=Mine").body,
             Contains("value=\"Mine\""));
  CHECK_THAT(late.send_metadata("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n").body,
             Contains("There is a private key in it") && !Contains("MIIEvQIBADANBg"));
  CHECK(late.changes() == 0);
  CHECK(late.post("state", "name=contoso&then=suspended").status == 303);  // waits for nothing
  CHECK(late.changes() == 1);
}

TEST_CASE("a form that was open for a while is taken, and a new sign-on leads back") {
  Support support("*=manager", std::chrono::minutes(45));
  CHECK_THAT(support.get("/show", "name=contoso").body, !Contains("value=\"give\""));
  CHECK(support.post("domain", kForms[1].second).status == 303);
  CHECK_THAT(support.post("domain", "name=contoso&domain=gmail.com&then=give").body,
             Contains("value=\"gmail.com\"") && Contains("id=\"domain-error\""));
  CHECK_THAT(support.send_metadata("<Mine/>").body,
             Contains("&lt;Mine/&gt;") && Contains("id=\"xml-error\""));
  const Response away = support.get("/change", "name=contoso");
  CHECK(away.status == 302);
  CHECK(header(away, "Location").starts_with("/auth/sign-in?r="));
  Support fresh;
  CHECK(header(fresh.get("/change", "name=contoso"), "Location") ==
        "/auth/manage/companies/show?name=contoso");
}

TEST_CASE("metadata is judged, shown beside the keys in force, and put in force when confirmed") {
  Support support;
  support.outcome = "kept";
  const Response judged = support.send_metadata(support.xml);
  CHECK(judged.status == 200);
  CHECK(support.changes() == 0);
  CHECK_THAT(judged.body, Contains("This metadata is good") && Contains("AA:BB") &&
                              Contains("name=\"confirmed\" value=\"yes\""));
  const Response done = support.confirm_metadata(support.xml);
  CHECK(header(done, "Location") == "/auth/manage/companies/show?name=contoso&notice=metadata");
  const Params kept = support.world.database.last["bring_metadata"];
  CHECK(kept[2] == "17");
  CHECK(kept[3] == support.xml);
  CHECK(kept[4] == "https://contoso.test/");
  CHECK_THAT(*kept[6], Contains("https://contoso.test/sso"));
}

TEST_CASE("metadata that nobody could sign on with is not kept, and is said why") {
  const auto refused = [](const std::string& metadata) {
    Support support;
    const Response page = support.confirm_metadata(metadata);
    CHECK(page.status == 422);
    CHECK(support.changes() == 0);
    for (const std::string& line : support.world.log.lines) {
      CHECK_THAT(line, !Contains("MIIEvQIBADANBg"));
    }
    return page.body;
  };
  CHECK_THAT(refused("<html>Not found</html>"), Contains("This cannot be used: "));
  CHECK_THAT(refused(""), Contains("This cannot be used: "));
  CHECK_THAT(refused("<a>\xff</a>"), Contains("not UTF-8") && !Contains("\xff"));
  CHECK_THAT(refused("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n"),
             Contains("There is a private key in it") && !Contains("MIIEvQIBADANBg"));
  CHECK_THAT(refused(forge::make_metadata("https://idp.test/", "https://idp.test/sso",
                                          {journey_authority()})),
             Contains("is that of corp in the configuration"));
}

TEST_CASE("domains are given as people write them, and never one that anyone can have") {
  Support support;
  support.outcome = "given";
  CHECK(support.post("domain", "name=contoso&domain=+M%C3%BCnchen.Example+&then=give").status ==
        303);
  CHECK(support.world.database.last["give_domain"][2] == "xn--mnchen-3ya.example");
  for (const char* bad : {"gmail.com", "corp.test", "con toso", "", "a..b", "@"}) {
    const int before = support.changes();
    const Response page =
        support.post("domain", "name=contoso&then=give&domain=" + http::percent_encode(bad));
    CHECK(page.status == 422);
    CHECK_THAT(page.body, Contains("id=\"domain-error\""));
    CHECK(support.changes() == before);
  }
  support.outcome = "taken";
  CHECK_THAT(support.post("domain", kForms[1].second).body,
             Contains("contoso.example belongs to another company"));
}

TEST_CASE("whoever connects companies has a record looked for again, without signing on anew") {
  Support support("*=manager", std::chrono::hours(2));
  auto& answers = support.world.database.answers;
  answers["proofs_of_company"] = [](const Params&) {
    return Rows{{{"contoso.example", "anteroom-domain=x", "ida@contoso.test", "", "", "", "",
                  "no_name", "", ""}}};
  };
  CHECK_THAT(support.get("/show", "name=contoso").body, Contains("name=\"then\" value=\"look\""));
  // A proven one's, too: before the daily look support wants to know whether it still holds.
  answers["proofs_of_company"] = [](const Params&) {
    return Rows{{{"contoso.example", "anteroom-domain=x", "ida@contoso.test", "contoso",
                  "2026-05-04T09:12:33Z", "2026-05-01T08:00:00Z", "", "proven", "", ""}}};
  };
  CHECK_THAT(support.get("/show", "name=contoso").body,
             Contains("name=\"then\" value=\"look\"") &&
                 Contains("Last looked up on 2026-05-04 09:12 UTC."));
  std::string outcome = "changed";
  answers["look_at_domain"] = [&outcome](const Params&) { return Rows{{{outcome}}}; };
  const std::string form = "name=contoso&domain=contoso.example&then=look";
  const std::string shown = "/auth/manage/companies/show?name=contoso&notice=";
  CHECK(header(support.post("domain", form), "Location") == shown + "look");
  CHECK(support.world.database.last["look_at_domain"][2] == "contoso.example");
  CHECK_THAT(support.get("/show", "name=contoso&notice=look").body, Contains("We look now."));
  outcome = "same";
  CHECK(header(support.post("domain", form), "Location") == shown + "looked");
  outcome = "own_company";
  CHECK(support.post("domain", form).status == 403);
}

TEST_CASE("a domain below another company's is given once that is said to be meant") {
  Support support;
  support.outcome = "below_another";
  const std::string eu = "name=contoso&domain=eu.litware.test&then=give";
  const Response warned = support.post("domain", eu);
  CHECK(warned.status == 422);
  CHECK_THAT(warned.body,
             Contains("eu.litware.test is below litware.test (litware). Whoever runs") &&
                 Contains("name=\"meant\" value=\"eu.litware.test\""));
  CHECK(support.world.database.last["give_domain"][3] == "false");
  support.post("domain", eu + "&meant=uk.litware.test");
  CHECK(support.world.database.last["give_domain"][3] == "false");
  support.outcome = "given";
  CHECK(support.post("domain", eu + "&meant=eu.litware.test").status == 303);
  CHECK(support.world.database.last["give_domain"][3] == "true");
  // Below one of the configuration.
  const int before = support.changes();
  const Response ours = support.post("domain", "name=contoso&domain=eu.corp.test&then=give");
  CHECK_THAT(ours.body, Contains("eu.corp.test is below a domain of another company, in the"));
  CHECK(support.changes() == before);
  CHECK(support.post("domain", "name=contoso&domain=eu.corp.test&then=give&meant=eu.corp.test")
            .status == 303);
}

TEST_CASE("contacts are saved as people separate them, and what is no address stays to be mended") {
  Support support;
  CHECK_THAT(support.get("/show", "name=contoso").body,
             Contains("A letter that single sign-on is ready goes to: ida@contoso.test") &&
                 Contains("\nida@contoso.test</textarea>"));
  CHECK(
      support
          .post(
              "contacts",
              "name=contoso&contacts=Bo%40contoso.test%0d%0ait%40partner.test%2C+bo%40contoso.test")
          .status == 303);
  CHECK(support.world.database.last["set_company_contacts"][2] ==
        "{\"bo@contoso.test\",\"it@partner.test\"}");
  CHECK(support.post("contacts", "name=contoso&contacts=").status == 303);
  CHECK(support.world.database.last["set_company_contacts"][2] == "{}");
  const int before = support.changes();
  const Response page = support.post("contacts", "name=contoso&contacts=bo%40contoso.test+%3Cb%3E");
  CHECK(page.status == 422);
  CHECK_THAT(page.body, Contains("&lt;b&gt; is not an email address.") &&
                            Contains("bo@contoso.test &lt;b&gt;</textarea>"));
  std::string many = "name=contoso&contacts=";
  for (int i = 0; i < 11; ++i) many += "a" + std::to_string(i) + "%40contoso.test+";
  CHECK_THAT(support.post("contacts", many).body, Contains("At most 10 contacts"));
  CHECK(support.changes() == before);
}

TEST_CASE("two who edit one company: the second is told, and loses nothing") {
  Support support;
  CHECK(support.post("rename", kForms[3].second).status == 303);
  Params changed = support.world.database.last["change_company"];
  CHECK(changed[2] == "17");
  CHECK(changed[4] == R"({"preset":"okta"})");
  support.outcome = "changed_meanwhile";
  const Response late =
      support.post("rename", "name=contoso&display_name=Mine&preset=okta&version=16");
  CHECK(support.world.database.last["change_company"][2] == "16");
  CHECK(late.status == 409);
  CHECK_THAT(late.body,
             Contains("Somebody else changed this company") && Contains("value=\"Mine\""));
}

TEST_CASE("the address of metadata is saved, and what it gave is shown") {
  Support support;
  const std::string url = "https://login.microsoftonline.com/t/federationmetadata.xml?appid=a";
  CHECK(support.post("address", "name=contoso&version=17&address=" + http::percent_encode(url))
            .status == 303);
  Params changed = support.world.database.last["change_company"];
  CHECK(changed[2] == "17");
  CHECK_THAT(changed[4].value_or(""),
             Contains("\"metadata_url\":\"" + url + "\"") && Contains("\"preset\""));
  support.settings = R"({"metadata_url":")" + url + "\"}";
  std::vector<Cell> state{url, kNever, kNever, ""};
  support.world.database.answers["fetch_of_company"] = [&](const Params&) { return Rows{{state}}; };
  CHECK_THAT(
      support.get("/show", "name=contoso").body,
      Contains("has not been fetched yet") && !Contains("changed with the anteroom command"));
  state = {url, "2026-05-04T09:12:33Z", "2026-05-04T09:12:33Z", ""};
  CHECK_THAT(support.get("/show", "name=contoso").body,
             Contains("Last fetched on 2026-05-04 09:12"));
  state = {url, "2026-05-05T09:12:33Z", "2026-05-04T09:12:33Z", "status <404>"};
  CHECK_THAT(support.get("/show", "name=contoso").body,
             Contains("2026-05-05 09:12") && Contains("status &lt;404&gt;") &&
                 Contains("last good: 2026-05-04 09:12"));
  state = {url, "2026-05-05T09:12:33Z", kNever, "status 404"};
  CHECK_THAT(support.get("/show", "name=contoso").body, Contains("never given anything good"));
  // Empty: nothing is fetched any more.
  CHECK(support.post("address", "name=contoso&version=17&address=").status == 303);
  CHECK(support.world.database.last["change_company"][4] == "{}");
}

TEST_CASE("what is no https address is said beside the field, and stays there") {
  Support support;
  for (const std::string bad : {"http://idp.test/", "idp.test/metadata", "javascript:alert(1)"}) {
    const Response page =
        support.post("address", "name=contoso&version=17&address=" + http::percent_encode(bad));
    CHECK(page.status == 422);
    CHECK_THAT(page.body, Contains("begins with https://") && Contains("value=\"" + bad));
  }
  CHECK(support.post("address", "name=contoso&version=17&address=https://" + std::string(2000, 'a'))
            .status == 422);
  CHECK(support.world.database.calls["change_company"] == 0);
  support.outcome = "changed_meanwhile";
  const Response late =
      support.post("address", "name=contoso&version=16&address=https://idp.test/");
  CHECK(late.status == 409);
  CHECK_THAT(late.body, Contains("value=\"https://idp.test/\""));
}

TEST_CASE("every outcome of the database has words") {
  for (const auto& [outcome, status] :
       std::vector<std::pair<std::string, int>>{{"not_allowed", 403},
                                                {"own_company", 403},
                                                {"no_company", 404},
                                                {"no_metadata", 422},
                                                {"no_domain", 422},
                                                {"still_live", 422},
                                                {"unheard_of", 403}}) {
    Support support;
    support.outcome = outcome;
    const Response page = support.post("state", "name=contoso&then=live&version=17");
    CHECK(page.status == status);
    CHECK_THAT(page.body, Contains("class=\"notice failure\" role=\"alert\""));
  }
}

TEST_CASE("with the database away nobody is told that a company is not there") {
  Support support;
  support.world.database.answers.erase("find_company");
  support.world.database.answers.erase("show_company");
  CHECK(support.get("/show", "name=contoso").status == 503);
  CHECK(support.confirm_metadata(support.xml).status == 503);
}

TEST_CASE("another kind of identity provider is chosen for a draft alone") {
  Support support;
  support.settings = R"({"force_authn": true})";  // says none: a generic one
  CHECK_THAT(support.get("/show", "name=contoso").body,
             Contains("value=\"generic\" selected") && !Contains("Basic SAML Configuration"));
  support.state = "live";
  CHECK_THAT(support.get("/show", "name=contoso").body, !Contains("<select id=\"preset\""));
  CHECK(support.post("rename", kForms[3].second).status == 303);
  CHECK(support.world.database.last["change_company"][4] == support.settings);
}

TEST_CASE("who goes live or puts metadata in force says what they were shown") {
  Support support;
  support.post("state", "name=contoso&then=live&version=16x");
  CHECK(support.world.database.last["set_company_state"][2] == "-1");
  support.post("state", "name=contoso&then=live&version=16");
  CHECK(support.world.database.last["set_company_state"][2] == "16");
  support.post("state", "name=contoso&then=suspended");
  CHECK(support.world.database.last["set_company_state"][2] == kNever);
  support.outcome = "changed_meanwhile";
  const Response late = support.confirm_metadata(support.xml);
  CHECK(late.status == 409);
  CHECK_THAT(late.body,
             Contains("Somebody else changed this company") && Contains("&lt;EntityDescriptor"));
}

TEST_CASE("what is so already is done, and odd bytes are nobody's name") {
  Support support;
  support.outcome = "has_it";
  CHECK(support.post("domain", kForms[1].second).status == 303);
  support.outcome = "not_its";
  CHECK(support.post("domain", kForms[2].second).status == 303);
  const std::string body =
      "--edge\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n\xff\r\n--edge--\r\n";
  CHECK(support.world
            .answer({.method = "POST",
                     .path = "/auth/manage/companies/metadata",
                     .body = body,
                     .cookie = kSessionCookieHeader,
                     .content_type = "multipart/form-data; boundary=edge"})
            .status == 404);
  CHECK(support.world.database.last["show_company"][1] == "\ufffd");
}

TEST_CASE("a company whose name the configuration has taken says so, and nothing of that one") {
  Support support;
  support.state = "live";
  support.world.database.answers["show_company"] = [](const Params&) {
    return Rows{{{"corp", "Corp", "live", "corp2.test", "{}", "", "17", "", "0", ""}}};
  };
  support.world.database.answers["changed_companies"] = [first = true](const Params&) mutable {
    if (!std::exchange(first, false)) return Rows{};
    return Rows{{{"corp", "Corp", "live", "corp2.test", "{}", "", "17", "", "0", ""}}};
  };
  REQUIRE(wait(support.world.site->refresh_companies()).ok());
  CHECK_THAT(support.get("/show", "name=corp").body,
             Contains("the name is corp&apos;s already") && !Contains("Nobody can sign in there"));
}

namespace {

std::vector<Cell> proposal(const std::string& act, bool is_own, const std::string& xml = "",
                           const std::string& domain = "", const std::string& settings = "{}") {
  return {"4",
          act,
          domain,
          "f",
          xml,
          "https://contoso.test/",
          "CC:DD",
          settings,
          "was {}, is {}",
          "<ada>@corp.test",
          "2026-05-04T09:12:33Z",
          "2026-05-11T09:12:33Z",
          is_own ? "t" : "f"};
}

}  // namespace

TEST_CASE("what waits for a second person is shown, and nobody confirms their own") {
  Support support;
  support.proposals.rows = {proposal("metadata", false)};
  const std::string page = support.get("/show", "name=contoso").body;
  CHECK_THAT(page, Contains("Waits for a second person") && Contains("CC:DD") &&
                       Contains("AA:BB") && Contains("&lt;ada&gt;@corp.test") &&
                       Contains("value=\"confirm\"") && Contains("Decline"));
  support.proposals.rows = {proposal("live", true)};
  const std::string own = support.get("/show", "name=contoso").body;
  CHECK_THAT(
      own, !Contains("value=\"confirm\"") && Contains("Take back") && !Contains("value=\"live\""));
}

TEST_CASE("an act that has to wait says so, whichever it is") {
  for (const auto& [form, body] : std::vector<std::pair<std::string, std::string>>{
           {"domain", "name=contoso&domain=contoso.example&then=give"},
           {"state", "name=contoso&then=live&version=17"},
           {"address", "name=contoso&version=17&address=https%3A%2F%2Fidp.test%2Fmetadata"}}) {
    Support support;
    support.outcome = "proposed";
    const Response answer = support.post(form, body);
    CHECK(header(answer, "Location") == "/auth/manage/companies/show?name=contoso&notice=proposed");
  }
  Support support;
  support.outcome = "proposed";
  CHECK(header(support.confirm_metadata(support.xml), "Location") ==
        "/auth/manage/companies/show?name=contoso&notice=proposed");
  CHECK_THAT(support.get("/show", "name=contoso&notice=proposed").body,
             Contains("Proposed. Nothing has changed yet"));
}

TEST_CASE("what is confirmed is judged once more") {
  const auto answer = [](std::vector<Cell> row) {
    Support support;
    support.proposals.rows = {std::move(row)};
    const Response response = support.post("second", "name=contoso&number=4&then=confirm");
    return std::pair(response.status, support.world.database.calls["confirm_proposal"]);
  };
  Support good;
  CHECK(answer(proposal("live", false)) == std::pair(303, 1));
  CHECK(answer(proposal("domain", false, "", "contoso.example")) == std::pair(303, 1));
  CHECK(answer(proposal("metadata", false, good.xml)) == std::pair(303, 1));
  CHECK(answer(proposal("settings", false, "", "", R"({"force_authn":true})")) ==
        std::pair(303, 1));
  CHECK(answer(proposal("domain", false, "", "gmail.com")) == std::pair(422, 0));
  CHECK(answer(proposal("metadata", false, "<html/>")) == std::pair(422, 0));
  CHECK(answer(proposal("settings", false, "", "", R"({"force_authn":"perhaps"})")) ==
        std::pair(422, 0));
}

TEST_CASE("what cannot be confirmed any more says so") {
  Support none;
  const Response gone = none.post("second", "name=contoso&number=4&then=confirm");
  CHECK(gone.status == 409);
  CHECK_THAT(gone.body, Contains("This can no longer be confirmed"));
  CHECK(none.world.database.calls["confirm_proposal"] == 0);
  for (const auto& [outcome, status] : std::vector<std::pair<std::string, int>>{
           {"no_proposal", 409}, {"own_proposal", 403}, {"own_company", 403}, {"taken", 422}}) {
    Support support;
    support.outcome = outcome;
    support.proposals.rows = {proposal("live", false)};
    CHECK(support.post("second", "name=contoso&number=4&then=confirm").status == status);
  }
  CHECK(none.post("second", "name=contoso&number=4&then=perhaps").status == 400);
}

TEST_CASE("nobody confirms after a sign-on of long ago") {
  Support support("*=manager", std::chrono::minutes(61));
  support.proposals.rows = {proposal("live", false)};
  CHECK(support.post("second", "name=contoso&number=4&then=confirm").status == 403);
  CHECK(support.changes() == 0);
}

TEST_CASE("every setting is on the page, with what it is and what it does") {
  Support support;
  support.settings =
      R"({"preset":"entra","force_authn":true,"attributes":{"subject":[],"email":["mail","NameID"]},)"
      R"("button":"<b>","request_binding":"post","scim":{"groups":[]}})";
  const std::string page = support.get("/show", "name=contoso").body;
  for (const config::SectionKeys& section : config::section_keys()) {
    const std::string path(section.path);
    constexpr std::string_view kEntry = "identity_providers";
    if (path != kEntry && path != "identity_providers.attributes" &&
        path != "identity_providers.single_logout") {
      continue;
    }
    for (const std::string_view key : section.keys) {
      static const std::set<std::string_view> kElsewhere{
          "name",    "display_name", "preset", "metadata",   "metadata_url",
          "domains", "scim",         "access", "attributes", "single_logout"};
      if (path == kEntry && kElsewhere.count(key) > 0) continue;
      const std::string name = path == kEntry
                                   ? std::string(key)
                                   : path.substr(kEntry.size() + 1) + "." + std::string(key);
      INFO(name);
      CHECK_THAT(page, Contains("name=\"" + name + "\""));
    }
  }
  CHECK_THAT(page, Contains("value=\"&lt;b&gt;\"") &&
                       Contains("<option value=\"true\" selected>yes</option>") &&
                       Contains("<option value=\"post\" selected>post</option>") &&
                       Contains("\nmail\nNameID</textarea>") && Contains("\n-</textarea>") &&
                       Contains("{&quot;scim&quot;:{&quot;groups&quot;:[]}}"));
}

TEST_CASE("settings are changed together, and what was not touched stays as it was") {
  Support support;
  support.settings =
      R"({"preset":"entra","attributes":{"subject":[]},"scim":{"groups":[]},"force_authn":true})";
  const Response changed = support.post(
      "settings",
      "name=contoso&version=17&force_authn=&allow_sha1=false&attributes.subject=-&button=Hi"
      "&attributes.email=mail%0D%0A+NameID+%0D%0A&single_logout.binding=off");
  CHECK(header(changed, "Location") == "/auth/manage/companies/show?name=contoso&notice=settings");
  const Params given = support.world.database.last["change_company"];
  CHECK(given[2] == "17");
  CHECK(
      given[4] ==
      R"({"allow_sha1":false,"attributes":{"email":["mail","NameID"],"subject":[]},"button":"Hi",)"
      R"("preset":"entra","scim":{"groups":[]},"single_logout":{"binding":"off"}})");
}

TEST_CASE("settings that are wrong, late or overtaken change nothing and stay on the page") {
  Support support;
  const Response wrong =
      support.post("settings", "name=contoso&version=17&metadata_refresh=%3Cnever%3E");
  CHECK(wrong.status == 422);
  CHECK_THAT(wrong.body, Contains("These settings cannot be used") &&
                             Contains("value=\"&lt;never&gt;\"") && Contains("<details open>"));
  CHECK(support.post("settings", "name=contoso&version=17&force_authn=perhaps").status == 400);
  CHECK(support.post("settings", "name=contoso&version=17&metadata_ca=%2Fetc%2Fpasswd").status ==
        422);
  CHECK(support.changes() == 0);
  support.outcome = "changed_meanwhile";
  const Response overtaken = support.post("settings", "name=contoso&version=16&button=Mine");
  CHECK(overtaken.status == 409);
  CHECK_THAT(overtaken.body,
             Contains("Somebody else changed this company") && Contains("value=\"Mine\""));
  Support late("*=manager", std::chrono::minutes(61));
  const Response refused = late.post("settings", "name=contoso&version=17&button=Mine");
  CHECK(refused.status == 403);
  CHECK_THAT(refused.body, Contains("value=\"Mine\""));
  CHECK(late.changes() == 0);
}

TEST_CASE("a company's page shows what it gives by what it asserts") {
  Support support;
  std::string people = "0";
  support.world.database.answers["too_many_groups"] = [&](const Params&) {
    return Rows{{{people, "2026-05-04T09:12:33Z"}}};
  };
  SECTION("where there is a table alone") {
    CHECK_THAT(support.get("/show", "name=contoso").body, !Contains("by what the company asserts"));
    CHECK(support.world.database.calls["too_many_groups"] == 0);
  }
  SECTION("with each of its rows") {
    support.settings = R"({"access": {"attribute": "urn:<role>", "values": [
        {"value": "<Staff>", "level": "manager", "properties": ["elm", "oak"]},
        {"value": "B", "level": "viewer", "properties": "*"}]}})";
    const std::string page = support.get("/show", "name=contoso").body;
    CHECK_THAT(page, Contains("urn:&lt;role&gt;") && Contains("&lt;Staff&gt;") &&
                         Contains("manager: elm, oak") && Contains("viewer: all properties"));
    CHECK_THAT(page, !Contains("<Staff>") && !Contains("too many. Their"));
    people = "3";
    CHECK_THAT(support.get("/show", "name=contoso").body,
               Contains("3 people, most recently on 2026-05-04 09:12 UTC"));
  }
  SECTION("and whatever stands there") {
    for (const char* settings :
         {R"({"access": 1})", R"({"access": {"values": "A"}})", R"({"access": {"values": [1]}})",
          R"({"access": {"attribute": [], "values": [{"value": {}, "properties": [1, {}]}]}})"}) {
      support.settings = settings;
      CHECK(support.get("/show", "name=contoso").status == 200);
    }
  }
}
