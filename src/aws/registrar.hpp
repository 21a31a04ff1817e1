// Registers this machine as a container instance, with every retry and check that belongs to it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/ecs.hpp"
#include "aws/imds.hpp"
#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

namespace ecs::aws {

/// What the instance says of itself. `attributes` in the order of the wire: custom ones first and only on the first
/// registration, then capabilities, VPC, OS, architecture, Outpost.
struct RegistrationInput {
  std::string cluster;                                ///< Empty: `default`, which may be created.
  std::optional<std::string> container_instance_arn;  ///< From saved state: a re-registration.
  std::string client_token;                           ///< One UUID per process start.
  bool with_identity = true;                          ///< False for external instances and NoIID.
  std::vector<Resource> resources;
  std::vector<Attribute> attributes;
  std::vector<KeyValue> tags;
  std::vector<PlatformDevice> platform_devices;
};

struct Registration {
  enum class Outcome : std::uint8_t {
    kRegistered,
    kTerminal,   ///< A restart would not help: exit code 5.
    kTransient,  ///< Worth a restart: exit code 1.
  };
  Outcome outcome = Outcome::kTransient;
  std::string container_instance_arn;
  std::string availability_zone;
  std::string cluster;               ///< The one registered into: `default` when none was configured.
  std::string error;                 ///< Why not, for a person.
  bool attributes_rejected = false;  ///< The failure is about attributes that the answer did not repeat.

  [[nodiscard]] int exit_code() const noexcept;
};

class Registrar {
 public:
  /// `credentials` is invalidated when an identity document cannot be read.
  Registrar(EcsApi& ecs, Imds& imds, CredentialProvider& credentials, base::Clock& clock, base::Random& random)
      : ecs_(ecs), imds_(imds), credentials_(credentials), clock_(clock), random_(random) {}

  /// Ends with an outcome; throws only when cancelled. Transient service errors are retried for up to an hour.
  base::Async<Registration> run(RegistrationInput input);

 private:
  struct Attempt {
    Registration result;
    bool cluster_missing = false;
  };
  base::Async<Attempt> attempt(const RegistrationInput& input, std::string cluster);
  base::Async<std::string> identity_text(bool signature);

  EcsApi& ecs_;
  Imds& imds_;
  CredentialProvider& credentials_;
  base::Clock& clock_;
  base::Random& random_;
};

}  // namespace ecs::aws
