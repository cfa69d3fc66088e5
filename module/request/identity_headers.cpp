#include "request/identity_headers.h"

#include <algorithm>
#include <array>
#include <functional>

#include "anteroom/gate.h"
#include "configuration.h"
#include "request/deciders.h"
#include "request/request_adapter.h"
#include "request/text.h"

namespace anteroom::nginx {

namespace {

struct IdentityHeader {
  std::string_view name;
  std::string_view lower_case_name;
  std::string_view SessionFields::*value;
  ngx_uint_t hash = 0;
};

// ngx_hash_key() at compile time.
constexpr ngx_uint_t hash_of(std::string_view name) {
  ngx_uint_t hash = 0;
  for (const char c : name) hash = hash * 31 + static_cast<unsigned char>(c);
  return hash;
}

constexpr std::array<IdentityHeader, kIdentityHeaderCount> kIdentityHeaders{{
    {"X-Auth-Email", "x-auth-email", &SessionFields::email, hash_of("x-auth-email")},
    {"X-Auth-Name", "x-auth-name", &SessionFields::name, hash_of("x-auth-name")},
    {"X-Auth-User", "x-auth-user", &SessionFields::user, hash_of("x-auth-user")},
    {"X-Auth-Access-Level", "x-auth-access-level", &SessionFields::access_level,
     hash_of("x-auth-access-level")},
    {"X-Auth-Properties", "x-auth-properties", &SessionFields::properties,
     hash_of("x-auth-properties")},
    {"X-Auth-Session", "x-auth-session", &SessionFields::reference, hash_of("x-auth-session")},
}};

std::string_view name_of(const ngx_table_elt_t& field) {
  return {reinterpret_cast<const char*>(field.lowcase_key), field.key.len};
}

// CGI and its descendants write every '-' as '_', some of them every other sign too.
bool is_same_to_a_backend(std::string_view name, std::string_view header) {
  return std::equal(name.begin(), name.end(), header.begin(), header.end(), [](char a, char b) {
    const bool is_plain = (a >= 'a' && a <= 'z') || (a >= '0' && a <= '9');
    return a == b || (b == '-' && !is_plain);
  });
}

template <std::size_t kCount>
bool is_one_of(std::string_view name, const std::array<std::string_view, kCount>& headers) {
  return std::any_of(headers.begin(), headers.end(), [name](std::string_view header) {
    return is_same_to_a_backend(name, header);
  });
}

bool is_identity_header(std::string_view name) {
  return name.starts_with('x') &&
         std::any_of(kIdentityHeaders.begin(), kIdentityHeaders.end(), [&](const auto& header) {
           return is_same_to_a_backend(name, header.lower_case_name);
         });
}

// What some servers and frameworks take for the path instead of the request's (IIS and what was
// made to run behind it; gunicorn, where nginx passes on names with underscores).
constexpr std::array<std::string_view, 4> kPathHeaders{"x-original-url", "x-rewrite-url",
                                                       "script-name", "path-info"};

// What some apps take for the host instead of the request's.
constexpr std::array<std::string_view, 5> kHostHeaders{"x-forwarded-host", "forwarded", "x-host",
                                                       "x-original-host", "x-forwarded-server"};

// Of such letters servers make others: Python's upper() makes "SS" of one.
bool is_ascii(std::string_view name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// What would turn the connection to an app into one of HTTP/2, on which nobody looks at requests.
bool is_tunnel(const ngx_table_elt_t& field) {
  const std::string_view name = name_of(field);
  if (name == "http2-settings") return true;
  constexpr std::string_view kTunnel = "h2c";
  return name == "upgrade" &&
         ngx_strlcasestrn(field.value.data, field.value.data + field.value.len,
                          reinterpret_cast<u_char*>(const_cast<char*>(kTunnel.data())),
                          kTunnel.size() - 1) != nullptr;
}

bool is_cookie(const ngx_table_elt_t& field) {
  return name_of(field) == "cookie";
}

// A list that grows by runs of fields, which stay where they are.
class Runs {
 public:
  Runs(ngx_pool_t* pool, ngx_list_t& list) : pool_(pool), list_(list) {}

  // The first run takes the part that is in the list itself.
  [[nodiscard]] bool append(ngx_table_elt_t* start, ngx_uint_t count) {
    if (count == 0) return true;
    ngx_list_part_t* part = &list_.part;
    if (!is_empty_) {
      part = static_cast<ngx_list_part_t*>(ngx_palloc(pool_, sizeof(ngx_list_part_t)));
      if (part == nullptr) return false;
      list_.last->next = part;
    }
    *part = ngx_list_part_t{start, count, nullptr};
    list_.last = part;
    is_empty_ = false;
    return true;
  }
  [[nodiscard]] bool is_empty() const { return is_empty_; }

 private:
  ngx_pool_t* pool_;
  ngx_list_t& list_;
  bool is_empty_ = true;
};

// The fields stay where they are, because nginx points at them from elsewhere: the list is cut into
// parts around what goes. No part but the first may be empty, and nginx's next push into the list
// must find `nalloc` reached. NGX_ERROR ends the request.
template <class Goes>
ngx_int_t cut(ngx_pool_t* pool, ngx_list_t& list, const Goes& goes) {
  Runs runs(pool, list);
  const ngx_list_part_t first = list.part;
  for (const ngx_list_part_t* part = &first; part != nullptr; part = part->next) {
    auto* fields = static_cast<ngx_table_elt_t*>(part->elts);
    ngx_uint_t begin = 0;
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      if (!goes(fields[i])) continue;
      if (!runs.append(fields + begin, i - begin)) return NGX_ERROR;
      begin = i + 1;
    }
    if (!runs.append(fields + begin, part->nelts - begin)) return NGX_ERROR;
  }
  if (runs.is_empty()) return ngx_list_init(&list, pool, 4, sizeof(ngx_table_elt_t));
  list.nalloc = list.last->nelts;
  return NGX_OK;
}

bool is_among(const ngx_table_elt_t& field, const IdentityFields* credited) {
  if (credited == nullptr) return false;
  const auto* first = credited->fields.data();
  const std::less<> is_before;  // of pointers into different arrays, too
  return !is_before(&field, first) && is_before(&field, first + credited->fields.size());
}

// Which fields are taken out.
struct Going {
  const IdentityFields* credited;
  bool are_paths;   ///< those, too, that name another path,
  bool are_hosts;   ///< or another host
  bool may_be_odd;  ///< nginx lets names through that are not ASCII

  // An empty Cookie field held only cookies of ours.
  bool operator()(const ngx_table_elt_t& field) const {
    if (is_cookie(field)) return field.value.len == 0;
    return (is_identity_header(name_of(field)) && !is_among(field, credited)) || is_tunnel(field) ||
           (are_paths && is_one_of(name_of(field), kPathHeaders)) ||
           (are_hosts && is_one_of(name_of(field), kHostHeaders)) ||
           (may_be_odd && !is_ascii(name_of(field)));
  }
};

#if nginx_version >= 1023000

ngx_int_t drop_empty_cookies(ngx_http_request_t* r) {
  ngx_table_elt_t** link = &r->headers_in.cookie;
  while (*link != nullptr) {
    if ((*link)->value.len == 0) {
      *link = (*link)->next;
    } else {
      link = &(*link)->next;
    }
  }
  return NGX_OK;
}

#else

// A new array: the old one's elements are a subrequest's as well.
ngx_int_t drop_empty_cookies(ngx_http_request_t* r) {
  ngx_array_t& cookies = r->headers_in.cookies;
  if (cookies.nelts == 0) return NGX_OK;
  ngx_array_t kept;
  if (ngx_array_init(&kept, r->pool, cookies.nelts, sizeof(ngx_table_elt_t*)) != NGX_OK) {
    return NGX_ERROR;
  }
  auto** start = static_cast<ngx_table_elt_t**>(cookies.elts);
  auto** end = std::copy_if(start, start + cookies.nelts, static_cast<ngx_table_elt_t**>(kept.elts),
                            [](const ngx_table_elt_t* cookie) { return cookie->value.len != 0; });
  kept.nelts = static_cast<ngx_uint_t>(end - static_cast<ngx_table_elt_t**>(kept.elts));
  cookies = kept;
  return NGX_OK;
}

#endif

bool lets_odd_names_through(ngx_http_request_t* r) {
  const auto* core =
      static_cast<ngx_http_core_srv_conf_t*>(ngx_http_get_module_srv_conf(r, ngx_http_core_module));
  return core->ignore_invalid_headers == 0;
}

ngx_str_t text_of(std::string_view text) {
  return {text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
}

}  // namespace

ngx_int_t remove_ours(ngx_http_request_t* r, bool has_our_cookies, const IdentityFields* credited) {
  const ServerConfiguration& server = server_configuration(r);
  const Going goes{credited, server.has_several_rules || server.stands_beside,
                   server.deciders != nullptr && server.deciders->is_by_host,
                   lets_odd_names_through(r)};
  bool is_anything_to_go = false;
  bool is_out_of_memory = false;
  for_each_header(r->headers_in.headers, [&](ngx_table_elt_t& field) {
    if (has_our_cookies && is_cookie(field)) {
      field.value = copy(r->pool, without_our_cookies(view(field.value)));
      is_out_of_memory = is_out_of_memory || field.value.data == nullptr;
    }
    is_anything_to_go = is_anything_to_go || goes(field);
  });
  if (is_out_of_memory) return NGX_ERROR;
  if (!is_anything_to_go) return NGX_OK;
  if (drop_empty_cookies(r) != NGX_OK) return NGX_ERROR;
  return cut(r->pool, r->headers_in.headers, goes);
}

// nginx only reads what the fields point at.
void add_identity(ngx_http_request_t* r, const SessionFields& who, IdentityFields& added) {
  auto* field = added.fields.data();
  for (const IdentityHeader& header : kIdentityHeaders) {
    *field = ngx_table_elt_t{};
    field->key = text_of(header.name);
    field->lowcase_key = text_of(header.lower_case_name).data;
    field->hash = header.hash;
    field->value = text_of(who.*header.value);
    ++field;
  }
  added.part = ngx_list_part_t{added.fields.data(), added.fields.size(), nullptr};
  ngx_list_t& headers = r->headers_in.headers;
  headers.last->next = &added.part;
  headers.last = &added.part;
  headers.nalloc = added.fields.size();
}

}  // namespace anteroom::nginx
