// Files: small, whole, and never half written.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ecs::base {

/// The whole content; nothing when the file does not exist. Throws std::system_error naming the path otherwise.
[[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path);

/// Writes a temporary file beside `path`, syncs it and renames it into place. Throws std::system_error.
void write_file_atomically(const std::filesystem::path& path, std::string_view content, mode_t mode);

/// An owned file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  int release() noexcept;
  void reset() noexcept;

 private:
  int fd_ = -1;
};

}  // namespace ecs::base
