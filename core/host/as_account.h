#pragma once

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace anteroom {

/// Acts as another operating-system account while it lives, which PostgreSQL's peer authentication
/// looks at. Only root can; for anybody else, and for an account that there is not, nothing
/// changes.
class AsAccount {
 public:
  explicit AsAccount(const std::string& name) {
    if (geteuid() != 0) return;
    const passwd* entry = getpwnam(name.c_str());  // NOLINT(concurrency-mt-unsafe): one thread
    is_changed_ = entry != nullptr && setegid(entry->pw_gid) == 0 && seteuid(entry->pw_uid) == 0;
  }
  ~AsAccount() {
    if (is_changed_ && (seteuid(0) != 0 || setegid(0) != 0)) std::abort();
  }
  AsAccount(const AsAccount&) = delete;
  AsAccount& operator=(const AsAccount&) = delete;

 private:
  bool is_changed_ = false;
};

}  // namespace anteroom
