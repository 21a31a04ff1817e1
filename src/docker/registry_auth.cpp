#include "docker/registry_auth.hpp"

#include <optional>

#include <boost/describe.hpp>

#include "base/text.hpp"
#include "json/encode.hpp"

namespace ecs::docker {
namespace {

// In the order in which the original's library writes the members.
struct Wire {
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::optional<std::string> auth;
  std::optional<std::string> email;
  std::optional<std::string> serveraddress;
  std::optional<std::string> identitytoken;
  std::optional<std::string> registrytoken;
};
BOOST_DESCRIBE_STRUCT(Wire, (), (username, password, auth, email, serveraddress, identitytoken, registrytoken))

std::optional<std::string> present(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

base::Secret registry_auth_header(const RegistryAuth& auth, AuthUse use) {
  const Wire wire{.username = present(auth.username),
                  .password = present(auth.password.reveal()),
                  .auth = present(auth.auth.reveal()),
                  .email = present(auth.email),
                  .serveraddress = present(auth.server_address),
                  .identitytoken = present(auth.identity_token.reveal()),
                  .registrytoken = present(auth.registry_token.reveal())};
  auto text = json::encode(wire, {.escape_html = true, .sort = false});
  if (use == AuthUse::kPull) text += '\n';
  return base::Secret(base::base64url_encode(text));
}

}  // namespace ecs::docker
