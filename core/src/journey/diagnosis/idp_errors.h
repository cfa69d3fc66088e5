// What an identity provider's refusal means, in plain words. Texts only: nothing is decided by
// them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/http.h"
#include "anteroom/message.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

struct IdpError {
  MessageKey meaning;  ///< a sentence: what happened
  MessageKey remedy;   ///< a sentence: what to do and who can do it
};

/// The number behind the first "AADSTS" of a text (Entra ID), or of a text that is nothing but
/// digits; empty if there is none.
std::string_view aadsts_number(std::string_view text);

/// By Entra ID's number; nullopt if we have no words for it.
std::optional<IdpError> explain_aadsts(std::string_view number);

/// By Entra ID's number in the message, else by the status codes (saml-core 3.2.2.2), which come
/// with " > " between them.
std::optional<IdpError> explain_idp_error(std::string_view status_codes, std::string_view message);

}  // namespace anteroom::journey
