#include "pause/image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "base/text.hpp"
#include "json/value.hpp"
#include "pause/program.hpp"

namespace ecs::pause {
namespace {

using ::testing::StartsWith;

/// The content of a file of a tar archive.
std::string file_of(const std::string& archive, const std::string& name) {
  for (std::size_t at = 0; at + 512 <= archive.size() && archive[at] != '\0';) {
    const std::string entry = archive.c_str() + at;
    const std::size_t size = std::stoul(archive.substr(at + 124, 11), nullptr, 8);
    if (entry == name) return archive.substr(at + 512, size);
    at += 512 + (size + 511) / 512 * 512;
  }
  return "";
}

TEST(PauseImage, IsAnArchiveThatNamesItsLayer) {
  const std::string archive = image_archive();
  EXPECT_EQ(archive.size() % 512, 0U);
  const auto manifest = json::parse(file_of(archive, "manifest.json"));
  EXPECT_EQ(manifest.at(0).at("RepoTags").at(0), "amazon/amazon-ecs-pause:0.1.0");
  const std::string layer = file_of(archive, "layer.tar");
  const auto config = json::parse(file_of(archive, "config.json"));
  EXPECT_EQ(config.at("rootfs").at("diff_ids").at(0).as_string(), "sha256:" + base::sha256_hex(layer));
  EXPECT_EQ(config.at("config").at("Entrypoint").at(0), "/pause");
  EXPECT_EQ(file_of(layer, "pause"), program());
  EXPECT_EQ(archive, image_archive());
}

TEST(PauseImage, TheProgramIsSmallAndStatic) {
  EXPECT_THAT(std::string(program()), StartsWith("\x7f"
                                                 "ELF"));
  EXPECT_LT(program().size(), 20000U);
  EXPECT_EQ(program().find("/lib"), std::string_view::npos);
}

TEST(PauseImage, TarReadsIt) {
  const std::string path = ::testing::TempDir() + "pause.tar";
  std::ofstream(path, std::ios::binary) << image_archive();
  EXPECT_EQ(std::system(("tar -tf " + path + " >/dev/null").c_str()), 0);
}

}  // namespace
}  // namespace ecs::pause
