// A file of lines that is renamed when it has grown or aged, so that no log fills the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "log/settings.hpp"

namespace ecs::log {

/// kSize: before a line, a file of at least `max_size` bytes becomes `<name>.<N>`, N one above the highest there is;
/// a file that an earlier process left gets one line first. kHourly: the first line of a later hour (local time)
/// renames the file to `<name>.YYYY-MM-DD-HH`, after the hour of its first line from this process. Of the renamed
/// files the newest `max_rolls` stay; 0 or less keeps all. Not thread-safe.
class RotatingFile {
 public:
  struct Rule {
    Rollover rollover = Rollover::kSize;
    std::uint64_t max_size = 5'000'000;
    int max_rolls = 24;
  };

  RotatingFile(std::filesystem::path path, Rule rule);

  /// Appends `text` as it is; the first call opens the file and makes its directory. Throws std::system_error, and
  /// the next call tries again.
  void write(std::string_view text, base::WallTime now);

 private:
  void open(base::WallTime now);
  [[nodiscard]] std::filesystem::path rolled_name() const;
  void roll();
  void prune() const;

  std::filesystem::path path_;
  Rule rule_;
  base::Fd fd_;
  std::uint64_t size_ = 0;
  std::string hour_;
};

}  // namespace ecs::log
