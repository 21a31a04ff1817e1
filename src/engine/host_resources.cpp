#include "engine/host_resources.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "engine/raw_docker.hpp"

namespace ecs::engine {

namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

bool has(const std::vector<std::uint16_t>& ports, std::uint16_t port) {
  return std::ranges::find(ports, port) != ports.end();
}

}  // namespace

Demand demand_of(const task::Task& task) {
  Demand demand;
  for (const task::Container& c : task.containers) {
    demand.cpu += c.cpu;
    const std::int64_t reservation = raw_memory_reservation(c.docker_config.host_config) / kMiB;
    demand.memory += reservation > 0 ? reservation : c.memory;
    for (const task::PortMapping& mapping : c.port_mappings) {
      if (mapping.host_port != 0) (mapping.protocol == "udp" ? demand.udp : demand.tcp).push_back(mapping.host_port);
    }
  }
  if (task.cpu > 0) demand.cpu = static_cast<std::int64_t>(task.cpu * 1024);
  if (task.memory > 0) demand.memory = task.memory;
  return demand;
}

HostResources::HostResources(const Settings& settings)
    : cpu_(settings.cpu),
      memory_(settings.memory),
      reserved_tcp_(settings.reserved_ports.begin(), settings.reserved_ports.end()),
      reserved_udp_(settings.reserved_ports_udp.begin(), settings.reserved_ports_udp.end()) {}

void HostResources::enqueue(const std::string& arn, Demand demand, std::function<void()> admitted) {
  queue_.push_back({arn, std::move(demand), std::move(admitted)});
  serve();
}

void HostResources::take(const std::string& arn, Demand demand) {
  cpu_used_ += demand.cpu;
  memory_used_ += demand.memory;
  held_.insert_or_assign(arn, std::move(demand));
}

void HostResources::release(const std::string& arn) {
  if (const auto found = held_.find(arn); found != held_.end()) {
    cpu_used_ -= found->second.cpu;
    memory_used_ -= found->second.memory;
    held_.erase(found);
  }
  std::erase_if(queue_, [&](const Waiting& waiting) { return waiting.arn == arn; });
  serve();
}

void HostResources::serve() {
  // An admitted task may end, and so release, inside its own call.
  if (serving_) return;
  serving_ = true;
  while (!queue_.empty() && lacks(queue_.front().demand).empty()) {
    Waiting next = std::move(queue_.front());
    queue_.pop_front();
    take(next.arn, std::move(next.demand));
    next.admitted();
  }
  serving_ = false;
}

std::string HostResources::port_holder(std::uint16_t port, bool udp) const {
  if ((udp ? reserved_udp_ : reserved_tcp_).contains(port)) return "reserved";
  for (const auto& [arn, demand] : held_) {
    if (has(udp ? demand.udp : demand.tcp, port)) return "held by task " + std::string(base::last_arn_part(arn));
  }
  return {};
}

bool HostResources::port_taken(std::uint16_t port, std::string_view protocol) const {
  return !port_holder(port, protocol == "udp").empty();
}

std::string HostResources::lacks(const Demand& demand) const {
  if (cpu_ > 0 && cpu_used_ + demand.cpu > cpu_) {
    return std::to_string(demand.cpu) + " CPU shares, " + std::to_string(cpu_ - cpu_used_) + " are free";
  }
  if (memory_ > 0 && memory_used_ + demand.memory > memory_) {
    return std::to_string(demand.memory) + " MiB of memory, " + std::to_string(memory_ - memory_used_) + " are free";
  }
  for (const bool udp : {false, true}) {
    for (const std::uint16_t port : udp ? demand.udp : demand.tcp) {
      const std::string holder = port_holder(port, udp);
      if (!holder.empty()) return "port " + std::to_string(port) + (udp ? "/udp" : "/tcp") + ", " + holder;
    }
  }
  return {};
}

std::optional<std::string> HostResources::why_waiting(std::string_view arn) const {
  const auto found = std::ranges::find(queue_, arn, &Waiting::arn);
  if (found == queue_.end()) return std::nullopt;
  if (found == queue_.begin()) return "waits for " + lacks(found->demand);
  return "waits behind task " + std::string(base::last_arn_part(queue_.front().arn)) + ", which waits for " +
         lacks(queue_.front().demand);
}

}  // namespace ecs::engine
