// Merges environment, file, user data, region and defaults into one Config (rules: docs/configuration.md).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace ecs::config {

using Environment = std::map<std::string, std::string>;

/// The process's environment, copied.
[[nodiscard]] Environment process_environment();

/// What the loader reads from the host, replaceable in tests.
struct Host {
  /// The content of the file; nothing when it cannot be opened. Throws std::system_error when it cannot be read.
  std::function<std::optional<std::string>(const std::string& path)> read_file;
  /// Which default routes exist. Throws when the kernel does not say; taken as IPv4 only then.
  std::function<IpCompatibility()> default_routes;
};
[[nodiscard]] Host real_host();

/// One or more fatal problems. what() is `Multiple error:` and numbered lines, each naming the setting and the rule.
class Error : public std::runtime_error {
 public:
  explicit Error(std::vector<std::string> problems);
  [[nodiscard]] const std::vector<std::string>& problems() const noexcept { return problems_; }

 private:
  std::vector<std::string> problems_;
};

/// Where the region must come from when nothing has set it yet.
enum class RegionSource : std::uint8_t { kKnown, kPlacement, kIdentityDocument };

/// Used in the order of its functions. Instance metadata is fetched by the caller, which sits above in the order of
/// dependencies (aws::load_config does all of it). Warnings go to the log as they arise and are kept for tests.
class Loader {
 public:
  /// Reads the environment and the file. Throws Error at once for external mode without a region; all other problems
  /// wait for finish().
  Loader(Environment environment, const Host& host);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// False in external mode: no instance metadata is read.
  [[nodiscard]] bool wants_instance_metadata() const;

  /// The instance's user data. What is no JSON, or has a wrong type anywhere, is left out with one debug line.
  void add_user_data(std::string_view text);
  /// User data could not be read: one warning.
  void user_data_failed(std::string_view why);

  [[nodiscard]] RegionSource region_source() const;
  void set_region(std::string region);

  /// Fills in defaults, checks bounds. Throws Error.
  [[nodiscard]] Config finish();

  [[nodiscard]] const std::vector<std::string>& warnings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::config
