#include "aws/load_config.hpp"

#include <utility>

#include "log/log.hpp"

namespace ecs::aws {

base::Async<config::Config> load_config(config::Environment environment, config::Host host, Imds& imds) {
  config::Loader loader(std::move(environment), host);
  if (loader.wants_instance_metadata()) {
    try {
      loader.add_user_data(co_await imds.user_data());
    } catch (const ImdsError& e) {
      loader.user_data_failed(e.what());
    }
    const auto source = loader.region_source();
    try {
      if (source == config::RegionSource::kPlacement) loader.set_region(co_await imds.region());
      if (source == config::RegionSource::kIdentityDocument) loader.set_region(co_await imds.identity_region());
    } catch (const ImdsError& e) {
      // finish() refuses to go on without a region; this line says why there is none.
      log::critical("Unable to get the region from instance metadata", {{"error", std::string_view(e.what())}});
    }
  }
  co_return loader.finish();
}

}  // namespace ecs::aws
