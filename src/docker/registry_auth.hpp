// What the engine shows to a registry on our behalf.
#pragma once

#include <string>

#include "base/secret.hpp"

namespace ecs::docker {

/// Empty members are left out of the header; all empty is anonymous.
struct RegistryAuth {
  std::string username;
  base::Secret password;
  std::string email;
  base::Secret auth;
  std::string server_address;
  base::Secret identity_token;
  base::Secret registry_token;
};

/// X-Registry-Auth: URL-safe base64 of a JSON object. The original ends the object with a newline when it pulls and
/// without one when it looks up a manifest, so that anonymous is `e30K` and `e30=`.
enum class AuthUse { kPull, kDistribution };
[[nodiscard]] base::Secret registry_auth_header(const RegistryAuth& auth, AuthUse use);

}  // namespace ecs::docker
