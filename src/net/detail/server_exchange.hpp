// One request of a server's connection.
#pragma once

#include <memory>
#include <string>

#include "net/detail/http_parser.hpp"
#include "net/detail/io.hpp"
#include "net/http_server.hpp"

namespace ecs::net::detail {

/// A connection of a server between two requests.
struct ServerConnection {
  std::unique_ptr<Stream> stream;
  std::string buffer;  ///< Read, but not used yet.
  std::string remote;
};

class Exchange final : public ServerExchange {
 public:
  Exchange(ServerConnection& connection, base::Clock& clock, base::Duration write_timeout, Request request,
           bool keep_alive);

  [[nodiscard]] const Request& request() const override { return request_; }
  [[nodiscard]] const std::string& remote() const override { return connection_.remote; }
  base::Async<> respond(Response response) override;
  base::Async<> begin(Response head) override;
  base::Async<> send(std::string piece) override;
  base::Async<> finish() override;
  [[nodiscard]] bool wants_websocket() const override;
  base::Async<std::unique_ptr<WebSocket>> accept_websocket() override;

  enum class State { kOpen, kStreaming, kDone, kUpgraded };
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
  void end_connection() noexcept { keep_alive_ = false; }

 private:
  void move_to(State from, State to);
  base::Async<> write(std::string data);
  [[nodiscard]] std::string date() const;

  ServerConnection& connection_;
  base::Clock& clock_;
  base::Duration write_timeout_;
  Request request_;
  bool keep_alive_;
  bool bodiless_ = false;
  State state_ = State::kOpen;
};

}  // namespace ecs::net::detail
