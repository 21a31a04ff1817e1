// HTTP exchanges with the engine: which connection they use, and what their failures mean.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "docker/api_version.hpp"
#include "docker/error.hpp"
#include "docker/target.hpp"
#include "net/http_client.hpp"

namespace ecs::docker {

struct Call {
  std::string method = "GET";
  std::string path = {};  ///< Without version.
  Query query = {};
  std::optional<ApiVersion> version = {};  ///< None: the engine's own default.
  net::Headers headers = {};
  std::string body = {};  ///< JSON unless the headers say otherwise; its header is added.
  base::Duration limit = {};
  std::string transition = {};  ///< Of Error::timeout.
};

/// The body of an answer, read as it comes.
class Body {
 public:
  Body(std::unique_ptr<net::BodyReader> reader, std::string what)
      : reader_(std::move(reader)), what_(std::move(what)) {}

  /// The next piece; nothing at the end. Throws Error of kind kTimeout (without transition) when nothing came for
  /// `limit`, kBroken when the connection breaks.
  base::Async<std::optional<std::string>> read(std::optional<base::Duration> limit);

 private:
  std::unique_ptr<net::BodyReader> reader_;
  std::string what_;
};

class Transport {
 public:
  /// kQuick: short calls that may be repeated; they share a few connections that are kept open, and one that turns
  /// out dead is replaced. kOnce: each call gets a connection of its own, so that it is never sent twice. kStream:
  /// calls without a known end.
  enum class Lane { kQuick, kOnce, kStream };

  /// Throws as parse_docker_host.
  Transport(net::Connector& connector, std::string docker_host);

  /// The answer, with a status below 300 or 304. Everything else is thrown as Error.
  base::Async<net::Response> send(Lane lane, Call call);

  /// The same, but with the body still to come. `call.limit` is for the head.
  base::Async<std::unique_ptr<Body>> open(Call call);

  [[nodiscard]] base::Clock& clock() const { return connector_.clock(); }

 private:
  [[nodiscard]] net::HttpClient& client(Lane lane);
  [[nodiscard]] Error explain(const net::Error& error, const Call& call, base::Duration elapsed) const;

  net::Connector& connector_;
  std::string host_;
  net::Endpoint endpoint_;
  net::HttpClient quick_;
  net::HttpClient once_;
  net::HttpClient stream_;
};

}  // namespace ecs::docker
