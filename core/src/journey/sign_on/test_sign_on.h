// A test of signing on at a company: all that a sign-on does, but nobody is let in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "journey/frame/context.h"

namespace anteroom::journey {

/// What comes back from an identity provider: the Response (base64) or the artifact, also base64,
/// the other one empty.
struct IdpAnswer {
  std::string encoded, artifact;
  std::string relay_state;
};

/// The page that says what came of it; nullopt: it is not for a test that this browser has begun.
/// `answer` outlives the task.
Task<std::optional<Response>> answer_test(Exchange& exchange, const IdpAnswer& answer);

}  // namespace anteroom::journey
