// What a template of a page or of a letter is filled with.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "anteroom/message.h"

namespace anteroom::templates {

/// Values for a template. A name that a template uses and the caller does not give is empty
/// (false).
struct Values {
  std::map<std::string, std::string> text = {};
  std::map<std::string, bool> flags = {};
  std::map<std::string, Message> messages =
      {};  ///< of pages: text to a template, in the reader's language
  std::map<std::string, std::vector<Values>> lists = {};
};

}  // namespace anteroom::templates
