#include "shared_sessions.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace anteroom::nginx {

namespace {

constexpr ngx_uint_t kMaxNegative = 1024;
constexpr int kMaxEvictions = 64;

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

void SharedEntry::read(std::string& record) const {
  record.resize(length);
  std::size_t done = std::min<std::size_t>(length, bytes.size());
  std::memcpy(record.data(), bytes.data(), done);
  for (const SharedUnit* unit = next; unit != nullptr; unit = unit->next) {
    const std::size_t more = std::min(length - done, unit->bytes.size());
    std::memcpy(record.data() + done, unit->bytes.data(), more);
    done += more;
  }
}

bool SharedSessions::add_page(ngx_slab_pool_t* slab) {
  auto* page = static_cast<char*>(ngx_slab_alloc_locked(slab, ngx_pagesize));
  if (page == nullptr) return false;
  for (std::size_t at = 0; at + sizeof(SharedUnit) <= ngx_pagesize; at += sizeof(SharedUnit)) {
    give_back(new (page + at) SharedUnit);
  }
  return true;
}

void SharedSessions::give_back(SharedUnit* unit) {
  unit->next = free_units;
  free_units = unit;
  ++free_count;
}

SharedUnit* SharedSessions::take_unit() {
  SharedUnit* unit = free_units;
  free_units = unit->next;
  --free_count;
  unit->next = nullptr;
  return unit;
}

void SharedSessions::remove(SharedEntry* entry) {
  ngx_rbtree_delete(&by_hash, &entry->by_hash);
  ngx_queue_remove(&entry->use);
  if (entry->is_negative) {
    --negative_count;
  } else {
    ngx_rbtree_delete(&by_user, &entry->by_user);
  }
  for (SharedUnit* unit = entry->next; unit != nullptr;) {
    SharedUnit* next = unit->next;
    give_back(unit);
    unit = next;
  }
  give_back(new (entry) SharedUnit);
}

// An answer of "no such session" never costs a live one its place.
bool SharedSessions::make_room(ngx_slab_pool_t* slab, ngx_uint_t units, bool is_negative) {
  for (int evictions = 0; free_count < units;) {
    if (add_page(slab)) continue;
    ngx_queue_t* victims = ngx_queue_empty(&negative) ? &live : &negative;
    const bool is_worth_more = is_negative && victims == &live;
    if (ngx_queue_empty(victims) || is_worth_more || ++evictions > kMaxEvictions) return false;
    remove(entry_of_use(ngx_queue_last(victims)));
  }
  return true;
}

// nullptr without room.
SharedEntry* SharedSessions::write(ngx_slab_pool_t* slab, std::string_view record) {
  constexpr std::size_t kFirst = sizeof(SharedEntry::bytes);
  constexpr std::size_t kEach = sizeof(SharedUnit::bytes);
  const std::size_t more =
      record.size() > kFirst ? (record.size() - kFirst + kEach - 1) / kEach : 0;
  if (!make_room(slab, 1 + more, record.empty())) return nullptr;
  auto* entry = new (take_unit()) SharedEntry{};
  entry->length = static_cast<std::uint16_t>(record.size());
  std::size_t done = std::min(record.size(), kFirst);
  std::memcpy(entry->bytes.data(), record.data(), done);
  for (SharedUnit** link = &entry->next; done < record.size(); link = &(*link)->next) {
    *link = take_unit();
    const std::size_t part = std::min(record.size() - done, kEach);
    std::memcpy((*link)->bytes.data(), record.data() + done, part);
    done += part;
  }
  return entry;
}

SharedEntry* SharedSessions::insert(ngx_slab_pool_t* slab, const TokenHash& hash,
                                    const UserId& user, std::string_view record) {
  const bool is_negative = record.empty();
  if (is_negative && negative_count >= kMaxNegative) {
    remove(entry_of_use(ngx_queue_last(&negative)));
  }
  SharedEntry* entry = write(slab, record);
  if (entry == nullptr) return nullptr;
  entry->hash = hash;
  entry->user = user;
  entry->is_negative = is_negative;
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
