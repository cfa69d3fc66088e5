/* What any gate must do at least: SHA-256 of a cookie, a look-up in shared memory, one header more.
 * The yardstick of scripts/bench; it trusts everybody whose cookie it has been shown before, so it
 * is of no other use. */
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <openssl/evp.h>

#define HASH_BYTES 32
#define COOKIE "minimal-gate="

typedef struct {
  ngx_rbtree_node_t node;
  u_char hash[HASH_BYTES];
} entry_t;

typedef struct {
  ngx_rbtree_t tree;
  ngx_rbtree_node_t sentinel;
} shared_t;

typedef struct {
  ngx_flag_t is_on;
} location_t;

extern ngx_module_t ngx_http_minimal_gate_module;
static ngx_shm_zone_t* zone;
static EVP_MD* sha256;
static EVP_MD_CTX* context;

static void* create_location(ngx_conf_t* cf) {
  location_t* location = ngx_pcalloc(cf->pool, sizeof(location_t));
  if (location != NULL) location->is_on = NGX_CONF_UNSET;
  return location;
}

static char* merge_location(ngx_conf_t* cf, void* parent, void* child) {
  (void)cf;
  ngx_conf_merge_value(((location_t*)child)->is_on, ((location_t*)parent)->is_on, 0);
  return NGX_CONF_OK;
}

static void insert_value(ngx_rbtree_node_t* at, ngx_rbtree_node_t* node,
                         ngx_rbtree_node_t* sentinel) {
  for (;;) {
    int less = ngx_memcmp(((entry_t*)node)->hash, ((entry_t*)at)->hash, HASH_BYTES) < 0;
    ngx_rbtree_node_t** next = less ? &at->left : &at->right;
    if (*next == sentinel) {
      *next = node;
      break;
    }
    at = *next;
  }
  node->parent = at;
  node->left = sentinel;
  node->right = sentinel;
  ngx_rbt_red(node);
}

static ngx_int_t prepare_zone(ngx_shm_zone_t* shm, void* old) {
  ngx_slab_pool_t* slab = (ngx_slab_pool_t*)shm->shm.addr;
  shared_t* shared = old != NULL ? old : ngx_slab_calloc(slab, sizeof(shared_t));
  if (shared == NULL) return NGX_ERROR;
  if (old == NULL) ngx_rbtree_init(&shared->tree, &shared->sentinel, insert_value);
  shm->data = shared;
  return NGX_OK;
}

static int is_known(const u_char* hash) {
  ngx_slab_pool_t* slab = (ngx_slab_pool_t*)zone->shm.addr;
  shared_t* shared = zone->data;
  ngx_shmtx_lock(&slab->mutex);
  ngx_rbtree_node_t* at = shared->tree.root;
  ngx_int_t order = 1;
  while (at != &shared->sentinel && order != 0) {
    order = ngx_memcmp(hash, ((entry_t*)at)->hash, HASH_BYTES);
    if (order != 0) at = order < 0 ? at->left : at->right;
  }
  if (order != 0) {
    entry_t* entry = ngx_slab_alloc_locked(slab, sizeof(entry_t));
    if (entry != NULL) {
      ngx_memcpy(entry->hash, hash, HASH_BYTES);
      ngx_rbtree_insert(&shared->tree, &entry->node);
    }
  }
  ngx_shmtx_unlock(&slab->mutex);
  return order == 0;
}

static ngx_int_t gate(ngx_http_request_t* r) {
  location_t* location = ngx_http_get_module_loc_conf(r, ngx_http_minimal_gate_module);
  if (location->is_on != 1 || r != r->main) return NGX_DECLINED;
  if (r->headers_in.cookies.nelts != 1) return NGX_HTTP_FORBIDDEN;
  ngx_table_elt_t* cookie = *(ngx_table_elt_t**)r->headers_in.cookies.elts;
  u_char* at = ngx_strnstr(cookie->value.data, COOKIE, cookie->value.len);
  if (at == NULL) return NGX_HTTP_FORBIDDEN;
  at += sizeof(COOKIE) - 1;
  u_char hash[HASH_BYTES];
  if (!EVP_DigestInit_ex2(context, sha256, NULL) ||
      !EVP_DigestUpdate(context, at, (size_t)(cookie->value.data + cookie->value.len - at)) ||
      !EVP_DigestFinal_ex(context, hash, NULL)) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  (void)is_known(hash);
  ngx_table_elt_t* header = ngx_list_push(&r->headers_in.headers);
  if (header == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
  ngx_str_set(&header->key, "X-Auth-Email");
  ngx_str_set(&header->value, "ann@northwind.example");
  header->lowcase_key = (u_char*)"x-auth-email";
  header->hash = ngx_hash_key(header->lowcase_key, header->key.len);
  return NGX_DECLINED;
}

static ngx_int_t install(ngx_conf_t* cf) {
  static ngx_str_t name = ngx_string("minimal_gate");
  zone = ngx_shared_memory_add(cf, &name, 32u << 20, &ngx_http_minimal_gate_module);
  if (zone == NULL) return NGX_ERROR;
  zone->init = prepare_zone;
  ngx_http_core_main_conf_t* core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
  ngx_http_handler_pt* handler = ngx_array_push(&core->phases[NGX_HTTP_ACCESS_PHASE].handlers);
  if (handler == NULL) return NGX_ERROR;
  *handler = gate;
  return NGX_OK;
}

static ngx_int_t start(ngx_cycle_t* cycle) {
  (void)cycle;
  sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  context = EVP_MD_CTX_new();
  return sha256 != NULL && context != NULL ? NGX_OK : NGX_ERROR;
}

static ngx_command_t commands[] = {
    {ngx_string("minimal_gate"), NGX_HTTP_LOC_CONF | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(location_t, is_on), NULL},
    ngx_null_command};

static ngx_http_module_t http_context = {NULL, install,         NULL,          NULL, NULL,
                                         NULL, create_location, merge_location};

ngx_module_t ngx_http_minimal_gate_module = {
    NGX_MODULE_V1, &http_context, commands, NGX_HTTP_MODULE,      NULL, NULL, start, NULL,
    NULL,          NULL,          NULL,     NGX_MODULE_V1_PADDING};

#define EXPORTED __attribute__((visibility("default")))
EXPORTED ngx_module_t* ngx_modules[] = {&ngx_http_minimal_gate_module, NULL};
EXPORTED char* ngx_module_names[] = {"ngx_http_minimal_gate_module", NULL};
EXPORTED char* ngx_module_order[] = {NULL};
