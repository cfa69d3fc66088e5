#include "journey/manage/several_properties.h"

#include <algorithm>
#include <map>
#include <set>

#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using store::Property;
using store::PropertyMatches;

constexpr std::size_t kMaxBytes = 8000;
// Before it is known which commas are in names: a line with one is looked for in three ways.
constexpr std::size_t kMostTexts = 3 * kMostOffered;

using Matches = std::map<std::string, PropertyMatches>;

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(at), text.size());
    const std::string_view part = text::trimmed(text.substr(0, end));
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// A line may be one name that has commas in it, or several: both are looked for.
struct Line {
  std::string whole;
  std::vector<std::string> parts;  // none: it has no commas
};

std::vector<Line> lines_of(std::string_view typed) {
  std::vector<Line> lines;
  for (std::string& text : split(typed, '\n')) {
    Line& line = lines.emplace_back();
    if (text.find(',') != std::string::npos) line.parts = split(text, ',');
    line.whole = std::move(text);
  }
  return lines;
}

// Each once.
std::vector<std::string> texts_of(const std::vector<Line>& lines) {
  std::set<std::string> texts;
  for (const Line& line : lines) {
    texts.insert(line.whole);
    texts.insert(line.parts.begin(), line.parts.end());
  }
  return {texts.begin(), texts.end()};
}

bool has(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

// What boxes say of texts.
class Ticked {
 public:
  explicit Ticked(const PropertiesTyped& asked)
      : chosen_(asked.chosen),
        chosen_was_(split(asked.chosen_was, ',')),
        unclear_(split(asked.typed_was, '\n')) {}

  // One that it may mean was ticked since it was called unclear; or they all are anyway.
  [[nodiscard]] bool answers(const std::string& text, const PropertyMatches& matches) const {
    const auto& some = matches.properties;
    const auto is_chosen = [&](const Property& one) { return has(chosen_, one.key); };
    const auto is_new = [&](const Property& one) {
      return is_chosen(one) && !has(chosen_was_, one.key);
    };
    if (has(unclear_, text) && std::any_of(some.begin(), some.end(), is_new)) return true;
    return matches.count > 0 && matches.count == static_cast<int>(some.size()) &&
           std::all_of(some.begin(), some.end(), is_chosen);
  }

 private:
  std::vector<std::string> chosen_, chosen_was_, unclear_;
};

// Puts together what was found of each text.
class Collected {
 public:
  explicit Collected(const PropertiesTyped& asked) : ticked_(asked) {}

  void take(const std::string& text, const PropertyMatches& matches) {
    if (!taken_.insert(text).second || ticked_.answers(text, matches)) return;
    if (matches.count == 1) {
      found_.keys.push_back(matches.properties.front().key);
      found_.are_whole = found_.are_whole && matches.are_whole;
      return;
    }
    add(found_.left, "\n", text);
    add(matches.count == 0 ? unknown_ : several_, ", ", text);
    auto& candidates = found_.rest.candidates;
    found_.rest.more += matches.count;
    for (const Property& property : matches.properties) {
      if (candidates.size() == kMostOffered) break;
      found_.rest.more -= 1;
      if (std::find(candidates.begin(), candidates.end(), property) != candidates.end()) continue;
      candidates.push_back(property);
    }
  }

  // Texts, each once.
  [[nodiscard]] std::size_t size() const { return taken_.size(); }

  PropertiesFound result() && {
    Message& complaint = found_.rest.complaint;
    if (!unknown_.empty()) complaint += complaint_about_matches(unknown_, 0);
    if (!several_.empty()) complaint += complaint_about_matches(several_, 2);
    return std::move(found_);
  }

 private:
  static void add(std::string& list, const char* between, const std::string& text) {
    list.append(list.empty() ? "" : between).append(text);
  }

  Ticked ticked_;
  std::set<std::string> taken_;
  PropertiesFound found_;
  std::string unknown_, several_;
};

Collected collect(const std::vector<Line>& lines, const Matches& matches,
                  const PropertiesTyped& asked) {
  Collected collected(asked);
  for (const Line& line : lines) {
    const PropertyMatches& of_whole = matches.at(line.whole);
    if (line.parts.empty() || of_whole.count > 0) {
      collected.take(line.whole, of_whole);
      continue;
    }
    for (const std::string& part : line.parts) collected.take(part, matches.at(part));
  }
  return collected;
}

Message too_many() {
  return {"seek_too_many"_message, {{"max", std::to_string(kMostOffered)}}};
}

// Without the database.
Message complaint_about(const std::string& typed) {
  if (typed.size() > kMaxBytes) return "seek_too_long"_message;
  if (!text::is_plain_text(typed, text::Lines::many)) return "not_plain_text"_message;
  if (texts_of(lines_of(typed)).size() > kMostTexts) return too_many();
  return {};
}

}  // namespace

Task<Result<PropertiesFound>> find_several_properties(const Exchange& exchange, Reach reach,
                                                      PropertiesTyped asked) {
  PropertiesFound nothing;
  nothing.left = text::well_formed(text::trimmed(asked.typed));
  nothing.rest.complaint = complaint_about(nothing.left);
  if (!nothing.rest.complaint.empty()) co_return nothing;
  const std::vector<Line> lines = lines_of(nothing.left);
  const std::vector<std::string> texts = texts_of(lines);
  auto looking = store::find_properties(exchange.context.ports.database,
                                        {reach.among(), static_cast<int>(kMostOffered)}, texts,
                                        store::KeyOrName::alike);
  Result<std::vector<PropertyMatches>> looked = co_await looking;
  if (!looked) co_return looked.failure();
  Matches matches;
  for (std::size_t i = 0; i < texts.size(); ++i) matches[texts[i]] = std::move((*looked)[i]);
  Collected collected = collect(lines, matches, asked);
  if (collected.size() > kMostOffered) {
    nothing.rest.complaint = too_many();
    co_return nothing;
  }
  co_return std::move(collected).result();
}

}  // namespace anteroom::journey
