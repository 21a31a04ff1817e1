// Any bytes as frames from the control plane, one per line: read, checked, handed to a handler, answered. Nothing may
// crash, and what can be read must survive being written and read again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "acs/dispatcher.hpp"
#include "acs/messages.hpp"
#include "acs/testing/scripted_handler.hpp"
#include "base/loop.hpp"
#include "log/settings.hpp"

namespace ecs::acs {
namespace {

void require(bool holds, const char* what, const std::string& text) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s\n", what, text.c_str());
  std::abort();
}

/// Writing what was read and reading it again changes nothing.
void check_round_trip(const Inbound& message) {
  std::visit(
      []<class Message>(const Message& m) {
        if constexpr (!std::is_same_v<Message, Notice>) {
          const auto text = encode(m);
          const auto again = std::get<Message>(decode(text));
          require(encode(again) == text, "changed by a round trip", text);
        }
      },
      message);
}

/// Every answer is a message that a control plane can read.
void check_answers(const std::vector<std::string>& frames) {
  for (const auto& frame : frames) {
    require(!frame.empty(), "an empty answer", frame);
    (void)decode_outbound(frame);
  }
}

struct Harness {
  base::Loop loop;
  testing::ScriptedHandler handler;
  Dispatcher dispatcher{handler, -1};

  void frame(std::string_view text) {
    (void)decode_refusal(text);
    try {
      auto message = decode(text);
      check_round_trip(message);
      check_answers(loop.run_until_done(dispatcher.dispatch(std::move(message))));
    } catch (const DecodeError&) {
    }
  }

  /// The handler's answers follow from the input, so that a finding can be repeated.
  void choose(std::size_t bits) {
    handler.complete = (bits & 1U) != 0;
    handler.known = (bits & 2U) != 0;
    handler.attaches = (bits & 4U) != 0;
    handler.failure.reset();
    if ((bits & 7U) == 0) handler.failure = "failed";
    handler.running.reset();
    if ((bits & 8U) != 0) handler.running = std::vector<std::string>{"arn:a", "arn:b"};
  }
};

}  // namespace
}  // namespace ecs::acs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ecs::log::Level;
  static const bool quiet = [] {
    ecs::log::set_level(Level::kOff, Level::kOff);
    return true;
  }();
  (void)quiet;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ecs::acs::Harness harness;
  harness.choose(size);
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    harness.frame(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return 0;
}
