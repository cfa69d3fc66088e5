// What the pages that decide on requests have in common.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "anteroom/message.h"
#include "anteroom/requests.h"

namespace anteroom::journey {

/// Why a request could not be decided on.
Message why_not(const store::DecidingResult& result);

/// What whoever decides should know: that the requester has lost the right to ask, and what the
/// person has there already. Empty if there is nothing to say.
Message lost_reach_message(const store::RequestRow& request);
Message held_message(const store::RequestRow& request);

/// "3 requests were approved."
Message decided_message(bool is_approval, std::size_t count);

/// For the address of the page that will say decided_message(); and what such a query asks for,
/// empty if it asks for none.
std::string decided_query(bool is_approval, std::size_t count);
Message decided_message(std::string_view notice, std::string_view count);

/// A number of a query; 0 for what is none.
int number_in(std::string_view text);

}  // namespace anteroom::journey
