#include "base/text.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/utf8.hpp"

namespace ecs::base {

namespace {

constexpr std::string_view kSpace = " \t\n\v\f\r";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string base64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8U | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? alphabet[bits >> (18U - 6U * k) & 63U] : '=';
  }
  return out;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

/// The value of a hexadecimal digit, or -1.
int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Go's letter for a control character that has one, or 0.
char go_escape(char32_t code) {
  switch (code) {
    case U'\a':
      return 'a';
    case U'\b':
      return 'b';
    case U'\f':
      return 'f';
    case U'\n':
      return 'n';
    case U'\r':
      return 'r';
    case U'\t':
      return 't';
    case U'\v':
      return 'v';
    default:
      return 0;
  }
}

/// Characters above ASCII that Go's strconv.IsPrint refuses and that are met in practice: controls, spaces other than
/// U+0020, soft hyphen, format characters, separators, private use and non-characters.
bool is_printable(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  static constexpr std::array kRefused = std::to_array<Range>({
      {0x00, 0x1F},     {0x7F, 0xA0},     {0xAD, 0xAD},     {0x600, 0x605},     {0x61C, 0x61C},
      {0x6DD, 0x6DD},   {0x70F, 0x70F},   {0x1680, 0x1680}, {0x180E, 0x180E},   {0x2000, 0x200F},
      {0x2028, 0x202F}, {0x205F, 0x206F}, {0x3000, 0x3000}, {0xD800, 0xF8FF},   {0xFDD0, 0xFDEF},
      {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0xE0000, 0xE00FF}, {0xE01F0, 0x10FFFF},
  });
  return std::none_of(kRefused.begin(), kRefused.end(),
                      [code](const Range& range) { return code >= range.first && code <= range.last; });
}

void append_go_quoted(std::string& out, const Rune& rune, std::string_view bytes) {
  if (!rune.valid) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes.front()));
  } else if (rune.code == '"' || rune.code == '\\') {
    out += '\\';
    out += static_cast<char>(rune.code);
  } else if (const char letter = go_escape(rune.code)) {
    out += '\\';
    out += letter;
  } else if (is_printable(rune.code)) {
    out += bytes;
  } else if (rune.code < 0x80) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned>(rune.code));
  } else if (rune.code < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<unsigned>(rune.code));
  } else {
    out += fmt::format("\\U{:08x}", static_cast<unsigned>(rune.code));
  }
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::string hex_encode(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::string base64_encode(std::string_view bytes) { return base64(bytes, kBase64); }
std::string base64url_encode(std::string_view bytes) { return base64(bytes, kBase64Url); }

std::string sha256_hex(std::string_view bytes) {
  std::array<char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &length, EVP_sha256(),
                 nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available");
  }
  return hex_encode({digest.data(), length});
}

std::string percent_encode(std::string_view text, PercentStyle style) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && style == PercentStyle::kPath)) {
      out += c;
    } else if (c == ' ' && style == PercentStyle::kForm) {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string percent_decode(std::string_view text, PercentStyle style) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? digit_value(text[i + 1]) : -1;
    const int low = high >= 0 ? digit_value(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' && style == PercentStyle::kForm ? ' ' : text[i];
    }
  }
  return out;
}

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = first_rune(text);
    append_go_quoted(out, rune, text.substr(0, rune.length));
    text.remove_prefix(rune.length);
  }
  return out += '"';
}

std::string_view last_arn_part(std::string_view arn) { return arn.substr(arn.rfind('/') + 1); }

}  // namespace ecs::base
