#include "cgroup/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cgroup/hierarchy.hpp"

namespace ecs::cgroup {

namespace {

namespace fs = std::filesystem;

constexpr int kRemoveAttempts = 6;
constexpr auto kRemoveDelay = std::chrono::milliseconds(10);

[[noreturn]] void fail(const fs::path& path, int error) {
  throw Error(path.string() + ": " + std::generic_category().message(error));
}

/// Deepest first; what has processes stays and makes its parents stay.
int remove_tree(const fs::path& path) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path, ignored)) {
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored)) (void)remove_tree(entry.path());
  }
  return ::rmdir(path.c_str()) == 0 || errno == ENOENT ? 0 : errno;
}

}  // namespace

void make_directory(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(path, error.value());
}

void require_writable(const fs::path& directory) {
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0) fail(directory, errno);
}

void write(const fs::path& path, std::string_view value) {
  const base::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.valid()) fail(path, errno);
  const ssize_t written = ::write(file.get(), value.data(), value.size());
  if (written < 0) fail(path, errno);
  if (static_cast<std::size_t>(written) != value.size()) fail(path, EIO);
}

std::string read_trimmed(const fs::path& path) {
  try {
    return std::string(base::trim(base::read_file(path).value_or("")));
  } catch (const std::system_error& e) {
    fail(path, e.code().value());
  }
}

void remove_directory(const fs::path& path) {
  auto delay = kRemoveDelay;
  for (int attempt = 1;; ++attempt) {
    const int error = remove_tree(path);
    if (error == 0) return;
    if (attempt == kRemoveAttempts) fail(path, error);
    std::this_thread::sleep_for(delay);
    delay *= 2;
  }
}

fs::path below(const fs::path& mount, std::string_view root) {
  const fs::path relative = fs::path(root).relative_path();
  for (const fs::path& part : relative) {
    if (part.empty() || part == "." || part == "..") throw Error(std::string(root) + ": not the name of a cgroup");
  }
  return mount / relative;
}

}  // namespace ecs::cgroup
