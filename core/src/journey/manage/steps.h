// The steps of Manage: each is called with who was admitted.
#pragma once

#include <string>

#include "journey/manage/manage.h"

namespace anteroom::journey {

Task<Response> open_manage(Exchange exchange, ManageUser user);

// Requests for access.
Task<Response> show_new_user(Exchange exchange, ManageUser user);
Task<Response> file_new_user(Exchange exchange, ManageUser user);
Task<Response> show_new_users(Exchange exchange, ManageUser user);
Task<Response> file_new_users(Exchange exchange, ManageUser user);
Task<Response> show_requests(Exchange exchange, ManageUser user);
Task<Response> withdraw_request(Exchange exchange, ManageUser user);

// Deciding about them.
Task<Response> show_queue(Exchange exchange, ManageUser user);
Task<Response> decide(Exchange exchange, ManageUser user);
Task<Response> show_request(Exchange exchange, ManageUser user);
Task<Response> decide_request(Exchange exchange, ManageUser user);

// People and what goes on, for support.
Task<Response> list_people(Exchange exchange, ManageUser user);
Task<Response> show_person(Exchange exchange, ManageUser user);
Task<Response> change_grant(Exchange exchange, ManageUser user);
Task<Response> switch_account(Exchange exchange, ManageUser user);
Task<Response> end_sessions(Exchange exchange, ManageUser user);
/// Of a reference number, or of a person.
Task<Response> explain_why(Exchange exchange, ManageUser user);
Task<Response> show_activity(Exchange exchange, ManageUser user);

// Properties, for whoever decides at all of them.
Task<Response> list_properties(Exchange exchange, ManageUser user);
Task<Response> add_property(Exchange exchange, ManageUser user);
Task<Response> show_many_properties(Exchange exchange, ManageUser user);
Task<Response> put_in_properties(Exchange exchange, ManageUser user);
Task<Response> show_property(Exchange exchange, ManageUser user);
Task<Response> rename_property(Exchange exchange, ManageUser user);
Task<Response> close_property(Exchange exchange, ManageUser user);

// Companies, for whoever may connect them.
Task<Response> list_companies(Exchange exchange, ManageUser user);
Task<Response> add_company(Exchange exchange, ManageUser user);
Task<Response> show_company_settings(Exchange exchange, ManageUser user);
Task<Response> step_up_for_company(Exchange exchange, ManageUser user);
Task<Response> bring_company_metadata(Exchange exchange, ManageUser user);
Task<Response> change_company_domain(Exchange exchange, ManageUser user);
Task<Response> change_company_contacts(Exchange exchange, ManageUser user);
Task<Response> change_metadata_address(Exchange exchange, ManageUser user);
Task<Response> change_company_link(Exchange exchange, ManageUser user);
Task<Response> close_hand_in(Exchange exchange, ManageUser user);
Task<Response> change_company_settings(Exchange exchange, ManageUser user);
Task<Response> answer_proposal(Exchange exchange, ManageUser user);
Task<Response> rename_company(Exchange exchange, ManageUser user);
Task<Response> change_company_state(Exchange exchange, ManageUser user);

// The page to come back to after signing on, below the prefix; empty: the one asked for.
std::string to_same_page(const Exchange& exchange);
std::string to_requests(const Exchange& exchange);
std::string to_queue(const Exchange& exchange);
std::string to_person(const Exchange& exchange);
std::string to_property(const Exchange& exchange);
std::string to_properties(const Exchange& exchange);
std::string to_companies(const Exchange& exchange);
std::string to_company(const Exchange& exchange);

// What was typed by somebody whose session has ended, added to the answer that leads to sign-on.
Response keep_nothing(const Exchange& exchange, Response refusal);
Response keep_new_user(const Exchange& exchange, Response refusal);
Response keep_new_users(const Exchange& exchange, Response refusal);

}  // namespace anteroom::journey
