#include "net/proxy.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "base/text.hpp"

namespace ecs::net {

namespace {

constexpr std::size_t kV4Bytes = 4;
constexpr std::size_t kV6Bytes = 16;

/// An IP address; IPv4 in its mapped form, as Go compares them.
struct Ip {
  std::array<unsigned char, kV6Bytes> bytes{};
  bool v4 = false;
};

constexpr std::array<unsigned char, kV6Bytes> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<Ip> parse_ip(std::string_view text) {
  const std::string copy(text);
  Ip ip;
  if (inet_pton(AF_INET6, copy.c_str(), ip.bytes.data()) == 1) {
    ip.v4 = std::memcmp(ip.bytes.data(), kMapped.data(), kV6Bytes - kV4Bytes) == 0;
    return ip;
  }
  ip.bytes = kMapped;
  ip.v4 = true;
  if (inet_pton(AF_INET, copy.c_str(), ip.bytes.data() + kV6Bytes - kV4Bytes) == 1) return ip;
  return std::nullopt;
}

bool is_loopback(const Ip& ip) {
  if (ip.v4) return ip.bytes[kV6Bytes - kV4Bytes] == 127;
  Ip one;
  one.bytes.back() = 1;
  return ip.bytes == one.bytes;
}

bool same_prefix(const Ip& a, const Ip& b, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80U >> (i % 8);
    if (((a.bytes[i / 8] ^ b.bytes[i / 8]) & mask) != 0) return false;
  }
  return true;
}

/// Nothing when the item is no network in CIDR form; otherwise whether it holds the host.
std::optional<bool> in_network(std::string_view item, const std::optional<Ip>& host) {
  const auto slash = item.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto network = parse_ip(item.substr(0, slash));
  const std::string_view digits = item.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (!network || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (bits > (network->v4 ? 32U : 128U)) return std::nullopt;
  if (!host || host->v4 != network->v4) return false;
  return same_prefix(*host, *network, network->v4 ? bits + 96U : bits);
}

struct HostPort {
  std::string_view host;
  std::string_view port;
};

HostPort split_port(std::string_view item) {
  if (item.starts_with('[')) {
    const auto end = item.find(']');
    if (end == std::string_view::npos) return {item, {}};
    const auto rest = item.substr(end + 1);
    return {item.substr(1, end - 1), rest.starts_with(':') ? rest.substr(1) : std::string_view()};
  }
  const auto colon = item.find(':');
  // More than one colon is a bare IPv6 address.
  if (colon == std::string_view::npos || item.find(':', colon + 1) != std::string_view::npos) return {item, {}};
  return {item.substr(0, colon), item.substr(colon + 1)};
}

bool matches_domain(std::string_view item, std::string_view host) {
  if (item.starts_with("*.")) item.remove_prefix(1);
  if (item.front() == '.') return host.ends_with(item);
  return host == item ||
         (host.size() > item.size() && host.ends_with(item) && host[host.size() - item.size() - 1] == '.');
}

bool item_matches(std::string_view item, std::string_view host, const std::optional<Ip>& ip, std::string_view port) {
  if (const auto network = in_network(item, ip)) return *network;
  const auto [item_host, item_port] = split_port(item);
  if (item_host.empty() || (!item_port.empty() && item_port != port)) return false;
  if (const auto item_ip = parse_ip(item_host)) return ip && ip->bytes == item_ip->bytes;
  return matches_domain(item_host, host);
}

std::string first_set(const Environment& environment, std::string_view name) {
  std::string upper(name);
  if (std::string value = environment(upper); !value.empty()) return value;
  return environment(base::lower(upper));
}

Proxy::Kind take_scheme(std::string_view& rest, std::uint16_t& port) {
  const auto mark = rest.find("://");
  if (mark == std::string_view::npos) {
    port = 80;
    return Proxy::Kind::kHttp;
  }
  const std::string scheme = base::lower(rest.substr(0, mark));
  rest.remove_prefix(mark + 3);
  if (scheme == "http") {
    port = 80;
    return Proxy::Kind::kHttp;
  }
  if (scheme == "https") {
    port = 443;
    return Proxy::Kind::kHttps;
  }
  if (scheme == "socks5" || scheme == "socks5h") {
    port = 1080;
    return Proxy::Kind::kSocks5;
  }
  throw std::invalid_argument("proxy address: the scheme must be http, https or socks5");
}

void take_user(std::string_view& rest, Proxy& proxy) {
  const auto at = rest.rfind('@');
  if (at == std::string_view::npos) return;
  const std::string_view info = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  const auto colon = info.find(':');
  proxy.user = base::percent_decode(info.substr(0, colon));
  if (colon != std::string_view::npos) proxy.password = base::Secret(base::percent_decode(info.substr(colon + 1)));
}

}  // namespace

Proxy parse_proxy(std::string_view text) {
  Proxy proxy;
  std::string_view rest = base::trim(text);
  proxy.kind = take_scheme(rest, proxy.port);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  take_user(rest, proxy);
  const auto [host, port] = split_port(rest);
  if (host.empty()) throw std::invalid_argument("proxy address: the host is missing");
  proxy.host = host;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), proxy.port);
    if (error != std::errc() || end != port.data() + port.size() || proxy.port == 0) {
      throw std::invalid_argument("proxy address: the port must be a number from 1 to 65535");
    }
  }
  return proxy;
}

bool bypasses_proxy(std::string_view host, std::uint16_t port, std::string_view no_proxy) {
  const std::string name = base::lower(base::trim(host));
  const auto ip = parse_ip(name);
  if (name == "localhost" || (ip && is_loopback(*ip))) return true;
  const std::string port_text = std::to_string(port);
  const std::string all = base::lower(no_proxy);
  for (const std::string& part : base::split(all, ',')) {
    const std::string_view item = base::trim(part);
    if (item.empty()) continue;
    if (item == "*" || item_matches(item, name, ip, port_text)) return true;
  }
  return false;
}

std::optional<Proxy> proxy_for(const Endpoint& endpoint, const Environment& environment) {
  if (endpoint.transport == Endpoint::Transport::kUnix) return std::nullopt;
  std::vector<std::string> candidates;
  if (endpoint.transport == Endpoint::Transport::kTls) candidates.push_back(first_set(environment, "HTTPS_PROXY"));
  candidates.push_back(first_set(environment, "HTTP_PROXY"));
  for (const std::string& candidate : candidates) {
    if (candidate.empty()) continue;
    try {
      Proxy proxy = parse_proxy(candidate);
      if (bypasses_proxy(endpoint.host, endpoint.port, first_set(environment, "NO_PROXY"))) return std::nullopt;
      return proxy;
    } catch (const std::invalid_argument&) {
      // The original goes on without this one, too.
    }
  }
  return std::nullopt;
}

Environment with_default_no_proxy(Environment environment, std::function<std::string()> docker_endpoint) {
  return [environment = std::move(environment), docker_endpoint = std::move(docker_endpoint)](const std::string& name) {
    std::string value = environment(name);
    if (name != "NO_PROXY" || !value.empty()) return value;
    std::string engine = docker_endpoint();
    if (const auto scheme = engine.find("://"); scheme != std::string::npos) engine.erase(0, scheme + 3);
    value = "169.254.169.254,169.254.170.2," + engine;
    if (const std::string own = environment("no_proxy"); !own.empty()) value += "," + own;
    return value;
  };
}

}  // namespace ecs::net
