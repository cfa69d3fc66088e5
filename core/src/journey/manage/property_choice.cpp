#include "journey/manage/property_choice.h"

#include <algorithm>

#include "anteroom/grants.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using store::Property;
using store::PropertyMatches;

constexpr std::size_t kMaxTyped = 200;   // of one
constexpr std::size_t kMaxAdded = 8000;  // of all that are added at once

std::string readable(std::string_view typed, std::size_t max) {
  return text::well_formed(text::cut(text::trimmed(typed), max));
}

Task<Result<std::vector<PropertyMatches>>> look_for(const Exchange& exchange, const Reach& reach,
                                                    std::vector<std::string> texts) {
  return store::find_properties(exchange.context.ports.database,
                                {reach.among(), static_cast<int>(kMostOffered)}, std::move(texts));
}

Message complaint_about(const std::string& typed, int matches) {
  const Message::Arguments arguments{{"typed", typed}};
  if (matches == 0) return {"seek_unknown"_message, arguments};
  if (matches == 1) return {"seek_by_part"_message, arguments};
  return {"seek_several"_message, arguments};
}

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

  [[nodiscard]] std::size_t size() const { return 1 + parts.size(); }
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

std::vector<std::string> texts_of(const std::vector<Line>& lines) {
  std::vector<std::string> texts;
  for (const Line& line : lines) {
    texts.push_back(line.whole);
    texts.insert(texts.end(), line.parts.begin(), line.parts.end());
  }
  return texts;
}

// Puts together what was found of each text.
class Collected {
 public:
  void take(const std::string& text, const PropertyMatches& matches) {
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

  PropertiesFound result() && {
    Message& complaint = found_.rest.complaint;
    if (!unknown_.empty()) complaint += complaint_about(unknown_, 0);
    if (!several_.empty()) complaint += complaint_about(several_, 2);
    return std::move(found_);
  }

 private:
  static void add(std::string& list, const char* between, const std::string& text) {
    list.append(list.empty() ? "" : between).append(text);
  }

  PropertiesFound found_;
  std::string unknown_, several_;
};

}  // namespace

PropertyPick PropertyPick::read(std::string_view chosen, std::string_view looked_for,
                                std::string_view looked_for_was, bool is_everywhere) {
  PropertyPick pick{text::well_formed(chosen), readable(looked_for, kMaxTyped)};
  const bool is_anew = !pick.typed.empty() && pick.typed != readable(looked_for_was, kMaxTyped);
  if (is_anew) pick.key.clear();
  if (!is_everywhere) return pick;
  pick.is_unclear = is_anew || !pick.key.empty();
  pick.key = std::string(kAllProperties);
  return pick;
}

Task<Result<PropertyFound>> find_property(const Exchange& exchange, Reach reach, PropertyPick pick,
                                          Parts parts) {
  PropertyFound found;
  if (pick.is_unclear) {
    found.complaint = "seek_all_or_one"_message;
    co_return found;
  }
  found.key = pick.key;
  if (!pick.key.empty() || pick.typed.empty()) co_return found;
  if (!text::is_plain_text(pick.typed, text::Lines::one)) {
    found.complaint = "not_plain_text"_message;
    co_return found;
  }
  auto looking = look_for(exchange, reach, {pick.typed});
  Result<std::vector<PropertyMatches>> looked = co_await looking;
  if (!looked) co_return looked.failure();
  PropertyMatches& matches = looked->front();
  if (matches.count == 1 && (matches.are_whole || parts == Parts::suffice)) {
    found.key = matches.properties.front().key;
    co_return found;
  }
  found.complaint = complaint_about(pick.typed, matches.count);
  found.more = matches.count - static_cast<int>(matches.properties.size());
  found.candidates = std::move(matches.properties);
  co_return found;
}

Task<Result<PropertiesFound>> find_several_properties(const Exchange& exchange, Reach reach,
                                                      std::string typed) {
  PropertiesFound nothing;
  nothing.left = readable(typed, kMaxAdded);
  if (!text::is_plain_text(nothing.left, text::Lines::many)) {
    nothing.rest.complaint = "not_plain_text"_message;
    co_return nothing;
  }
  const std::vector<Line> lines = lines_of(nothing.left);
  std::vector<std::string> texts = texts_of(lines);
  if (texts.size() > 2 * kMostOffered) {
    nothing.rest.complaint = {"seek_too_many"_message, {{"max", std::to_string(kMostOffered)}}};
    co_return nothing;
  }
  auto looking = look_for(exchange, reach, std::move(texts));
  const Result<std::vector<PropertyMatches>> looked = co_await looking;
  if (!looked) co_return looked.failure();
  Collected collected;
  auto matches = looked->begin();
  for (const Line& line : lines) {
    if (line.parts.empty() || matches->count > 0) {
      collected.take(line.whole, *matches);
    } else {
      for (std::size_t i = 0; i < line.parts.size(); ++i) {
        collected.take(line.parts[i], *(matches + 1 + static_cast<std::ptrdiff_t>(i)));
      }
    }
    matches += static_cast<std::ptrdiff_t>(line.size());
  }
  co_return std::move(collected).result();
}

Task<Result<PropertyOffer>> offer_properties(const Exchange& exchange, Reach reach,
                                             std::vector<std::string> keys) {
  Database& database = exchange.context.ports.database;
  const auto within = [&reach](std::vector<Property> properties) {
    std::erase_if(properties, [&](const Property& one) { return !reach.has(one.key); });
    return properties;
  };
  auto listing =
      store::list_properties(database, {reach.among(), static_cast<int>(kMostOffered + 1)});
  Result<std::vector<Property>> listed = co_await listing;
  if (!listed) co_return listed.failure();
  PropertyOffer offer;
  offer.few = within(std::move(*listed));
  offer.is_typed = offer.few.size() > kMostOffered;
  if (!offer.is_typed) co_return offer;
  offer.few.clear();
  keys = reach.among(std::move(keys));
  if (keys.empty()) co_return offer;
  auto naming = store::list_properties(database, {std::move(keys), 0});
  Result<std::vector<Property>> named = co_await naming;
  if (!named) co_return named.failure();
  offer.chosen = within(std::move(*named));
  co_return offer;
}

Task<Result<PropertyOffer>> offer_properties(const Exchange& exchange, Reach reach,
                                             const PropertyPick& pick) {
  return offer_properties(exchange, std::move(reach), std::vector<std::string>(1, pick.key));
}

void add_property_choice(pages::Values& values, const PropertyOffer& offer,
                         const PropertyPick& pick, const PropertyFound& found) {
  if (!found.complaint.empty()) values.messages["property_error"] = found.complaint;
  values.flags["is_typed"] = offer.is_typed;
  if (!offer.is_typed) {
    values.lists["properties"] = property_choices(offer.few, pick.key);
    return;
  }
  const bool is_one = !pick.key.empty() && pick.key != kAllProperties;
  const auto same = std::find_if(offer.chosen.begin(), offer.chosen.end(),
                                 [&](const Property& one) { return one.key == pick.key; });
  const std::string one = same == offer.chosen.end() ? pick.key : unmistakable(*same);
  values.text["looked_for"] = is_one ? one : pick.typed;
  add_candidates(values, found);
}

void add_candidates(pages::Values& values, const PropertyFound& found) {
  values.flags["has_candidates"] = !found.candidates.empty();
  // The only one there is has been chosen, for whoever finds that it is the right one.
  const std::string chosen =
      found.candidates.size() == 1 ? found.candidates.front().key : std::string();
  for (const Property& property : found.candidates) {
    values.lists["candidates"].push_back(choice(property.key, unmistakable(property), chosen));
  }
  if (found.more > 0) {
    values.messages["more_candidates"] = {"seek_more"_message,
                                          {{"count", std::to_string(found.more)}}};
  }
}

std::string unmistakable(const Property& property) {
  return property.name.empty() ? property.key : property.name + " (" + property.key + ")";
}

}  // namespace anteroom::journey
