#include "docker/pull.hpp"

#include <algorithm>
#include <utility>

#include "docker/json_splitter.hpp"
#include "docker/readers.hpp"

namespace ecs::docker {
namespace {

constexpr const char* kSilent = "inactivity time exceeded timeout while pulling image";

void take_entries(JsonSplitter& splitter, const Client::OnProgress& progress) {
  while (auto text = splitter.next()) {
    auto entry = decode_progress(*text);
    if (entry.error.empty() && entry.error_detail) entry.error = std::move(entry.error_detail->message);
    if (!entry.error.empty()) throw Error(Error::Kind::kStream, entry.error);
    if (progress) progress(entry);
  }
}

}  // namespace

base::Async<> run_pull(Transport& transport, Call call, PullLimits limits, Client::OnProgress progress) {
  auto& clock = transport.clock();
  const auto deadline = clock.now() + limits.total;
  const bool total_first = limits.total <= limits.begin;
  call.limit = std::min(limits.total, limits.begin);
  call.transition = total_first ? "pulled" : "pullBegin";
  const auto body = co_await transport.open(std::move(call));

  JsonSplitter splitter;
  for (;;) {
    const auto left = std::max(deadline - clock.now(), base::Duration(1));
    const bool total_next = left <= limits.inactivity;
    std::optional<std::string> piece;
    try {
      piece = co_await body->read(std::min(left, limits.inactivity));
    } catch (const Error& error) {
      if (error.kind() != Error::Kind::kTimeout) throw;
      if (total_next) throw Error::timeout("pulled", limits.total);
      throw Error(Error::Kind::kStream, kSilent);
    }
    if (!piece) break;
    splitter.feed(*piece);
    take_entries(splitter, progress);
  }
  if (splitter.inside()) throw Error(Error::Kind::kBroken, "unexpected EOF");
}

}  // namespace ecs::docker
