#include "agent/flags.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <variant>

namespace ecs::agent {

namespace {

struct Flag {
  std::string_view name;
  std::variant<bool Flags::*, std::string Flags::*> target;
  std::string_view help;
};

constexpr std::array<Flag, 10> kFlags{{
    {"blackhole-ec2-metadata", &Flags::blackhole_ec2_metadata, "Fail every request to EC2 instance metadata at once"},
    {"ecs-attributes", &Flags::ecs_attributes, "Print the attributes this agent would register, and exit"},
    {"healthcheck", &Flags::healthcheck, "Ask a running agent whether it answers, and exit with 0 if it does"},
    {"k", &Flags::accept_insecure_cert, "Do not verify TLS certificates; not recommended"},
    {"license", &Flags::license, "Print LICENSE and NOTICE from the current directory, and exit"},
    {"loglevel", &Flags::log_level, "Level of both log sinks: debug, info, warn, error or crit"},
    {"loglevel-driver", &Flags::log_level_driver, "Level of the lines on stdout: debug, info, warn, error or crit"},
    {"loglevel-on-instance", &Flags::log_level_on_instance,
     "Level of the lines in the log file: none, debug, info, warn, error or crit"},
    {"version", &Flags::version, "Print the version, and exit"},
    {"windows-service", &Flags::windows_service, "Not available on Linux"},
}};

std::optional<bool> parse_bool(std::string_view text) {
  for (const auto yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const auto no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

const Flag* find(std::string_view name) {
  for (const Flag& flag : kFlags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

struct Word {
  std::string_view name;
  std::optional<std::string_view> value;
};

/// Nothing when the word ends the flags.
std::optional<Word> split_word(std::string_view word) {
  if (word.size() < 2 || word[0] != '-') return std::nullopt;
  word.remove_prefix(1);
  if (word[0] == '-') word.remove_prefix(1);
  if (word.empty()) return std::nullopt;
  const auto equals = word.find('=', 1);
  if (equals == std::string_view::npos) return Word{word, std::nullopt};
  return Word{word.substr(0, equals), word.substr(equals + 1)};
}

ParsedFlags refuse(const std::string& problem) { return {{}, problem + "\n" + usage()}; }

}  // namespace

std::string usage() {
  std::string text = "Usage of Amazon ECS Agent:\n";
  for (const Flag& flag : kFlags) {
    const bool takes_text = std::holds_alternative<std::string Flags::*>(flag.target);
    text += fmt::format("  -{}{}\n    \t{}\n", flag.name, takes_text ? " string" : "", flag.help);
  }
  return text;
}

ParsedFlags parse_flags(std::span<const char* const> arguments) {
  ParsedFlags result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    const auto word = split_word(argument);
    if (!word) break;
    if (word->name == "h" || word->name == "help") return {{}, usage()};
    if (word->name.starts_with('-') || word->name.starts_with('=')) {
      return refuse(fmt::format("bad flag syntax: {}", argument));
    }
    const Flag* flag = find(word->name);
    if (flag == nullptr) return refuse(fmt::format("flag provided but not defined: -{}", word->name));
    if (const auto* text = std::get_if<std::string Flags::*>(&flag->target)) {
      if (!word->value && i + 1 == arguments.size()) {
        return refuse(fmt::format("flag needs an argument: -{}", word->name));
      }
      result.flags.*(*text) = word->value ? std::string(*word->value) : std::string(arguments[++i]);
    } else {
      const auto value = parse_bool(word->value.value_or("true"));
      if (!value) {
        return refuse(fmt::format("invalid boolean value \"{}\" for -{}: parse error", *word->value, word->name));
      }
      result.flags.*std::get<bool Flags::*>(flag->target) = *value;
    }
  }
  return result;
}

}  // namespace ecs::agent
