#include "json/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/text.hpp"
#include "json/value.hpp"

namespace ecs::json::detail {

namespace {

namespace bj = boost::json;

/// The way from the document to a value, as a list on the stack; text is made of it only for an error.
struct Place {
  const Place* parent = nullptr;
  std::string_view name = {};
  std::size_t index = 0;
  bool in_list = false;
};

void append_path(std::string& out, const Place& place) {
  if (place.parent == nullptr) return;
  append_path(out, *place.parent);
  if (place.in_list) {
    out += fmt::format("[{}]", place.index);
  } else {
    if (!out.empty()) out += '.';
    out += place.name;
  }
}

std::string_view kind_word(const bj::value& value) {
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
      return "array";
    case bj::kind::object:
      return "object";
  }
  return "value";
}

template <class T>
void store(void* out, T value) {
  std::memcpy(out, &value, sizeof value);
}

class Decoder {
 public:
  Decoder(const Options& options, const std::string& prefix) : options_(options), prefix_(prefix) {}

  void read(const bj::value& value, const Type& type, void* out, const Place& place) const {
    if (type.kind == Kind::kRaw) {
      *static_cast<bj::value*>(out) = value;
      return;
    }
    if (value.is_null()) return;
    switch (type.kind) {
      case Kind::kBool:
        return read_bool(value, out, place);
      case Kind::kSigned:
        return read_signed(value, type, out, place);
      case Kind::kUnsigned:
        return read_unsigned(value, type, out, place);
      case Kind::kDouble:
        return read_double(value, out, place);
      case Kind::kString:
        *static_cast<std::string*>(out) = text(value, place);
        return;
      case Kind::kSecret:
        *static_cast<base::Secret*>(out) = base::Secret(std::string(text(value, place)));
        return;
      case Kind::kWord:
        return read_word(value, type, out, place);
      case Kind::kOptional:
        return read_optional(value, type, out, place);
      case Kind::kList:
        return read_list(value, type, out, place);
      case Kind::kMap:
        return read_map(value, type, out, place);
      case Kind::kObject:
        return read_object(value, type.schema(), out, place);
      case Kind::kRaw:
        return;
    }
  }

 private:
  [[noreturn]] void fail(const Place& place, const std::string& problem) const {
    std::string path = prefix_;
    std::string rest;
    append_path(rest, place);
    if (!path.empty() && !rest.empty() && rest.front() != '[') path += '.';
    throw Error(path + rest, problem);
  }

  [[noreturn]] void mismatch(const bj::value& value, std::string_view expected, const Place& place) const {
    fail(place, fmt::format("expected {}, got {}", expected, kind_word(value)));
  }

  void read_bool(const bj::value& value, void* out, const Place& place) const {
    if (!value.is_bool()) mismatch(value, "boolean", place);
    store(out, value.get_bool());
  }

  void read_double(const bj::value& value, void* out, const Place& place) const {
    switch (value.kind()) {
      case bj::kind::int64:
        return store(out, static_cast<double>(value.get_int64()));
      case bj::kind::uint64:
        return store(out, static_cast<double>(value.get_uint64()));
      case bj::kind::double_:
        return store(out, value.get_double());
      default:
        mismatch(value, "number", place);
    }
  }

  void read_signed(const bj::value& value, const Type& type, void* out, const Place& place) const {
    const auto bits = static_cast<unsigned>(type.size) * 8U - 1U;
    const std::int64_t most = bits == 63 ? std::numeric_limits<std::int64_t>::max() : (std::int64_t{1} << bits) - 1;
    const std::int64_t least = -most - 1;
    if (!value.is_int64() && !value.is_uint64()) mismatch(value, "integer", place);
    if (value.is_uint64() || value.get_int64() < least || value.get_int64() > most) out_of_range(least, most, place);
    const std::int64_t number = value.get_int64();
    switch (type.size) {
      case 1:
        return store(out, static_cast<std::int8_t>(number));
      case 2:
        return store(out, static_cast<std::int16_t>(number));
      case 4:
        return store(out, static_cast<std::int32_t>(number));
      default:
        return store(out, number);
    }
  }

  void read_unsigned(const bj::value& value, const Type& type, void* out, const Place& place) const {
    const std::uint64_t most =
        std::numeric_limits<std::uint64_t>::max() >> (64U - static_cast<unsigned>(type.size) * 8U);
    if (!value.is_int64() && !value.is_uint64()) mismatch(value, "integer", place);
    if (value.is_int64() && value.get_int64() < 0) out_of_range(0, most, place);
    const std::uint64_t number = value.is_uint64() ? value.get_uint64() : static_cast<std::uint64_t>(value.get_int64());
    if (number > most) out_of_range(0, most, place);
    switch (type.size) {
      case 1:
        return store(out, static_cast<std::uint8_t>(number));
      case 2:
        return store(out, static_cast<std::uint16_t>(number));
      case 4:
        return store(out, static_cast<std::uint32_t>(number));
      default:
        return store(out, number);
    }
  }

  template <class Least, class Most>
  [[noreturn]] void out_of_range(Least least, Most most, const Place& place) const {
    fail(place, fmt::format("expected integer from {} to {}", least, most));
  }

  std::string_view text(const bj::value& value, const Place& place) const {
    if (!value.is_string()) mismatch(value, "string", place);
    const bj::string& string = value.get_string();
    return {string.data(), string.size()};
  }

  void read_word(const bj::value& value, const Type& type, void* out, const Place& place) const {
    const std::string_view word = text(value, place);
    if (!type.set_word(out, word)) fail(place, fmt::format("unknown word {}", base::go_quote(word.substr(0, 64))));
  }

  void read_optional(const bj::value& value, const Type& type, void* out, const Place& place) const {
    type.clear(out);
    read(value, type.element(), type.add(out, {}), place);
  }

  void read_list(const bj::value& value, const Type& type, void* out, const Place& place) const {
    if (!value.is_array()) mismatch(value, "array", place);
    type.clear(out);
    Place element{.parent = &place, .in_list = true};
    for (const bj::value& one : value.get_array()) {
      read(one, type.element(), type.add(out, {}), element);
      ++element.index;
    }
  }

  void read_map(const bj::value& value, const Type& type, void* out, const Place& place) const {
    if (!value.is_object()) mismatch(value, "object", place);
    type.clear(out);
    for (const auto& [key, one] : value.get_object()) {
      const std::string_view name(key.data(), key.size());
      read(one, type.element(), type.add(out, name), {.parent = &place, .name = name});
    }
  }

  void read_object(const bj::value& value, const Schema& schema, void* out, const Place& place) const {
    if (!value.is_object()) mismatch(value, "object", place);
    for (const auto& [key, one] : value.get_object()) {
      const std::string_view name(key.data(), key.size());
      if (const Member* member = find(schema, name)) {
        read(one, member->type(), member->get(out), {.parent = &place, .name = member->wire});
      } else if (options_.reject_unknown) {
        fail({.parent = &place, .name = name.substr(0, 64)}, "unknown member");
      }
    }
  }

  [[nodiscard]] const Member* find(const Schema& schema, std::string_view name) const {
    const auto at = std::lower_bound(schema.sorted.begin(), schema.sorted.end(), name,
                                     [&](std::size_t i, std::string_view n) { return schema.members[i].wire < n; });
    if (at != schema.sorted.end() && schema.members[*at].wire == name) return &schema.members[*at];
    if (!options_.fold_case) return nullptr;
    for (const Member& member : schema.members) {
      if (base::equal_ignoring_case(member.wire, name)) return &member;
    }
    return nullptr;
  }

  const Options& options_;
  const std::string& prefix_;
};

}  // namespace

void decode_text(std::string_view text, const Type& type, void* out, const Options& options) {
  const std::string no_prefix;
  Decoder(options, no_prefix).read(parse(text), type, out, Place{});
}

void decode_value(const bj::value& value, const Type& type, void* out, const Options& options, std::string path) {
  Decoder(options, path).read(value, type, out, Place{});
}

}  // namespace ecs::json::detail
