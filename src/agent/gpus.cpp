#include "agent/gpus.hpp"

#include <boost/describe/class.hpp>

#include "json/json.hpp"

namespace ecs::agent {

namespace {

struct File {
  std::string driver_version;
  std::vector<std::string> gpu_ids;
  static constexpr json::Rename kJsonNames[] = {{"driver_version", "DriverVersion"}, {"gpu_ids", "GPUIDs"}};
};
BOOST_DESCRIBE_STRUCT(File, (), (driver_version, gpu_ids))

}  // namespace

Gpus read_gpus(std::string_view text) {
  auto file = json::decode<File>(text);
  return {std::move(file.driver_version), std::move(file.gpu_ids)};
}

}  // namespace ecs::agent
