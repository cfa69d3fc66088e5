// What an assertion gives, as sign_on() takes it.
#pragma once

#include <string>
#include <vector>

#include "anteroom/asserted_access.h"
#include "anteroom/ports.h"

namespace anteroom::store {

/// The kind, then values, properties and levels of what is given, then all levels, lowest first.
void append(Params& params, const Asserted& asserted, const std::vector<std::string>& levels);

}  // namespace anteroom::store
