// HTTP client over pooled keep-alive connections.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "net/endpoint.hpp"
#include "net/http.hpp"

namespace ecs::net {

struct HttpClientOptions {
  std::size_t max_connections = 16;  ///< Of exchange(); a further one waits its turn. open() is not counted.
  std::size_t max_idle = 4;          ///< Kept open after use.
  base::Duration idle_timeout = std::chrono::seconds(90);
  std::size_t max_body = 64U << 20U;  ///< A longer body of exchange() is Error::kProtocol.
  ConnectOptions connect;
};

/// A response whose body is read as it comes. Destroying it before the end closes the connection.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  [[nodiscard]] virtual const Response& head() const = 0;  ///< Without body.
  /// The next piece, not empty; nothing at the end. Throws Error when it breaks off. `limit` bounds this read.
  virtual base::Async<std::optional<std::string>> read(std::optional<base::Duration> limit) = 0;
};

/// All requests go to one endpoint. What runs may outlive the client, but not the connector.
class HttpClient {
 public:
  HttpClient(Connector& connector, Endpoint endpoint, HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// The whole exchange within `limit`, waiting for a free connection not counted. A request on a reused connection
  /// that turns out closed before any byte of the answer is sent once more on a new one. Throws Error.
  base::Async<Response> exchange(Request request, base::Duration limit);

  /// As exchange, but returns with the head of the answer, which must come within `limit`, and takes no turn: what it
  /// opens may stay open for hours.
  base::Async<std::unique_ptr<BodyReader>> open(Request request, base::Duration limit);

  [[nodiscard]] const Endpoint& endpoint() const;

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace ecs::net
