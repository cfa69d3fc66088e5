// What the pages that decide on requests have in common.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "anteroom/provisioning.h"
#include "anteroom/words.h"

namespace anteroom::journey {

/// Why a request could not be decided on.
Words why_not(const store::DecidingResult& result);

/// "3 requests were approved."
Words decided_words(bool is_approval, std::size_t count);

/// For the address of the page that will say decided_words(); and what such a query asks for, empty
/// if it asks for none.
std::string decided_query(bool is_approval, std::size_t count);
Words decided_words(std::string_view notice, std::string_view count);

/// A number of a query; 0 for what is none.
int number_in(std::string_view text);

}  // namespace anteroom::journey
