#include "engine/raw_docker.hpp"

#include <algorithm>
#include <span>

#include "base/text.hpp"
#include "engine/raw_schema.hpp"
#include "json/value.hpp"

namespace ecs::engine {

namespace {

namespace bj = boost::json;
using raw::Kind;
using raw::Member;
using raw::Zero;

bj::object zero_document(std::span<const Member> members);

bj::value zero_value(const Member& member) {
  if (member.zero == Zero::kNull) return nullptr;
  switch (member.kind) {
    case Kind::kText:
      return "";
    case Kind::kNumber:
      return 0;
    case Kind::kFlag:
      return false;
    case Kind::kSize:
      return bj::array{0, 0};
    case Kind::kStruct:
      return zero_document(member.members);
    default:
      return nullptr;
  }
}

bool written_when_unset(const Member& member) { return member.zero == Zero::kValue || member.zero == Zero::kNull; }

bj::object zero_document(std::span<const Member> members) {
  bj::object document;
  document.reserve(members.size());
  for (const Member& member : members) {
    if (written_when_unset(member)) document.emplace(member.name, zero_value(member));
  }
  return document;
}

bool is_empty(const bj::value& value) {
  if (value.is_null()) return true;
  if (const auto* text = value.if_string()) return text->empty();
  if (const auto* number = value.if_int64()) return *number == 0;
  if (const auto* flag = value.if_bool()) return !*flag;
  if (const auto* list = value.if_array()) return list->empty();
  return value.is_object() && value.get_object().empty();
}

std::string_view kind_of(const bj::value& value) {
  if (value.is_null()) return "null";
  if (value.is_string()) return "string";
  if (value.is_bool()) return "bool";
  if (value.is_array()) return "array";
  return value.is_object() ? "object" : "number";
}

/// Decodes one value, saying where it stands in what it throws.
class Decoder {
 public:
  explicit Decoder(std::string path) : path_(std::move(path)) {}

  void merge(bj::object& document, const bj::object& from, std::span<const Member> members) const {
    for (const auto& [key, value] : from) {
      const std::string_view name(key);
      const auto member =
          std::ranges::find_if(members, [&](const Member& m) { return base::equal_ignoring_case(m.name, name); });
      if (member != members.end()) below(member->name).set(document, *member, value);
    }
  }

 private:
  [[nodiscard]] Decoder below(std::string_view name) const {
    return Decoder(path_.empty() ? std::string(name) : path_ + "." + std::string(name));
  }
  [[nodiscard]] Decoder at(std::size_t index) const { return Decoder(path_ + "[" + std::to_string(index) + "]"); }

  [[noreturn]] void fail(std::string_view expected, const bj::value& value) const {
    throw json::Error(path_, "expected " + std::string(expected) + ", got " + std::string(kind_of(value)));
  }
  [[nodiscard]] const bj::object& object(const bj::value& value) const {
    if (!value.is_object()) fail("object", value);
    return value.get_object();
  }
  [[nodiscard]] const bj::array& array(const bj::value& value) const {
    if (!value.is_array()) fail("array", value);
    return value.get_array();
  }

  void set(bj::object& document, const Member& member, const bj::value& value) const;
  [[nodiscard]] bj::value text(const bj::value& value) const;
  [[nodiscard]] bj::value number(const Member& member, const bj::value& value) const;
  [[nodiscard]] bj::value texts(const bj::value& value) const;
  [[nodiscard]] bj::value structure(const Member& member, const bj::value& value) const;
  [[nodiscard]] bj::value structures(const Member& member, const bj::value& value) const;
  [[nodiscard]] bj::value map_value(const Member& member, const bj::value& value) const;
  [[nodiscard]] bj::value decoded(const Member& member, const bj::value& value) const;

  std::string path_;
};

bj::value Decoder::text(const bj::value& value) const {
  if (value.is_null()) return "";
  if (!value.is_string()) fail("string", value);
  return value;
}

bj::value Decoder::number(const Member& member, const bj::value& value) const {
  const auto* number = value.if_int64();
  if (number == nullptr) fail("integer", value);
  if (*number < member.least || *number > member.most) {
    throw json::Error(path_, "expected an integer of " + std::to_string(member.least) + " to " +
                                 std::to_string(member.most) + ", got " + std::to_string(*number));
  }
  return *number;
}

bj::value Decoder::texts(const bj::value& value) const {
  bj::array all;
  for (std::size_t i = 0; i < array(value).size(); ++i) all.push_back(at(i).text(array(value)[i]));
  return all;
}

bj::value Decoder::structure(const Member& member, const bj::value& value) const {
  bj::object document = zero_document(member.members);
  if (!value.is_null()) merge(document, object(value), member.members);
  return document;
}

bj::value Decoder::structures(const Member& member, const bj::value& value) const {
  bj::array all;
  for (std::size_t i = 0; i < array(value).size(); ++i) all.push_back(at(i).structure(member, array(value)[i]));
  return all;
}

bj::value Decoder::map_value(const Member& member, const bj::value& value) const {
  if (member.kind == Kind::kTextMap) return text(value);
  if (member.kind == Kind::kBindings) return value.is_null() ? value : structures(member, value);
  if (!value.is_null()) (void)object(value);
  return bj::object();
}

bj::value Decoder::decoded(const Member& member, const bj::value& value) const {
  switch (member.kind) {
    case Kind::kText:
      return text(value);
    case Kind::kNumber:
      return number(member, value);
    case Kind::kFlag:
      if (!value.is_bool()) fail("bool", value);
      return value;
    case Kind::kTexts:
      return texts(value);
    case Kind::kWords:
      return value.is_string() ? bj::value(bj::array{value}) : texts(value);
    case Kind::kGroups: {
      bj::array all;
      for (std::size_t i = 0; i < array(value).size(); ++i) all.push_back(at(i).texts(array(value)[i]));
      return all;
    }
    case Kind::kStructs:
      return structures(member, value);
    case Kind::kSize: {
      bj::array all{0, 0};
      for (std::size_t i = 0; i < std::min<std::size_t>(array(value).size(), 2); ++i) {
        all[i] = at(i).number({.name = "", .kind = Kind::kNumber, .least = 0}, array(value)[i]);
      }
      return all;
    }
    default:
      return structure(member, value);
  }
}

void Decoder::set(bj::object& document, const Member& member, const bj::value& value) const {
  bj::value* present = document.if_contains(member.name);
  if (value.is_null()) {
    // A null does nothing to a plain value and empties a list, a map or a pointer.
    const bool plain = member.kind == Kind::kText || member.kind == Kind::kNumber || member.kind == Kind::kFlag ||
                       member.kind == Kind::kSize || member.kind == Kind::kStruct;
    if (member.zero == Zero::kNull) document[member.name] = nullptr;
    if (member.zero == Zero::kUnlessSet || (member.zero == Zero::kOmitted && !plain)) document.erase(member.name);
    return;
  }
  bj::value next;
  if (member.kind == Kind::kStruct) {
    next = present != nullptr && present->is_object() ? *present : bj::value(zero_document(member.members));
    merge(next.get_object(), object(value), member.members);
  } else if (member.kind == Kind::kTextMap || member.kind == Kind::kSet || member.kind == Kind::kBindings) {
    next = present != nullptr && present->is_object() ? *present : bj::value(bj::object());
    for (const auto& [key, one] : object(value)) next.get_object()[key] = below(key).map_value(member, one);
  } else {
    next = decoded(member, value);
  }
  if (member.zero == Zero::kOmitted && is_empty(next)) {
    document.erase(member.name);
  } else {
    document[member.name] = std::move(next);
  }
}

void overlay(bj::object& document, std::string_view text, std::span<const Member> members) {
  const bj::value parsed = json::parse(text);
  if (parsed.is_null()) return;
  if (!parsed.is_object()) throw json::Error("", "expected object, got " + std::string(kind_of(parsed)));
  Decoder("").merge(document, parsed.get_object(), members);
}

}  // namespace

bj::object zero_config() { return zero_document(raw::config()); }
bj::object zero_host_config() { return zero_document(raw::host_config()); }

void overlay_config(bj::object& document, std::string_view text) { overlay(document, text, raw::config()); }
void overlay_host_config(bj::object& document, std::string_view text) { overlay(document, text, raw::host_config()); }

std::int64_t raw_memory_reservation(std::string_view host_config) {
  if (host_config.empty()) return 0;
  try {
    bj::object document = zero_host_config();
    overlay_host_config(document, host_config);
    const auto* found = document.if_contains("MemoryReservation");
    return found != nullptr && found->is_int64() ? found->get_int64() : 0;
  } catch (const json::Error&) {
    return 0;  // The create says what is wrong with it.
  }
}

}  // namespace ecs::engine
