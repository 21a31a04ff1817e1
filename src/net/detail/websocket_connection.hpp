// A websocket on a stream whose handshake is done.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "net/stream.hpp"
#include "net/websocket.hpp"

namespace ecs::net::detail {

enum class WebSocketRole { kClient, kServer };

inline constexpr std::size_t kMaxMessage = 64U << 20U;

/// `early`: bytes that came with the handshake.
[[nodiscard]] std::unique_ptr<WebSocket> make_websocket(std::unique_ptr<Stream> stream, base::Clock& clock,
                                                        WebSocketRole role, std::string early);

/// The value of Sec-WebSocket-Accept for a key.
[[nodiscard]] std::string accept_key(std::string_view key);

/// Whether a comma list in a header has a token, whatever its case.
[[nodiscard]] bool has_token(std::string_view list, std::string_view token);

}  // namespace ecs::net::detail
