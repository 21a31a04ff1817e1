#include "engine/pause_image.hpp"

#include <string>

#include "log/log.hpp"
#include "pause/image.hpp"

namespace ecs::engine {

base::Async<> PauseImage::ensure() {
  while (loading_) co_await loaded_.wait();
  // Whoever comes meanwhile waits for the outcome, and then looks for itself.
  struct Loading {
    explicit Loading(PauseImage& pause) : image(pause) { image.loading_ = true; }
    ~Loading() {
      image.loading_ = false;
      image.loaded_.pulse();
    }
    Loading(const Loading&) = delete;
    Loading& operator=(const Loading&) = delete;
    PauseImage& image;
  };
  const Loading loading(*this);
  try {
    (void)co_await docker_.inspect_image(std::string(pause::kImage));
    co_return;
  } catch (const docker::Error& e) {
    if (e.kind() != docker::Error::Kind::kNotFound) throw;
  }
  log::info("Loading the image of pause containers", {{"image", pause::kImage}});
  co_await docker_.load_image(pause::image_archive());
}

}  // namespace ecs::engine
