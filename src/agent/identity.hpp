// Who this instance is to the control plane, kept over restarts in the metadata table of the state database.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace ecs::agent {

/// Empty texts are not stored. The keys of the rows are those of the original (engine.md 8.2).
struct Identity {
  std::string agent_version;
  std::string availability_zone;
  std::string cluster;
  std::string container_instance_arn;
  std::string ec2_instance_id;
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// The saved state belongs to another cluster: exit code 5, a person has to decide.
class ClusterMismatch : public std::runtime_error {
 public:
  ClusterMismatch(const std::string& saved, const std::string& configured);
};

[[nodiscard]] Identity load_identity(store::Store& store);
[[nodiscard]] std::vector<store::Write> save_identity(const Identity& identity);

/// What a start makes of the saved identity.
struct Continuation {
  Identity identity;           ///< Empty when this is a new instance.
  bool discard_state = false;  ///< The machine is another one (a cloned disk): nothing saved may be used.
};

/// `instance_id` is what instance metadata says, nothing when it did not answer: the saved one is then believed.
/// `cluster` is the configured one, empty for `default`; texts are compared as they are. Throws ClusterMismatch.
[[nodiscard]] Continuation continue_as(const Identity& saved, const std::string& cluster,
                                       const std::optional<std::string>& instance_id);

}  // namespace ecs::agent
