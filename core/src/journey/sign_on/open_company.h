// What the messages of a company are verified with, from the moment when its first person comes.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "journey/diagnosis/response_check.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

/// Made where it is not there: the keys of a company of the database are asked for when they are
/// needed first, once for all who come meanwhile. Fails with kCompanyClosed where its data is of no
/// use, which is logged, or as the database does. `exchange` outlives the task.
Task<Openings::Verifier> open_company(const Exchange& exchange, const IdentityProvider& company);

/// What was opened, for work in the thread pool, where the work can go on with it: kCompanyClosed
/// is for the work to say.
Result<OpenedCompany> as_opened(const IdentityProvider& company, Openings::Verifier verifier);

/// What `work` verifies in the thread pool. Where it says that its company is not open yet, that is
/// done, and the work once more.
template <class Judged>
Task<Result<Judged>> verify(const Exchange& exchange,
                            std::function<Judged(const OpenedCompany&)> work) {
  Worker& worker = exchange.context.ports.worker;
  // It holds a whole message, which is not copied for the second time that hardly ever comes.
  const auto shared =
      std::make_shared<const std::function<Judged(const OpenedCompany&)>>(std::move(work));
  std::function<Judged()> first = [shared] { return (*shared)({}); };
  auto trying = offload<Judged>(worker, std::move(first));
  Result<Judged> judged = co_await trying;
  if (!judged || !judged->is_unopened) co_return judged;
  auto opening = open_company(exchange, *judged->idp);
  Openings::Verifier verifier = co_await opening;
  Result<OpenedCompany> opened = as_opened(*judged->idp, std::move(verifier));
  if (!opened) co_return opened.failure();
  std::function<Judged()> again = [shared, opened = std::move(*opened)] {
    return (*shared)(opened);
  };
  auto working = offload<Judged>(worker, std::move(again));
  judged = co_await working;
  co_return judged;
}

}  // namespace anteroom::journey
