// Instance metadata for the agent under this control plane: what is true of this machine, and no more.
#pragma once

#include <map>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "local/state.hpp"
#include "net/http.hpp"

namespace ecs::local {

/// Facts of the machine that the kernel tells.
struct Machine {
  std::string architecture;  ///< As `uname -m`.
  std::string mac;           ///< Of the first interface that is no loopback; empty when there is none.
  std::string ipv4;          ///< Its first address; empty when it has none.
};
[[nodiscard]] Machine read_machine();

/// Versions 1 and 2 of the protocol: `PUT /latest/api/token` gives a token that is valid for as long as asked; a
/// request with a token that is not valid (any more) gets 401, one without is answered.
class InstanceMetadata {
 public:
  InstanceMetadata(const State& state, base::Clock& clock, base::Random& random, Machine machine);

  [[nodiscard]] net::Response answer(const net::Request& request);

 private:
  [[nodiscard]] net::Response give_token(const net::Request& request);
  [[nodiscard]] std::string identity_document() const;
  [[nodiscard]] const std::string* find(const std::string& path) const;

  const State& state_;
  base::Clock& clock_;
  base::Random& random_;
  Machine machine_;
  std::map<std::string, std::string> values_;
  std::map<std::string, base::Instant> tokens_;  ///< With the time of their end.
};

}  // namespace ecs::local
