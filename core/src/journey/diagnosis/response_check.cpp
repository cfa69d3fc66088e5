#include "journey/diagnosis/response_check.h"

#include <algorithm>

#include "text/ascii.h"

namespace anteroom::journey {

namespace {

saml::Verdict rejected(Failure failure) {
  return {std::move(failure), {}, "", "", ""};
}

ResponseCheck no_login_state() {
  return {rejected({kNoLoginState, "this browser has no such sign-on under way"}), nullptr,
          std::nullopt};
}

saml::VerifyParams params_of(const Checking& checking, const ResponseCheck& judgement, Time now) {
  const auto& sp = checking.settings.service_provider;
  saml::VerifyParams params{sp.entity_id, sp.acs_url, "", now, checking.settings.clock_skew};
  params.authn_contexts = judgement.idp->authn_contexts;
  if (const auto& state = judgement.state) {
    params.in_response_to = state->request_id;
    if (state->is_forced) params.authenticated_since = state->issued_at;
    params.authn_contexts = text::words(state->authn_contexts);
  }
  return params;
}

// The Response as the verifier takes it.
Result<std::string> fetch_response(const Checking& checking, const Fetch& fetch, Time now) {
  const auto call = saml::build_artifact_resolve(checking.settings.service_provider, *fetch.idp,
                                                 fetch.artifact, fetch.request_id, now);
  if (!call) return call.failure();
  const auto answer = checking.back_channel.post(*call);
  if (!answer) return answer.failure();
  return saml::open_artifact_response(*answer, fetch.request_id, *fetch.idp);
}

}  // namespace

std::optional<OpenedCompany::Verifier> OpenedCompany::of(const Checking& checking,
                                                         const CompanyDirectory& companies,
                                                         const IdentityProvider& idp) const {
  if (company == &idp) return verifier;
  return checking.verifiers.of(companies.share(idp));
}

ResponseCheck check_response(const Checking& checking, const CompanyDirectory& companies,
                             const std::string& encoded,
                             const std::vector<session::LoginState>& states, Time now,
                             const OpenedCompany& opened) {
  auto response = saml::ParsedResponse::parse(encoded);
  if (!response) return {rejected(response.failure()), nullptr, std::nullopt};
  const saml::ResponsePeek& peek = response->peek();
  ResponseCheck judgement = no_login_state();
  if (peek.in_response_to.empty()) {
    judgement.idp = companies.by_entity_id(peek.issuer);
    if (judgement.idp != nullptr && !judgement.idp->allow_unsolicited) {
      judgement.verdict = rejected({Code{"unsolicited_response"}, "this IdP may not send one"});
      return judgement;
    }
  } else {
    const auto found = std::find_if(states.begin(), states.end(), [&](const auto& state) {
      return state.request_id == peek.in_response_to;
    });
    if (found == states.end()) return judgement;
    judgement.state = *found;
    judgement.idp = companies.by_name(found->idp);
  }
  if (judgement.idp == nullptr) return judgement;
  if (const auto& until = judgement.idp->metadata.valid_until; until && now >= *until) {
    judgement.verdict = rejected({Code{"metadata_expired"}, "validUntil has passed"});
    return judgement;
  }
  const auto known = opened.of(checking, companies, *judgement.idp);
  if (!known) {
    judgement.is_unopened = true;
    return judgement;
  }
  const auto& verifier = *known;
  if (!verifier) {
    judgement.verdict = rejected(verifier.failure());
    return judgement;
  }
  const Time began_at = checking.clock.now();
  judgement.verdict =
      (*verifier)->responses().verify(std::move(response), params_of(checking, judgement, now));
  judgement.took = std::max(checking.clock.now() - began_at, Time::duration(0));
  if (!judgement.verdict.assertion && judgement.state) judgement.outline = saml::outline(encoded);
  return judgement;
}

std::optional<Fetch> plan_fetch(const CompanyDirectory& companies, const saml::Artifact& artifact,
                                const std::vector<session::LoginState>& states) {
  Fetch fetch{artifact, nullptr, {}, ""};
  for (const session::LoginState& state : states) {
    const IdentityProvider* idp = companies.by_name(state.idp);
    if (idp == nullptr || idp->response_binding != ResponseBinding::artifact ||
        !saml::is_issued_by(artifact, *idp)) {
      continue;
    }
    fetch.idp = idp;
    fetch.states.push_back(state);
  }
  if (fetch.idp == nullptr) return std::nullopt;
  return fetch;
}

ResponseCheck fetch_and_check(const Checking& checking, const CompanyDirectory& companies,
                              const Fetch& fetch, Time now, const OpenedCompany& opened) {
  // Whatever keeps it from being fetched is told of the sign-on that it was for.
  ResponseCheck failed{rejected({}), fetch.idp, fetch.states.front()};
  auto known = opened.of(checking, companies, *fetch.idp);
  if (!known) {
    failed.is_unopened = true;
    return failed;
  }
  const auto encoded = fetch_response(checking, fetch, now);
  if (!encoded) {
    failed.verdict = rejected(encoded.failure());
    return failed;
  }
  ResponseCheck judgement = check_response(checking, companies, *encoded, fetch.states, now,
                                           {fetch.idp, std::move(*known)});
  if (judgement.idp != fetch.idp) return no_login_state();
  return judgement;
}

}  // namespace anteroom::journey
