// Files that others read while we write them: whole at any moment.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "anteroom/ports.h"

namespace anteroom::cli {

struct Access {
  mode_t mode = 0644;
  uid_t owner = static_cast<uid_t>(-1);  ///< -1: whoever runs the command
  gid_t group = static_cast<gid_t>(-1);
};
/// Of a file that is there, or Abort.
Access access_of(const std::filesystem::path& path);

/// The file's bytes, or Abort.
std::string read_file(const std::filesystem::path& path);

/// When it was last written, to the second; nullopt if that cannot be known.
std::optional<Time> written_at(const std::filesystem::path& path);

/// Puts a whole file in the place of what is there, or Abort with everything as it was. Nobody who
/// may not read the result can read it meanwhile.
void replace_file(const std::filesystem::path& path, std::string_view text, const Access& access);

/// Signals wait while files are being placed, so that none ends the command between two of them.
class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace anteroom::cli
