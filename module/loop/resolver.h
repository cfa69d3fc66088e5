// Host names of a connection string, resolved away from the event loop: PQconnectStart would wait.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "anteroom/ports.h"

namespace anteroom::nginx {

/// libpq keywords and values that name one server.
using ConnectionParameters = std::vector<std::pair<std::string, std::string>>;

/// One set of parameters per address of each host, in the order written; each can be handed to
/// libpq without it resolving anything. `done` gets an empty list if no name resolves; it is called
/// exactly once, possibly at once (numeric addresses and socket directories need no thread).
void resolve(Worker& worker, const ConnectionParameters& parameters,
             const std::function<void(std::vector<ConnectionParameters>)>& done);

}  // namespace anteroom::nginx
