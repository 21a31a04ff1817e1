#include "agent/volume_plugins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>

#include "base/file.hpp"
#include "base/loop.hpp"
#include "docker/unscripted_client.hpp"
#include "log/capture.hpp"

namespace ecs::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Root {
 public:
  Root() {
    std::string name = (fs::temp_directory_path() / "plugins-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~Root() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

  void file(const std::string& name) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << "x";
  }
  void socket(const std::string& name) const {
    fs::create_directories((path_ / name).parent_path());
    const base::Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strncpy(where.sun_path, (path_ / name).c_str(), sizeof where.sun_path - 1);
    const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&where));
    ASSERT_EQ(::bind(fd.get(), any, sizeof where), 0);
  }

 private:
  fs::path path_;
};

TEST(LegacyPlugins, SocketsAndSpecificationsHaveTheirNames) {
  Root root;
  root.socket("run/docker/plugins/rexray.sock");
  root.socket("run/docker/plugins/flocker/flocker.sock");
  root.file("run/docker/plugins/none.txt");
  root.file("etc/docker/plugins/weave.spec");
  root.file("etc/docker/plugins/other.txt");
  root.file("usr/lib/docker/plugins/azure/azure.json");
  root.file("usr/lib/docker/plugins/empty/readme.md");
  EXPECT_THAT(legacy_plugins(root.path()), ElementsAre("flocker", "rexray", "weave", "azure"));
}

TEST(LegacyPlugins, NoneWhereNothingIs) { EXPECT_THAT(legacy_plugins("/nowhere"), IsEmpty()); }

TEST(VolumeDrivers, ColonsBecomeDotsAndTheUsualTagMayBeLeftOut) {
  EXPECT_THAT(volume_driver_names({"a:b"}, {"rexray/ebs:latest", "vieux/sshfs:next"}),
              ElementsAre("local", "a.b", "rexray/ebs", "rexray/ebs.latest", "vieux/sshfs.next"));
}

class Engine final : public docker::UnscriptedClient {
 public:
  base::Async<std::vector<docker::Plugin>> plugins(std::string capability) override {
    EXPECT_EQ(capability, "volumedriver");
    if (away) throw docker::Error(docker::Error::Kind::kConnection, "away");
    co_return std::vector{docker::Plugin{.name = "p:1"}};
  }
  bool away = false;
};

TEST(VolumeDrivers, AnEngineThatDoesNotAnswerCostsItsOwnOnly) {
  log::Capture log;
  base::Loop loop;
  Engine engine;
  EXPECT_THAT(loop.run_until_done(find_volume_drivers(engine, "/nowhere")), ElementsAre("local", "p.1"));
  engine.away = true;
  EXPECT_THAT(loop.run_until_done(find_volume_drivers(engine, "/nowhere")), ElementsAre("local"));
  EXPECT_TRUE(log.contains("volume plugins"));
}

}  // namespace
}  // namespace ecs::agent
