#include "engine/raw_docker.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.hpp"
#include "json/value.hpp"

namespace ecs::engine {

namespace {

namespace bj = boost::json;

enum class Kind {
  kText,
  kNumber,
  kFlag,
  kList,
  kWords,   ///< A list of strings that may also be written as one string.
  kMap,     ///< Merged key by key.
  kStruct,  ///< A document of fixed members: merged, `zero` says which.
  kRaw,     ///< Taken as it is.
};

/// What Docker's own type has for the member when nobody sets it.
enum class Zero { kValue, kNull, kLeftOut };

struct Member {
  std::string_view name;
  Kind kind;
  Zero zero = Zero::kValue;
};

constexpr auto kConfig = std::to_array<Member>({
    {"Hostname", Kind::kText},
    {"Domainname", Kind::kText},
    {"User", Kind::kText},
    {"AttachStdin", Kind::kFlag},
    {"AttachStdout", Kind::kFlag},
    {"AttachStderr", Kind::kFlag},
    {"ExposedPorts", Kind::kMap, Zero::kLeftOut},
    {"Tty", Kind::kFlag},
    {"OpenStdin", Kind::kFlag},
    {"StdinOnce", Kind::kFlag},
    {"Env", Kind::kList, Zero::kNull},
    {"Cmd", Kind::kWords, Zero::kNull},
    {"Healthcheck", Kind::kRaw, Zero::kLeftOut},
    {"ArgsEscaped", Kind::kFlag, Zero::kLeftOut},
    {"Image", Kind::kText},
    {"Volumes", Kind::kMap, Zero::kNull},
    {"WorkingDir", Kind::kText},
    {"Entrypoint", Kind::kWords, Zero::kNull},
    {"NetworkDisabled", Kind::kFlag, Zero::kLeftOut},
    {"MacAddress", Kind::kText, Zero::kLeftOut},
    {"OnBuild", Kind::kList, Zero::kNull},
    {"Labels", Kind::kMap, Zero::kNull},
    {"StopSignal", Kind::kText, Zero::kLeftOut},
    {"StopTimeout", Kind::kNumber, Zero::kLeftOut},
    {"Shell", Kind::kWords, Zero::kLeftOut},
});

constexpr auto kHostConfig = std::to_array<Member>({
    {"Binds", Kind::kList, Zero::kNull},
    {"ContainerIDFile", Kind::kText},
    {"LogConfig", Kind::kStruct},
    {"NetworkMode", Kind::kText},
    {"PortBindings", Kind::kMap, Zero::kNull},
    {"RestartPolicy", Kind::kStruct},
    {"AutoRemove", Kind::kFlag},
    {"VolumeDriver", Kind::kText},
    {"VolumesFrom", Kind::kList, Zero::kNull},
    {"ConsoleSize", Kind::kList},
    {"Annotations", Kind::kMap, Zero::kLeftOut},
    {"CapAdd", Kind::kWords, Zero::kNull},
    {"CapDrop", Kind::kWords, Zero::kNull},
    {"CgroupnsMode", Kind::kText},
    {"Dns", Kind::kList, Zero::kNull},
    {"DnsOptions", Kind::kList, Zero::kNull},
    {"DnsSearch", Kind::kList, Zero::kNull},
    {"ExtraHosts", Kind::kList, Zero::kNull},
    {"GroupAdd", Kind::kList, Zero::kNull},
    {"IpcMode", Kind::kText},
    {"Cgroup", Kind::kText},
    {"Links", Kind::kList, Zero::kNull},
    {"OomScoreAdj", Kind::kNumber},
    {"PidMode", Kind::kText},
    {"Privileged", Kind::kFlag},
    {"PublishAllPorts", Kind::kFlag},
    {"ReadonlyRootfs", Kind::kFlag},
    {"SecurityOpt", Kind::kList, Zero::kNull},
    {"StorageOpt", Kind::kMap, Zero::kLeftOut},
    {"Tmpfs", Kind::kMap, Zero::kLeftOut},
    {"UTSMode", Kind::kText},
    {"UsernsMode", Kind::kText},
    {"ShmSize", Kind::kNumber},
    {"Sysctls", Kind::kMap, Zero::kLeftOut},
    {"Runtime", Kind::kText, Zero::kLeftOut},
    {"Isolation", Kind::kText},
    {"CpuShares", Kind::kNumber},
    {"Memory", Kind::kNumber},
    {"NanoCpus", Kind::kNumber},
    {"CgroupParent", Kind::kText},
    {"BlkioWeight", Kind::kNumber},
    {"BlkioWeightDevice", Kind::kList, Zero::kNull},
    {"BlkioDeviceReadBps", Kind::kList, Zero::kNull},
    {"BlkioDeviceWriteBps", Kind::kList, Zero::kNull},
    {"BlkioDeviceReadIOps", Kind::kList, Zero::kNull},
    {"BlkioDeviceWriteIOps", Kind::kList, Zero::kNull},
    {"CpuPeriod", Kind::kNumber},
    {"CpuQuota", Kind::kNumber},
    {"CpuRealtimePeriod", Kind::kNumber},
    {"CpuRealtimeRuntime", Kind::kNumber},
    {"CpusetCpus", Kind::kText},
    {"CpusetMems", Kind::kText},
    {"Devices", Kind::kList, Zero::kNull},
    {"DeviceCgroupRules", Kind::kList, Zero::kNull},
    {"DeviceRequests", Kind::kList, Zero::kNull},
    {"KernelMemoryTCP", Kind::kNumber, Zero::kLeftOut},
    {"MemoryReservation", Kind::kNumber},
    {"MemorySwap", Kind::kNumber},
    {"MemorySwappiness", Kind::kNumber, Zero::kNull},
    {"OomKillDisable", Kind::kFlag, Zero::kNull},
    {"PidsLimit", Kind::kNumber, Zero::kNull},
    {"Ulimits", Kind::kList, Zero::kNull},
    {"CpuCount", Kind::kNumber},
    {"CpuPercent", Kind::kNumber},
    {"IOMaximumIOps", Kind::kNumber},
    {"IOMaximumBandwidth", Kind::kNumber},
    {"Mounts", Kind::kList, Zero::kLeftOut},
    {"MaskedPaths", Kind::kList, Zero::kNull},
    {"ReadonlyPaths", Kind::kList, Zero::kNull},
    {"Init", Kind::kFlag, Zero::kLeftOut},
});

bj::value zero_struct(std::string_view name) {
  if (name == "LogConfig") return bj::object{{"Type", ""}, {"Config", nullptr}};
  return bj::object{{"Name", ""}, {"MaximumRetryCount", 0}};
}

bj::value zero_value(const Member& member) {
  switch (member.kind) {
    case Kind::kText:
      return "";
    case Kind::kNumber:
      return 0;
    case Kind::kFlag:
      return false;
    case Kind::kList:
    case Kind::kWords:
      return bj::array{0, 0};  // ConsoleSize, the only list of fixed length
    case Kind::kStruct:
      return zero_struct(member.name);
    case Kind::kMap:
    case Kind::kRaw:
      break;
  }
  return nullptr;
}

bj::object zero_document(std::span<const Member> members) {
  bj::object document;
  document.reserve(members.size());
  for (const Member& member : members) {
    if (member.zero == Zero::kLeftOut) continue;
    document.emplace(member.name, member.zero == Zero::kNull ? bj::value(nullptr) : zero_value(member));
  }
  return document;
}

std::string_view kind_of(const bj::value& value) {
  if (value.is_string()) return "string";
  if (value.is_bool()) return "bool";
  if (value.is_array()) return "array";
  return value.is_object() ? "object" : "number";
}

bool fits(Kind kind, const bj::value& value) {
  switch (kind) {
    case Kind::kText:
      return value.is_string();
    case Kind::kNumber:
      return value.is_int64() || value.is_uint64();
    case Kind::kFlag:
      return value.is_bool();
    case Kind::kList:
      return value.is_array();
    case Kind::kWords:
      return value.is_array() || value.is_string();
    case Kind::kMap:
    case Kind::kStruct:
      return value.is_object();
    case Kind::kRaw:
      break;
  }
  return true;
}

std::string_view word_for(Kind kind) {
  switch (kind) {
    case Kind::kText:
      return "string";
    case Kind::kNumber:
      return "integer";
    case Kind::kFlag:
      return "bool";
    case Kind::kList:
    case Kind::kWords:
      return "array";
    default:
      return "object";
  }
}

void merge(bj::value& into, const bj::object& from) {
  if (!into.is_object()) into.emplace_object();
  for (const auto& [key, value] : from) into.get_object()[key] = value;
}

/// LogConfig and RestartPolicy: names in any case, a map inside is merged as well.
void merge_struct(bj::value& into, const bj::object& from) {
  for (const auto& [key, value] : from) {
    if (value.is_null()) continue;
    for (auto& member : into.get_object()) {
      if (!base::equal_ignoring_case(member.key(), std::string_view(key))) continue;
      if (value.is_object()) {
        merge(member.value(), value.get_object());
      } else {
        member.value() = value;
      }
    }
  }
}

void set_member(bj::object& document, const Member& member, const bj::value& value) {
  if (value.is_null()) {
    // A null does nothing to a plain value and empties a list, a map or a pointer.
    if (member.zero == Zero::kNull) document[member.name] = nullptr;
    if (member.zero == Zero::kLeftOut) document.erase(member.name);
    return;
  }
  if (!fits(member.kind, value)) {
    throw json::Error(std::string(member.name),
                      "expected " + std::string(word_for(member.kind)) + ", got " + std::string(kind_of(value)));
  }
  bj::value& place = document[member.name];
  if (member.kind == Kind::kMap) {
    merge(place, value.get_object());
  } else if (member.kind == Kind::kStruct) {
    if (!place.is_object()) place = zero_struct(member.name);
    merge_struct(place, value.get_object());
  } else if (member.kind == Kind::kWords && value.is_string()) {
    place = bj::array{value};
  } else {
    place = value;
  }
}

void overlay(bj::object& document, std::string_view text, std::span<const Member> members) {
  const bj::value parsed = json::parse(text);
  if (parsed.is_null()) return;
  if (!parsed.is_object()) throw json::Error("", "expected object, got " + std::string(kind_of(parsed)));
  for (const auto& [key, value] : parsed.get_object()) {
    const std::string_view name(key);
    const auto member =
        std::ranges::find_if(members, [&](const Member& m) { return base::equal_ignoring_case(m.name, name); });
    if (member != members.end()) set_member(document, *member, value);
  }
}

}  // namespace

bj::object zero_config() { return zero_document(kConfig); }
bj::object zero_host_config() { return zero_document(kHostConfig); }

void overlay_config(bj::object& document, std::string_view text) { overlay(document, text, kConfig); }
void overlay_host_config(bj::object& document, std::string_view text) { overlay(document, text, kHostConfig); }

std::int64_t raw_memory_reservation(std::string_view host_config) {
  if (host_config.empty()) return 0;
  try {
    bj::object document = zero_host_config();
    overlay_host_config(document, host_config);
    const auto* found = document.if_contains("MemoryReservation");
    return found != nullptr && found->is_int64() ? found->get_int64() : 0;
  } catch (const json::Error&) {
    return 0;  // The create says what is wrong with it.
  }
}

}  // namespace ecs::engine
