#include "metadata/target.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ecs::metadata {

namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool escapes_are_good(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return false;
  }
  return true;
}

/// Of `http://host/path` what follows the host, as a proxy would send it; other texts as they are.
std::string_view without_address(std::string_view text) {
  const auto scheme = text.find("://");
  if (text.starts_with('/') || scheme == std::string_view::npos) return text;
  const auto path = text.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : text.substr(path);
}

std::string html_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

bool Target::is(std::string_view plain_path) const {
  const auto wanted = base::split(plain_path.substr(1), '/');
  return std::ranges::equal(wanted, segments);
}

std::optional<Target> parse_target(std::string_view text) {
  text = without_address(text);
  Target target;
  const auto question = text.find('?');
  target.path = std::string(text.substr(0, question));
  if (question != std::string_view::npos) target.query = std::string(text.substr(question + 1));
  if (target.path.empty() && question == 0) target.path = "/";
  if (!target.path.starts_with('/') || !escapes_are_good(target.path)) return std::nullopt;
  for (const auto& segment : base::split(std::string_view(target.path).substr(1), '/')) {
    target.segments.push_back(base::percent_decode(segment));
  }
  return target;
}

std::string clean_path(std::string_view path) {
  std::vector<std::string> kept;
  for (auto& part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      kept.push_back(std::move(part));
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string out = "/" + base::join(kept, "/");
  if (path.ends_with('/') && out != "/") out += '/';
  return out;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  for (const auto& pair : base::split(query, '&')) {
    if (pair.empty() || pair.find(';') != std::string::npos || !escapes_are_good(pair)) continue;
    const auto equals = pair.find('=');
    if (base::percent_decode(pair.substr(0, equals), base::PercentStyle::kForm) != name) continue;
    const std::string value = equals == std::string::npos ? std::string() : pair.substr(equals + 1);
    return base::percent_decode(value, base::PercentStyle::kForm);
  }
  return std::nullopt;
}

net::Response moved_permanently(std::string_view method, const std::string& location) {
  net::Response response;
  response.status = 301;
  response.headers.add("Location", location);
  if (method == "GET" || method == "HEAD") {
    response.headers.set("Content-Type", "text/html; charset=utf-8");
    response.body = "<a href=\"" + html_escape(location) + "\">Moved Permanently</a>.\n\n";
  }
  return response;
}

}  // namespace ecs::metadata
