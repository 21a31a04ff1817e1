#include "engine/host_resources.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "engine/raw_docker.hpp"

namespace ecs::engine {

namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

std::string short_id(std::string_view arn) { return std::string(base::last_arn_part(arn)); }

template <class Keys, class Holders>
void put(const std::string& arn, const Keys& keys, Holders& into) {
  for (const auto& key : keys) into.try_emplace(key, arn);
}

template <class Keys, class Holders>
void drop(const std::string& arn, const Keys& keys, Holders& from) {
  for (const auto& key : keys) {
    const auto found = from.find(key);
    if (found != from.end() && found->second == arn) from.erase(found);
  }
}

std::string port_name(std::uint16_t port, bool udp) { return "port " + std::to_string(port) + (udp ? "/udp" : "/tcp"); }

std::string shortage(std::int64_t wanted, std::int64_t left, std::string_view unit) {
  return std::to_string(wanted) + " " + std::string(unit) + ", " + std::to_string(std::max<std::int64_t>(left, 0)) +
         " are free";
}

std::string too_much(std::int64_t wanted, std::int64_t total, const std::string& unit, const std::string& what) {
  return "the task needs " + std::to_string(wanted) + unit + what + ", this host has " + std::to_string(total) + unit +
         " for tasks";
}

}  // namespace

Demand demand_of(const task::Task& task) {
  Demand demand;
  for (const task::Container& c : task.containers) {
    demand.cpu += c.cpu;
    const std::int64_t reservation = raw_memory_reservation(c.docker_config.host_config) / kMiB;
    demand.memory += reservation > 0 ? reservation : c.memory;
    demand.gpus.insert(demand.gpus.end(), c.gpus.begin(), c.gpus.end());
    if (task.network_mode == "awsvpc") continue;
    for (const task::PortMapping& mapping : c.port_mappings) {
      if (mapping.host_port != 0) (mapping.protocol == "udp" ? demand.udp : demand.tcp).push_back(mapping.host_port);
    }
  }
  if (task.cpu > 0) demand.cpu = static_cast<std::int64_t>(task.cpu * 1024);
  if (task.memory > 0) demand.memory = task.memory;
  return demand;
}

Demand holdings_of(const task::Task& task) {
  Demand held = demand_of(task);
  for (const task::Container& c : task.containers) {
    if (c.is(task::ContainerStatus::kStopped)) continue;
    for (const task::PortBinding& binding : c.bindings) {
      std::vector<std::uint16_t>& ports = binding.protocol == "udp" ? held.udp : held.tcp;
      if (std::ranges::find(ports, binding.host_port) == ports.end()) ports.push_back(binding.host_port);
    }
  }
  return held;
}

void HostResources::Account::add(const std::string& arn, const Demand& demand) {
  cpu += demand.cpu;
  memory += demand.memory;
  put(arn, demand.tcp, tcp);
  put(arn, demand.udp, udp);
  put(arn, demand.gpus, gpus);
}

void HostResources::Account::remove(const std::string& arn, const Demand& demand) {
  cpu -= demand.cpu;
  memory -= demand.memory;
  drop(arn, demand.tcp, tcp);
  drop(arn, demand.udp, udp);
  drop(arn, demand.gpus, gpus);
}

HostResources::HostResources(const Settings& settings)
    : cpu_(settings.cpu),
      memory_(settings.memory),
      reserved_tcp_(settings.reserved_ports.begin(), settings.reserved_ports.end()),
      reserved_udp_(settings.reserved_ports_udp.begin(), settings.reserved_ports_udp.end()),
      gpus_(settings.gpus.begin(), settings.gpus.end()) {}

std::optional<std::string> HostResources::never_fits(const Demand& demand) const {
  if (cpu_ > 0 && demand.cpu > cpu_) return too_much(demand.cpu, cpu_, " CPU shares", "");
  if (memory_ > 0 && demand.memory > memory_) return too_much(demand.memory, memory_, " MiB", " of memory");
  for (const bool udp : {false, true}) {
    for (const std::uint16_t port : udp ? demand.udp : demand.tcp) {
      if (!(udp ? reserved_udp_ : reserved_tcp_).contains(port)) continue;
      return "the task needs " + port_name(port, udp) + ", which is reserved on this host";
    }
  }
  for (const std::string& gpu : demand.gpus) {
    if (!gpus_.contains(gpu)) return "the task needs GPU " + gpu + ", which this host does not have";
  }
  return std::nullopt;
}

void HostResources::enqueue(const std::string& arn, Demand demand, std::function<void()> admitted) {
  queue_.push_back({arn, std::move(demand), std::move(admitted)});
  serve();
}

void HostResources::take(const std::string& arn, Demand demand) {
  held_.add(arn, demand);
  holders_.insert_or_assign(arn, std::move(demand));
}

void HostResources::hold_port(const std::string& arn, std::uint16_t port, std::string_view protocol) {
  const auto holder = holders_.find(arn);
  if (holder == holders_.end()) return;
  const bool udp = protocol == "udp";
  if (!(udp ? held_.udp : held_.tcp).try_emplace(port, arn).second) return;
  (udp ? holder->second.udp : holder->second.tcp).push_back(port);
}

void HostResources::release(const std::string& arn) {
  if (const auto found = holders_.find(arn); found != holders_.end()) {
    held_.remove(arn, found->second);
    holders_.erase(found);
  }
  std::erase_if(queue_, [&](const Waiting& waiting) { return waiting.arn == arn; });
  serve();
}

void HostResources::serve() {
  std::vector<Waiting> admitted;
  std::deque<Waiting> left;
  Account before;
  for (Waiting& waiting : queue_) {
    if (lacks(waiting.demand, before).empty()) {
      take(waiting.arn, waiting.demand);
      admitted.push_back(std::move(waiting));
    } else {
      before.add(waiting.arn, waiting.demand);
      left.push_back(std::move(waiting));
    }
  }
  queue_ = std::move(left);
  // Whoever is told may end a task, and so change all this, inside the call.
  for (const Waiting& next : admitted) {
    if (holders_.contains(next.arn)) next.admitted();
  }
}

bool HostResources::port_taken(std::uint16_t port, std::string_view protocol) const {
  const bool udp = protocol == "udp";
  if ((udp ? reserved_udp_ : reserved_tcp_).contains(port) || (udp ? held_.udp : held_.tcp).contains(port)) return true;
  return std::ranges::any_of(queue_, [&](const Waiting& waiting) {
    const auto& wanted = udp ? waiting.demand.udp : waiting.demand.tcp;
    return std::ranges::find(wanted, port) != wanted.end();
  });
}

std::string HostResources::taken_by(const Demand& demand, const Account& by, std::string_view how) const {
  for (const bool udp : {false, true}) {
    for (const std::uint16_t port : udp ? demand.udp : demand.tcp) {
      const auto& holders = udp ? by.udp : by.tcp;
      const auto found = holders.find(port);
      if (found == holders.end()) continue;
      return port_name(port, udp) + ", " + std::string(how) + " by task " + short_id(found->second);
    }
  }
  for (const std::string& gpu : demand.gpus) {
    const auto found = by.gpus.find(gpu);
    if (found != by.gpus.end()) {
      return "GPU " + gpu + ", " + std::string(how) + " by task " + short_id(found->second);
    }
  }
  return {};
}

std::string HostResources::lacks(const Demand& demand, const Account& before) const {
  const std::int64_t cpu_left = cpu_ - held_.cpu - before.cpu;
  if (cpu_ > 0 && demand.cpu > 0 && demand.cpu > cpu_left) return shortage(demand.cpu, cpu_left, "CPU shares");
  const std::int64_t memory_left = memory_ - held_.memory - before.memory;
  if (memory_ > 0 && demand.memory > 0 && demand.memory > memory_left) {
    return shortage(demand.memory, memory_left, "MiB of memory");
  }
  if (const auto never = never_fits(demand)) return *never;
  std::string holder = taken_by(demand, held_, "held");
  return holder.empty() ? taken_by(demand, before, "wanted earlier") : holder;
}

std::optional<std::string> HostResources::why_waiting(std::string_view arn) const {
  Account before;
  std::string others;
  for (const Waiting& waiting : queue_) {
    if (waiting.arn != arn) {
      before.add(waiting.arn, waiting.demand);
      if (others.empty()) others = waiting.arn;
      continue;
    }
    const std::string alone = lacks(waiting.demand, {});
    if (!alone.empty()) return "waits for " + alone;
    return "waits behind task " + short_id(others) + ", which came first: " + lacks(waiting.demand, before);
  }
  return std::nullopt;
}

}  // namespace ecs::engine
