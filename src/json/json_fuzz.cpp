// Any bytes: either refused with an Error, or read, written and read again without a difference.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "json/json.hpp"

namespace ecs::json::fuzz {

enum class Color { kRed, kGreen };
inline std::string_view to_string(Color color) { return color == Color::kRed ? "RED" : "GREEN"; }
inline bool from_string(std::string_view word, Color& color) {
  if (word != "RED" && word != "GREEN") return false;
  color = word == "RED" ? Color::kRed : Color::kGreen;
  return true;
}

struct Node {
  std::string id;
  std::int8_t count = 0;
  std::uint64_t size = 0;
  std::optional<std::uint16_t> port;
  double ratio = 0;
  bool yes = false;
  std::optional<Color> color;
  base::Secret secret;
  boost::json::value raw;
  std::vector<std::string> names;
  std::map<std::string, std::string> labels;
  std::vector<Node> children;
  std::map<std::string, std::vector<Node>> groups;
};
BOOST_DESCRIBE_STRUCT(Node, (),
                      (id, count, size, port, ratio, yes, color, secret, raw, names, labels, children, groups))

}  // namespace ecs::json::fuzz

namespace {

using ecs::json::fuzz::Node;
namespace json = ecs::json;

void require(bool holds) {
  if (!holds) std::abort();
}

/// What was written must be readable: an Error here ends the program.
void check_raw(const boost::json::value& value) {
  // The first writing settles what has two forms (-0, integers beyond 64 bits); from then on nothing changes.
  const std::string once = json::write(json::parse(json::write(value)));
  require(json::write(json::parse(once)) == once);
  require(json::write(json::parse(json::write(json::parse(once), {.escape_html = true, .indent = 1}))) == once);
  if (once.starts_with('[') || once.starts_with('{')) require(json::write(json::parse_first(once + "x")) == once);
}

/// Writing adds empty lists and maps below the deepest struct; near the limit of depth that is refused.
bool is_shallow(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return c == '{' || c == '['; }) < 190;
}

void check_mapped(const Node& node) {
  const std::string once = json::encode(json::decode<Node>(json::encode(node)));
  require(json::encode(json::decode<Node>(once, {.fold_case = false, .reject_unknown = true})) == once);
  require(json::encode(json::from_value<Node>(json::parse(once))) == once);
}

/// Reading may be refused; what was read is checked outside of the handler.
template <class Read, class Check>
void unless_refused(Read read, Check check) {
  std::optional<decltype(read())> value;
  try {
    value.emplace(read());
  } catch (const json::Error&) {
    return;
  }
  check(*value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  unless_refused([&] { return json::parse(text); }, check_raw);
  unless_refused([&] { return json::parse_first(text); }, check_raw);
  if (!is_shallow(text)) return 0;
  unless_refused([&] { return json::decode<Node>(text); }, check_mapped);
  unless_refused([&] { return json::decode<Node>(text, {.fold_case = false, .reject_unknown = true}); }, check_mapped);
  return 0;
}
