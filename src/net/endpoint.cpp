#include "net/endpoint.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <stdexcept>

#include "base/text.hpp"

namespace ecs::net {

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw std::invalid_argument(fmt::format("address {}: {}", base::go_quote(text), why));
}

std::uint16_t parse_port(std::string_view all, std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) {
    refuse(all, "the port must be a number from 1 to 65535");
  }
  return port;
}

bool is_visible(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return false;
  }
  return true;
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`; whether there was a port.
bool parse_authority(std::string_view all, std::string_view authority, Endpoint& out) {
  if (authority.find('@') != std::string_view::npos) refuse(all, "a user name is not accepted");
  std::string_view host = authority;
  std::string_view rest;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) refuse(all, "the bracket is not closed");
    host = authority.substr(1, end - 1);
    rest = authority.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') refuse(all, "only a port may follow the bracket");
  } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    rest = authority.substr(colon);
    if (rest.find(':', 1) != std::string_view::npos) refuse(all, "an IPv6 address needs brackets");
  }
  if (host.empty()) refuse(all, "the host is missing");
  out.host = host;
  out.authority = authority;
  if (rest.empty()) return false;
  out.port = parse_port(all, rest.substr(1));
  return true;
}

Url parse_unix(std::string_view text, std::string_view rest) {
  if (rest.empty() || rest.front() != '/') refuse(text, "a socket needs an absolute path");
  Url url;
  url.scheme = "unix";
  url.endpoint.transport = Endpoint::Transport::kUnix;
  url.endpoint.path = rest;
  url.endpoint.authority = "docker";
  return url;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
}

Url parse_url(std::string_view text) {
  if (!is_visible(text)) refuse(text, "spaces and control characters are not accepted");
  const auto mark = text.find("://");
  if (mark == std::string_view::npos) refuse(text, "the scheme is missing");
  const std::string scheme = base::lower(text.substr(0, mark));
  const std::string_view rest = text.substr(mark + 3);
  if (scheme == "unix") return parse_unix(text, rest);
  if (scheme != "http" && scheme != "https" && scheme != "tcp") {
    refuse(text, "the scheme must be http, https, tcp or unix");
  }
  if (rest.find('#') != std::string_view::npos) refuse(text, "a fragment is not accepted");

  Url url;
  url.scheme = scheme;
  url.endpoint.transport = scheme == "https" ? Endpoint::Transport::kTls : Endpoint::Transport::kTcp;
  const auto slash = rest.find_first_of("/?");
  const bool has_port = parse_authority(text, rest.substr(0, slash), url.endpoint);
  if (!has_port) {
    if (scheme == "tcp") refuse(text, "the port is missing");
    url.endpoint.port = scheme == "https" ? kHttpsPort : kHttpPort;
  }
  if (slash != std::string_view::npos) {
    url.target = rest.substr(slash);
    if (url.target.front() == '?') url.target.insert(0, "/");
  }
  return url;
}

std::string describe(const Endpoint& endpoint) {
  if (endpoint.transport == Endpoint::Transport::kUnix) return "unix://" + endpoint.path;
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", endpoint.transport == Endpoint::Transport::kTls ? "tls" : "tcp", v6 ? "[" : "",
                     endpoint.host, v6 ? "]" : "", endpoint.port);
}

}  // namespace ecs::net
