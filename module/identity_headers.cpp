#include "identity_headers.h"

#include <algorithm>
#include <array>
#include <vector>

#include "anteroom/gate.h"
#include "request_adapter.h"
#include "text.h"

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

constexpr std::array<IdentityHeader, 6> kIdentityHeaders{{
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

bool is_identity_header(std::string_view name) {
  return name.starts_with('x') &&
         std::any_of(kIdentityHeaders.begin(), kIdentityHeaders.end(), [&](const auto& header) {
           return is_same_to_a_backend(name, header.lower_case_name);
         });
}

bool is_cookie(const ngx_table_elt_t& field) {
  return name_of(field) == "cookie";
}

// The fields stay where they are, because nginx points at them from elsewhere: the list is cut into
// parts around what goes. No part but the first may be empty, and nginx's next push into the list
// must find `nalloc` reached.
ngx_int_t cut(ngx_pool_t* pool, ngx_list_t& list, bool (*goes)(const ngx_table_elt_t&)) {
  struct Run {
    ngx_table_elt_t* start;
    ngx_uint_t count;
  };
  std::vector<Run> runs;
  bool extends_last = false;
  for (ngx_list_part_t* part = &list.part; part != nullptr; part = part->next) {
    extends_last = false;
    auto* fields = static_cast<ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      if (goes(fields[i])) {
        extends_last = false;
      } else if (extends_last) {
        ++runs.back().count;
      } else {
        runs.push_back({&fields[i], 1});
        extends_last = true;
      }
    }
  }
  if (runs.empty()) return ngx_list_init(&list, pool, 4, sizeof(ngx_table_elt_t));
  ngx_list_part_t* part = &list.part;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (i > 0) {
      auto* next = static_cast<ngx_list_part_t*>(ngx_palloc(pool, sizeof(ngx_list_part_t)));
      if (next == nullptr) return NGX_ERROR;  // the caller ends the request
      part->next = next;
      part = next;
    }
    part->elts = runs[i].start;
    part->nelts = runs[i].count;
    part->next = nullptr;
  }
  list.last = part;
  list.nalloc = part->nelts;
  return NGX_OK;
}

// An empty Cookie field is one that held nothing but ours.
bool goes(const ngx_table_elt_t& field) {
  return is_identity_header(name_of(field)) || (is_cookie(field) && field.value.len == 0);
}

#if nginx_version >= 1023000

void drop_empty_cookies(ngx_http_request_t* r) {
  ngx_table_elt_t** link = &r->headers_in.cookie;
  while (*link != nullptr) {
    if ((*link)->value.len == 0) {
      *link = (*link)->next;
    } else {
      link = &(*link)->next;
    }
  }
}

#else

void drop_empty_cookies(ngx_http_request_t* r) {
  ngx_array_t& cookies = r->headers_in.cookies;
  auto** start = static_cast<ngx_table_elt_t**>(cookies.elts);
  auto** end = std::remove_if(start, start + cookies.nelts,
                              [](const ngx_table_elt_t* cookie) { return cookie->value.len == 0; });
  cookies.nelts = static_cast<ngx_uint_t>(end - start);
}

#endif

u_char* bytes(std::string_view text) {
  return reinterpret_cast<u_char*>(const_cast<char*>(text.data()));
}

ngx_int_t add(ngx_http_request_t* r, const IdentityHeader& header, std::string_view value) {
  auto* field = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_in.headers));
  if (field == nullptr) return NGX_ERROR;
  *field = ngx_table_elt_t{};
  // nginx only reads them.
  field->key = ngx_str_t{header.name.size(), bytes(header.name)};
  field->lowcase_key = bytes(header.lower_case_name);
  field->hash = header.hash;
  field->value = copy(r->pool, value);
  return field->value.data == nullptr ? NGX_ERROR : NGX_OK;
}

}  // namespace

ngx_int_t remove_ours(ngx_http_request_t* r) {
  bool is_anything_to_go = false;
  bool is_out_of_memory = false;
  for_each_header(r->headers_in.headers, [&](ngx_table_elt_t& field) {
    if (is_cookie(field) && has_our_cookies(view(field.value))) {
      field.value = copy(r->pool, without_our_cookies(view(field.value)));
      is_out_of_memory = is_out_of_memory || field.value.data == nullptr;
    }
    is_anything_to_go = is_anything_to_go || goes(field);
  });
  if (is_out_of_memory) return NGX_ERROR;
  if (!is_anything_to_go) return NGX_OK;
  drop_empty_cookies(r);
  return cut(r->pool, r->headers_in.headers, goes);
}

ngx_int_t add_identity(ngx_http_request_t* r, const SessionFields& who) {
  for (const IdentityHeader& header : kIdentityHeaders) {
    if (add(r, header, who.*header.value) != NGX_OK) return NGX_ERROR;
  }
  return NGX_OK;
}

}  // namespace anteroom::nginx
