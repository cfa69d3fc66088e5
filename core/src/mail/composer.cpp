#include <algorithm>
#include <set>
#include <stdexcept>

#include "anteroom/company_address.h"
#include "anteroom/email.h"
#include "anteroom/mail.h"
#include "mail/mime.h"
#include "mail/shipped.h"
#include "mail/values.h"
#include "session/set_up_link.h"
#include "templates/common_values.h"
#include "templates/template.h"
#include "text/ascii.h"

namespace anteroom::mail {

namespace {

using templates::Escaping;
using templates::Template;
using templates::Values;
using Texts = std::map<std::string, std::string>;

constexpr std::string_view kSubject = "Subject: ";

bool is_html(std::string_view name) {
  return name.ends_with(".html");
}

bool is_layout(std::string_view name) {
  return name.starts_with("layout.");
}

// "en.html" of "access_approved.en.html".
std::string layout_of(const std::string& name) {
  return "layout" + name.substr(name.find('.'));
}

// The first line of a text template, and what follows the blank line after it.
std::pair<std::string, std::string> split_subject(const std::string& text) {
  const auto end = std::min(text.find('\n'), text.size());
  if (!text.starts_with(kSubject) || end == kSubject.size()) {
    throw std::runtime_error("line 1: it must start with \"Subject: …\"");
  }
  return {text.substr(kSubject.size(), end - kSubject.size()),
          text.substr(std::min(text.find_first_not_of('\n', end), text.size()))};
}

std::string in_layout(const Texts& texts, const std::string& name, const std::string& content) {
  return templates::fill(texts.at(layout_of(name)), "content", content);
}

// Sections that say nothing leave blank lines behind.
std::string without_gaps(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' && out.ends_with("\n\n")) continue;
    out += c;
  }
  return out.substr(std::min(out.find_first_not_of('\n'), out.size()));
}

Texts chosen_texts(const Texts& overrides) {
  Texts texts;
  for (const auto& [name, text] : shipped_templates()) texts[name] = text;
  for (const auto& [name, text] : overrides) texts[name] = text;
  return texts;
}

/// One kind of letter in one language.
struct Form {
  Template subject, text, html;

  static Form of(const Texts& texts, const std::string& name) {
    const auto [subject, body] = split_subject(texts.at(name + ".txt"));
    return {Template(subject, Escaping::none),
            Template(in_layout(texts, name + ".txt", body), Escaping::none),
            Template(in_layout(texts, name + ".html", texts.at(name + ".html")))};
  }
};

std::string part(std::string_view type, std::string_view language, const std::string& text) {
  return std::string("Content-Type: ")
      .append(type)
      .append("; charset=utf-8\r\nContent-Language: ")
      .append(language)
      .append("\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
      .append(quoted_printable(text));
}

}  // namespace

class Composer::Implementation {
 public:
  explicit Implementation(const Settings& settings)
      : mail_(settings.mail.value()),
        common_(templates::common_values(settings)),
        company_pages_(company_address(settings.service_provider, "")),
        set_up_page_(session::set_up_address(settings.service_provider, "")),
        cookie_keys_(settings.sessions.cookie_keys) {
    common_.text["manage_url"] =
        settings.service_provider.origin.text + settings.service_provider.pages_prefix + "/manage";
    reply_to_ = canonical_email(settings.pages.support_email).value_or("");
    for (const IdentityProvider& idp : settings.identity_providers) {
      company_by_idp_[idp.name] = idp.display_name;
    }
    const Texts texts = chosen_texts(mail_.templates);
    for (const auto& [name, text] : texts) {
      if (is_html(name) || is_layout(name)) continue;
      const std::string form = name.substr(0, name.size() - std::string_view(".txt").size());
      try {
        forms_.emplace(form, Form::of(texts, form));
      } catch (const std::runtime_error& unusable) {
        throw std::runtime_error("mail template " + form + ": " + unusable.what());
      }
    }
  }

  [[nodiscard]] Result<Message> compose(const Letter& letter) const {
    const auto recipient = canonical_email(letter.recipient);
    // As it is stored: what only stands for an address is not written to.
    if (!recipient || !text::equals_ignoring_case(*recipient, letter.recipient)) {
      return Failure{code::kRecipient, "the recipient is not an address"};
    }
    auto values = values_of(letter.parameters, company_by_idp_);
    if (!values) return Failure{code::kParameters, "the parameters are not a JSON object"};
    if (const auto idp = values->text.find("idp"); idp != values->text.end()) {
      values->text["company_url"] = company_pages_ + idp->second;
    }
    if (const auto link = values->text.find("sealed_link"); link != values->text.end()) {
      const crypto::Sealer sealer(cookie_keys_);
      const auto token = session::open_in_letter(sealer, link->second, letter.written_at);
      if (!token) return Failure{code::kParameters, "its link cannot be opened with our keys"};
      values->text["set_up_url"] = set_up_page_ + *token;
    }
    const std::string language = language_of(*values);
    const auto form = forms_.find(letter.template_name + "." + language);
    if (form == forms_.end()) {
      return Failure{code::kTemplate, "there is no template " + one_line(letter.template_name)};
    }
    return Message{mail_.from_address, *recipient,
                   head(letter, *recipient, form->second, *values) +
                       body(letter, form->second, *values, language)};
  }

 private:
  [[nodiscard]] std::string language_of(const Values& values) const {
    const auto given = values.text.find("language");
    const bool is_known =
        given != values.text.end() &&
        std::find(languages().begin(), languages().end(), given->second) != languages().end();
    return is_known ? given->second : mail_.language;
  }

  [[nodiscard]] std::string head(const Letter& letter, const std::string& recipient,
                                 const Form& form, const Values& values) const {
    std::string out = "Date: " + date_time(letter.written_at) + "\r\n";
    out += address_header("From", mail_.from_name, mail_.from_address);
    out += address_header("To", "", recipient);
    if (!reply_to_.empty()) out += address_header("Reply-To", "", reply_to_);
    out += text_header("Subject", one_line(form.subject.render(common_, values)));
    out +=
        "Message-ID: <" + letter.id + "@" + std::string(email_domain(mail_.from_address)) + ">\r\n";
    // RFC 3834 5; Exchange answers what has only the first.
    out += "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n";
    return out + "MIME-Version: 1.0\r\n";
  }

  // Quoted-printable never writes "=_": the boundary is in no part (RFC 2045 6.7).
  [[nodiscard]] std::string body(const Letter& letter, const Form& form, const Values& values,
                                 const std::string& language) const {
    const std::string boundary = "=_" + letter.id;
    const std::string text = without_gaps(form.text.render(common_, values));
    return "Content-Type: multipart/alternative;\r\n boundary=\"" + boundary + "\"\r\n\r\n--" +
           boundary + "\r\n" + part("text/plain", language, text) + "\r\n--" + boundary + "\r\n" +
           part("text/html", language, form.html.render(common_, values)) + "\r\n--" + boundary +
           "--\r\n";
  }

  MailSettings mail_;
  Values common_;
  std::string company_pages_;        ///< a company's name follows
  std::string set_up_page_;          ///< a link's token follows
  std::vector<Secret> cookie_keys_;  ///< open what only a letter shows
  std::string reply_to_;
  std::map<std::string, std::string> company_by_idp_;
  std::map<std::string, Form> forms_;  ///< by "NAME.LANGUAGE"
};

Composer::Composer(const Settings& settings)
    : implementation_(std::make_unique<Implementation>(settings)) {}

Composer::~Composer() = default;

Result<Message> Composer::compose(const Letter& letter) const {
  return implementation_->compose(letter);
}

std::vector<std::string> Composer::template_names() {
  std::vector<std::string> names;
  for (const auto& [name, text] : shipped_templates()) names.push_back(name);
  return names;
}

const std::vector<std::string>& languages() {
  static const std::vector<std::string> kLanguages{"en", "es"};
  return kLanguages;
}

std::string check_template(const std::string& name, const std::string& text) {
  if (shipped_templates().count(name) == 0) return "there is no such template";
  std::string problem = templates::check_syntax(text);
  if (!problem.empty()) return problem;
  try {
    // Any letter serves to try a layout.
    const std::string form = is_layout(name) ? "digest" + name.substr(name.find('.')) : name;
    (void)Form::of(chosen_texts({{name, text}}), form.substr(0, form.rfind('.')));
    return "";
  } catch (const std::runtime_error& unusable) {
    return unusable.what();
  }
}

}  // namespace anteroom::mail
