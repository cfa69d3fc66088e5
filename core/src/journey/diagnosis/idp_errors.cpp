#include "journey/diagnosis/idp_errors.h"

#include <algorithm>
#include <array>

#include "text/unicode.h"

namespace anteroom::journey {

namespace {

struct Entry {
  std::string_view key;
  IdpError error;
};

// Microsoft Learn, "Microsoft Entra authentication and authorization error codes", and the
// troubleshooting articles of single numbers; the words are our own.
constexpr std::array kAadsts{
    Entry{"50105", {"aadsts_not_assigned"_message, "remedy_assign"_message}},
    Entry{"50011", {"aadsts_reply_url"_message, "remedy_administrator"_message}},
    Entry{"700016", {"aadsts_no_application"_message, "remedy_administrator"_message}},
    Entry{"650056", {"aadsts_not_set_up"_message, "remedy_administrator"_message}},
    Entry{"75011", {"aadsts_other_method"_message, "remedy_new_browser"_message}},
    Entry{"75005", {"aadsts_unreadable"_message, "remedy_support"_message}},
    Entry{"75006", {"aadsts_unanswerable"_message, "remedy_support"_message}},
    Entry{"750054", {"aadsts_no_request"_message, "remedy_start_here"_message}},
    Entry{"50020", {"aadsts_other_organization"_message, "remedy_work_account"_message}},
    Entry{"50034", {"aadsts_unknown_account"_message, "remedy_check_address"_message}},
    Entry{"50053", {"aadsts_locked"_message, "remedy_unlock"_message}},
    Entry{"50055", {"aadsts_password_expired"_message, "remedy_change_password"_message}},
    Entry{"50057", {"aadsts_disabled"_message, "remedy_ask_it"_message}},
    Entry{"50058", {"aadsts_not_signed_in"_message, "remedy_button"_message}},
    Entry{"50074", {"aadsts_second_proof"_message, "remedy_second_step"_message}},
    Entry{"50076", {"aadsts_second_proof"_message, "remedy_second_step"_message}},
    Entry{"50079", {"aadsts_set_up_second_proof"_message, "remedy_follow_steps"_message}},
    Entry{"50126", {"aadsts_wrong_password"_message, "remedy_try_again"_message}},
    Entry{"50140", {"aadsts_stay_signed_in"_message, "remedy_try_again"_message}},
    Entry{"500571", {"aadsts_guest_disabled"_message, "remedy_ask_host"_message}},
    Entry{"53000", {"aadsts_managed_device"_message, "remedy_work_device"_message}},
    Entry{"53001", {"aadsts_joined_device"_message, "remedy_work_device"_message}},
    Entry{"53003", {"aadsts_conditional_access"_message, "remedy_ask_rule"_message}},
    Entry{"65001", {"aadsts_no_consent"_message, "remedy_administrator"_message}},
    Entry{"90094", {"aadsts_admin_consent"_message, "remedy_administrator"_message}},
    Entry{"90072", {"aadsts_not_in_directory"_message, "remedy_sign_out_there"_message}},
    Entry{"16000", {"aadsts_several_accounts"_message, "remedy_private_window"_message}},
    Entry{"165000", {"aadsts_took_too_long"_message, "remedy_close_windows"_message}},
    Entry{"900971", {"aadsts_no_reply_url"_message, "remedy_administrator"_message}}};

// saml-core 3.2.2.2, without "urn:oasis:names:tc:SAML:2.0:status:".
constexpr std::array kStatusCodes{
    Entry{"NoPassive", {"status_no_passive"_message, "remedy_use_button"_message}},
    Entry{"AuthnFailed", {"status_failed"_message, "remedy_try_again"_message}},
    Entry{"RequestDenied", {"status_denied"_message, "remedy_ask_assigned"_message}},
    Entry{"NoAuthnContext", {"status_no_context"_message, "remedy_ask_and_tell"_message}},
    Entry{"InvalidNameIDPolicy", {"status_name_id"_message, "remedy_support"_message}},
    Entry{"RequestUnsupported", {"status_unsupported"_message, "remedy_support"_message}},
    Entry{"UnknownPrincipal", {"status_unknown_principal"_message, "remedy_ask_it"_message}},
    Entry{"Requester", {"status_requester"_message, "remedy_support"_message}},
    Entry{"Responder", {"status_responder"_message, "remedy_later"_message}}};

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

}  // namespace anteroom::journey
