// Building what is sent to an identity provider: signing it takes a millisecond of RSA, which no
// other request may wait for.
#pragma once

#include <functional>

#include "anteroom/saml.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

struct Built {
  Result<saml::OutgoingMessage> message;
};

/// What `make` builds, on another thread if it `is_signed`. `make` owns what it uses; settings last
/// as long as the process. kOverloaded if the queue is full.
inline Task<Result<saml::OutgoingMessage>> build(const Context& context, bool is_signed,
                                                 std::function<Built()> make) {
  if (!is_signed) co_return make().message;
  Result<Built> built = co_await offload<Built>(context.ports.worker, std::move(make));
  if (!built) co_return built.failure();
  co_return std::move(built->message);
}

}  // namespace anteroom::journey
