// Who is at the other end of a loopback connection. The API starts containers, which is as good as being root: it is
// for the user who started the control plane, not for everybody on the machine.
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace ecs::local {

/// The user of the socket at `ip:port`, from the text of /proc/net/tcp; nothing when it is not there.
[[nodiscard]] std::optional<uid_t> find_user(std::string_view table, std::string_view remote);

/// Those who may use the API: this process's user, root, and whoever started this with sudo.
[[nodiscard]] std::set<uid_t> allowed_users();

/// Nothing when the peer is one of `allowed`, or when the kernel does not tell; else why it is refused.
[[nodiscard]] std::optional<std::string> refuse_peer(const std::string& remote, const std::set<uid_t>& allowed);

/// True for `127.0.0.1`, `localhost` and the like, with or without a port: a page in a browser that reaches this
/// server by another name is refused.
[[nodiscard]] bool is_loopback_host(std::string_view host);

}  // namespace ecs::local
