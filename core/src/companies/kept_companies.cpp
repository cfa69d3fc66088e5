#include "anteroom/kept_companies.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "crypto/aes_gcm.h"
#include "crypto/derive.h"
#include "crypto/digest.h"
#include "text/ascii.h"

namespace anteroom {

namespace {

constexpr std::string_view kMark = "anteroom companies 1\n";  // nonce | ciphertext | tag behind it
constexpr std::string_view kKeyPurpose = "anteroom kept companies, XAES-256-GCM";
constexpr std::size_t kMostBytes = 512u << 20;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kFields = 9;

void pack(std::string& out, std::string_view field) {
  auto length = static_cast<std::uint32_t>(field.size());
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    out.push_back(static_cast<char>(length & 255));
    length >>= 8;
  }
  out += field;
}

// nullopt: there is less than a field. `packed` is what follows.
std::optional<std::string_view> unpack(std::string_view& packed) {
  if (packed.size() < kLengthBytes) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) {
    length = length << 8 | static_cast<unsigned char>(packed[i]);
  }
  if (packed.size() - kLengthBytes < length) return std::nullopt;
  const std::string_view field = packed.substr(kLengthBytes, length);
  packed.remove_prefix(kLengthBytes + length);
  return field;
}

void pack_row(std::string& out, const store::CompanyRow& row) {
  const std::string domains = text::joined(row.domains, " ");
  const std::string version = std::to_string(row.version);
  const std::string number = std::to_string(row.metadata_number);
  for (const std::string_view field : std::initializer_list<std::string_view>{
           row.name, row.display_name, row.state, domains, row.settings, row.metadata, version,
           number, row.summary}) {
    pack(out, field);
  }
}

template <class Number>
Number number_of(std::string_view digits) {
  Number number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// nullopt: it does not end as a row does.
std::optional<store::CompanyRow> unpack_row(std::string_view& packed) {
  std::array<std::string, kFields> fields;
  for (std::string& field : fields) {
    const auto found = unpack(packed);
    if (!found) return std::nullopt;
    field = *found;
  }
  auto& [name, display_name, state, domains, settings, metadata, version, number, summary] = fields;
  store::CompanyRow row;
  row.name = std::move(name);
  row.display_name = std::move(display_name);
  row.state = std::move(state);
  row.domains = text::words(domains);
  row.settings = std::move(settings);
  row.metadata = std::move(metadata);
  row.version = number_of<long>(version);
  row.metadata_number = number_of<int>(number);
  row.summary = std::move(summary);
  return row;
}

std::string file_of(const Settings& settings) {
  return settings.companies.kept_in + "/companies";
}

// Rows that another version reads otherwise do not open.
std::string rules() {
  return std::string(kMark) + std::to_string(store::kSummaryFormat);
}

std::string last_error() {
  return std::generic_category().message(errno);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

// nullopt with `problem` empty: there is no such file.
std::optional<std::string> read_bytes(const std::string& path, std::string& problem) {
  // Whoever may write there is not the one who reads: no link is followed, no pipe waited for.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno != ENOENT) problem = last_error();
    return std::nullopt;
  }
  struct stat info {};
  if (::fstat(file.number(), &info) != 0 || !S_ISREG(info.st_mode)) {
    problem = "it is not a regular file";
    return std::nullopt;
  }
  if (static_cast<std::size_t>(info.st_size) > kMostBytes) {
    problem = "it is too large";
    return std::nullopt;
  }
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = ::read(file.number(), bytes.data() + done, bytes.size() - done);
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

std::optional<std::string> open_sealed(const Settings& settings, std::string_view sealed) {
  if (!sealed.starts_with(kMark)) return std::nullopt;
  sealed.remove_prefix(kMark.size());
  if (sealed.size() < crypto::kXaesNonceBytes) return std::nullopt;
  const std::string_view nonce = sealed.substr(0, crypto::kXaesNonceBytes);
  for (const Secret& key : settings.sessions.cookie_keys) {
    auto plain = crypto::xaes_open(crypto::derive_key(key, kKeyPurpose).reveal(), nonce, rules(),
                                   sealed.substr(crypto::kXaesNonceBytes));
    if (plain) return plain;
  }
  return std::nullopt;
}

Status failed(const std::string& what) {
  return Failure{code::kInternal, what + ": " + last_error()};
}

Status write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0 ? Status(Done{}) : failed("fsync");
}

// What was there before stays where it fails.
Status replace(const std::string& path, std::string_view bytes) {
  const std::string beside = path + "." + std::to_string(::getpid());
  ::unlink(beside.c_str());  // of a process that had the number, and was killed
  const Descriptor file(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return failed("open");
  Status written = write_all(file.number(), bytes);
  if (written && ::rename(beside.c_str(), path.c_str()) != 0) written = failed("rename");
  if (!written) ::unlink(beside.c_str());
  return written;
}

}  // namespace

RowDigest digest_of(const store::CompanyRow& row) {
  std::string packed;
  pack_row(packed, row);
  return crypto::sha256(packed).value_or(RowDigest{});
}

ReadKept read_kept_companies(const Settings& settings, Time now) {
  if (settings.companies.kept_in.empty()) return {};
  ReadKept read;
  const auto sealed = read_bytes(file_of(settings), read.problem);
  if (!sealed) return read;
  const auto plain = open_sealed(settings, *sealed);
  if (!plain) {
    read.problem = "it was not sealed by this node's keys and version";
    return read;
  }
  std::string_view packed = *plain;
  const auto kept_at = unpack(packed);
  auto kept = std::make_shared<KeptCompanies>();
  if (kept_at) kept->kept_at = Time(std::chrono::seconds(number_of<long>(*kept_at)));
  while (!packed.empty()) {
    const auto row = unpack_row(packed);
    if (!row) break;
    if (const auto company = as_nodes_know(*row, settings, now)) {
      kept->companies.push_back({digest_of(*row), *company});
    }
  }
  read.kept = std::move(kept);
  return read;
}

CompanyKeeper::CompanyKeeper(const Settings& settings) : settings_(settings) {}

void CompanyKeeper::take(const store::CompanyRow& row, bool is_kept) {
  if (!is_kept) {
    rows_.erase(row.name);
    return;
  }
  std::string& packed = rows_[row.name];
  packed.clear();
  pack_row(packed, row);
}

Status CompanyKeeper::keep(const std::string& nonce, Time now) const {
  std::string kept_at;
  pack(kept_at,
       std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()));
  std::string rows;
  for (const auto& [name, row] : rows_) rows += row;
  std::string sealed = std::string(kMark) + nonce;
  const Secret key = crypto::derive_key(settings_.sessions.cookie_keys.front(), kKeyPurpose);
  if (!crypto::xaes_seal(key.reveal(), nonce, rules(), {kept_at, rows}, sealed)) {
    return Failure{code::kInternal, "sealing failed"};
  }
  return replace(file_of(settings_), sealed);
}

FirstCompanies first_companies(const std::shared_ptr<const Settings>& settings,
                               std::shared_ptr<const KeptCompanies> kept) {
  std::vector<CompanyDirectory::Company> companies;
  if (kept) {
    companies.reserve(kept->companies.size());
    // One count for all of them: a worker that holds one does not write beside each.
    for (const KeptCompanies::One& one : kept->companies)
      companies.emplace_back(kept, &one.company);
  }
  return {std::make_shared<const CompanyDirectory>(settings, companies), std::move(kept)};
}

}  // namespace anteroom
