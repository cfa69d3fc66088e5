// What pages say to people, by key: the texts stand in core/src/pages/catalogue, one file per
// language.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anteroom {

/// Names one text of the catalogue. Made by "key"_message only, so that a test finds every use.
class MessageKey {
 public:
  [[nodiscard]] constexpr std::string_view name() const { return name_; }

 private:
  friend consteval MessageKey operator""_message(const char* name, std::size_t size);
  constexpr explicit MessageKey(std::string_view name) : name_(name) {}
  std::string_view name_;
};

consteval MessageKey operator""_message(const char* name, std::size_t size) {
  return MessageKey({name, size});
}

/// One or more texts of the catalogue, with what stands in place of their {placeholders}: said in
/// the reader's language when a page is rendered. Escaped there like every value.
class Message {
 public:
  using Arguments = std::map<std::string, std::string>;
  struct Sentence {
    MessageKey key;
    Arguments arguments;
  };

  Message() = default;
  // Implicit: wherever a message is asked for, a key is enough.
  Message(MessageKey key, Arguments arguments = {}) {
    sentences_.push_back({key, std::move(arguments)});
  }
  /// Adds sentences, after a space.
  Message& operator+=(const Message& more) {
    sentences_.insert(sentences_.end(), more.sentences_.begin(), more.sentences_.end());
    return *this;
  }
  [[nodiscard]] bool empty() const { return sentences_.empty(); }
  [[nodiscard]] const std::vector<Sentence>& sentences() const { return sentences_; }

 private:
  std::vector<Sentence> sentences_;
};

}  // namespace anteroom
