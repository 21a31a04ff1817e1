// Names to addresses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "net/detail/io.hpp"
#include "net/detail/socket_stream.hpp"

namespace ecs::net::detail {

/// The addresses of a name, in the order of RFC 6724; an IP literal is its own answer, and `localhost` is loopback
/// without a look-up. A look-up runs in a thread of its own, so that one that hangs holds up nothing else: when the
/// deadline or a cancellation comes first, its answer is dropped. Throws Error::kResolve or kTimeout.
base::Async<std::vector<Address>> resolve(std::string host, std::uint16_t port, Deadline& deadline);

}  // namespace ecs::net::detail
