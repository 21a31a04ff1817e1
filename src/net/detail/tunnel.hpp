// The words exchanged with a proxy before a connection through it can be used.
#pragma once

#include <cstdint>
#include <string>

#include "base/async.hpp"
#include "net/detail/io.hpp"
#include "net/proxy.hpp"
#include "net/stream.hpp"

namespace ecs::net::detail {

/// Asks the proxy at the other end of `stream` for a connection to host and port, by CONNECT or socks5 (the proxy
/// resolves the name). Throws Error::kConnect when it refuses, or what the stream throws.
base::Async<> open_tunnel(Stream& stream, Proxy proxy, std::string host, std::uint16_t port, Deadline& deadline);

/// `Basic dXNlcjpwYXNz`; empty for a proxy without a user name.
[[nodiscard]] base::Secret basic_authorization(const Proxy& proxy);

}  // namespace ecs::net::detail
