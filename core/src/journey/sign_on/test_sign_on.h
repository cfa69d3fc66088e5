// A test of signing on at a company: all that a sign-on does, but nobody is let in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "journey/frame/context.h"

namespace anteroom::journey {

/// What comes back from an identity provider to a test: the Response (base64) or the artifact, the
/// other one empty.
struct TestAnswer {
  std::string encoded, artifact;
  std::string relay_state;
};

/// The page that says what came of it; nullopt: it is not for a test that this browser has begun.
Task<std::optional<Response>> answer_test(Exchange& exchange, TestAnswer answer);

}  // namespace anteroom::journey
