// A Cookie header.
// Oracle: the pairs lie within the header, hold no separator and are read the same again when
// written; nothing opens as sealed by us but what we sealed, and that comes back whole.

#include "http/cookie.h"

#include <algorithm>
#include <vector>

#include "fuzz/target.h"
#include "session/login_state.h"
#include "session/names.h"
#include "session/packing.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct NotRandom final : Random {
  bool fill(std::span<std::uint8_t> out) override {
    std::fill(out.begin(), out.end(), std::uint8_t{7});
    return true;
  }
};

Pairs pairs_of(std::string_view header) {
  Pairs pairs;
  http::for_each_cookie(header, [&](std::string_view name, std::string_view value) {
    require(name.data() >= header.data() &&
                value.data() + value.size() <= header.data() + header.size(),
            "a pair beside the header");
    require(name.find_first_of(";=") == std::string_view::npos &&
                value.find(';') == std::string_view::npos,
            "a separator within a pair");
    pairs.emplace_back(name, value);
  });
  return pairs;
}

std::string joined(const Pairs& pairs) {
  std::string header;
  for (const auto& [name, value] : pairs) header += name + "=" + value + "; ";
  if (!pairs.empty()) header.resize(header.size() - 2);
  return header;
}

void check_pairs(std::string_view header) {
  const Pairs pairs = pairs_of(header);
  // An empty pair at the end is not told from none.
  if (!pairs.empty() && pairs.back() == Pairs::value_type()) return;
  require(pairs_of(joined(pairs)) == pairs, "the pairs read differently when written again");
}

const std::vector<Secret>& keys() {
  static const std::vector<Secret> kKeys{Secret(std::string(32, 'k'))};
  return kKeys;
}

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};

void check_states(std::string_view header) {
  const crypto::Sealer sealer(keys());
  std::vector<std::string> stale;
  // The corpus holds one that was really sealed; it says so itself.
  for (const auto& state : session::login_states(sealer, header, kNow, stale)) {
    require(state.idp == "corp" && state.request_id == "id00112233445566778899aabbccddeeff",
            "a login state nobody sealed");
  }
  for (const std::string& name : stale) {
    require(name.starts_with(session::kLoginCookiePrefix) && session::is_our_cookie(name),
            "a cookie that is not ours called stale");
  }
  require(!session::open_return_to(sealer, header, kNow), "a return target nobody sealed");
}

void check_sealing(std::string_view text) {
  NotRandom random;
  const crypto::Sealer sealer(keys());
  const session::ReturnTo wanted{"https://app.test", std::string(text.substr(0, 2048)), ""};
  const auto sealed = session::seal_return_to(sealer, random, wanted, kNow);
  require(sealed && session::open_return_to(sealer, *sealed, kNow) == wanted,
          "not what was sealed");
  const auto fields = session::unpack(text, 2);
  if (!fields) return;
  require(session::pack({fields->at(0), fields->at(1)}) == std::string(text),
          "not what was packed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto header = view(data, size);
  check_pairs(header);
  check_states(header);
  check_sealing(header);
  return 0;
}
