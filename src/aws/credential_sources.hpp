// The places where credentials may be, and the two orders of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/imds.hpp"
#include "aws/transport.hpp"

namespace ecs::aws {

using Environment = std::map<std::string, std::string>;
/// The content of a file; nothing when there is none.
using ReadFile = std::function<std::optional<std::string>(const std::string& path)>;

/// AWS_ACCESS_KEY_ID (or AWS_ACCESS_KEY), AWS_SECRET_ACCESS_KEY (or AWS_SECRET_KEY), AWS_SESSION_TOKEN.
[[nodiscard]] std::unique_ptr<CredentialSource> environment_source(const Environment& environment);

/// A profile of AWS_SHARED_CREDENTIALS_FILE (else ~/.aws/credentials) or of AWS_CONFIG_FILE; AWS_PROFILE names it.
[[nodiscard]] std::unique_ptr<CredentialSource> shared_profile_source(const Environment& environment, ReadFile read);

/// AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI with their authorization token. A plain http address must be
/// loopback or one of the two link-local ones of container platforms.
[[nodiscard]] std::unique_ptr<CredentialSource> container_endpoint_source(const Environment& environment, ReadFile read,
                                                                          Transport& transport);

/// The role of the instance profile.
[[nodiscard]] std::unique_ptr<CredentialSource> instance_role_source(Imds& imds);

/// /rotatingcreds/credentials, read anew every minute.
[[nodiscard]] std::unique_ptr<CredentialSource> rotating_file_source(base::Clock& clock, std::string profile,
                                                                     ReadFile read,
                                                                     std::string path = "/rotatingcreds/credentials");

struct ChainOptions {
  Environment environment;
  ReadFile read_file;
  bool external = false;  ///< ECS Anywhere: the files come before the instance role.
  std::string rotating_profile = "default";
};
/// The sources in their order for this kind of instance.
[[nodiscard]] std::vector<std::unique_ptr<CredentialSource>> credential_chain(const ChainOptions& options,
                                                                              base::Clock& clock, Transport& transport,
                                                                              Imds& imds);

/// The sections of an INI text of the AWS kind: section -> key -> value, keys in lower case.
[[nodiscard]] std::map<std::string, std::map<std::string, std::string>> parse_ini(std::string_view text);

}  // namespace ecs::aws
