#include "shared_sessions.h"

#include <cstring>

namespace anteroom::nginx {

namespace {

constexpr ngx_uint_t kMaxNegative = 1024;
constexpr int kMaxEvictions = 8;

SharedEntry* entry_of_hash(ngx_rbtree_node_t* node) {
  return reinterpret_cast<SharedEntry*>(reinterpret_cast<char*>(node) -
                                        offsetof(SharedEntry, by_hash));
}

SharedEntry* entry_of_user(ngx_rbtree_node_t* node) {
  return reinterpret_cast<SharedEntry*>(reinterpret_cast<char*>(node) -
                                        offsetof(SharedEntry, by_user));
}

SharedEntry* entry_of_use(ngx_queue_t* queue) {
  return reinterpret_cast<SharedEntry*>(reinterpret_cast<char*>(queue) -
                                        offsetof(SharedEntry, use));
}

// The hash is a SHA-256: its first bytes are spread evenly already.
ngx_rbtree_key_t key_of(const TokenHash& hash) {
  ngx_rbtree_key_t key = 0;
  std::memcpy(&key, hash.data(), sizeof key);
  return key;
}

ngx_rbtree_key_t key_of(const UserId& user) {
  return ngx_crc32_short(reinterpret_cast<u_char*>(const_cast<char*>(user.data())), user.size());
}

void link(ngx_rbtree_node_t* root, ngx_rbtree_node_t* node, ngx_rbtree_node_t* sentinel,
          bool (*is_less)(ngx_rbtree_node_t*, ngx_rbtree_node_t*)) {
  ngx_rbtree_node_t** place = nullptr;
  for (;;) {
    place = is_less(node, root) ? &root->left : &root->right;
    if (*place == sentinel) break;
    root = *place;
  }
  *place = node;
  node->parent = root;
  node->left = sentinel;
  node->right = sentinel;
  ngx_rbt_red(node);
}

bool is_less_by_hash(ngx_rbtree_node_t* a, ngx_rbtree_node_t* b) {
  if (a->key != b->key) return a->key < b->key;
  return entry_of_hash(a)->hash < entry_of_hash(b)->hash;
}

bool is_less_by_user(ngx_rbtree_node_t* a, ngx_rbtree_node_t* b) {
  if (a->key != b->key) return a->key < b->key;
  return entry_of_user(a)->user < entry_of_user(b)->user;
}

// nginx calls these through a pointer in the tree, which is shared: the modules of two generations
// may be mapped at different addresses, so each insertion sets its own.
void link_by_hash(ngx_rbtree_node_t* root, ngx_rbtree_node_t* node,
                  ngx_rbtree_node_t* sentinel) noexcept {
  link(root, node, sentinel, is_less_by_hash);
}

void link_by_user(ngx_rbtree_node_t* root, ngx_rbtree_node_t* node,
                  ngx_rbtree_node_t* sentinel) noexcept {
  link(root, node, sentinel, is_less_by_user);
}

}  // namespace

void SharedSessions::construct() {
  ngx_rbtree_init(&by_hash, &hash_sentinel, link_by_hash);
  ngx_rbtree_init(&by_user, &user_sentinel, link_by_user);
  ngx_queue_init(&live);
  ngx_queue_init(&negative);
}

SharedEntry* SharedSessions::find(const TokenHash& hash) {
  const ngx_rbtree_key_t key = key_of(hash);
  ngx_rbtree_node_t* node = by_hash.root;
  while (node != &hash_sentinel) {
    if (key != node->key) {
      node = key < node->key ? node->left : node->right;
      continue;
    }
    SharedEntry* entry = entry_of_hash(node);
    if (entry->hash == hash) return entry;
    node = hash < entry->hash ? node->left : node->right;
  }
  return nullptr;
}

SharedEntry* SharedSessions::find_user(const UserId& user) {
  const ngx_rbtree_key_t key = key_of(user);
  ngx_rbtree_node_t* node = by_user.root;
  while (node != &user_sentinel) {
    if (key != node->key) {
      node = key < node->key ? node->left : node->right;
      continue;
    }
    SharedEntry* entry = entry_of_user(node);
    if (entry->user == user) return entry;
    node = user < entry->user ? node->left : node->right;
  }
  return nullptr;
}

void SharedSessions::remove(ngx_slab_pool_t* slab, SharedEntry* entry) {
  ngx_rbtree_delete(&by_hash, &entry->by_hash);
  ngx_queue_remove(&entry->use);
  if (entry->is_negative) {
    --negative_count;
  } else {
    ngx_rbtree_delete(&by_user, &entry->by_user);
  }
  ngx_slab_free_locked(slab, entry);
}

SharedEntry* SharedSessions::insert(ngx_slab_pool_t* slab, const TokenHash& hash,
                                    const UserId& user, std::string_view record) {
  const bool is_negative = record.empty();
  if (is_negative && negative_count >= kMaxNegative) {
    remove(slab, entry_of_use(ngx_queue_last(&negative)));
  }
  const std::size_t size = sizeof(SharedEntry) + record.size();
  auto* entry = static_cast<SharedEntry*>(ngx_slab_alloc_locked(slab, size));
  for (int i = 0; entry == nullptr && i < kMaxEvictions; ++i) {
    ngx_queue_t* victims = ngx_queue_empty(&negative) ? &live : &negative;
    if (ngx_queue_empty(victims) || (is_negative && victims == &live)) return nullptr;
    remove(slab, entry_of_use(ngx_queue_last(victims)));
    entry = static_cast<SharedEntry*>(ngx_slab_alloc_locked(slab, size));
  }
  if (entry == nullptr) return nullptr;
  entry->hash = hash;
  entry->user = user;
  entry->is_negative = is_negative;
  entry->length = static_cast<std::uint16_t>(record.size());
  std::memcpy(entry->bytes(), record.data(), record.size());
  entry->by_hash.key = key_of(hash);
  by_hash.insert = link_by_hash;
  ngx_rbtree_insert(&by_hash, &entry->by_hash);
  if (is_negative) {
    ngx_queue_insert_head(&negative, &entry->use);
    ++negative_count;
  } else {
    ngx_queue_insert_head(&live, &entry->use);
    entry->by_user.key = key_of(user);
    by_user.insert = link_by_user;
    ngx_rbtree_insert(&by_user, &entry->by_user);
  }
  return entry;
}

void SharedSessions::note(const SessionChange& change) {
  epoch = epoch + 1;
  changes[epoch % changes.size()] = change;
}

void SharedSessions::touch(SharedEntry* entry) {
  ngx_queue_remove(&entry->use);
  ngx_queue_insert_head(entry->is_negative ? &negative : &live, &entry->use);
}

}  // namespace anteroom::nginx
