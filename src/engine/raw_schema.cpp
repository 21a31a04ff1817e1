#include "engine/raw_schema.hpp"

#include <array>

namespace ecs::engine::raw {

namespace {

constexpr std::int64_t kWord = 65535;

constexpr auto kHealthcheck = std::to_array<Member>({
    {"Test", Kind::kTexts, Zero::kOmitted},
    {"Interval", Kind::kNumber, Zero::kOmitted},
    {"Timeout", Kind::kNumber, Zero::kOmitted},
    {"StartPeriod", Kind::kNumber, Zero::kOmitted},
    {"StartInterval", Kind::kNumber, Zero::kOmitted},
    {"Retries", Kind::kNumber, Zero::kOmitted},
});

constexpr auto kConfig = std::to_array<Member>({
    {"Hostname", Kind::kText},
    {"Domainname", Kind::kText},
    {"User", Kind::kText},
    {"AttachStdin", Kind::kFlag},
    {"AttachStdout", Kind::kFlag},
    {"AttachStderr", Kind::kFlag},
    {"ExposedPorts", Kind::kSet, Zero::kOmitted},
    {"Tty", Kind::kFlag},
    {"OpenStdin", Kind::kFlag},
    {"StdinOnce", Kind::kFlag},
    {"Env", Kind::kTexts, Zero::kNull},
    {"Cmd", Kind::kWords, Zero::kNull},
    {"Healthcheck", Kind::kStruct, Zero::kUnlessSet, kHealthcheck},
    {"ArgsEscaped", Kind::kFlag, Zero::kOmitted},
    {"Image", Kind::kText},
    {"Volumes", Kind::kSet, Zero::kNull},
    {"WorkingDir", Kind::kText},
    {"Entrypoint", Kind::kWords, Zero::kNull},
    {"NetworkDisabled", Kind::kFlag, Zero::kOmitted},
    {"MacAddress", Kind::kText, Zero::kOmitted},
    {"OnBuild", Kind::kTexts, Zero::kNull},
    {"Labels", Kind::kTextMap, Zero::kNull},
    {"StopSignal", Kind::kText, Zero::kOmitted},
    {"StopTimeout", Kind::kNumber, Zero::kUnlessSet},
    {"Shell", Kind::kWords, Zero::kOmitted},
});

constexpr auto kLogConfig = std::to_array<Member>({
    {"Type", Kind::kText},
    {"Config", Kind::kTextMap, Zero::kNull},
});

constexpr auto kRestartPolicy = std::to_array<Member>({
    {"Name", Kind::kText},
    {"MaximumRetryCount", Kind::kNumber},
});

constexpr auto kPortBinding = std::to_array<Member>({
    {"HostIp", Kind::kText},
    {"HostPort", Kind::kText},
});

constexpr auto kWeightDevice = std::to_array<Member>({
    {"Path", Kind::kText},
    {"Weight", Kind::kNumber, Zero::kValue, {}, kWord, 0},
});

constexpr auto kThrottleDevice = std::to_array<Member>({
    {"Path", Kind::kText},
    {"Rate", Kind::kNumber, Zero::kValue, {}, INT64_MAX, 0},
});

constexpr auto kDevice = std::to_array<Member>({
    {"PathOnHost", Kind::kText},
    {"PathInContainer", Kind::kText},
    {"CgroupPermissions", Kind::kText},
});

constexpr auto kDeviceRequest = std::to_array<Member>({
    {"Driver", Kind::kText},
    {"Count", Kind::kNumber},
    {"DeviceIDs", Kind::kTexts, Zero::kNull},
    {"Capabilities", Kind::kGroups, Zero::kNull},
    {"Options", Kind::kTextMap, Zero::kNull},
});

constexpr auto kUlimit = std::to_array<Member>({
    {"Name", Kind::kText},
    {"Hard", Kind::kNumber},
    {"Soft", Kind::kNumber},
});

constexpr auto kBindOptions = std::to_array<Member>({
    {"Propagation", Kind::kText, Zero::kOmitted},
    {"NonRecursive", Kind::kFlag, Zero::kOmitted},
    {"CreateMountpoint", Kind::kFlag, Zero::kOmitted},
    {"ReadOnlyNonRecursive", Kind::kFlag, Zero::kOmitted},
    {"ReadOnlyForceRecursive", Kind::kFlag, Zero::kOmitted},
});

constexpr auto kDriver = std::to_array<Member>({
    {"Name", Kind::kText, Zero::kOmitted},
    {"Options", Kind::kTextMap, Zero::kOmitted},
});

constexpr auto kVolumeOptions = std::to_array<Member>({
    {"NoCopy", Kind::kFlag, Zero::kOmitted},
    {"Labels", Kind::kTextMap, Zero::kOmitted},
    {"DriverConfig", Kind::kStruct, Zero::kUnlessSet, kDriver},
});

constexpr auto kTmpfsOptions = std::to_array<Member>({
    {"SizeBytes", Kind::kNumber, Zero::kOmitted},
    {"Mode", Kind::kNumber, Zero::kOmitted, {}, UINT32_MAX, 0},
});

constexpr auto kMount = std::to_array<Member>({
    {"Type", Kind::kText, Zero::kOmitted},
    {"Source", Kind::kText, Zero::kOmitted},
    {"Target", Kind::kText, Zero::kOmitted},
    {"ReadOnly", Kind::kFlag, Zero::kOmitted},
    {"Consistency", Kind::kText, Zero::kOmitted},
    {"BindOptions", Kind::kStruct, Zero::kUnlessSet, kBindOptions},
    {"VolumeOptions", Kind::kStruct, Zero::kUnlessSet, kVolumeOptions},
    {"TmpfsOptions", Kind::kStruct, Zero::kUnlessSet, kTmpfsOptions},
});

constexpr auto kHostConfig = std::to_array<Member>({
    {"Binds", Kind::kTexts, Zero::kNull},
    {"ContainerIDFile", Kind::kText},
    {"LogConfig", Kind::kStruct, Zero::kValue, kLogConfig},
    {"NetworkMode", Kind::kText},
    {"PortBindings", Kind::kBindings, Zero::kNull, kPortBinding},
    {"RestartPolicy", Kind::kStruct, Zero::kValue, kRestartPolicy},
    {"AutoRemove", Kind::kFlag},
    {"VolumeDriver", Kind::kText},
    {"VolumesFrom", Kind::kTexts, Zero::kNull},
    {"ConsoleSize", Kind::kSize},
    {"Annotations", Kind::kTextMap, Zero::kOmitted},
    {"CapAdd", Kind::kWords, Zero::kNull},
    {"CapDrop", Kind::kWords, Zero::kNull},
    {"CgroupnsMode", Kind::kText},
    {"Dns", Kind::kTexts, Zero::kNull},
    {"DnsOptions", Kind::kTexts, Zero::kNull},
    {"DnsSearch", Kind::kTexts, Zero::kNull},
    {"ExtraHosts", Kind::kTexts, Zero::kNull},
    {"GroupAdd", Kind::kTexts, Zero::kNull},
    {"IpcMode", Kind::kText},
    {"Cgroup", Kind::kText},
    {"Links", Kind::kTexts, Zero::kNull},
    {"OomScoreAdj", Kind::kNumber},
    {"PidMode", Kind::kText},
    {"Privileged", Kind::kFlag},
    {"PublishAllPorts", Kind::kFlag},
    {"ReadonlyRootfs", Kind::kFlag},
    {"SecurityOpt", Kind::kTexts, Zero::kNull},
    {"StorageOpt", Kind::kTextMap, Zero::kOmitted},
    {"Tmpfs", Kind::kTextMap, Zero::kOmitted},
    {"UTSMode", Kind::kText},
    {"UsernsMode", Kind::kText},
    {"ShmSize", Kind::kNumber},
    {"Sysctls", Kind::kTextMap, Zero::kOmitted},
    {"Runtime", Kind::kText, Zero::kOmitted},
    {"Isolation", Kind::kText},
    {"CpuShares", Kind::kNumber},
    {"Memory", Kind::kNumber},
    {"NanoCpus", Kind::kNumber},
    {"CgroupParent", Kind::kText},
    {"BlkioWeight", Kind::kNumber, Zero::kValue, {}, kWord, 0},
    {"BlkioWeightDevice", Kind::kStructs, Zero::kNull, kWeightDevice},
    {"BlkioDeviceReadBps", Kind::kStructs, Zero::kNull, kThrottleDevice},
    {"BlkioDeviceWriteBps", Kind::kStructs, Zero::kNull, kThrottleDevice},
    {"BlkioDeviceReadIOps", Kind::kStructs, Zero::kNull, kThrottleDevice},
    {"BlkioDeviceWriteIOps", Kind::kStructs, Zero::kNull, kThrottleDevice},
    {"CpuPeriod", Kind::kNumber},
    {"CpuQuota", Kind::kNumber},
    {"CpuRealtimePeriod", Kind::kNumber},
    {"CpuRealtimeRuntime", Kind::kNumber},
    {"CpusetCpus", Kind::kText},
    {"CpusetMems", Kind::kText},
    {"Devices", Kind::kStructs, Zero::kNull, kDevice},
    {"DeviceCgroupRules", Kind::kTexts, Zero::kNull},
    {"DeviceRequests", Kind::kStructs, Zero::kNull, kDeviceRequest},
    {"KernelMemory", Kind::kNumber, Zero::kOmitted},
    {"KernelMemoryTCP", Kind::kNumber, Zero::kOmitted},
    {"MemoryReservation", Kind::kNumber},
    {"MemorySwap", Kind::kNumber},
    {"MemorySwappiness", Kind::kNumber, Zero::kNull},
    {"OomKillDisable", Kind::kFlag, Zero::kNull},
    {"PidsLimit", Kind::kNumber, Zero::kNull},
    {"Ulimits", Kind::kStructs, Zero::kNull, kUlimit},
    {"CpuCount", Kind::kNumber},
    {"CpuPercent", Kind::kNumber},
    {"IOMaximumIOps", Kind::kNumber, Zero::kValue, {}, INT64_MAX, 0},
    {"IOMaximumBandwidth", Kind::kNumber, Zero::kValue, {}, INT64_MAX, 0},
    {"Mounts", Kind::kStructs, Zero::kOmitted, kMount},
    {"MaskedPaths", Kind::kTexts, Zero::kNull},
    {"ReadonlyPaths", Kind::kTexts, Zero::kNull},
    {"Init", Kind::kFlag, Zero::kUnlessSet},
});

}  // namespace

std::span<const Member> config() { return kConfig; }
std::span<const Member> host_config() { return kHostConfig; }

}  // namespace ecs::engine::raw
