#include "json/encode.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/utf8.hpp"
#include "json/value.hpp"

namespace ecs::json {

namespace {

namespace bj = boost::json;
using detail::Kind;
using detail::Member;
using detail::Schema;
using detail::Type;

template <class T>
T load(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::string_view view(const bj::string& text) { return {text.data(), text.size()}; }
std::string_view view(bj::string_view text) { return {text.data(), text.size()}; }

class Writer {
 public:
  explicit Writer(const EncodeOptions& options) : options_(options) {}
  [[nodiscard]] std::string take() { return std::move(out_); }

  void write(const Type& type, const void* value);
  void write(const bj::value& value);

 private:
  /// An object or array: puts the separators between what is written in it.
  class Group {
   public:
    Group(Writer& writer, char open, char close) : writer_(writer), close_(close) {
      writer_.out_ += open;
      ++writer_.depth_;
    }
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    ~Group() {
      --writer_.depth_;
      if (!empty_) writer_.new_line();
      writer_.out_ += close_;
    }
    void next() {
      if (!empty_) writer_.out_ += ',';
      empty_ = false;
      writer_.new_line();
    }
    void next(std::string_view name) {
      next();
      writer_.string(name);
      writer_.out_ += writer_.options_.indent > 0 ? ": " : ":";
    }

   private:
    Writer& writer_;
    char close_;
    bool empty_ = true;
  };

  void new_line() {
    if (options_.indent <= 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(options_.indent * depth_), ' ');
  }
  void string(std::string_view text) { append_string(out_, text, options_.escape_html); }
  void floating(double value);
  void integer(const Type& type, const void* value);
  void optional(const Type& type, const void* value);
  void list(const Type& type, const void* value);
  void map(const Type& type, const void* value);
  void object(const Schema& schema, const void* value);
  void raw_array(const bj::array& array);
  void raw_object(const bj::object& object);

  const EncodeOptions& options_;
  std::string out_;
  int depth_ = 0;
};

bool is_absent(const Type& type, const void* value) {
  if (type.kind != Kind::kOptional) return false;
  bool absent = true;
  type.each(value, &absent, [](void* flag, std::string_view, const void*) { *static_cast<bool*>(flag) = false; });
  return absent;
}

/// Seconds since 1970 keep their decimal point on a whole second too. Who reads them tells a time from a count by it,
/// and would otherwise see another kind of number once in a thousand.
void Writer::floating(double value) {
  out_ += number(value);
  if (value >= 1e9 && value < 1e11 && value == std::floor(value)) out_ += ".0";
}

void Writer::write(const Type& type, const void* value) {
  switch (type.kind) {
    case Kind::kBool:
      out_ += load<bool>(value) ? "true" : "false";
      return;
    case Kind::kSigned:
    case Kind::kUnsigned:
      return integer(type, value);
    case Kind::kDouble:
      return floating(load<double>(value));
    case Kind::kString:
      return string(*static_cast<const std::string*>(value));
    case Kind::kSecret:
      return string(static_cast<const base::Secret*>(value)->reveal());
    case Kind::kRaw:
      return write(*static_cast<const bj::value*>(value));
    case Kind::kWord:
      return string(type.word(value));
    case Kind::kOptional:
      return optional(type, value);
    case Kind::kList:
      return list(type, value);
    case Kind::kMap:
      return map(type, value);
    case Kind::kObject:
      return object(type.schema(), value);
  }
}

void Writer::integer(const Type& type, const void* value) {
  if (type.kind == Kind::kSigned) {
    switch (type.size) {
      case 1:
        out_ += std::to_string(load<std::int8_t>(value));
        return;
      case 2:
        out_ += std::to_string(load<std::int16_t>(value));
        return;
      case 4:
        out_ += std::to_string(load<std::int32_t>(value));
        return;
      default:
        out_ += std::to_string(load<std::int64_t>(value));
        return;
    }
  }
  switch (type.size) {
    case 1:
      out_ += std::to_string(load<std::uint8_t>(value));
      return;
    case 2:
      out_ += std::to_string(load<std::uint16_t>(value));
      return;
    case 4:
      out_ += std::to_string(load<std::uint32_t>(value));
      return;
    default:
      out_ += std::to_string(load<std::uint64_t>(value));
      return;
  }
}

/// What an element visitor needs to know.
struct Elements {
  Writer* writer;
  void* group;
  const Type* type;
};

void Writer::optional(const Type& type, const void* value) {
  if (is_absent(type, value)) {
    out_ += "null";
    return;
  }
  Elements elements{this, nullptr, &type.element()};
  type.each(value, &elements, [](void* context, std::string_view, const void* element) {
    const auto& e = *static_cast<Elements*>(context);
    e.writer->write(*e.type, element);
  });
}

void Writer::list(const Type& type, const void* value) {
  Group group(*this, '[', ']');
  Elements elements{this, &group, &type.element()};
  type.each(value, &elements, [](void* context, std::string_view, const void* element) {
    const auto& e = *static_cast<Elements*>(context);
    static_cast<Group*>(e.group)->next();
    e.writer->write(*e.type, element);
  });
}

void Writer::map(const Type& type, const void* value) {
  Group group(*this, '{', '}');
  Elements elements{this, &group, &type.element()};
  type.each(value, &elements, [](void* context, std::string_view key, const void* element) {
    const auto& e = *static_cast<Elements*>(context);
    static_cast<Group*>(e.group)->next(key);
    e.writer->write(*e.type, element);
  });
}

void Writer::object(const Schema& schema, const void* value) {
  Group group(*this, '{', '}');
  for (std::size_t i = 0; i < schema.members.size(); ++i) {
    const Member& member = schema.members[options_.sort ? schema.sorted[i] : i];
    // The accessor only computes an address; what it points to is not changed here.
    const void* at = member.get(const_cast<void*>(value));
    if (is_absent(member.type(), at)) continue;
    group.next(member.wire);
    write(member.type(), at);
  }
}

void Writer::write(const bj::value& value) {
  switch (value.kind()) {
    case bj::kind::null:
      out_ += "null";
      return;
    case bj::kind::bool_:
      out_ += value.get_bool() ? "true" : "false";
      return;
    case bj::kind::int64:
      out_ += std::to_string(value.get_int64());
      return;
    case bj::kind::uint64:
      out_ += std::to_string(value.get_uint64());
      return;
    case bj::kind::double_:
      out_ += number(value.get_double());
      return;
    case bj::kind::string:
      return string(view(value.get_string()));
    case bj::kind::array:
      return raw_array(value.get_array());
    case bj::kind::object:
      return raw_object(value.get_object());
  }
}

void Writer::raw_array(const bj::array& array) {
  Group group(*this, '[', ']');
  for (const bj::value& element : array) {
    group.next();
    write(element);
  }
}

void Writer::raw_object(const bj::object& object) {
  std::vector<const bj::key_value_pair*> members;
  members.reserve(object.size());
  for (const bj::key_value_pair& member : object) members.push_back(&member);
  if (options_.sort) {
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
  }
  Group group(*this, '{', '}');
  for (const bj::key_value_pair* member : members) {
    group.next(view(member->key()));
    write(member->value());
  }
}

void append_escape(std::string& out, char32_t code) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) out += kDigits[(code >> shift) & 15U];
}

/// The two-character escape of a byte, or 0.
char short_escape(char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

}  // namespace

void append_string(std::string& out, std::string_view text, bool escape_html) {
  out += '"';
  while (!text.empty()) {
    const base::Rune rune = base::first_rune(text);
    const char c = text.front();
    if (!rune.valid || rune.code == 0x2028 || rune.code == 0x2029) {
      append_escape(out, rune.code);
    } else if (const char escape = short_escape(c)) {
      out += '\\';
      out += escape;
    } else if (rune.code < 0x20 || (escape_html && (c == '<' || c == '>' || c == '&'))) {
      append_escape(out, rune.code);
    } else {
      out += text.substr(0, rune.length);
    }
    text.remove_prefix(rune.length);
  }
  out += '"';
}

std::string number(double value) {
  if (!std::isfinite(value)) throw Error({}, "a number that is not finite has no JSON form");
  // The sign of zero means nothing on any wire, and `-0` reads back as the integer 0.
  if (value == 0) return "0";
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);

  std::string digits;
  for (const char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  std::string out = text.front() == '-' ? "-" : "";
  if (exponent < -6 || exponent >= 21) {
    out += digits[0];
    if (digits.size() > 1) out.append(".").append(digits, 1);
    return out + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0');
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string write(const bj::value& value, EncodeOptions options) {
  Writer writer(options);
  writer.write(value);
  return writer.take();
}

std::string detail::encode(const Type& type, const void* value, const EncodeOptions& options) {
  Writer writer(options);
  writer.write(type, value);
  return writer.take();
}

}  // namespace ecs::json
