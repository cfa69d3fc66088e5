#include "loop/socket_watch.h"

#include <utility>

#include "loop/guarded.h"

namespace anteroom::nginx {

bool SocketWatch::start(int descriptor, bool reads, bool writes) {
  stop();
  connection_ = ngx_get_connection(descriptor, ngx_cycle->log);
  if (connection_ == nullptr) return false;
  connection_->data = this;
  connection_->read->handler = on_event;
  connection_->write->handler = on_event;
  connection_->read->log = ngx_cycle->log;
  connection_->write->log = ngx_cycle->log;
  connection_->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
  if (reads && ngx_add_event(connection_->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
    stop();
    return false;
  }
  if (!wait_for_room(writes)) {
    stop();
    return false;
  }
  return true;
}

bool SocketWatch::wait_for_room(bool writes) {
  ngx_event_t* event = connection_->write;
  if (writes == (event->active != 0)) return true;
  const ngx_int_t changed = writes ? ngx_add_event(event, NGX_WRITE_EVENT, NGX_LEVEL_EVENT)
                                   : ngx_del_event(event, NGX_WRITE_EVENT, 0);
  return changed == NGX_OK;
}

void SocketWatch::stop(bool is_open) {
  if (connection_ == nullptr) return;
  ngx_connection_t* connection = std::exchange(connection_, nullptr);
  const ngx_uint_t flags = is_open ? 0 : NGX_CLOSE_EVENT;
  if (connection->read->active != 0) ngx_del_event(connection->read, NGX_READ_EVENT, flags);
  if (connection->write->active != 0) ngx_del_event(connection->write, NGX_WRITE_EVENT, flags);
  for (ngx_event_t* event : {connection->read, connection->write}) {
    if (event->posted != 0) {  // the macro is several statements
      ngx_delete_posted_event(event);
    }
  }
  ngx_free_connection(connection);
  connection->fd = static_cast<ngx_socket_t>(-1);  // events of this round find it stale
}

void SocketWatch::on_event(ngx_event_t* event) noexcept {
  guarded("a database event", [event] {
    static_cast<SocketWatch*>(static_cast<ngx_connection_t*>(event->data)->data)->ready_();
  });
}

}  // namespace anteroom::nginx
