#include "fuzz/xml_mutator.h"

#include <array>
#include <optional>
#include <vector>

namespace anteroom::fuzz {

namespace {

// Offsets into the text; `end` is behind the end tag.
struct Element {
  std::size_t begin = 0;
  std::size_t open_end = 0;  ///< behind the start tag
  std::size_t close = 0;     ///< of the end tag; of an empty element: `end`
  std::size_t end = 0;

  [[nodiscard]] bool is_empty() const { return close == end && open_end == end; }
};

std::size_t below(Dice& dice, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(dice);
}

template <class List>
const auto& any(Dice& dice, const List& list) {
  return list[below(dice, list.size())];
}

// Good enough for what is nearly XML; what fits no pair is left out.
std::vector<Element> elements(const std::string& xml) {
  std::vector<Element> found;
  std::vector<Element> open;
  for (std::size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const auto end = xml.find('>', at);
    if (end == std::string::npos || end == at + 1) break;
    const char next = xml[at + 1];
    if (next == '!' || next == '?') continue;
    if (next == '/') {
      if (open.empty()) continue;
      Element element = open.back();
      open.pop_back();
      element.close = at;
      element.end = end + 1;
      if (element.close >= element.open_end) found.push_back(element);
    } else if (xml[end - 1] == '/') {
      found.push_back({at, end + 1, end + 1, end + 1});
    } else {
      open.push_back({at, end + 1, 0, 0});
    }
  }
  return found;
}

std::string text_of(const std::string& xml, const Element& element) {
  return xml.substr(element.begin, element.end - element.begin);
}

// A place where an element can go: before, behind, first or last within another.
std::size_t place(const Element& element, Dice& dice) {
  const std::array places{element.begin, element.end, element.open_end,
                          element.is_empty() ? element.end : element.close};
  return any(dice, places);
}

constexpr std::array<const char*, 22> kTexts{"evil@corp.test",
                                             "EVIL@corp.test",
                                             "evil@evil.test",
                                             "<!---->",
                                             "<!-- x -->",
                                             "<![CDATA[evil@corp.test]]>",
                                             "<![CDATA[]]>",
                                             "<?x y?>",
                                             "&#65;",
                                             "&amp;",
                                             "&evil;",
                                             "<x/>",
                                             "<X xmlns=\"urn:x\">evil@corp.test</X>",
                                             " ",
                                             "\n",
                                             "\xc2\xa0",
                                             "\xe2\x80\x8b",
                                             "urn:oasis:names:tc:SAML:2.0:status:Success",
                                             "https://sp.test",
                                             "2099-01-01T00:00:00Z",
                                             "_r-ann",
                                             "_a-ann"};

constexpr std::array<const char*, 14> kAttributes{
    " ID=\"_a-ann\"",     " Id=\"_a-ann\"",
    " xml:id=\"_a-ann\"", " ID=\"_evil\"",
    " Version=\"2.0\"",   " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns=\"\"",        " xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns=\"urn:x\"",   " URI=\"\"",
    " URI=\"#_a-ann\"",   " URI=\"#xpointer(/)\"",
    " xsi:nil=\"true\"",  " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\""};

void remove_element(std::string& xml, const std::vector<Element>& all, Dice& dice) {
  const Element& element = any(dice, all);
  xml.erase(element.begin, element.end - element.begin);
}

void copy_element(std::string& xml, const std::vector<Element>& all, Dice& dice) {
  const std::string copy = text_of(xml, any(dice, all));
  xml.insert(place(any(dice, all), dice), copy);
}

void move_element(std::string& xml, const std::vector<Element>& all, Dice& dice) {
  const Element& element = any(dice, all);
  const std::string moved = text_of(xml, element);
  std::size_t to = place(any(dice, all), dice);
  if (to > element.begin && to < element.end) return;
  if (to >= element.end) to -= moved.size();
  xml.erase(element.begin, moved.size());
  xml.insert(to, moved);
}

// Signature wrapping as in the books: the genuine element within a forged one of its kind.
void wrap_element(std::string& xml, const std::vector<Element>& all, Dice& dice) {
  const Element& element = any(dice, all);
  const Element& around = any(dice, all);
  if (around.is_empty()) return;
  const std::string genuine = text_of(xml, element);
  const std::string open = xml.substr(around.begin, around.open_end - around.begin);
  const std::string close = xml.substr(around.close, around.end - around.close);
  xml.replace(element.begin, genuine.size(), open + genuine + close);
}

// The attacker's copy of an element beside the genuine one.
void forge_beside(std::string& xml, const std::vector<Element>& all, Dice& dice) {
  const Element& element = any(dice, all);
  std::string copy = text_of(xml, element);
  const auto quote = copy.find("ID=\"");
  if (quote != std::string::npos && below(dice, 2) == 0) copy.insert(quote + 4, "x");
  const auto at = copy.find("@corp.test");
  if (at != std::string::npos) {
    const auto start = copy.find_last_of(">\"", at) + 1;
    copy.replace(start, at - start, "evil");
  }
  if (below(dice, 2) == 0) copy.insert(copy.find('>') + 1, text_of(xml, any(dice, all)));
  xml.insert(place(element, dice), copy);
}

void change_text(std::string& xml, const std::vector<Element>& all, Dice& dice) {
  const Element& element = any(dice, all);
  if (element.is_empty()) return;
  const std::size_t length = element.close - element.open_end;
  if (below(dice, 2) == 0) {
    xml.insert(element.open_end + below(dice, length + 1), any(dice, kTexts));
  } else {
    xml.replace(element.open_end, length, any(dice, kTexts));
  }
}

void add_attribute(std::string& xml, const std::vector<Element>& all, Dice& dice) {
  const Element& element = any(dice, all);
  const auto name_end = xml.find_first_of(" />", element.begin + 1);
  if (name_end == std::string::npos) return;
  xml.insert(name_end, any(dice, kAttributes));
}

// One attribute's value by another's or by a text.
void change_attribute(std::string& xml, const std::vector<Element>&, Dice& dice) {
  std::vector<std::pair<std::size_t, std::size_t>> values;
  for (std::size_t at = xml.find("=\""); at != std::string::npos; at = xml.find("=\"", at)) {
    const auto end = xml.find('"', at + 2);
    if (end == std::string::npos) break;
    values.emplace_back(at + 2, end - at - 2);
    at = end;
  }
  if (values.empty()) return;
  const auto [from, length] = any(dice, values);
  const auto [other, other_length] = any(dice, values);
  xml.replace(
      from, length,
      below(dice, 3) == 0 ? std::string(any(dice, kTexts)) : xml.substr(other, other_length));
}

using Change = void (*)(std::string&, const std::vector<Element>&, Dice&);
constexpr std::array<Change, 8> kChanges{remove_element, copy_element,    move_element,
                                         wrap_element,   forge_beside,    change_text,
                                         add_attribute,  change_attribute};

}  // namespace

std::string mutate_xml(std::string xml, Dice& dice) {
  for (std::size_t left = 1 + below(dice, 4); left > 0; --left) {
    const auto all = elements(xml);
    if (all.empty()) break;
    any(dice, kChanges)(xml, all, dice);
  }
  return xml;
}

std::string graft_xml(std::string xml, const std::string& donor, Dice& dice) {
  const auto theirs = elements(donor);
  const auto ours = elements(xml);
  if (theirs.empty() || ours.empty()) return xml;
  xml.insert(place(any(dice, ours), dice), text_of(donor, any(dice, theirs)));
  return xml;
}

}  // namespace anteroom::fuzz
