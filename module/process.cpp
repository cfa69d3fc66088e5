#include "process.h"

#include <openssl/err.h>

#include "loop/guarded.h"

namespace anteroom::nginx {

namespace {

std::unique_ptr<Process>& the_process() {
  static std::unique_ptr<Process> process;
  return process;
}

}  // namespace

Process::Process(const MainConfiguration& configuration)
    : settings_(configuration.settings),
      meter_(configuration.metrics, settings_->database, *configuration.companies.directory),
      cache_(configuration.sessions),
      memory_(cache_),
      worker_(configuration.threads, meter_),
      database_(settings_->database, worker_, log_, meter_),
      session_source_(*settings_, database_),
      sessions_(*settings_, session_source_, cache_, clock_, meter_),
      watch_(cache_, clock_),
      open_requests_(*this),
      listener_(*settings_, worker_, cache_, meter_, ports()) {
  FirstCompanies companies = configuration.companies;
  companies.is_keeper = ngx_worker == 0;
  site_ = std::make_unique<Site>(settings_, companies, configuration.pages, ports(),
                                 [this](const TokenHash& hash, std::string_view token,
                                        SessionUse use, SessionLookupService::Done done) {
                                   sessions_.look_up(hash, token, use, std::move(done));
                                 });
  company_watch_ = std::make_unique<CompanyWatch>(*site_, cache_, clock_);
}

Process::~Process() {
  company_watch_->shut_down();
  listener_.shut_down();
  database_.shut_down();
}

Ports Process::ports() {
  return Ports{database_, worker_, clock_, random_, log_, memory_, back_channel_, meter_};
}

metrics::Condition Process::condition() {
  metrics::Condition condition;
  condition.has_started = true;
  condition.database = meter_.database();
  condition.is_pool_down = database_.is_down();
  condition.is_listening = cache_.is_listened(now());
  condition.schema_version = meter_.schema_version();
  condition.companies = site_->companies_known();
  condition.expiries = expiries();
  condition.now = now();
  return condition;
}

const std::vector<metrics::Expiry>& Process::expiries() {
  auto companies = site_->companies();
  if (companies != expiring_ || now() >= expiries_hold_until_) {
    expiring_ = std::move(companies);
    expiries_ = metrics::nearest(metrics::expiries(settings_->service_provider, *expiring_), now());
    expiries_hold_until_ = now() + std::chrono::minutes(10);
  }
  return expiries_;
}

Process* Process::current() {
  return the_process().get();
}

void Process::start(const MainConfiguration& configuration) noexcept {
  try {
    the_process() = std::make_unique<Process>(configuration);
    ERR_clear_error();  // of reading keys: nginx would take what it finds for a fault of its own
    the_process()->watch_companies();
    if (ngx_worker == 0)
      the_process()->listen(configuration.has_metrics);  // 0 in a single process as well
  } catch (const std::exception& error) {
    ngx_log_error(NGX_LOG_EMERG, ngx_cycle->log, 0,
                  "anteroom: cannot start, every gated request is refused until this is mended and "
                  "nginx reloaded: %s",
                  error.what());
  } catch (...) {
    log_exception("starting", "unknown exception");
  }
}

void Process::stop() noexcept {
  guarded("stopping", [] { the_process().reset(); });
}

}  // namespace anteroom::nginx
