// What pages say, by key: the words themselves stand in core/src/pages/catalogue, one file per
// language.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anteroom {

/// Names one text of the catalogue. Made by "key"_words only, so that a test finds every use.
class WordsKey {
 public:
  [[nodiscard]] constexpr std::string_view name() const { return name_; }

 private:
  friend consteval WordsKey operator""_words(const char* name, std::size_t size);
  constexpr explicit WordsKey(std::string_view name) : name_(name) {}
  std::string_view name_;
};

consteval WordsKey operator""_words(const char* name, std::size_t size) {
  return WordsKey({name, size});
}

/// One or more texts of the catalogue, with what stands in place of their {placeholders}: said in
/// the reader's language when a page is rendered. Escaped there like every value.
class Words {
 public:
  using Arguments = std::map<std::string, std::string>;
  struct Sentence {
    WordsKey key;
    Arguments arguments;
  };

  Words() = default;
  // Implicit: wherever words are asked for, a key is enough.
  Words(WordsKey key, Arguments arguments = {}) {
    sentences_.push_back({key, std::move(arguments)});
  }
  /// Adds sentences, after a space.
  Words& operator+=(const Words& more) {
    sentences_.insert(sentences_.end(), more.sentences_.begin(), more.sentences_.end());
    return *this;
  }
  [[nodiscard]] bool empty() const { return sentences_.empty(); }
  [[nodiscard]] const std::vector<Sentence>& sentences() const { return sentences_; }

 private:
  std::vector<Sentence> sentences_;
};

}  // namespace anteroom
