// What a process leaves in shared memory when it is killed, at whatever instruction that is.
#pragma once

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <vector>

namespace anteroom::test {

/// Zeroed memory that is common to this process and its children.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t bytes)
      : bytes_(bytes),
        memory_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw std::runtime_error("mmap failed");
  }
  ~SharedMemory() { munmap(memory_, bytes_); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  [[nodiscard]] void* data() const { return memory_; }
  [[nodiscard]] std::size_t size() const { return bytes_; }
  [[nodiscard]] std::vector<std::byte> copy() const {
    const auto* begin = static_cast<const std::byte*>(memory_);
    return {begin, begin + bytes_};
  }
  void restore(const std::vector<std::byte>& state) {
    std::memcpy(memory_, state.data(), state.size());
  }

 private:
  std::size_t bytes_;
  void* memory_;
};

/// Runs `change` in another process, one instruction at a time. Every state of the memory in
/// between, the one before and the one after included.
inline std::vector<std::vector<std::byte>> states_during(SharedMemory& memory,
                                                         const std::function<void()>& change) {
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    change();
    raise(SIGKILL);
  }
  std::vector<std::vector<std::byte>> states{memory.copy()};
  int status = 0;
  while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    if (std::memcmp(memory.data(), states.back().data(), memory.size()) != 0) {
      states.push_back(memory.copy());
    }
    ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr);
  }
  return states;
}

}  // namespace anteroom::test
