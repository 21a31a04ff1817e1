// HTTP/1.1 messages, as plain data.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ecs::net {

struct Header {
  std::string name;
  std::string value;
};

/// Order and spelling are kept; look-up ignores case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> all) : all_(all) {}
  void add(std::string name, std::string value) { all_.push_back({std::move(name), std::move(value)}); }
  void set(std::string name, std::string value);
  void remove(std::string_view name);
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::string_view get(std::string_view name) const { return find(name).value_or(std::string_view()); }
  [[nodiscard]] auto begin() const { return all_.begin(); }
  [[nodiscard]] auto end() const { return all_.end(); }
  [[nodiscard]] bool empty() const { return all_.empty(); }

 private:
  std::vector<Header> all_;
};

/// Host and Content-Length are added when it is sent, unless set; nothing else is. A line break in a header or in the
/// target is refused with std::invalid_argument.
struct Request {
  std::string method = "GET";
  std::string target = "/";
  Headers headers;
  std::string body;
};

/// Date, Content-Length (or Transfer-Encoding) and, at the end of a connection, Connection are added when a server
/// sends it, unless set. `Connection: close` ends the connection.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

}  // namespace ecs::net
