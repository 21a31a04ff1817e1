// Members that go to the kernel: devices, capabilities, tmpfs, swap, limits, parameters, security options.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "local/check.hpp"
#include "local/validate.hpp"

namespace ecs::local {
namespace {

// As the API reference lists them: without the CAP_ of the kernel's names.
constexpr auto kCapabilities =
    std::to_array<std::string_view>({"ALL",        "AUDIT_CONTROL",   "AUDIT_WRITE",      "BLOCK_SUSPEND",
                                     "CHOWN",      "DAC_OVERRIDE",    "DAC_READ_SEARCH",  "FOWNER",
                                     "FSETID",     "IPC_LOCK",        "IPC_OWNER",        "KILL",
                                     "LEASE",      "LINUX_IMMUTABLE", "MAC_ADMIN",        "MAC_OVERRIDE",
                                     "MKNOD",      "NET_ADMIN",       "NET_BIND_SERVICE", "NET_BROADCAST",
                                     "NET_RAW",    "SETFCAP",         "SETGID",           "SETPCAP",
                                     "SETUID",     "SYS_ADMIN",       "SYS_BOOT",         "SYS_CHROOT",
                                     "SYS_MODULE", "SYS_NICE",        "SYS_PACCT",        "SYS_PTRACE",
                                     "SYS_RAWIO",  "SYS_RESOURCE",    "SYS_TIME",         "SYS_TTY_CONFIG",
                                     "SYSLOG",     "WAKE_ALARM"});

constexpr auto kMountOptions = std::to_array<std::string_view>(
    {"defaults",      "ro",       "rw",         "suid",    "nosuid",    "dev",        "nodev",       "exec",
     "noexec",        "sync",     "async",      "dirsync", "remount",   "mand",       "nomand",      "atime",
     "noatime",       "diratime", "nodiratime", "bind",    "rbind",     "unbindable", "runbindable", "private",
     "rprivate",      "shared",   "rshared",    "slave",   "rslave",    "relatime",   "norelatime",  "strictatime",
     "nostrictatime", "mode",     "uid",        "gid",     "nr_inodes", "nr_blocks",  "mpol"});

constexpr auto kIpcParameters =
    std::to_array<std::string_view>({"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall",
                                     "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"});

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& all, std::string_view word) {
  return std::ranges::find(all, word) != all.end();
}

void validate_capabilities(const Texts& names, const std::string& member) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (holds(kCapabilities, names[i])) continue;
    throw client_error(
        fmt::format("{}: must be ALL or a capability such as NET_ADMIN, got '{}'", at(member, i), names[i]));
  }
}

void validate_device(const Device& device, const std::string& path) {
  require(!device.host_path.value_or("").empty(), path + ".hostPath");
  const auto permissions = device.permissions.value_or(Texts());
  for (std::size_t i = 0; i < permissions.size(); ++i) {
    check_word(permissions[i], {"read", "write", "mknod"}, at(path + ".permissions", i));
  }
}

void validate_tmpfs(const Tmpfs& tmpfs, const std::string& path) {
  require(!tmpfs.container_path.value_or("").empty(), path + ".containerPath");
  require(tmpfs.size.has_value(), path + ".size");
  check_range(tmpfs.size, 1, 1 << 24, path + ".size");
  const auto options = tmpfs.mount_options.value_or(Texts());
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (holds(kMountOptions, std::string_view(options[i]).substr(0, options[i].find('=')))) continue;
    throw client_error(
        fmt::format("{}: must be a mount option such as noexec, got '{}'", at(path + ".mountOptions", i), options[i]));
  }
}

void validate_system_control(const SystemControl& control, const DefinitionView& view, const std::string& path) {
  const std::string name = control.name_space.value_or("");
  require(!name.empty(), path + ".namespace");
  require(control.value.has_value(), path + ".value");
  const bool of_network = name.starts_with("net.");
  const bool of_ipc = name.starts_with("fs.mqueue.") || holds(kIpcParameters, name);
  if (!of_network && !of_ipc) {
    throw client_error(fmt::format("{}.namespace: must be net.*, fs.mqueue.* or one of {}; got '{}'", path,
                                   fmt::join(kIpcParameters, ", "), name));
  }
  if (of_network && view.network_mode == "host") {
    throw client_error(fmt::format("{}.namespace: '{}' cannot be set in network mode host", path, name));
  }
  if (of_ipc && view.request.ipc_mode == "host") {
    throw client_error(fmt::format("{}.namespace: '{}' cannot be set in ipc mode host", path, name));
  }
}

void validate_ulimit(const Ulimit& ulimit, const std::string& path) {
  require(ulimit.name.has_value(), path + ".name");
  check_word(*ulimit.name,
             {"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss",
              "rtprio", "rttime", "sigpending", "stack"},
             path + ".name");
  require(ulimit.soft_limit.has_value(), path + ".softLimit");
  require(ulimit.hard_limit.has_value(), path + ".hardLimit");
  if (*ulimit.hard_limit != -1 && (*ulimit.soft_limit == -1 || *ulimit.soft_limit > *ulimit.hard_limit)) {
    throw client_error(
        fmt::format("{}.softLimit: {} is above the hard limit {}", path, *ulimit.soft_limit, *ulimit.hard_limit));
  }
}

template <class T, class Check>
void each(const std::optional<std::vector<T>>& all, const std::string& member, Check check) {
  if (!all) return;
  for (std::size_t i = 0; i < all->size(); ++i) check((*all)[i], at(member, i));
}

}  // namespace

void validate_linux_parameters(const ContainerDefinition& container, const std::string& path) {
  if (!container.linux_parameters) return;
  const LinuxParameters& linux_parameters = *container.linux_parameters;
  const std::string own = path + ".linuxParameters";
  if (linux_parameters.capabilities) {
    validate_capabilities(linux_parameters.capabilities->add.value_or(Texts()), own + ".capabilities.add");
    validate_capabilities(linux_parameters.capabilities->drop.value_or(Texts()), own + ".capabilities.drop");
  }
  each(linux_parameters.devices, own + ".devices", validate_device);
  each(linux_parameters.tmpfs, own + ".tmpfs", validate_tmpfs);
  check_range(linux_parameters.shared_memory_size, 1, 1 << 24, own + ".sharedMemorySize");
  check_range(linux_parameters.max_swap, 0, 1 << 24, own + ".maxSwap");
  check_range(linux_parameters.swappiness, 0, 100, own + ".swappiness");
  if (linux_parameters.max_swap && !container.memory) {
    throw client_error(own + ".maxSwap: needs the container's memory, to which it is added");
  }
}

void validate_kernel_settings(const ContainerDefinition& container, const DefinitionView& view,
                              const std::string& path) {
  for (std::size_t i = 0; i < container.system_controls.size(); ++i) {
    validate_system_control(container.system_controls[i], view, at(path + ".systemControls", i));
  }
  each(container.ulimits, path + ".ulimits", validate_ulimit);
  each(container.docker_security_options, path + ".dockerSecurityOptions",
       [](const std::string& option, const std::string& member) {
         require(!option.empty(), member);
         if (option.starts_with("credentialspec")) {
           throw client_error(member + ": not supported by this control plane: it has no Active Directory");
         }
       });
}

}  // namespace ecs::local
