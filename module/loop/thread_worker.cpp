#include "loop/thread_worker.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "loop/guarded.h"

namespace anteroom::nginx {

namespace {

// Verifying takes a few milliseconds: whoever would stand further back is better told to come
// again.
constexpr std::size_t kMaxJobs = 128;
constexpr std::chrono::seconds kKeepAlive{1};
constexpr std::chrono::milliseconds kLongestEnd{1000};

// struct sched_attr of sched_setattr(2), which glibc does not declare.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_BATCH;
  std::uint64_t flags = 0;
  std::int32_t nice = 5;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 20'000'000;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};

// The event loop takes the processor from a thread that verifies: nobody who is signed in waits for
// somebody else's sign-on. A longer slice does it from Linux 6.12 on, a lower priority before.
void stand_back() {
  const SchedulingAttributes wanted;
  static_cast<void>(syscall(SYS_sched_setattr, 0, &wanted, 0));
}

// The pool's threads that have worked for us. nginx does not join them: libraries would be taken
// down while such a thread still frees what it had of them.
class Threads {
 public:
  void add_this_one() {
    thread_local bool is_known = false;
    if (is_known) return;
    const std::lock_guard lock(mutex_);
    ids_.push_back(static_cast<pid_t>(syscall(SYS_gettid)));
    is_known = true;
    stand_back();
  }

  void await_end() {
    const std::lock_guard lock(mutex_);
    const auto latest = std::chrono::steady_clock::now() + kLongestEnd;
    for (const pid_t id : ids_) {
      while (syscall(SYS_tgkill, getpid(), id, 0) == 0) {
        if (std::chrono::steady_clock::now() > latest) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
    ids_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<pid_t> ids_;
};

Threads& threads() {
  static Threads all;
  return all;
}

}  // namespace

struct ThreadWorker::Job {
  ngx_thread_task_t task{};
  ThreadWorker* worker = nullptr;
  std::function<void()> work;
  std::function<void()> done;
};

ThreadWorker::ThreadWorker(ngx_thread_pool_t* threads, NodeMeter& meter)
    : threads_(threads),
      meter_(meter),
      keep_alive_(TimerKind::keeps_worker, [this] { keep_alive_.start(kKeepAlive); }) {}

ThreadWorker::~ThreadWorker() {
  threads().await_end();
  for (Job* job : jobs_) delete job;
}

bool ThreadWorker::submit(std::function<void()> work, std::function<void()> done) {
  if (jobs_.size() >= kMaxJobs) {
    meter_.count(metrics::Counter::queue_full_threads);
    return false;
  }
  auto job = std::make_unique<Job>();
  job->worker = this;
  job->work = std::move(work);
  job->done = std::move(done);
  job->task.ctx = job.get();
  job->task.handler = run;
  job->task.event.handler = finish;
  job->task.event.data = job.get();
  job->task.event.log = ngx_cycle->log;
  jobs_.insert(job.get());
  if (ngx_thread_task_post(threads_, &job->task) != NGX_OK) {
    jobs_.erase(job.get());
    meter_.count(metrics::Counter::queue_full_threads);
    return false;
  }
  static_cast<void>(job.release());  // owned by jobs_ from here
  if (!keep_alive_.is_running()) keep_alive_.start(kKeepAlive);
  return true;
}

// On another thread: nothing of nginx may be touched here.
void ThreadWorker::run(void* data, ngx_log_t* /*log*/) noexcept {
  try {
    threads().add_this_one();
    static_cast<Job*>(data)->work();
  } catch (...) {  // `work` must not throw; whoever waits sees that it left no result
    static_cast<Job*>(data)->work = nullptr;
  }
}

void ThreadWorker::finish(ngx_event_t* event) noexcept {
  const std::unique_ptr<Job> job(static_cast<Job*>(event->data));
  ThreadWorker& worker = *job->worker;
  worker.jobs_.erase(job.get());
  if (worker.jobs_.empty()) worker.keep_alive_.stop();
  guarded("the thread pool", [&] { job->done(); });
}

}  // namespace anteroom::nginx
