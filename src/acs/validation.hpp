// What must hold for a message before anything is done about it (acs.md 8 and 10.2). Each function gives the problem,
// which names the member, or nothing when all is well.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "acs/messages.hpp"

namespace ecs::acs {

using Problem = std::optional<std::string>;

[[nodiscard]] Problem problem_of(const PayloadMessage& message);
[[nodiscard]] Problem problem_of(const IamRoleCredentialsMessage& message);
[[nodiscard]] Problem problem_of(const AttachTaskNetworkInterfacesMessage& message);
[[nodiscard]] Problem problem_of(const AttachInstanceNetworkInterfacesMessage& message);
[[nodiscard]] Problem problem_of(const ConfirmAttachmentMessage& message);

/// For the interfaces of a message and for those inside a task. The text is what a refused task reports.
[[nodiscard]] Problem problem_of(const ElasticNetworkInterface& interface);

/// `arn:` and six parts.
[[nodiscard]] bool is_arn(std::string_view text);

}  // namespace ecs::acs
