// A form or a query.
// Oracle: a decoder of its own finds the same fields; what was read is read again when written;
// encoding and decoding a text gives the text.

#include "http/form.h"

#include <map>

#include "fuzz/target.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

// application/x-www-form-urlencoded as WHATWG URL 5.1 has it; "" for what it would take as it is.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::map<std::string, std::string> fields_of(std::string_view encoded) {
  std::map<std::string, std::string> fields;
  std::size_t count = 0;
  while (true) {
    const auto end = encoded.find('&');
    const auto pair = encoded.substr(0, end);
    const auto equals = pair.find('=');
    if (!pair.empty()) {
      fields[decoded(pair.substr(0, equals))] =
          equals == std::string_view::npos ? "" : decoded(pair.substr(equals + 1));
      ++count;
    }
    if (end == std::string_view::npos) break;
    encoded.remove_prefix(end + 1);
  }
  require(count == fields.size(), "a field twice");
  require(count <= 64, "more than 64 fields");
  return fields;
}

void check_form(std::string_view encoded) {
  const auto form = http::Form::parse(encoded);
  if (!form) return;
  std::string written;
  const auto fields = fields_of(encoded);
  for (const auto& [name, value] : fields) {
    require(form->has(name) && form->get(name) == value, "another value");
    require((name + value).find('\0') == std::string::npos, "NUL");
    written += http::percent_encode(name) + "=" + http::percent_encode(value) + "&";
  }
  const auto again = http::Form::parse(written);
  require(again.has_value(), "it is refused when written again");
  for (const auto& [name, value] : fields) {
    require(again->has(name) && again->get(name) == value, "another value when written again");
  }
}

void check_text(std::string_view text) {
  const std::string encoded = http::percent_encode(text);
  for (const bool plus_is_space : {false, true}) {
    const auto back = http::percent_decode(encoded, plus_is_space);
    const bool has_nul = text.find('\0') != std::string_view::npos;
    require(has_nul ? !back : back == text, "decoding what was encoded");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_form(view(data, size));
  check_text(view(data, size));
  return 0;
}
