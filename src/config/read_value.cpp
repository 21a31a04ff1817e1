#include "config/read_value.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "json/json.hpp"

namespace ecs::config {

namespace {

namespace bj = boost::json;

std::string_view kind_of(const bj::value& value) {
  switch (value.kind()) {
    case bj::kind::null:
      return "null";
    case bj::kind::bool_:
      return "boolean";
    case bj::kind::int64:
    case bj::kind::uint64:
      return "integer";
    case bj::kind::double_:
      return "number";
    case bj::kind::string:
      return "string";
    case bj::kind::array:
      return "list";
    case bj::kind::object:
      return "object";
  }
  return "value";
}

[[noreturn]] void refuse(const std::string& path, std::string_view expected, const bj::value& value) {
  throw json::Error(path, fmt::format("expected {}, got {}", expected, kind_of(value)));
}

std::int64_t json_integer(const std::string& path, const bj::value& value, std::int64_t min, std::int64_t max) {
  if (!value.is_int64() && !value.is_uint64()) refuse(path, "integer", value);
  const bool fits = value.is_int64() && value.get_int64() >= min && value.get_int64() <= max;
  if (!fits) throw json::Error(path, fmt::format("expected an integer from {} to {}", min, max));
  return value.get_int64();
}

std::string json_text(const std::string& path, const bj::value& value) {
  if (!value.is_string()) refuse(path, "string", value);
  return std::string(value.get_string());
}

std::map<std::string, std::string> json_text_map(const std::string& path, const bj::value& value) {
  if (!value.is_object()) refuse(path, "object", value);
  std::map<std::string, std::string> out;
  for (const auto& [key, member] : value.get_object()) {
    const std::string name(key);
    out[name] = member.is_null() ? std::string() : json_text(path + "." + name, member);
  }
  return out;
}

std::vector<std::string> json_cidrs(const std::string& path, const bj::value& value) {
  if (!value.is_array()) refuse(path, "list", value);
  std::vector<std::string> out;
  for (const auto& element : value.get_array()) {
    const std::string place = fmt::format("{}[{}]", path, out.size());
    std::string text = json_text(place, element);
    if (!is_cidr(text)) throw json::Error(place, "expected a CIDR such as 10.0.0.0/8");
    out.push_back(std::move(text));
  }
  return out;
}

/// A list of which single elements may be wrong: those become zero, and the first problem is told.
template <class T, class Convert>
std::vector<T> lenient_list(const std::string& path, const bj::value& value, std::string& problem, Convert convert) {
  if (!value.is_array()) refuse(path, "list", value);
  std::vector<T> out;
  for (const auto& element : value.get_array()) {
    T item{};
    try {
      if (!element.is_null()) item = convert(fmt::format("{}[{}]", path, out.size()), element);
    } catch (const json::Error& e) {
      if (problem.empty()) problem = e.what();
    }
    out.push_back(std::move(item));
  }
  return out;
}

std::uint16_t json_port(const std::string& path, const bj::value& value) {
  return static_cast<std::uint16_t>(json_integer(path, value, 0, std::numeric_limits<std::uint16_t>::max()));
}

/// Reads one variable; the overloads are the grammars.
class TextReader {
 public:
  TextReader(const Setting& setting, const std::string& text, Config& layer, Problems& problems)
      : setting_(setting), text_(text), layer_(layer), problems_(problems) {}

  void operator()(std::string Config::* m) { layer_.*m = text_; }
  void operator()(base::Secret Config::* m) { layer_.*m = base::Secret(text_); }
  // A plain boolean says nothing about a bad value; it keeps its default.
  void operator()(bool Config::* m) { layer_.*m = parse_bool(base::trim(text_)).value_or(Config{}.*m); }

  void operator()(Flag Config::* m) {
    const auto word = base::trim(text_);
    if (word.empty()) return;
    if (const auto value = parse_bool(word)) {
      (layer_.*m).set(*value);
    } else {
      bad("expected true or false");
    }
  }

  void operator()(Duration Config::* m) {
    if (text_.empty()) return;
    const auto value = base::parse_go_duration(text_);
    if (!value) return bad("expected a duration such as 30s, 10m or 1h30m");
    if (const auto count = within(value->count(), true)) layer_.*m = Duration(*count);
  }

  void operator()(std::int64_t Config::* m) {
    if (text_.empty()) return;
    if (setting_.form == Form::kSteadyRate || setting_.form == Form::kBurstRate) return rates(m);
    const auto value = parse_integer(setting_.form == Form::kTrimmedNumber ? base::trim(text_) : text_);
    if (!value) return bad("expected an integer");
    if (const auto number = within(*value, false)) layer_.*m = *number;
  }

  void operator()(std::uint16_t Config::* m) {
    if (text_.empty()) return;
    if (const auto value = parse_u16(text_)) {
      layer_.*m = *value;
    } else {
      bad("expected an integer from 0 to 65535");
    }
  }

  void operator()(std::vector<std::uint16_t> Config::* m) { layer_.*m = list<std::uint16_t>(json_port); }

  void operator()(std::vector<std::string> Config::* m) {
    if (text_.empty()) return;
    if (setting_.form == Form::kCommaList) {
      layer_.*m = base::split(text_, ',');
    } else if (setting_.form == Form::kCidr) {
      whole([&](const bj::value& value) { layer_.*m = json_cidrs(std::string(setting_.env), value); });
    } else {
      layer_.*m = list<std::string>(json_text);
    }
  }

  void operator()(std::map<std::string, std::string> Config::* m) {
    if (text_.empty()) return;
    whole([&](const bj::value& value) { layer_.*m = json_text_map(std::string(setting_.env), value); });
  }

  // Unknown words mean the default, silently.
  void operator()(PullBehavior Config::* m) {
    layer_.*m = text_ == "always"          ? PullBehavior::kAlways
                : text_ == "once"          ? PullBehavior::kOnce
                : text_ == "prefer-cached" ? PullBehavior::kPreferCached
                                           : PullBehavior::kDefault;
  }
  void operator()(PropagateTags Config::* m) {
    layer_.*m = text_ == "ec2_instance" ? PropagateTags::kEc2Instance : PropagateTags::kNone;
  }

  void operator()(IpCompatibility Config::* m) {
    const auto word = base::lower(base::trim(text_));
    if (word == "ipv4") {
      layer_.*m = {.ipv4 = true, .ipv6 = false};
    } else if (word == "ipv6") {
      layer_.*m = {.ipv4 = false, .ipv6 = true};
    } else if (!word.empty()) {
      bad("expected ipv4 or ipv6");
    }
  }

  void operator()(PortRange Config::* m) {
    if (text_.empty()) return;
    if (const auto range = parse_port_range(text_)) {
      layer_.*m = *range;
    } else {
      bad("expected a port or a range such as 32768-60999");
    }
  }

 private:
  void bad(std::string_view rule) {
    auto& where = setting_.must_parse ? problems_.fatal : problems_.warnings;
    where.push_back(fmt::format("{}: {}{}", setting_.env, rule, setting_.must_parse ? "" : "; the value is ignored"));
  }

  /// Applies the bounds for environment values. Zero passes: it means unset.
  std::optional<std::int64_t> within(std::int64_t value, bool is_duration) {
    const Bounds& bounds = setting_.of_environment;
    if (bounds.action == Bounds::Action::kNone || value == 0 || (value >= bounds.min && value <= bounds.max)) {
      return value;
    }
    const auto show = [&](std::int64_t number) {
      return is_duration ? base::go_duration(Duration(number)) : std::to_string(number);
    };
    const auto nearest = value < bounds.min ? bounds.min : bounds.max;
    const bool clamp = bounds.action == Bounds::Action::kClamp;
    const auto limit = fmt::format("{} {}", value < bounds.min ? "at least" : "at most", show(nearest));
    problems_.warnings.push_back(fmt::format("{}: {} is not allowed, it must be {}; {}", setting_.env, show(value),
                                             limit, clamp ? "that is used" : "the value is ignored"));
    if (clamp) return nearest;
    return std::nullopt;
  }

  void rates(std::int64_t Config::* m) {
    const auto parts = base::split(text_, ',');
    std::array<std::optional<std::int64_t>, 2> both;
    if (parts.size() == 2) both = {parse_integer(base::trim(parts[0])), parse_integer(base::trim(parts[1]))};
    const bool steady = setting_.form == Form::kSteadyRate;
    if (both[0] && both[1]) {
      layer_.*m = *both.at(steady ? 0 : 1);
    } else if (steady) {  // The variable has two rows in the table; one warning is enough.
      bad("expected two integers such as 40,60");
    }
  }

  /// A list of which text after the first JSON value does not count.
  template <class T, class Convert>
  std::vector<T> list(Convert convert) {
    if (base::trim(text_).empty()) return {};
    try {
      const auto value = json::parse_first(text_);
      if (value.is_null()) return {};
      std::string problem;
      auto out = lenient_list<T>(std::string(setting_.env), value, problem, convert);
      if (!problem.empty()) problems_.warnings.push_back(problem + "; taken as empty");
      return out;
    } catch (const json::Error& e) {
      bad(fmt::format("expected a JSON list ({})", e.what()));
      return {};
    }
  }

  /// A JSON value that must be right as a whole.
  template <class Use>
  void whole(Use use) {
    try {
      const auto value = json::parse(text_);
      if (!value.is_null()) use(value);
    } catch (const json::Error& e) {
      bad(fmt::format("expected valid JSON ({})", e.what()));
    }
  }

  const Setting& setting_;
  const std::string& text_;
  Config& layer_;
  Problems& problems_;
};

/// Reads one key of file or user data.
class JsonReader {
 public:
  JsonReader(const Setting& setting, const bj::value& value, Config& layer)
      : path_(setting.key), form_(setting.form), value_(value), layer_(layer) {}

  void operator()(std::string Config::* m) {
    layer_.*m = json_text(path_, value_);
    if (form_ == Form::kCidr && !is_cidr(layer_.*m)) throw json::Error(path_, "expected a CIDR such as 10.0.0.0/8");
  }
  void operator()(base::Secret Config::* m) { layer_.*m = base::Secret(json::write(value_, {.sort = false})); }
  void operator()(bool Config::* m) {
    if (!value_.is_bool()) refuse(path_, "boolean", value_);
    layer_.*m = value_.get_bool();
  }
  void operator()(Flag Config::* m) {
    if (value_.is_bool()) return (layer_.*m).set(value_.get_bool());
    if (value_.is_int64() && (value_.get_int64() == 0 || value_.get_int64() == 1)) {
      return (layer_.*m).set(value_.get_int64() == 1);
    }
    refuse(path_, "boolean", value_);
  }
  void operator()(Duration Config::* m) { layer_.*m = Duration(integer<std::int64_t>()); }
  void operator()(std::int64_t Config::* m) { layer_.*m = integer<std::int64_t>(); }
  void operator()(std::uint16_t Config::* m) { layer_.*m = integer<std::uint16_t>(); }
  void operator()(std::vector<std::uint16_t> Config::* m) { layer_.*m = strict_list<std::uint16_t>(json_port); }
  void operator()(std::vector<std::string> Config::* m) {
    layer_.*m = form_ == Form::kCidr ? json_cidrs(path_, value_) : strict_list<std::string>(json_text);
  }
  void operator()(std::map<std::string, std::string> Config::* m) { layer_.*m = json_text_map(path_, value_); }
  void operator()(PullBehavior Config::* m) {
    layer_.*m = static_cast<PullBehavior>(json_integer(path_, value_, 0, 3));
  }
  void operator()(PropagateTags Config::* m) {
    layer_.*m = static_cast<PropagateTags>(json_integer(path_, value_, 0, 1));
  }
  void operator()(IpCompatibility Config::*) {}
  void operator()(PortRange Config::*) {}

 private:
  template <class T>
  T integer() {
    return static_cast<T>(json_integer(path_, value_, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  }

  template <class T, class Convert>
  std::vector<T> strict_list(Convert convert) {
    std::string problem;
    auto out = lenient_list<T>(path_, value_, problem, convert);
    if (!problem.empty()) throw json::Error({}, problem);
    return out;
  }

  std::string path_;
  Form form_;
  const bj::value& value_;
  Config& layer_;
};

}  // namespace

void read_text(const Setting& setting, const std::string& text, Config& layer, Problems& problems) {
  std::visit(TextReader(setting, text, layer, problems), setting.target);
}

void read_json(const Setting& setting, const bj::value& value, Config& layer) {
  if (value.is_null()) return;
  std::visit(JsonReader(setting, value, layer), setting.target);
}

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view word : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == word) return true;
  }
  for (const std::string_view word : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

namespace {
template <class T>
std::optional<T> parse_digits(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}
}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return parse_digits<std::int64_t>(text);
}

std::optional<std::uint16_t> parse_u16(std::string_view text) { return parse_digits<std::uint16_t>(text); }

std::optional<PortRange> parse_port_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_u16(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_u16(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return PortRange{*first, *last};
}

bool is_cidr(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string address(text.substr(0, slash));
  const auto bits = parse_u16(text.substr(slash + 1));
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  if (!bits) return false;
  if (inet_pton(AF_INET, address.c_str(), binary.data()) == 1) return *bits <= 32;
  return inet_pton(AF_INET6, address.c_str(), binary.data()) == 1 && *bits <= 128;
}

}  // namespace ecs::config
