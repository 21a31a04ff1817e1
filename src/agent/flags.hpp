// The command line, in the grammar of Go's flag package.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace ecs::agent {

struct Flags {
  bool version = false;
  bool license = false;
  bool healthcheck = false;
  bool ecs_attributes = false;
  bool windows_service = false;
  bool accept_insecure_cert = false;
  bool blackhole_ec2_metadata = false;
  std::string log_level;
  std::string log_level_driver;
  std::string log_level_on_instance;
};

/// Either the flags, or (unknown flag, bad value, -h) the text for stderr that goes with exit code 5.
struct ParsedFlags {
  Flags flags;
  std::optional<std::string> refusal;
};

/// `-x` and `--x` are equal, `-x=value` too; a boolean takes no separate argument; parsing ends at the first word that
/// is no flag or at `--`, and what follows is ignored.
[[nodiscard]] ParsedFlags parse_flags(std::span<const char* const> arguments);

[[nodiscard]] std::string usage();

}  // namespace ecs::agent
