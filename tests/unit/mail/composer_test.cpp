#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "fixture.h"

using namespace anteroom;
using namespace anteroom::test;
using Catch::Matchers::Contains;

namespace {

const std::string kGood =
    R"({"email":"ann@corp.test","name":"Ann","properties":["Elm Court","Mill House"],
  "level":"technician","requested_by":"carla@corp.test"})";

// "NAME" of every "NAME.LANGUAGE.FORMAT".
std::set<std::string> letters() {
  std::set<std::string> names;
  for (const std::string& name : mail::Composer::template_names()) {
    names.insert(name.substr(0, name.find('.')));
  }
  names.erase("layout");
  return names;
}

std::string file(const std::string& path) {
  std::ifstream stream(std::string(ANTEROOM_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  return {std::sregex_token_iterator(text.begin(), text.end(), expression, 1),
          std::sregex_token_iterator()};
}

}  // namespace

TEST_CASE("a letter says what it should, in text and HTML") {
  const std::string bytes = composed("access_approved", kGood);
  const std::string top = head(bytes);
  CHECK_THAT(top, Contains("Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"));
  CHECK_THAT(top, Contains("From: \"Maintenance\" <no-reply@maintenance.test>\r\n"));
  CHECK_THAT(top, Contains("To: <ann@corp.test>\r\n"));
  CHECK_THAT(top, Contains("Reply-To: <support@maintenance.test>\r\n"));
  CHECK_THAT(top, Contains("Subject: You may sign in now\r\n"));
  CHECK_THAT(top,
             Contains("Message-ID: <0b8a5a9c-6a1c-4df9-93a7-7c2f2f3a0001@maintenance.test>\r\n"));
  CHECK_THAT(top, Contains("Auto-Submitted: auto-generated\r\n"));
  const std::string body = decoded(bytes);
  CHECK_THAT(body, Contains("at Elm Court, Mill House"));
  CHECK_THAT(body, Contains("\r\nhttps://app.test/\r\n"));
  CHECK_THAT(body, Contains("<a href=\"https://app.test/\""));
  CHECK_THAT(body, Contains("Access level: technician\r\n"));
}

TEST_CASE("the same letter is the same bytes, another letter has another Message-ID") {
  CHECK(composed("access_approved", kGood) == composed("access_approved", kGood));
  mail::Letter other = letter("access_approved", kGood);
  other.id.back() = '2';
  const auto message = mail::Composer(settings()).compose(other);
  CHECK_THAT(message->bytes, Contains("0002@maintenance.test>"));
}

TEST_CASE("a letter speaks the language of its parameters, else the installation's") {
  CHECK_THAT(composed("access_approved", R"({"language":"es"})"),
             Contains("Subject: =?UTF-8?Q?Ya_puede_iniciar_sesi=C3=B3n?="));
  CHECK_THAT(composed("access_approved", R"({"language":"tlh"})"), Contains("You may sign in now"));
  Settings spanish = settings();
  spanish.mail->language = "es";
  const mail::Composer composer(spanish);
  CHECK_THAT(composer.compose(letter("access_approved", "{}"))->bytes, Contains("Ya_puede"));
  CHECK_THAT(composer.compose(letter("access_approved", R"({"language":"en"})"))->bytes,
             Contains("You may sign in now"));
}

TEST_CASE("every letter is there in every language and format, and can be composed") {
  const auto names = mail::Composer::template_names();
  CHECK(letters() == std::set<std::string>{"access_approved", "access_declined", "company_changed",
                                           "company_handed_in", "company_link", "company_proposed",
                                           "company_ready", "digest", "domain_not_proven",
                                           "expiry_warning", "metadata_not_refreshed",
                                           "please_request", "request_approved", "request_declined",
                                           "request_reminder"});
  CHECK(names.size() == (letters().size() + 1) * mail::languages().size() * 2);
  const mail::Composer composer(settings());
  for (const std::string& name : letters()) {
    for (const std::string& language : mail::languages()) {
      for (const char* format : {"txt", "html"}) {
        const std::string whole = name + "." + language + "." + format;
        INFO(whole);
        CHECK(std::find(names.begin(), names.end(), whole) != names.end());
      }
      for (const std::string more :
           {"", R"(,"email":"ann@corp.test","name":"Ann","reason":"no")"}) {
        const auto message =
            composer.compose(letter(name, R"({"language":")" + language + "\"" + more + "}"));
        INFO(name << " " << language);
        REQUIRE(message);
        CHECK_THAT(message->bytes, Contains("Content-Language: " + language));
        CHECK_THAT(message->bytes.substr(0, message->bytes.find("text/html")),
                   !Contains("\r\n\r\n\r\n"));
        CHECK_THAT(message->bytes, !Contains("{{"));
      }
    }
  }
}

TEST_CASE("both languages and both formats of a letter say the same things") {
  const auto used = [](const std::string& name) {
    auto found = matches(file("core/src/mail/templates/" + name + ".mustache"),
                         "\\{\\{[#^]? *([a-z_]+) *\\}\\}");
    for (const char* look : {"accent", "on_accent"}) found.erase(look);
    return found;
  };
  for (const std::string& name : letters()) {
    INFO(name);
    CHECK(used(name + ".en.txt") == used(name + ".es.txt"));
    CHECK(used(name + ".en.html") == used(name + ".es.html"));
    if (name == "digest") continue;  // counts stand in its subject
    auto text = used(name + ".en.txt");
    text.insert("email");  // may stand in the subject alone
    auto html = used(name + ".en.html");
    html.insert("email");
    CHECK(text == html);
  }
}

TEST_CASE("every value of a letter is documented, and every documented letter exists") {
  const std::string reference = file("nginx-conf/manual/mail.md");
  CHECK(matches(reference, "\n\\| `([a-z_]+)` \\| to ") == letters());
  const auto documented = matches(reference, "`([a-z_]+)`");
  for (const std::string& name : mail::Composer::template_names()) {
    for (const std::string& value : matches(file("core/src/mail/templates/" + name + ".mustache"),
                                            "\\{\\{[#^/]? *([a-z_]+) *\\}\\}")) {
      INFO(name << " uses " << value);
      CHECK(documented.count(value) == 1);
    }
  }
}

TEST_CASE("only addresses that could sign in are written to") {
  const mail::Composer composer(settings());
  for (const std::string evil :
       {"", "ann", "ann@corp.test, eve@evil.test", "ann@corp.test\r\nBcc: eve@evil.test",
        "ann@corp.test>\r\nRCPT TO:<eve@evil.test", "\"ann eve\"@corp.test", "<ann@corp.test>",
        "Ann <ann@corp.test>", "ann@corp.test eve@evil.test", "ann@c\xd0\xberp.test",
        "ann@corp.test\n.\nMAIL FROM:<x@y.test>", "@relay.test:ann@corp.test", "ann%evil@corp.test",
        "ann@[127.0.0.1]", "ann@localhost"}) {
    mail::Letter bad = letter("access_approved", "{}");
    bad.recipient = evil;
    const auto message = composer.compose(bad);
    CAPTURE(evil);
    REQUIRE_FALSE(message);
    CHECK(message.failure().code == mail::code::kRecipient);
  }
  mail::Letter upper = letter("access_approved", "{}");
  upper.recipient = "Ann@Corp.Test";
  CHECK(composer.compose(upper)->recipient == "ann@corp.test");
}

TEST_CASE("a letter without template or parameters is told for good") {
  const mail::Composer composer(settings());
  CHECK(composer.compose(letter("nothing", "{}")).failure().code == mail::code::kTemplate);
  CHECK(composer.compose(letter("layout", "{}")).failure().code == mail::code::kTemplate);
  CHECK(composer.compose(letter("digest.en", "{}")).failure().code == mail::code::kTemplate);
  CHECK(composer.compose(letter("digest", "[]")).failure().code == mail::code::kParameters);
}

TEST_CASE("no value begins a header, a part, a line or an element") {
  const std::string boundary = "=_0b8a5a9c-6a1c-4df9-93a7-7c2f2f3a0001";
  const std::vector<std::string> attempts{"x\\r\\nBcc: eve@evil.test",
                                          "x\\n\\n<b>",
                                          "x\\r\\n--" + boundary + "--\\r\\n",
                                          "</p><script>alert(1)</script>",
                                          "\\\"><img src=x>",
                                          "{{{product_name}}}{{landing_url}}",
                                          "=?UTF-8?Q?=0ABcc:?=",
                                          "\\n.\\n",
                                          "\\u0085Bcc: x",
                                          "\\u2028Bcc: x"};
  for (const std::string& evil : attempts) {
    for (const std::string& name : letters()) {
      const std::string parameters = R"({"email":")" + evil + R"(","name":")" + evil +
                                     R"(","reason":")" + evil + R"(","note":")" + evil +
                                     R"(","properties":[")" + evil + R"("],"people_count":")" +
                                     evil + R"("})";
      INFO(name << ": " << evil);
      const std::string bytes = composed(name, parameters);
      const std::string harmless =
          composed(name, R"({"email":"x","name":"x","reason":"x","note":"x",
                                                     "properties":["x"],"people_count":"x"})");
      const auto fields = [](const std::string& message) {
        const auto all = lines(head(message));
        return all.size();
      };
      CHECK(fields(bytes) == fields(harmless));
      CHECK_THAT(head(bytes), !Contains("\nBcc"));
      const auto count = [](const std::string& text, const std::string& what) {
        int found = 0;
        for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
          ++found;
        return found;
      };
      CHECK(count(bytes, "--" + boundary) == 3);
      const std::string html = decoded(bytes.substr(bytes.find("text/html")));
      const std::string harmless_html = decoded(harmless.substr(harmless.find("text/html")));
      CHECK(count(html, "<") == count(harmless_html, "<"));
      CHECK(count(html, ">") == count(harmless_html, ">"));
      CHECK(count(html, "\"") == count(harmless_html, "\""));
      CHECK_THAT(html, !Contains("https://app.test/https"));
    }
  }
}

TEST_CASE("text is not HTML: what a person wrote stands there as written") {
  const std::string bytes =
      composed("access_declined", R"({"reason":"Tom & Jerry's \"A<B\" — not yet"})");
  const std::string text = decoded(bytes.substr(0, bytes.find("text/html")));
  const std::string html = decoded(bytes.substr(bytes.find("text/html")));
  CHECK_THAT(text, Contains("Reason: Tom & Jerry's \"A<B\" — not yet\r\n"));
  CHECK_THAT(html, Contains("A&lt;B") && !Contains("A<B"));
}

TEST_CASE("every line is 7 bit and short, however long a value is") {
  const std::string parameters =
      R"({"name":")" + std::string(5000, 'x') + R"(","email":")" + std::string(3000, 'y') + R"("})";
  for (const std::string& line : lines(composed("please_request", parameters))) {
    CHECK(line.size() <= 78);
    CHECK(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
  }
}

TEST_CASE("operators replace templates one by one") {
  Settings own = settings();
  own.mail->templates["access_approved.en.txt"] = "Subject: In, {{name}}!\n\nCome in.\n";
  own.mail->templates["layout.en.txt"] = "{{> content}}\n== {{product_name}}\n";
  const mail::Composer composer(own);
  const std::string bytes = composer.compose(letter("access_approved", kGood))->bytes;
  CHECK_THAT(bytes, Contains("Subject: In, Ann!\r\n"));
  CHECK_THAT(decoded(bytes),
             Contains("Come in.\r\n\r\n== Maintenance") && Contains("You have been given access"));
  CHECK_THAT(decoded(composer.compose(letter("request_approved", kGood))->bytes),
             Contains("Your request was approved"));
}

TEST_CASE("a template that cannot be used is told by line") {
  CHECK(mail::check_template("digest.en.txt", "Subject: a\n\nb\n").empty());
  CHECK(mail::check_template("digest.en.html", "<p>b</p>").empty());
  CHECK(mail::check_template("layout.es.html", "<html>{{> content}}</html>").empty());
  CHECK_THAT(mail::check_template("nothing.en.txt", ""), Contains("no such template"));
  CHECK_THAT(mail::check_template("digest.en.txt", "b\n"), Contains("line 1: it must start with"));
  CHECK_THAT(mail::check_template("digest.en.txt", "Subject: \n\nb"), Contains("line 1"));
  CHECK_THAT(mail::check_template("digest.en.html", "\n{{{name}}}"), Contains("line 2"));
  CHECK_THAT(mail::check_template("digest.en.txt", "Subject: a\n\n{{&name}}"), Contains("line 3"));
  CHECK_THAT(mail::check_template("digest.en.html", "{{#a}}"), Contains("line 1"));
  CHECK_THAT(mail::check_template("layout.en.txt", "x"), Contains("needs {{> content}}"));
}
