#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <system_error>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include "base/utf8.hpp"
#include "json/value.hpp"

namespace ecs::json {

namespace {

namespace bj = boost::json;
using ErrorCode = bj::error_code;

constexpr std::size_t kMaxDepth = 200;

/// Builds the document. Boost's own handler differs in one thing: it takes the parser's value of a number, which is
/// off in the last digits for one double in three, and infinite for 1e999.
class Builder {
 public:
  static constexpr std::size_t max_object_size = bj::object::max_size();
  static constexpr std::size_t max_array_size = bj::array::max_size();
  static constexpr std::size_t max_key_size = bj::string::max_size();
  static constexpr std::size_t max_string_size = bj::string::max_size();

  Builder() { stack_.reset(); }
  [[nodiscard]] bj::value release() { return stack_.release(); }

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_object_begin(ErrorCode&) { return true; }
  bool on_object_end(std::size_t n, ErrorCode&) { return stack_.push_object(n), true; }
  bool on_array_begin(ErrorCode&) { return true; }
  bool on_array_end(std::size_t n, ErrorCode&) { return stack_.push_array(n), true; }
  bool on_key_part(bj::string_view s, std::size_t, ErrorCode&) { return stack_.push_chars(s), true; }
  bool on_key(bj::string_view s, std::size_t, ErrorCode&) { return stack_.push_key(s), true; }
  bool on_string_part(bj::string_view s, std::size_t, ErrorCode&) { return stack_.push_chars(s), true; }
  bool on_string(bj::string_view s, std::size_t, ErrorCode&) { return stack_.push_string(s), true; }
  bool on_number_part(bj::string_view s, ErrorCode&) { return number_.append(s.data(), s.size()), true; }
  bool on_int64(std::int64_t i, bj::string_view, ErrorCode&) { return number_.clear(), stack_.push_int64(i), true; }
  bool on_uint64(std::uint64_t u, bj::string_view, ErrorCode&) { return number_.clear(), stack_.push_uint64(u), true; }
  bool on_double(double near, bj::string_view s, ErrorCode& ec) {
    number_.append(s.data(), s.size());
    double exact = 0;
    const auto result = std::from_chars(number_.data(), number_.data() + number_.size(), exact);
    // Out of range is either side: too small counts as zero, too large is refused.
    if (result.ec == std::errc::result_out_of_range && !(std::abs(near) < 1)) {
      ec = bj::error::exponent_overflow;
      return false;
    }
    number_.clear();
    stack_.push_double(exact);
    return true;
  }
  bool on_bool(bool b, ErrorCode&) { return stack_.push_bool(b), true; }
  bool on_null(ErrorCode&) { return stack_.push_null(), true; }
  bool on_comment_part(bj::string_view, ErrorCode&) { return true; }
  bool on_comment(bj::string_view, ErrorCode&) { return true; }

 private:
  bj::value_stack stack_;
  std::string number_;
};

/// The value of the four hexadecimal digits after `\u` at `at`; nothing if it is no such escape.
std::optional<char32_t> unicode_escape(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  std::uint32_t code = 0;
  const char* end = text.data() + at + 6;
  const auto result = std::from_chars(text.data() + at + 2, end, code, 16);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return code;
}

bool is_high_surrogate(std::optional<char32_t> code) { return code && *code >= 0xD800 && *code <= 0xDBFF; }
bool is_low_surrogate(std::optional<char32_t> code) { return code && *code >= 0xDC00 && *code <= 0xDFFF; }

/// The text with U+FFFD in place of bytes that are no UTF-8 and of lone surrogates in escapes.
std::string repaired(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] != '\\') {
      const base::Rune rune = base::first_rune(text.substr(at));
      base::append_rune(out, rune.code);
      at += rune.length;
      continue;
    }
    const auto code = unicode_escape(text, at);
    std::size_t length = code ? 6 : 2;
    if (is_high_surrogate(code) && is_low_surrogate(unicode_escape(text, at + 6))) {
      length = 12;
    } else if (is_high_surrogate(code) || is_low_surrogate(code)) {
      out += "\\ufffd";
      at += length;
      continue;
    }
    // What follows a backslash may itself be no UTF-8: an error of syntax, which stays one.
    out += text.substr(at, length);
    at += length;
  }
  return out;
}

struct Outcome {
  ErrorCode error;
  std::size_t used = 0;
  bj::value value;
};

Outcome try_parse(std::string_view text) {
  bj::parse_options options;
  options.max_depth = kMaxDepth;
  bj::basic_parser<Builder> parser(options);
  Outcome outcome;
  outcome.used = parser.write_some(false, text.data(), text.size(), outcome.error);
  if (!outcome.error) outcome.value = parser.handler().release();
  return outcome;
}

[[noreturn]] void fail(std::size_t at, const std::string& problem) {
  throw Error({}, fmt::format("invalid JSON at byte {}: {}", at, problem));
}

/// The first document and the length of its text.
Outcome parse_some(std::string_view text) {
  Outcome outcome = try_parse(text);
  if (outcome.error) {
    const std::string again = repaired(text);
    Outcome second = again == text ? Outcome{.error = outcome.error, .used = 0, .value = {}} : try_parse(again);
    if (second.error) fail(outcome.used, outcome.error.message());
    second.used = second.used == again.size() ? text.size() : outcome.used;
    return second;
  }
  return outcome;
}

}  // namespace

bj::value parse(std::string_view text) {
  Outcome outcome = parse_some(text);
  if (text.substr(outcome.used).find_first_not_of(" \t\r\n") != std::string_view::npos) {
    fail(outcome.used, "text after the document");
  }
  return std::move(outcome.value);
}

bj::value parse_first(std::string_view text) { return parse_some(text).value; }

}  // namespace ecs::json
