#include "host/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

namespace anteroom {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, const fs::path& path, int error) {
  throw FileError(what + " " + path.string() + ": " + std::generic_category().message(error));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool is_given(const FileAccess& access) {
  return access.owner != static_cast<uid_t>(-1) || access.group != static_cast<gid_t>(-1);
}

// The rename is there after a power cut too.
void sync_directory(const fs::path& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  (void)fsync(fd);
  (void)close(fd);
}

}  // namespace

SignalsHeld::SignalsHeld() {
  sigset_t held;
  sigemptyset(&held);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&held, signal);
  pthread_sigmask(SIG_BLOCK, &held, &before_);
}

SignalsHeld::~SignalsHeld() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

FileAccess access_of(const fs::path& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) fail("cannot read", path, errno);
  return {info.st_mode & 07777, info.st_uid, info.st_gid};
}

std::string read_file(const fs::path& path) {
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (!file || !fs::is_regular_file(path, error)) throw FileError("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<Time> written_at(const fs::path& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return Time(std::chrono::seconds(info.st_mtime));
}

void replace_file(const fs::path& path, std::string_view text, const FileAccess& access) {
  const fs::path part = path.string() + "." + std::to_string(getpid()) + ".part";
  (void)unlink(part.c_str());
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) fail("cannot write", path, errno);
  const bool is_written = write_all(fd, text) &&
                          (!is_given(access) || fchown(fd, access.owner, access.group) == 0) &&
                          fchmod(fd, access.mode) == 0 && fsync(fd) == 0;
  int error = is_written ? 0 : errno;
  if (close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && rename(part.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    (void)unlink(part.c_str());
    fail("cannot write", path, error);
  }
  sync_directory(path.parent_path());
}

}  // namespace anteroom
