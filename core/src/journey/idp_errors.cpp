#include "journey/idp_errors.h"

#include <algorithm>
#include <array>

#include "http/form.h"
#include "http/text.h"
#include "journey/respond.h"
#include "journey/steps.h"

namespace anteroom::journey {

namespace {

struct Entry {
  std::string_view key;
  IdpError error;
};

constexpr std::string_view kAdministrator =
    "Only your company's Microsoft administrator can change this: send them this page.";
constexpr std::string_view kSupport =
    "The connection between your company and this site needs a correction: please tell support.";

// Microsoft Learn, "Microsoft Entra authentication and authorization error codes", and the
// troubleshooting articles of single numbers; the words are our own.
constexpr std::array kAadsts{
    Entry{"50105",
          {"Your account has not been assigned to this application at your company.",
           "Ask your company's Microsoft administrator to assign you to it, then try again."}},
    Entry{"50011",
          {"The address that Microsoft should send you back to is not registered there.",
           kAdministrator}},
    Entry{
        "700016",
        {"Microsoft does not know this application in your company's directory.", kAdministrator}},
    Entry{
        "650056",
        {"The application is not set up completely in your company's directory.", kAdministrator}},
    Entry{"75011",
          {"You signed in at Microsoft in another way than this site asked for.",
           "Close the browser, open it again and try once more. If it stays, tell support."}},
    Entry{"75005", {"Microsoft could not read the request.", kSupport}},
    Entry{"75006", {"Microsoft could not answer in the way it was asked to.", kSupport}},
    Entry{"750054",
          {"The page at Microsoft was opened without a request from this site.",
           "Start again on the sign-in page here instead of a saved Microsoft page."}},
    Entry{"50020",
          {"The account you used belongs to another organization.",
           "Sign out at Microsoft, or use a private window, and sign in with your work account."}},
    Entry{"50034",
          {"Microsoft does not know this account.",
           "Check the address. If it is right, ask your company's IT."}},
    Entry{"50053",
          {"The account is locked after too many attempts, or the network is blocked.",
           "Wait a few minutes, or ask your company's IT to unlock it."}},
    Entry{"50055",
          {"Your password at Microsoft has expired.",
           "Change it at your company's sign-in page, then try again."}},
    Entry{"50057", {"Your account is disabled at your company.", "Ask your company's IT."}},
    Entry{"50058", {"You are not signed in at Microsoft yet.", "Please sign in with the button."}},
    Entry{"50074",
          {"Microsoft needs a second proof of who you are.",
           "Try again and complete the second step, for instance on your phone."}},
    Entry{"50076",
          {"Microsoft needs a second proof of who you are.",
           "Try again and complete the second step, for instance on your phone."}},
    Entry{"50079",
          {"You have to set up a second way to prove who you are.",
           "Follow the steps at Microsoft, then try again."}},
    Entry{"50126", {"The address or the password was wrong.", "Please try again."}},
    Entry{
        "50140",
        {"Microsoft's question \"Stay signed in?\" interrupted the sign-in.", "Please try again."}},
    Entry{"500571", {"Your guest account is disabled.", "Ask the company that invited you."}},
    Entry{"53000",
          {"Your company lets in only devices that it manages.",
           "Use a work device, or ask your company's IT."}},
    Entry{"53001",
          {"Your company lets in only devices that are joined to it.",
           "Use a work device, or ask your company's IT."}},
    Entry{"53003",
          {"A rule of your company (Conditional Access) does not allow this sign-in.",
           "Ask your company's IT which device, network or step the rule asks for."}},
    Entry{"65001",
          {"Nobody at your company has agreed to the use of this application.", kAdministrator}},
    Entry{"90094",
          {"An administrator of your company has to agree to this application.", kAdministrator}},
    Entry{"90072",
          {"The account you used is not in this company's directory.",
           "Sign out at Microsoft and sign in with your work account."}},
    Entry{"16000",
          {"Several accounts are signed in and none of them fits.",
           "Use a private window, or sign out at Microsoft first."}},
    Entry{"165000",
          {"The sign-in at Microsoft took too long or was begun in another window.",
           "Close the other windows and start again."}},
    Entry{"900971",
          {"No address to send you back to is registered at Microsoft.", kAdministrator}}};

// saml-core 3.2.2.2, without "urn:oasis:names:tc:SAML:2.0:status:".
constexpr std::array kStatusCodes{
    Entry{"NoPassive", {"It needs you to sign in there first.", "Please use the button."}},
    Entry{"AuthnFailed", {"The sign-in there did not succeed.", "Please try again."}},
    Entry{"RequestDenied",
          {"It does not let this account sign in here.",
           "Ask your company's IT whether you are assigned to this application."}},
    Entry{"NoAuthnContext",
          {"It cannot sign you in the way this page asks for.",
           "Ask your company's IT, and tell support the number below."}},
    Entry{"InvalidNameIDPolicy",
          {"It could not name you in the way that was asked for.", kSupport}},
    Entry{"RequestUnsupported", {"It does not support what was asked of it.", kSupport}},
    Entry{"UnknownPrincipal", {"It does not know this account.", "Ask your company's IT."}},
    Entry{"Requester", {"It refused the request.", kSupport}},
    Entry{"Responder",
          {"Something went wrong there.",
           "Please try again in a few minutes; if it stays, ask your company's IT."}}};

template <class Table>
std::optional<IdpError> look_up(const Table& table, std::string_view key) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == table.end() ? std::nullopt : std::optional(found->error);
}

std::string_view digits_at(std::string_view text) {
  return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

}  // namespace

std::string_view aadsts_number(std::string_view text) {
  constexpr std::string_view kPrefix = "AADSTS";
  constexpr std::size_t kMostDigits = 10;
  const auto found = std::search(text.begin(), text.end(), kPrefix.begin(), kPrefix.end(),
                                 [](char a, char b) { return (a & ~0x20) == b; });
  std::string_view digits;
  if (found != text.end()) {
    digits =
        digits_at(text.substr(static_cast<std::size_t>(found - text.begin()) + kPrefix.size()));
  } else if (digits_at(text).size() == text.size()) {
    digits = text;
  }
  return digits.size() <= kMostDigits ? digits : std::string_view{};
}

std::optional<IdpError> explain_aadsts(std::string_view number) {
  return look_up(kAadsts, number);
}

std::optional<IdpError> explain_idp_error(std::string_view status_codes, std::string_view message) {
  if (auto known = explain_aadsts(aadsts_number(message))) return known;
  // The last code is the most exact one.
  while (!status_codes.empty()) {
    const auto cut = status_codes.rfind(" > ");
    const std::string_view one =
        cut == std::string_view::npos ? status_codes : status_codes.substr(cut + 3);
    const auto colon = one.rfind(':');
    if (auto known =
            look_up(kStatusCodes, colon == std::string_view::npos ? one : one.substr(colon + 1))) {
      return known;
    }
    status_codes = cut == std::string_view::npos ? std::string_view{} : status_codes.substr(0, cut);
  }
  return std::nullopt;
}

Response explain_microsoft_error(Exchange exchange) {
  constexpr std::size_t kMaxTyped = 400;
  const auto query = http::Form::parse(exchange.head().query);
  const std::string typed =
      query ? http::printable(query->get("code").substr(0, kMaxTyped), kMaxTyped) : "";
  const std::string_view number = aadsts_number(typed);
  pages::Values values;
  values.text["code"] = typed;
  values.text["number"] = number;
  values.text["sign_in_url"] = exchange.context.path("/sign-in");
  if (const auto known = explain_aadsts(number); known && !number.empty()) {
    values.text["meaning"] = known->meaning;
    values.text["remedy"] = known->remedy;
  }
  values.flags["is_unknown"] = !typed.empty() && values.text["meaning"].empty();
  return exchange.context.renderer.page("microsoft_error", 200, values);
}

}  // namespace anteroom::journey
