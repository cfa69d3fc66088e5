#include "text/idn.h"

#include <glib.h>

#include <memory>

namespace anteroom::text {

namespace {

using Text = std::unique_ptr<char, decltype(&g_free)>;

Text owned(char* text) {
  return {text, &g_free};
}

// As two spellings of one name are compared: composed, in lower case.
std::string folded(const char* text) {
  const Text composed = owned(g_utf8_normalize(text, -1, G_NORMALIZE_DEFAULT_COMPOSE));
  if (composed == nullptr) return "";
  const Text lower = owned(g_utf8_strdown(composed.get(), -1));
  return lower.get();
}

// A sign that stands for an ASCII letter (the Kelvin sign for K) does not count as that letter
// here.
bool is_ascii_in_disguise(gunichar letter) {
  gunichar decomposed[2] = {};
  const bool is_one = g_unichar_fully_decompose(letter, FALSE, decomposed, 2) == 1;
  return letter >= 0x80 && (g_unichar_tolower(letter) < 0x80 || (is_one && decomposed[0] < 0x80));
}

// In characters: in ASCII a label only gets longer (RFC 1035 2.3.4). Conversion takes time that
// grows with the square of it.
bool has_long_label(const std::string& name) {
  constexpr int kMaxLabel = 63;
  int length = 0;
  for (const char* at = name.c_str(); *at != '\0'; at = g_utf8_next_char(at)) {
    length = *at == '.' ? 0 : length + 1;
    if (length > kMaxLabel) return true;
  }
  return false;
}

bool is_plainly_spelt(const std::string& name) {
  const std::string labels = "." + name + ".";
  if (labels.find(".-") != std::string::npos || labels.find("-.") != std::string::npos)
    return false;
  for (const char* at = name.c_str(); *at != '\0'; at = g_utf8_next_char(at)) {
    if (is_ascii_in_disguise(g_utf8_get_char(at))) return false;
  }
  return true;
}

// A script whose letters look like no other's, or Latin's own of Europe's languages.
bool is_unmistakable(gunichar letter) {
  switch (g_unichar_get_script(letter)) {
    case G_UNICODE_SCRIPT_LATIN:
      return letter < 0x180 && letter != 0x131 && letter != 0x138;  // dotless i, kra
    case G_UNICODE_SCRIPT_COMMON:
      return letter < 0x80;
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_HANGUL:
      return true;
    default:
      return false;
  }
}

bool is_unmistakable(const char* text) {
  for (; *text != '\0'; text = g_utf8_next_char(text)) {
    if (!is_unmistakable(g_utf8_get_char(text))) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> domain_to_ascii(std::string_view text) {
  constexpr std::size_t kMaxDomain = 1000;
  const std::string given(text);
  if (given.size() > kMaxDomain || given.find('\0') != std::string::npos ||
      g_utf8_validate(given.c_str(), -1, nullptr) == FALSE || has_long_label(given) ||
      !is_plainly_spelt(given)) {
    return std::nullopt;
  }
  const Text ascii = owned(g_hostname_to_ascii(given.c_str()));
  if (ascii == nullptr) return std::nullopt;
  const Text back = owned(g_hostname_to_unicode(ascii.get()));
  if (back == nullptr || folded(given.c_str()) != back.get()) return std::nullopt;
  return std::string(ascii.get());
}

std::string domain_to_unicode(std::string_view ascii) {
  std::string name(ascii);
  const Text shown = owned(g_hostname_to_unicode(name.c_str()));
  if (shown == nullptr || !is_unmistakable(shown.get())) return name;
  const auto again = domain_to_ascii(shown.get());
  return again && *again == name ? std::string(shown.get()) : name;
}

}  // namespace anteroom::text
