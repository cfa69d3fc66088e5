#include <algorithm>

#include "anteroom/audit.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kAnchor{
    "audit_anchor",
    "SELECT position, encode(hash, 'hex'),"
    " to_char(removed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    " FROM anteroom.audit_anchor"};
// Columns 4 to 14 and the first three are what the digest covers, in its order.
constexpr Statement kLinks{
    "audit_links",
    "SELECT c.position, (extract(epoch FROM c.sealed_at) * 1000000)::bigint, c.event_id,"
    " encode(c.hash, 'hex'), e.id, (extract(epoch FROM e.at) * 1000000)::bigint, e.kind, e.code,"
    " e.reference, e.actor, e.idp, e.email, e.user_id, e.client_address, e.detail"
    " FROM anteroom.audit_chain c LEFT JOIN anteroom.audit_events e ON e.id = c.event_id"
    " WHERE c.position > $1::bigint ORDER BY c.position LIMIT 2000"};
constexpr Statement kUnsealed{
    "audit_unsealed",
    "SELECT count(*), min(e.id) FILTER (WHERE e.at < a.sealed_to - interval '15 minutes')"
    " FROM anteroom.audit_events e, anteroom.audit_anchor a"
    " WHERE NOT EXISTS (SELECT FROM anteroom.audit_chain c WHERE c.event_id = e.id)"};

void add_part(std::string& content, const std::string& part) {
  content += std::to_string(part.size()) + ":" + part + ",";
}

// anteroom.audit_digest() once more, in hex; `before` in hex.
std::string digest_of(const std::string& before, const std::vector<Cell>& row) {
  std::string content = crypto::from_hex(before).value_or("");
  add_part(content, text(row, 0));
  add_part(content, text(row, 1));
  for (std::size_t column = 4; column < 15; ++column) add_part(content, text(row, column));
  return crypto::to_hex(crypto::digest(crypto::Hash::sha256, content).value_or(""));
}

bool fail(AuditVerdict& verdict, long event, std::string problem) {
  verdict.event = event;
  verdict.problem = std::move(problem);
  return false;
}

bool is_known(AuditVerdict& verdict, const AuditLink& known, const AuditLink& link) {
  if (known.position != link.position || known.hash == link.hash) return true;
  return fail(verdict, 0,
              "link " + std::to_string(link.position) +
                  " is not the one that is known: the chain was made anew");
}

constexpr long kLateness = 15L * 60 * 1'000'000;  // microseconds, as seal_audit() looks back

// How far the chain has come, in microseconds.
struct Progress {
  long sealed_at = 0;
  long newest = 0;
};

// Whether an event is as young as what was sealed before it. Where the clock was set back, sealing
// itself went back with it.
bool is_in_its_time(Progress& progress, long sealed_at, long at) {
  if (sealed_at < progress.sealed_at) progress.newest = std::min(progress.newest, sealed_at);
  progress.sealed_at = sealed_at;
  if (at < progress.newest - kLateness) return false;
  progress.newest = std::max(progress.newest, std::min(at, sealed_at));
  return true;
}

// Appends one link to what holds; false: it does not hold.
bool follows(AuditVerdict& verdict, Progress& progress, const std::vector<Cell>& row,
             const std::optional<AuditLink>& known) {
  const long event = number(row, 2);
  const std::string name = "event " + std::to_string(event);
  if (number(row, 0) != verdict.head.position + 1) {
    return fail(
        verdict, 0,
        "link " + std::to_string(verdict.head.position + 1) + " was removed, before " + name);
  }
  if (!row.at(4)) return fail(verdict, event, name + " was removed");
  if (digest_of(verdict.head.hash, row) != text(row, 3)) {
    return fail(verdict, event, name + " was changed");
  }
  if (!is_in_its_time(progress, number(row, 1), number(row, 5))) {
    return fail(verdict, event, name + " was inserted: it is older than what was sealed before it");
  }
  verdict.head = {number(row, 0), text(row, 3)};
  ++verdict.sealed;
  return !known || is_known(verdict, *known, verdict.head);
}

}  // namespace

Task<Result<AuditVerdict>> verify_audit(Database& database, std::optional<AuditLink> known) {
  AuditVerdict verdict;
  Params none;
  Result<Rows> anchor = co_await run(database, kAnchor, std::move(none));
  if (!anchor) co_return anchor.failure();
  if (anchor->rows.size() != 1) {
    fail(verdict, 0, "the anchor of the chain was removed");
    co_return verdict;
  }
  verdict.removed = {number(anchor->rows[0], 0), text(anchor->rows[0], 1)};
  verdict.removed_at = text(anchor->rows[0], 2);
  verdict.head = verdict.removed;
  if (known && !is_known(verdict, *known, verdict.head)) co_return verdict;

  Progress progress;
  for (bool is_more = true; is_more;) {
    Params after{std::to_string(verdict.head.position)};
    Result<Rows> links = co_await run(database, kLinks, std::move(after));
    if (!links) co_return links.failure();
    for (const auto& row : links->rows) {
      if (!follows(verdict, progress, row, known)) co_return verdict;
    }
    is_more = !links->rows.empty();
  }
  if (known && known->position > verdict.head.position) {
    fail(verdict, 0,
         "the chain ends at link " + std::to_string(verdict.head.position) +
             ", before the one that is known: its end was removed");
    co_return verdict;
  }

  Params none_again;
  Result<Rows> unsealed = co_await run(database, kUnsealed, std::move(none_again));
  if (!unsealed) co_return unsealed.failure();
  verdict.unsealed = number(unsealed->rows.at(0), 0);
  if (const long event = number(unsealed->rows[0], 1); event != 0) {
    fail(verdict, event,
         "event " + std::to_string(event) + " was inserted: it is older than what is sealed");
  }
  co_return verdict;
}

}  // namespace anteroom::store
