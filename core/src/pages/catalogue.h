// The texts of all pages in one language.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "anteroom/message.h"

namespace anteroom::pages {

/// Lines of "key = text", comments (#) and empty lines. A text may hold {placeholders} and, in
/// templates, *words that stand out*; it holds no markup.
class Catalogue {
 public:
  /// Throws std::runtime_error naming the line that is none of these, or a key given twice.
  explicit Catalogue(std::string_view lines);

  /// nullptr: there is no such text.
  [[nodiscard]] const std::string* find(std::string_view key) const;
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& texts() const {
    return texts_;
  }

  /// Plain text, not escaped. A missing text is its key: seen, but no reason to fail.
  [[nodiscard]] std::string say(const Message& message) const;

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

/// A template with every {{t_key}} replaced by its text, escaped; the text's {placeholders} become
/// {{values}}. Throws std::runtime_error ("line 3: …") if there is no such text.
std::string with_texts(std::string_view text, const Catalogue& catalogue);

}  // namespace anteroom::pages
