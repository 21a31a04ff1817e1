#include "docker/image_reference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "docker/error.hpp"

namespace ecs::docker {
namespace {

constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kHubIndex = "index.docker.io";
constexpr std::string_view kOfficial = "library/";
constexpr std::size_t kMaxPath = 255;
constexpr std::size_t kMaxTag = 128;

// ASCII only, whatever the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alnum(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }
constexpr bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
constexpr bool is_hex(char c) { return is_lower_hex(c) || (c >= 'A' && c <= 'F'); }

[[noreturn]] void refuse(const std::string& why) { throw Error(Error::Kind::kInvalidArgument, why); }

std::string_view cut(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const auto head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return head;
}

// Letters and digits, with `-` inside.
bool is_domain_label(std::string_view label) {
  return !label.empty() && is_alnum(label.front()) && is_alnum(label.back()) &&
         std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_ipv6(std::string_view text) {
  if (text.size() < 3 || text.front() != '[' || text.back() != ']') return false;
  return std::ranges::all_of(text.substr(1, text.size() - 2), [](char c) { return is_hex(c) || c == ':'; });
}

bool is_domain(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos && text.back() != ']') {
    const auto port = text.substr(colon + 1);
    if (port.empty() || !std::ranges::all_of(port, is_digit)) return false;
    text = text.substr(0, colon);
  }
  if (is_ipv6(text)) return true;
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    if (!is_domain_label(cut(text, '.'))) return false;
  }
  return true;
}

// Runs of lower-case letters and digits; between them one of `.`, `_`, `__` or any number of `-`.
bool is_path_component(std::string_view text) {
  const auto word = [](char c) { return is_lower(c) || is_digit(c); };
  if (text.empty() || !word(text.front()) || !word(text.back())) return false;
  for (std::size_t i = 0; i < text.size();) {
    auto end = i;
    while (end < text.size() && word(text[end]) == word(text[i])) ++end;
    const auto run = text.substr(i, end - i);
    const bool separator = run == "." || run == "_" || run == "__" || run.find_first_not_of('-') == run.npos;
    if (!word(text[i]) && !separator) return false;
    i = end;
  }
  return true;
}

bool is_path(std::string_view text) {
  if (text.empty() || text.back() == '/') return false;
  while (!text.empty()) {
    if (!is_path_component(cut(text, '/'))) return false;
  }
  return true;
}

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > kMaxTag || text.front() == '.' || text.front() == '-') return false;
  return std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

// Words of letters and digits, each beginning with a letter, joined by one of `-_+.`.
bool is_algorithm(std::string_view text) {
  bool word_begins = true;
  for (const char c : text) {
    const bool joint = c == '-' || c == '_' || c == '+' || c == '.';
    if (word_begins ? !(is_lower(c) || is_upper(c)) : !(is_alnum(c) || joint)) return false;
    word_begins = joint;
  }
  return !word_begins;
}

void check_digest(std::string_view digest) {
  static constexpr std::pair<std::string_view, std::size_t> kAlgorithms[] = {
      {"sha256", 64}, {"sha384", 96}, {"sha512", 128}};
  const auto algorithm = cut(digest, ':');
  if (!is_algorithm(algorithm) || digest.size() < 32 || !std::ranges::all_of(digest, is_hex))
    refuse("invalid reference format");
  for (const auto& [name, digits] : kAlgorithms) {
    if (name != algorithm) continue;
    if (digest.size() != digits) refuse("invalid checksum digest length");
    if (!std::ranges::all_of(digest, is_lower_hex)) refuse("invalid checksum digest format");
    return;
  }
  refuse("unsupported digest algorithm");
}

struct Split {
  std::string host;
  std::string rest;
};

// What stands before the first slash is a host if it could be nothing else.
Split split_host(std::string_view text) {
  const auto slash = text.find('/');
  const auto first = text.substr(0, slash);
  Split result{std::string(kHub), std::string(text)};
  if (slash != std::string_view::npos) {
    const bool host =
        first == "localhost" || first.find_first_of(".:") != first.npos || std::ranges::any_of(first, is_upper);
    if (host) result = {std::string(first == kHubIndex ? kHub : first), std::string(text.substr(slash + 1))};
  }
  if (result.host == kHub && result.rest.find('/') == std::string::npos) result.rest.insert(0, kOfficial);
  return result;
}

}  // namespace

ImageReference ImageReference::parse(std::string_view text) {
  if (text.size() == 64 && std::ranges::all_of(text, is_lower_hex)) {
    refuse(fmt::format("invalid repository name ({}), cannot specify 64-byte hexadecimal strings", text));
  }
  const auto [host, rest] = split_host(text);
  const std::string_view remote(rest);
  if (const auto name = remote.substr(0, remote.find(':')); std::ranges::any_of(name, is_upper)) {
    refuse(fmt::format("invalid reference format: repository name ({}) must be lowercase", name));
  }

  ImageReference result{.host = host, .path = {}, .tag = {}, .digest = {}};
  const auto at = remote.find('@');
  const auto tagged = remote.substr(0, at);
  const auto colon = tagged.find(':');
  result.path = tagged.substr(0, colon);
  if (!is_path(result.path)) refuse("invalid reference format");
  if (!is_domain(result.host)) {
    // `my_host.com/app` is no host name, but a good path.
    result.path = result.host + "/" + result.path;
    result.host.clear();
    if (!is_path(result.path)) refuse("invalid reference format");
  }
  if (colon != std::string_view::npos) {
    result.tag = tagged.substr(colon + 1);
    if (!is_tag(result.tag)) refuse("invalid reference format");
  }
  if (at != std::string_view::npos) {
    result.digest = remote.substr(at + 1);
    check_digest(result.digest);
  }
  if (result.path.size() > kMaxPath) {
    refuse(fmt::format("repository name must not be more than {} characters", kMaxPath));
  }
  return result;
}

std::string ImageReference::repository() const { return host.empty() ? path : host + "/" + path; }

std::string ImageReference::familiar_name() const {
  if (host != kHub) return repository();
  const std::string_view rest(path);
  if (rest.starts_with(kOfficial) && rest.find('/', kOfficial.size()) == rest.npos) {
    return path.substr(kOfficial.size());
  }
  return path;
}

std::string ImageReference::familiar() const {
  auto text = familiar_name();
  if (!tag.empty()) text += ":" + tag;
  if (!digest.empty()) text += "@" + digest;
  return text;
}

std::string ImageReference::pull_tag() const {
  if (!digest.empty()) return digest;
  return tag.empty() ? "latest" : tag;
}

std::string with_digest(std::string_view image, std::string_view digest) {
  static_cast<void>(ImageReference::parse(image));
  check_digest(digest);
  auto name = image.substr(0, image.find('@'));
  const auto slash = name.rfind('/');
  const auto colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  name = name.substr(0, colon);
  return fmt::format("{}@{}", name, digest);
}

std::optional<std::string> matching_repo_digest(const std::vector<std::string>& repo_digests, std::string_view image) {
  const auto wanted = ImageReference::parse(image).repository();
  for (const auto& entry : repo_digests) {
    try {
      auto parsed = ImageReference::parse(entry);
      if (parsed.repository() == wanted && !parsed.digest.empty()) return std::move(parsed.digest);
    } catch (const Error&) {
      continue;  // An engine may list what is no reference (`<none>@<none>`): not the one we look for.
    }
  }
  return std::nullopt;
}

}  // namespace ecs::docker
