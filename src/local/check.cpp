#include "local/check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

namespace ecs::local {
namespace {

bool is_empty(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return true;
    case boost::json::kind::bool_:
      return !value.get_bool();
    case boost::json::kind::array:
      return value.get_array().empty();
    case boost::json::kind::object:
      return value.get_object().empty();
    case boost::json::kind::string:
      return value.get_string().empty();
    default:
      return false;
  }
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

std::string at(const std::string& list, std::size_t index) { return fmt::format("{}[{}]", list, index); }

std::string in(const std::string& path, std::string_view member) {
  return path.empty() ? std::string(member) : fmt::format("{}.{}", path, member);
}

void require(bool given, const std::string& member) {
  if (!given) throw client_error(fmt::format("{}: required, but missing or empty", member));
}

void refuse(const Refused& member, const std::string& path, std::string_view why) {
  if (member && !is_empty(*member)) {
    throw client_error(fmt::format("{}: not supported by this control plane: {}", path, why));
  }
}

void check_range(std::int64_t value, std::int64_t low, std::int64_t high, const std::string& member) {
  if (value < low || value > high) {
    throw client_error(fmt::format("{}: must be from {} to {}, got {}", member, low, high, value));
  }
}

void check_word(const std::string& value, std::initializer_list<std::string_view> words, const std::string& member) {
  if (std::ranges::find(words, std::string_view(value)) == words.end()) {
    throw client_error(fmt::format("{}: must be one of {}; got '{}'", member, fmt::join(words, ", "), value));
  }
}

void check_name(const std::string& value, const std::string& member) {
  require(!value.empty(), member);
  if (value.size() > 255 || !std::ranges::all_of(value, is_name_character)) {
    throw client_error(
        fmt::format("{}: must be at most 255 letters, digits, hyphens and underscores, got '{}'", member, value));
  }
}

}  // namespace ecs::local
