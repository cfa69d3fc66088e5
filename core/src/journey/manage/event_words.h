// What audit events are called, and what they say of properties, in the words of pages.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "anteroom/message.h"
#include "anteroom/pages.h"
#include "anteroom/properties.h"

namespace anteroom::journey {

/// A kind of event, and what it is called.
using EventName = std::pair<std::string_view, MessageKey>;

/// `what`: what an event of that kind is called, or the kind itself.
void add_what(pages::Values& values, std::span<const EventName> names, const std::string& kind);

/// What may be keys of properties in the detail of an event of that kind.
std::vector<std::string> keys_in_event(std::string_view kind, std::string_view detail);

/// The detail with names in place of the keys.
std::string event_with_names(std::string_view kind, std::string_view detail,
                             const store::PropertyNames& names);

}  // namespace anteroom::journey
