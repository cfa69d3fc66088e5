// The steps of the journey: one function per page or endpoint, each readable from top to bottom.
#pragma once

#include "journey/frame/context.h"

namespace anteroom::journey {

// Discovery: an email address picks the identity provider.
Task<Response> show_sign_in(Exchange exchange);
Response submit_email(Exchange exchange);
Task<Response> leave_for_idp(Exchange exchange);
/// What a number on Microsoft's own error page means.
Response explain_microsoft_error(Exchange exchange);

// The way back (saml-bindings 3.5 and 3.6, saml-profiles 4.1).
/// True for the artifact of a Response in the query.
bool brings_artifact(const RequestHead& head);
Task<Response> consume_response(Exchange exchange);

// From the login host to the host that was asked for.
Task<Response> land(Exchange& exchange, const CurrentSession& session, std::string handle);
Task<Response> redeem_handoff(Exchange exchange);

// The Waiting Room.
Task<Response> show_waiting_room(Exchange exchange);
/// Asks those who can file a request to do so.
Task<Response> ask_for_access(Exchange exchange);
Task<Response> waiting_status(Exchange exchange);
/// Tells the page when to ask for the status (HTML, 9.2 Server-sent events).
Task<Response> waiting_events(Exchange exchange);

// Manage: people and what goes on, for support.
Task<Response> list_people(Exchange exchange);
Task<Response> show_person(Exchange exchange);
/// Of a reference number, or of a person.
Task<Response> explain_why(Exchange exchange);
Task<Response> change_grant(Exchange exchange);
Task<Response> switch_account(Exchange exchange);
Task<Response> end_sessions(Exchange exchange);
Task<Response> show_activity(Exchange exchange);

// Sign-out.
Task<Response> confirm_sign_out(Exchange exchange);
Task<Response> sign_out(Exchange exchange);
Task<Response> show_signed_out(Exchange exchange);
/// Logout messages of IdPs, by Redirect and POST, with or without cookies.
Task<Response> single_logout(Exchange exchange);

// Manage.
Task<Response> open_manage(Exchange exchange);
Task<Response> show_new_user(Exchange exchange);
Task<Response> file_new_user(Exchange exchange);
Task<Response> show_new_users(Exchange exchange);
Task<Response> file_new_users(Exchange exchange);
Task<Response> show_requests(Exchange exchange);
Task<Response> withdraw_request(Exchange exchange);
Task<Response> show_queue(Exchange exchange);
Task<Response> show_request(Exchange exchange);
Task<Response> decide_request(Exchange exchange);
Task<Response> decide(Exchange exchange);

/// Our own metadata, for the identity providers' administrators.
Response show_metadata(Exchange exchange);

/// A company's directory, below PREFIX/scim/v2/ (RFC 7644): bearer token, no cookie.
Task<Response> serve_scim(Exchange exchange);

/// What the gate answers to whoever is not let through.
Response turn_away(Context& context, Outcome outcome, const RequestHead& request,
                   const SessionView* session, const Requirement& requirement);

}  // namespace anteroom::journey
