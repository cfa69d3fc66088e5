// The core's Worker on nginx's own thread pool.
#pragma once

#include <functional>
#include <memory>
#include <unordered_set>

#include "anteroom/ports.h"
#include "loop/timer.h"
#include "monitoring/node_meter.h"
#include "ngx.h"

namespace anteroom::nginx {

class ThreadWorker final : public Worker {
 public:
  ThreadWorker(ngx_thread_pool_t* threads, NodeMeter& meter);
  /// nginx has told its threads to end by then; what they finished last is dropped. Returns when
  /// those that worked for us are gone.
  ~ThreadWorker() override;

  [[nodiscard]] bool submit(std::function<void()> work, std::function<void()> done) override;

 private:
  struct Job;
  static void run(void* data, ngx_log_t* log) noexcept;
  static void finish(ngx_event_t* event) noexcept;

  ngx_thread_pool_t* threads_;
  NodeMeter& meter_;
  std::unordered_set<Job*> jobs_;
  Timer keep_alive_;  ///< nginx does not know that a request waits for a thread
};

}  // namespace anteroom::nginx
