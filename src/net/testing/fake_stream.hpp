// A stream without a socket: what is read and how it ends is given beforehand. For fuzz targets and for tests of odd
// splits.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "net/stream.hpp"

namespace ecs::net::testing {

class FakeStream final : public Stream {
 public:
  /// Reads give `input` in pieces of at most `piece` bytes, then `end` (boost::asio::error::eof when not given).
  FakeStream(base::Executor executor, std::string input, std::size_t piece,
             std::optional<boost::system::error_code> end = std::nullopt);
  ~FakeStream() override;

  void start_read(std::span<std::byte> into, Handler handler) override;
  void start_write(std::span<const std::byte> from, Handler handler) override;
  void close() noexcept override;
  [[nodiscard]] bool readable() const noexcept override;
  [[nodiscard]] base::Executor executor() const override;

  /// All that was written, also after the stream is gone.
  [[nodiscard]] std::shared_ptr<const std::string> written() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ecs::net::testing
