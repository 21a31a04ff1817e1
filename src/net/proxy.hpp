// Which proxy a connection goes through: the rules of the original (acs.md 3.5), which are Go's with one more
// fallback.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "net/endpoint.hpp"

namespace ecs::net {

struct Proxy {
  enum class Kind { kHttp, kHttps, kSocks5 };
  Kind kind = Kind::kHttp;
  std::string host;
  std::uint16_t port = 0;
  std::string user;  ///< Empty: no authentication.
  base::Secret password;
};

/// Reads `http://user:password@host:port`, `https://`, `socks5://`; a text without a scheme is taken as http. Throws
/// std::invalid_argument, without the password in its message.
[[nodiscard]] Proxy parse_proxy(std::string_view text);

/// True when NO_PROXY's text, or loopback, keeps this host and port off any proxy. Items: `*`, address, network,
/// domain (also its subdomains), `.domain` or `*.domain` (only those), each but a network also with `:port`.
[[nodiscard]] bool bypasses_proxy(std::string_view host, std::uint16_t port, std::string_view no_proxy);

/// HTTPS_PROXY for TLS with HTTP_PROXY as the fallback, HTTP_PROXY for plain connections, none when NO_PROXY says so;
/// each name in upper case first, then in lower case. Text that cannot be read counts as none, as in the original.
[[nodiscard]] std::optional<Proxy> proxy_for(const Endpoint& endpoint, const Environment& environment);

/// The same environment, but an empty NO_PROXY is what the original makes of it: the addresses that exist on this
/// machine only, and the engine's socket. A `no_proxy` in lower case counts besides. `docker_endpoint` is asked each
/// time.
[[nodiscard]] Environment with_default_no_proxy(Environment environment, std::function<std::string()> docker_endpoint);

}  // namespace ecs::net
