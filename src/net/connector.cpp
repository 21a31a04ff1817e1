#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "net/detail/http_parser.hpp"
#include "net/detail/io.hpp"
#include "net/detail/resolver.hpp"
#include "net/detail/socket_stream.hpp"
#include "net/detail/tls.hpp"
#include "net/detail/tunnel.hpp"
#include "net/endpoint.hpp"
#include "net/proxy.hpp"

namespace ecs::net {

namespace {

using detail::Address;
using detail::Deadline;

// As in Go: an address that does not answer leaves the next one at least this much.
constexpr base::Duration kLeastPerAddress = std::chrono::seconds(2);

/// One address within its share of the time.
base::Async<detail::Connected> try_address(base::Clock& clock, Address address, base::Duration share,
                                           std::string what) {
  Deadline deadline(clock, share, std::move(what));
  detail::Connected result = co_await detail::connect_socket(address, deadline);
  if (deadline.expired()) throw deadline.timeout();
  co_return result;
}

base::Async<std::unique_ptr<Stream>> dial(base::Clock& clock, std::vector<Address> addresses, std::string what,
                                          Deadline& whole) {
  // What is told at the end is why the first address did not do: it is the one that should have.
  std::optional<Error> first;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const base::Duration left = whole.remaining();
    const base::Duration fair = left / static_cast<base::Duration::rep>(addresses.size() - i);
    const base::Duration share = std::min(left, std::max(fair, kLeastPerAddress));
    const std::string text = detail::address_text(addresses[i]);
    const std::string attempt = text.empty() ? what : fmt::format("{} ({})", what, text);
    try {
      detail::Connected result = co_await try_address(clock, addresses[i], share, attempt);
      if (!result.error) co_return std::move(result.stream);
      if (!first) first.emplace(Error::Kind::kConnect, fmt::format("{}: {}", attempt, result.error.message()));
    } catch (const Error& e) {
      if (!first) first = e;
    }
    if (whole.expired()) throw whole.timeout();
  }
  throw first.value_or(Error(Error::Kind::kConnect, what + ": the name has no address"));
}

base::Async<std::unique_ptr<Stream>> dial_host(base::Clock& clock, std::string host, std::uint16_t port,
                                               Deadline& whole) {
  std::vector<Address> addresses = co_await detail::resolve(std::move(host), port, whole);
  co_return co_await dial(clock, std::move(addresses), whole.what(), whole);
}

base::Async<std::unique_ptr<Stream>> wrap_tls(base::Clock& clock, TlsContext::Impl& tls, std::unique_ptr<Stream> lower,
                                              std::string host, base::Duration limit, std::string what) {
  Deadline deadline(clock, limit, std::move(what));
  co_return co_await detail::tls_connect(std::move(lower), tls.context, std::move(host), deadline);
}

base::Async<std::unique_ptr<Stream>> dial_proxy(base::Clock& clock, TlsContext::Impl& tls, Proxy proxy,
                                                Deadline& whole) {
  std::unique_ptr<Stream> stream = co_await dial_host(clock, proxy.host, proxy.port, whole);
  if (proxy.kind != Proxy::Kind::kHttps) co_return stream;
  co_return co_await wrap_tls(clock, tls, std::move(stream), proxy.host, whole.remaining(),
                              fmt::format("TLS handshake with the proxy {}:{}", proxy.host, proxy.port));
}

}  // namespace

base::Async<Connector::HttpRoute> Connector::connect_http(Endpoint endpoint, ConnectOptions options) {
  HttpRoute route;
  std::optional<Proxy> proxy;
  if (options.use_proxy && endpoint.transport == Endpoint::Transport::kTcp) proxy = proxy_for(endpoint, environment_);
  if (!proxy || proxy->kind == Proxy::Kind::kSocks5) {
    route.stream = co_await connect(std::move(endpoint), options);
    co_return route;
  }
  Deadline deadline(clock_, options.dial, "connecting to the proxy for " + describe(endpoint));
  route.stream = co_await dial_proxy(clock_, tls_->impl(), *proxy, deadline);
  route.target_prefix = "http://" + endpoint.authority;
  route.proxy_authorization = detail::basic_authorization(*proxy);
  co_return route;
}

base::Async<std::unique_ptr<Stream>> Connector::connect(Endpoint endpoint, ConnectOptions options) {
  const std::string name = describe(endpoint);
  std::unique_ptr<Stream> stream;
  {
    Deadline deadline(clock_, options.dial, "connecting to " + name);
    const std::optional<Proxy> proxy = options.use_proxy ? proxy_for(endpoint, environment_) : std::nullopt;
    if (endpoint.transport == Endpoint::Transport::kUnix) {
      std::vector<Address> addresses{detail::unix_address(endpoint.path)};
      stream = co_await dial(clock_, std::move(addresses), deadline.what(), deadline);
    } else if (!proxy) {
      stream = co_await dial_host(clock_, endpoint.host, endpoint.port, deadline);
    } else {
      stream = co_await dial_proxy(clock_, tls_->impl(), *proxy, deadline);
      co_await detail::open_tunnel(*stream, *proxy, endpoint.host, endpoint.port, deadline);
    }
  }
  if (endpoint.transport == Endpoint::Transport::kTls) {
    stream = co_await wrap_tls(clock_, tls_->impl(), std::move(stream), endpoint.host, options.tls_handshake,
                               "TLS handshake with " + name);
  }
  co_return stream;
}

}  // namespace ecs::net
