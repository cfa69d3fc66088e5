// What is kept of a refused sign-on: what we asked for, what came back, and which check it failed.
// Redacted: of the person it has nothing but the names of the attributes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/saml.h"
#include "journey/diagnosis/response_check.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

struct TranscriptPart {
  std::string name, value;
};

/// As it is read back.
struct TranscriptContent {
  std::vector<TranscriptPart> asked;     ///< by us
  std::vector<TranscriptPart> expected;  ///< by us
  std::vector<TranscriptPart> response;  ///< what it said of itself
  std::vector<saml::Check> checks;       ///< the failed one last
};

/// JSON, at most some 20 kB. `why`: what was refused; a check of its own where the Response itself
/// was fine.
std::string write_transcript(const Context& context, const ResponseCheck& judgement,
                             const Failure& why, Time now);

/// What write_transcript() wrote; what is not there stays empty.
TranscriptContent read_transcript(std::string_view content);

/// A transcript on its way to the database: not waited for, its loss is logged. Nothing where none
/// are kept.
void keep_transcript_later(Context& context, const ResponseCheck& judgement, const Failure& why,
                           const std::string& reference, std::string email,
                           std::string_view client_address);

}  // namespace anteroom::journey
