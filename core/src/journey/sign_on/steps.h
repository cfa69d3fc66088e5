// The steps of signing on and out: one function per page or endpoint, each readable from top to
// bottom.
#pragma once

#include <string>

#include "journey/frame/context.h"

namespace anteroom::journey {

// Discovery: an email address picks the identity provider.
Task<Response> show_sign_in(Exchange exchange);
/// A company's own address (company_address.h): its button, without an email address.
Task<Response> show_company(Exchange exchange);
/// Of somebody who is signed in: their browser puts behind the page's "#" what it has kept of it.
Response go_on(Exchange exchange);
Response submit_email(Exchange exchange);
/// To the email page, whatever this browser remembers.
Response choose_another(Exchange exchange);
Task<Response> leave_for_idp(Exchange exchange);
/// By a link of support's: a test of signing on at a company, which lets nobody in.
Task<Response> show_test(Exchange exchange);
Task<Response> leave_for_test(Exchange exchange);
/// What a number on Microsoft's own error page means.
Response explain_microsoft_error(Exchange exchange);

// The way back (saml-bindings 3.5 and 3.6, saml-profiles 4.1).
Task<Response> consume_response(Exchange exchange);
/// GET of the ACS: an artifact, or a bookmark or the Back button of somebody who only wants to sign
/// in.
Task<Response> open_acs(Exchange exchange);

// From the login host to the host that was asked for.
Task<Response> land(Exchange& exchange, const CurrentSession& session, std::string handle);
Task<Response> redeem_handoff(Exchange exchange);
/// On to a page whose address stayed behind in this browser, or a page that says that it did not.
Response find_target(Exchange exchange);

// The Waiting Room.
Task<Response> show_waiting_room(Exchange exchange);
/// Asks those who can file a request to do so.
Task<Response> ask_for_access(Exchange exchange);
Task<Response> waiting_status(Exchange exchange);
/// Tells the page when to ask for the status (HTML, 9.2 Server-sent events).
Task<Response> waiting_events(Exchange exchange);

// For the app behind.
/// Who is signed in and for how long, as JSON; 401 without a session. No use of the session.
Task<Response> show_session(Exchange exchange);
/// The same, and a use of it.
Task<Response> touch_session(Exchange exchange);
/// Where a window that was opened for signing on ends: it tells the app's pages, and closes.
Task<Response> show_signed_on(Exchange exchange);
Response show_session_script(Exchange exchange);

// Sign-out.
Task<Response> confirm_sign_out(Exchange exchange);
Task<Response> sign_out(Exchange exchange);
Task<Response> show_signed_out(Exchange exchange);
/// Logout messages of IdPs, by Redirect and POST, with or without cookies.
Task<Response> single_logout(Exchange exchange);

/// Our own metadata, for the identity providers' administrators.
Response show_metadata(Exchange exchange);

}  // namespace anteroom::journey
