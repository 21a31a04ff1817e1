#include "net/line_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/event.hpp"
#include "base/file.hpp"
#include "base/loop.hpp"
#include "net/stream.hpp"

namespace ecs::net {
namespace {

using ::testing::ElementsAre;

class LineListenerTest : public ::testing::Test {
 protected:
  LineListenerTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ecs-lines-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    listener_ = std::make_unique<LineListener>(
        loop_.executor(), path(), 0600,
        [this](std::string line) {
          lines_.push_back(std::move(line));
          came_.pulse();
        },
        100);
    scope_.spawn("listener", listener_->serve(scope_));
  }
  ~LineListenerTest() override {
    scope_.cancel();
    loop_.run_until_done(scope_.join());
    listener_.reset();
    std::filesystem::remove_all(directory_);
  }

  [[nodiscard]] std::string path() const { return directory_ / "socket"; }

  [[nodiscard]] base::Fd connect() const {
    base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  static void send(const base::Fd& fd, std::string_view text) {
    ASSERT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  base::Async<> until(std::size_t count) {
    while (lines_.size() < count) co_await came_.wait();
  }

  std::filesystem::path directory_;
  base::Loop loop_;
  base::Scope scope_{loop_.executor()};
  base::Event came_;
  std::vector<std::string> lines_;
  std::unique_ptr<LineListener> listener_;
};

TEST_F(LineListenerTest, GivesLinesOfSeveralPeers) {
  const base::Fd one = connect();
  send(one, "first\n\nsec");
  loop_.run_until_done(until(1));
  send(one, "ond\n");
  loop_.run_until_done(until(2));
  const base::Fd two = connect();
  send(two, "third\nhalf");
  loop_.run_until_done(until(3));
  EXPECT_THAT(lines_, ElementsAre("first", "second", "third"));
}

TEST_F(LineListenerTest, CutsOffAPeerWithoutAnEndOfLine) {
  const base::Fd one = connect();
  send(one, std::string(300, 'x'));
  const base::Fd two = connect();
  send(two, "good\n");
  loop_.run_until_done(until(1));
  while (scope_.size() > 2) loop_.poll();
  char byte = 0;
  EXPECT_LE(::recv(one.get(), &byte, 1, 0), 0);
  EXPECT_THAT(lines_, ElementsAre("good"));
}

TEST_F(LineListenerTest, RefusesASocketThatIsInUse) {
  EXPECT_THROW(LineListener(loop_.executor(), path(), 0600, [](const std::string&) {}), Error);
}

}  // namespace
}  // namespace ecs::net
