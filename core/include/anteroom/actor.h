// Who acts: the person or operator whose rights count, and whom the audit trail names.
#pragma once

#include <string>

namespace anteroom::store {

/// Who acts. The database applies the rules of AccessSettings to the grants that a user has at that
/// moment; an operator (the command line) is held to none of them. Whoever is disabled or waits may
/// do nothing here. What somebody tries without the right is audited ("manage_refused").
struct Actor {
  std::string user;            ///< UUID; of an operator empty
  std::string name;            ///< for the audit trail: "ann@corp.test", "cli:root"
  std::string client_address;  ///< of an operator empty
  bool is_operator = false;
};

}  // namespace anteroom::store
