#include "journey/sign_on/long_target.h"

#include <zlib.h>

#include <algorithm>

#include "http/cookie.h"
#include "http/form.h"
#include "http/url.h"
#include "journey/frame/respond.h"
#include "journey/frame/return_to.h"
#include "session/names.h"
#include "session/packing.h"
#include "session/token.h"

namespace anteroom::journey {

namespace {

constexpr std::string_view kWayPurpose = "way-back";
constexpr std::string_view kTargetPurpose = "long-target";
constexpr auto kLife = std::chrono::hours(24);  // as long as session::ReturnTo
constexpr std::size_t kMaxTarget = 2048 + 1 + 8192;
// Of what is shown where the rest could not be kept.
constexpr std::size_t kMaxPath = 1000;
// Browsers keep cookies of 4,096 bytes.
constexpr std::size_t kMaxCookie = 3600;
// All cookies of a request are one line, with some of the app among them. nginx takes 8 kB, unless
// it has just shown that it takes more.
constexpr std::size_t kUsualLine = 8192;
constexpr std::size_t kMaxKept = 6000;
constexpr std::size_t kMaxKeptInLongLines = 12000;
// So many tabs at once. Each has its own path, so that their cookies do not add up.
constexpr std::size_t kSlots = 3;

std::optional<std::string> deflated(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string out(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                reinterpret_cast<const Bytef*>(text.data()), text.size(),
                Z_BEST_COMPRESSION) != Z_OK) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

std::optional<std::string> inflated(const std::string& bytes) {
  uLongf size = kMaxTarget;
  std::string out(size, '\0');
  if (uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                 reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) != Z_OK) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

std::string cookie_name(std::size_t slot, std::size_t part) {
  return std::string(session::kReturnCookiePrefix) + std::to_string(slot) + "-" +
         std::to_string(part);
}

std::string way_back(const Context& context, std::size_t slot) {
  return context.path("/return/") + std::to_string(slot);
}

// What the cookies hold together; empty if the target can't be kept.
std::string sealed_target(const Context& context, const std::string& id, const std::string& origin,
                          const std::string& target) {
  if (!http::is_local_target(target, kMaxTarget)) return "";
  const auto packed = session::pack({id, origin, deflated(target).value_or("")});
  const auto sealed = packed ? context.sealer.seal(context.ports.random, kTargetPurpose, *packed,
                                                   context.now() + kLife)
                             : std::nullopt;
  const std::size_t most = target.size() > kUsualLine ? kMaxKeptInLongLines : kMaxKept;
  return sealed && sealed->size() <= most ? *sealed : "";
}

HeaderList cookies_for(const Context& context, std::size_t slot, std::string_view sealed) {
  HeaderList cookies;
  const std::string rest = "; Path=" + way_back(context, slot) +
                           "; Secure; HttpOnly; SameSite=Lax; Max-Age=" +
                           std::to_string(std::chrono::seconds(kLife).count());
  for (std::size_t part = 0; !sealed.empty(); ++part) {
    const std::size_t size = std::min(sealed.size(), kMaxCookie);
    cookies.emplace_back(
        "Set-Cookie", cookie_name(slot, part) + "=" + std::string(sealed.substr(0, size)) + rest);
    sealed.remove_prefix(size);
  }
  return cookies;
}

// What the link of the way back says.
struct Way {
  std::string id, path;
  std::size_t slot = 0, parts = 0;
};

std::optional<Way> way_in(const Exchange& exchange) {
  const auto query = http::Form::parse(exchange.head().query);
  const auto packed =
      query ? exchange.context.sealer.open(kWayPurpose, query->get("k"), exchange.now())
            : std::nullopt;
  const auto fields = packed ? session::unpack(*packed, 4) : std::nullopt;
  if (!fields || (*fields)[2].size() != 1 || (*fields)[3].size() != 1) return std::nullopt;
  return Way{(*fields)[0], (*fields)[1], static_cast<std::size_t>((*fields)[2][0] - '0'),
             static_cast<std::size_t>((*fields)[3][0] - '0')};
}

std::optional<std::string> kept_target(const Exchange& exchange, const Way& way) {
  std::string sealed;
  for (std::size_t part = 0; part < way.parts; ++part) {
    const std::string wanted = cookie_name(way.slot, part);
    http::for_each_cookie(exchange.head().headers.cookie,
                          [&](std::string_view name, std::string_view value) {
                            if (name == wanted) sealed += value;
                          });
  }
  const auto packed = exchange.context.sealer.open(kTargetPurpose, sealed, exchange.now());
  const auto fields = packed ? session::unpack(*packed, 3) : std::nullopt;
  if (!fields || (*fields)[0] != way.id || (*fields)[1] != exchange.origin.text) {
    return std::nullopt;
  }
  auto target = inflated((*fields)[2]);
  if (!target || !http::is_local_target(*target, kMaxTarget)) return std::nullopt;
  return target;
}

}  // namespace

Target target_of(Context& context, const RequestHead& request) {
  std::string whole(request.path);
  if (!request.query.empty()) whole += "?" + std::string(request.query);
  const bool has_path = http::is_local_target(request.path);
  if (http::is_local_target(whole) || !has_path) return {local_target(request)};
  const Origin* origin = context.origin_of(request.headers.host);
  const auto id = session::new_hex(context.ports.random, 8);
  if (origin == nullptr || !id) return {local_target(request)};
  const std::size_t slot = std::hash<std::string>{}(*id) % kSlots;
  const std::string sealed = sealed_target(context, *id, origin->text, whole);
  HeaderList cookies = cookies_for(context, slot, sealed);
  const auto way = session::pack({*id, request.path.size() > kMaxPath ? "/" : request.path,
                                  std::to_string(slot), std::to_string(cookies.size())});
  const auto handle =
      way ? context.sealer.seal(context.ports.random, kWayPurpose, *way, context.now() + kLife)
          : std::nullopt;
  if (!handle) return {local_target(request)};
  return {way_back(context, slot) + "?k=" + *handle, std::move(cookies)};
}

Response find_target(Exchange exchange) {
  const auto way = way_in(exchange);
  if (way) {
    if (const auto target = kept_target(exchange, *way)) return redirect(303, *target);
  }
  return explain(exchange.context, exchange.head(), {Code{"target_not_kept"}, ""},
                 {414, "target_not_kept_title"_message, "target_not_kept"_message,
                  "target_not_kept_hint"_message, way ? way->path : "/", "continue"_message});
}

}  // namespace anteroom::journey
