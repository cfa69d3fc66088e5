#include "journey/sign_on/open_company.h"

#include <memory>

#include "anteroom/companies.h"
#include "journey/frame/log_line.h"

namespace anteroom::journey {

namespace {

using Company = CompanyDirectory::Company;
using Verifier = Openings::Verifier;
using Xml = std::shared_ptr<const std::string>;

// Of a company that is known by its summary; empty for any other.
Task<Result<Xml>> metadata_of(const Exchange& exchange, Company company) {
  if (!company->metadata.is_summary || !company->closed.empty()) {
    co_return std::make_shared<const std::string>();
  }
  auto asking = store::metadata_of_company(exchange.context.ports.database, company->name,
                                           company->metadata_number);
  Result<std::optional<std::string>> found = co_await asking;
  if (!found) co_return found.failure();
  if (!*found) {  // of a server that is behind
    co_return Failure{code::kDatabaseUnavailable, "that version of its metadata is not there"};
  }
  co_return std::make_shared<const std::string>(std::move(**found));
}

Task<Verifier> make_verifier(const Exchange& exchange, Company company) {
  auto asking = metadata_of(exchange, company);
  const Result<Xml> xml = co_await asking;
  if (!xml) co_return xml.failure();
  const Context& context = exchange.context;
  std::function<Verifier()> make = [&verifiers = context.checking.verifiers, company, xml = *xml] {
    return verifiers.open(company, *xml);
  };
  auto making = offload<Verifier>(context.ports.worker, std::move(make));
  Result<Verifier> verifier = co_await making;
  if (!verifier) co_return verifier.failure();
  if (!*verifier) log_closed(context.ports.log, *company, verifier->failure().detail);
  co_return std::move(*verifier);
}

}  // namespace

Task<Verifier> open_company(const Exchange& exchange, const IdentityProvider& idp) {
  const Company company = exchange.companies->share(idp);
  if (std::optional<Verifier> made = exchange.context.checking.verifiers.made(company)) {
    co_return std::move(*made);
  }
  Openings& openings = exchange.context.openings;
  if (openings.is_under_way(company.get())) {
    Callback<Verifier> waiting([&openings, &company](Openings::Waiter waiter) {
      openings.wait(company.get(), std::move(waiter));
    });
    Verifier verifier = co_await waiting;
    co_return verifier;
  }
  Openings::Opening opening(openings, company.get());
  auto making = make_verifier(exchange, company);
  Verifier verifier = co_await making;
  opening.end(verifier);
  co_return verifier;
}

Result<OpenedCompany> as_opened(const IdentityProvider& company, Verifier verifier) {
  if (!verifier && verifier.failure().code != companies::kCompanyClosed) {
    return verifier.failure();
  }
  return OpenedCompany{&company, std::move(verifier)};
}

}  // namespace anteroom::journey
