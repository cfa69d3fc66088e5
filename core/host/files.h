// Files that others read while we write them: whole at any moment.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "anteroom/ports.h"

namespace anteroom {

/// A file that cannot be read or written, and why.
class FileError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct FileAccess {
  mode_t mode = 0644;
  uid_t owner = static_cast<uid_t>(-1);  ///< -1: whoever runs the program
  gid_t group = static_cast<gid_t>(-1);
};
/// Of a file that is there. Throws FileError.
FileAccess access_of(const std::filesystem::path& path);

/// The file's bytes. Throws FileError.
std::string read_file(const std::filesystem::path& path);

/// When it was last written, to the second; nullopt if that cannot be known.
std::optional<Time> written_at(const std::filesystem::path& path);

/// Puts a whole file in the place of what is there. Nobody who may not read the result can read it
/// meanwhile. Throws FileError, with everything as it was.
void replace_file(const std::filesystem::path& path, std::string_view text,
                  const FileAccess& access);

/// Signals wait while files are being placed, so that none ends the program between two of them.
class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace anteroom
