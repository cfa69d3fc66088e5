// What all pages of Manage share: who asks, what for, and the layout around what they see.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "anteroom/actor.h"
#include "journey/frame/context.h"
#include "journey/manage/choices.h"

namespace anteroom::journey {

enum class ManageRight {
  any,                 ///< to request, to process or to connect
  request,             ///< manage.request_new_users at some property
  process,             ///< manage.process_requests at some property
  process_everywhere,  ///< manage.process_requests at all properties
  connect,             ///< manage.connect_companies at all properties
};

enum class ManageTab { new_user, requests, queue, people, properties, companies, activity };

/// Somebody who may use Manage. The rights are those of the session: what they are worth at a
/// property is for the database to say.
struct ManageUser {
  CurrentSession session;
  store::Actor actor;
  bool may_request = false;
  bool may_process = false;
  bool may_process_everywhere = false;
  bool may_connect = false;

  [[nodiscard]] const SessionFields& fields() const { return session.view()->fields(); }
};

/// Somebody who has the right, or the answer to whoever has not.
struct Admission {
  std::optional<Response> refusal;
  ManageUser user;             ///< of no use with a refusal
  bool is_signed_out = false;  ///< the refusal leads to sign-on
};

/// Sends whoever is signed out to sign on, whoever waits to the Waiting Room; 403, audited, without
/// the right. `back`: the page to come back to after signing on, below the prefix
/// ("/manage/queue"); empty: the one asked for. A form's step needs it if its own address can't be
/// opened.
Task<Admission> admit(Exchange& exchange, ManageRight right, std::string back);

/// Whether somebody may decide at all properties, which is about all companies.
bool is_everywhere(const Context& context, const ManageUser& user);

/// Where somebody may ask for others, and where they may decide.
Reach reach_to_request(const Context& context, const ManageUser& user);
Reach reach_to_process(const Context& context, const ManageUser& user);

/// The companies that somebody may see as such: all for whoever decides at all properties, else
/// their own.
std::vector<const IdentityProvider*> companies_for(const Exchange& exchange,
                                                   const ManageUser& user);

/// The page of that name within Manage's layout.
Response manage_page(const Exchange& exchange, const ManageUser& user, ManageTab tab,
                     std::string_view template_name, int status, pages::Values values);

}  // namespace anteroom::journey
