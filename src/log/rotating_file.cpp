#include "log/rotating_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace ecs::log {

namespace fs = std::filesystem;

namespace {

constexpr mode_t kFileMode = 0666;  // both as the original's, minus the umask
constexpr mode_t kDirectoryMode = 0767;

[[noreturn]] void fail(int error, const char* doing, const fs::path& path) {
  throw std::system_error(error, std::generic_category(), fmt::format("{} {}", doing, path.string()));
}

void make_directories(const fs::path& directory) {
  if (directory.empty() || fs::exists(directory)) return;
  make_directories(directory.parent_path());
  if (::mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST) fail(errno, "make directory", directory);
}

std::string local_hour(base::WallTime now) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:04}-{:02}-{:02}-{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, local.tm_hour);
}

/// N of `<name>.<N>`; nothing for any other suffix.
std::optional<std::uint64_t> roll_number(std::string_view suffix) {
  std::uint64_t number = 0;
  const auto* end = suffix.data() + suffix.size();
  const auto result = std::from_chars(suffix.data(), end, number);
  if (suffix.empty() || result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return number;
}

bool is_hour(std::string_view suffix) {
  constexpr std::string_view kForm = "dddd-dd-dd-dd";
  return std::equal(suffix.begin(), suffix.end(), kForm.begin(), kForm.end(),
                    [](char c, char form) { return form == 'd' ? c >= '0' && c <= '9' : c == form; });
}

/// What follows `<name>.` in the names beside it.
std::vector<std::string> suffixes(const fs::path& path) {
  const std::string prefix = path.filename().string() + ".";
  std::vector<std::string> found;
  std::error_code ignored;
  const fs::path directory = path.has_parent_path() ? path.parent_path() : ".";
  for (fs::directory_iterator at(directory, ignored), end; at != end; at.increment(ignored)) {
    std::string name = at->path().filename().string();
    if (name.starts_with(prefix)) found.push_back(name.substr(prefix.size()));
  }
  return found;
}

fs::path with_suffix(const fs::path& path, const std::string& suffix) { return path.string() + "." + suffix; }

}  // namespace

RotatingFile::RotatingFile(fs::path path, Rule rule) : path_(std::move(path)), rule_(rule) {}

void RotatingFile::write(std::string_view text, base::WallTime now) {
  const bool full = rule_.rollover == Rollover::kSize && size_ >= rule_.max_size;
  const bool old = rule_.rollover == Rollover::kHourly && local_hour(now) != hour_;
  if (fd_.valid() && (full || old)) roll();
  if (!fd_.valid()) open(now);
  while (!text.empty()) {
    const ssize_t n = ::write(fd_.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      fd_.reset();
      fail(error, "write", path_);
    }
    text.remove_prefix(static_cast<std::size_t>(n));
    size_ += static_cast<std::uint64_t>(n);
  }
}

void RotatingFile::open(base::WallTime now) {
  make_directories(path_.parent_path());
  fd_ = base::Fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kFileMode));
  if (!fd_.valid()) fail(errno, "open", path_);
  struct stat status{};
  size_ = ::fstat(fd_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  hour_ = local_hour(now);
}

fs::path RotatingFile::rolled_name() const {
  if (rule_.rollover == Rollover::kHourly) return with_suffix(path_, hour_);
  std::uint64_t highest = 0;
  for (const std::string& suffix : suffixes(path_)) highest = std::max(highest, roll_number(suffix).value_or(0));
  return with_suffix(path_, std::to_string(highest + 1));
}

void RotatingFile::roll() {
  fd_.reset();
  // Someone may have taken the file away: then there is nothing to rename.
  if (::rename(path_.c_str(), rolled_name().c_str()) != 0 && errno != ENOENT) fail(errno, "rename", path_);
  prune();
}

void RotatingFile::prune() const {
  if (rule_.max_rolls <= 0) return;
  std::vector<std::string> rolled = suffixes(path_);
  const bool hourly = rule_.rollover == Rollover::kHourly;
  std::erase_if(rolled, [&](const std::string& suffix) { return hourly ? !is_hour(suffix) : !roll_number(suffix); });
  std::sort(rolled.begin(), rolled.end(), [&](const std::string& a, const std::string& b) {
    return hourly ? a < b : *roll_number(a) < *roll_number(b);
  });
  const auto keep = static_cast<std::size_t>(rule_.max_rolls);
  for (std::size_t i = 0; i + keep < rolled.size(); ++i) ::unlink(with_suffix(path_, rolled[i]).c_str());
}

}  // namespace ecs::log
