// Task<T>: the coroutine type of the journey. Lazy, single-owner, resumed by whatever it awaits.
//
// g++ 12 miscompiles some temporaries inside a co_await expression: name an awaitable first, then
// co_await it, and pass coroutine parameters by value.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include "anteroom/result.h"

namespace anteroom {

template <class T, class Answer, class MakeAnswer>
class OrElse;

template <class T>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<T> value;
    std::exception_ptr exception;
    std::coroutine_handle<> waiter;
    /// Of an awaiter that chooses who goes on (OrElse): called instead of resuming `waiter`.
    std::coroutine_handle<> (*choose)(void* awaiter) noexcept = nullptr;
    void* awaiter = nullptr;

    /// Whoever goes on now that this task has its value.
    [[nodiscard]] std::coroutine_handle<> next() const noexcept {
      if (choose != nullptr) return choose(awaiter);
      return waiter ? waiter : std::noop_coroutine();
    }

    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> done) noexcept {
        return done.promise().next();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_value(T result) { value.emplace(std::move(result)); }
    void unhandled_exception() { exception = std::current_exception(); }
  };

  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) noexcept {
    handle_.promise().waiter = waiter;
    return handle_;
  }
  T await_resume() {
    promise_type& promise = handle_.promise();
    if (promise.exception) std::rethrow_exception(promise.exception);
    return std::move(*promise.value);
  }

 private:
  template <class Value, class Answer, class MakeAnswer>
  friend class OrElse;

  std::coroutine_handle<promise_type> handle_;
};

/// Awaits a Task<Result<T>> within a task that gives an Answer: its value, or, where it fails, the
/// awaiting task ends there with what `answer` makes of the failure.
/// Usage, by a function that returns one: `T value = co_await or_unavailable(exchange, asking);`
template <class T, class Answer, class MakeAnswer>
class [[nodiscard]] OrElse {
 public:
  OrElse(Task<Result<T>> task, MakeAnswer answer)
      : task_(std::move(task)), answer_(std::move(answer)) {}
  OrElse(const OrElse&) = delete;
  OrElse& operator=(const OrElse&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(
      std::coroutine_handle<typename Task<Answer>::promise_type> step) noexcept {
    step_ = step;
    task_.handle_.promise().choose = [](void* self) noexcept {
      return static_cast<OrElse*>(self)->go_on();
    };
    task_.handle_.promise().awaiter = this;
    return task_.handle_;
  }
  T await_resume() { return task_.await_resume().value(); }

 private:
  std::coroutine_handle<> go_on() noexcept {
    const auto& asked = task_.handle_.promise();
    if (asked.exception || asked.value->ok()) return step_;
    auto& step = step_.promise();
    try {
      step.value.emplace(answer_(asked.value->failure()));
    } catch (...) {
      step.exception = std::current_exception();
    }
    return step.next();
  }

  Task<Result<T>> task_;
  MakeAnswer answer_;
  std::coroutine_handle<typename Task<Answer>::promise_type> step_;
};

/// Suspends until `start`'s callback is called, from the same thread, now or later, exactly once.
/// Usage: `Callback<T> wait(...); T value = co_await wait;`
template <class T>
class Callback {
 public:
  explicit Callback(std::function<void(std::function<void(T)>)> start) : start_(std::move(start)) {}
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    start_([this](T value) {
      value_.emplace(std::move(value));
      if (suspended_) waiter_.resume();
    });
    suspended_ = !value_.has_value();
    return suspended_;
  }
  T await_resume() { return std::move(*value_); }

 private:
  std::function<void(std::function<void(T)>)> start_;
  std::coroutine_handle<> waiter_;
  std::optional<T> value_;
  bool suspended_ = false;
};

/// A coroutine that nobody awaits and that frees itself.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

/// Runs `task` at once and calls `done` with its value, now or later. `failed` is called instead if
/// it threw. Neither may throw.
template <class T>
Detached spawn(Task<T> task, std::function<void(T)> done, std::function<void()> failed) {
  std::optional<T> value;
  try {
    value.emplace(co_await task);
  } catch (...) {
    value.reset();
  }
  if (value) {
    done(std::move(*value));
  } else {
    failed();
  }
}

}  // namespace anteroom
