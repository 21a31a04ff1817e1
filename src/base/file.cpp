#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace ecs::base {

namespace {

[[noreturn]] void fail(int error, const std::string& doing, const std::filesystem::path& path) {
  throw std::system_error(error, std::generic_category(), doing + " " + path.string());
}

void write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno, "write", path);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// Makes the new name itself durable. Some file systems cannot sync a directory; the content is safe all the same.
void sync_directory(const std::filesystem::path& directory) {
  const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) ::fsync(fd.get());
}

/// Removes the temporary file unless it was renamed.
struct Temporary {
  explicit Temporary(std::string pattern) : path(std::move(pattern)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (exists) ::unlink(path.c_str());
  }
  std::string path;
  bool exists = false;
};

}  // namespace

std::optional<std::string> read_file(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail(errno, "open", path);
  }
  std::string content;
  std::array<char, 16384> buffer{};
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno, "read", path);
    if (n == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content, mode_t mode) {
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  Temporary temporary((directory / ("." + path.filename().string() + ".XXXXXX")).string());
  Fd fd(::mkostemp(temporary.path.data(), O_CLOEXEC));
  if (!fd.valid()) fail(errno, "create a file beside", path);
  temporary.exists = true;
  // The mode is set and not asked for at creation: the caller's word counts, not the umask.
  if (::fchmod(fd.get(), mode) != 0) fail(errno, "chmod", temporary.path);
  write_all(fd.get(), content, temporary.path);
  if (::fsync(fd.get()) != 0) fail(errno, "sync", temporary.path);
  fd.reset();
  if (std::rename(temporary.path.c_str(), path.c_str()) != 0) fail(errno, "rename to", path);
  temporary.exists = false;
  sync_directory(directory);
}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() noexcept { return std::exchange(fd_, -1); }

void Fd::reset() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace ecs::base
