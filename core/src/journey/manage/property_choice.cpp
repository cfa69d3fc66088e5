#include "journey/manage/property_choice.h"

#include <algorithm>

#include "anteroom/grants.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using store::Property;
using store::PropertyMatches;

std::string readable(std::string_view typed) {
  return text::well_formed(text::cut(text::trimmed(typed), kMaxLookedFor));
}

}  // namespace

Message complaint_about_matches(const std::string& typed, int matches) {
  const Message::Arguments arguments{{"typed", typed}};
  if (matches == 0) return {"seek_unknown"_message, arguments};
  if (matches == 1) return {"seek_by_part"_message, arguments};
  return {"seek_several"_message, arguments};
}

PropertyPick PropertyPick::read(std::string_view chosen, std::string_view looked_for,
                                std::string_view looked_for_was, bool is_everywhere) {
  PropertyPick pick{text::well_formed(chosen), readable(looked_for)};
  const bool is_anew = !pick.typed.empty() && pick.typed != readable(looked_for_was);
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
  const auto rank = parts == Parts::suffice ? store::KeyOrName::key_first : store::KeyOrName::alike;
  std::vector<std::string> texts{pick.typed};
  auto looking = store::find_properties(exchange.context.ports.database,
                                        {reach.among(), static_cast<int>(kMostOffered)},
                                        std::move(texts), rank);
  Result<std::vector<PropertyMatches>> looked = co_await looking;
  if (!looked) co_return looked.failure();
  PropertyMatches& matches = looked->front();
  if (matches.count == 1 && (matches.are_whole || parts == Parts::suffice)) {
    found.key = matches.properties.front().key;
    co_return found;
  }
  found.complaint = complaint_about_matches(pick.typed, matches.count);
  found.more = matches.count - static_cast<int>(matches.properties.size());
  found.candidates = std::move(matches.properties);
  co_return found;
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
