// An Accept-Language header.
// Oracle: the answer is one of those there are; case does not matter, and neither does asking for
// another language as well.

#include "pages/language.h"

#include <algorithm>
#include <string>

#include "fuzz/target.h"
#include "text/ascii.h"

using namespace anteroom;
using namespace anteroom::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::string_view> available{"en", "es"};
  const std::string header(view(data, size));
  const auto chosen = pages::choose_language(header, available);
  require(std::find(available.begin(), available.end(), chosen) != available.end(),
          "a language that there is not");
  require(pages::choose_language(text::to_lower(header), available) == chosen, "case matters");
  require(pages::choose_language(header + ",de;q=0.5", available) == chosen, "German matters");
  return 0;
}
