#include "base/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <system_error>

namespace ecs::base {
namespace {

namespace fs = std::filesystem;

class File : public ::testing::Test {
 protected:
  File() : dir_((fs::path(::testing::TempDir()) / "file_test.XXXXXX").string()) {
    if (::mkdtemp(dir_.data()) == nullptr) throw std::runtime_error("mkdtemp");
  }
  ~File() override { fs::remove_all(dir_); }
  [[nodiscard]] fs::path at(const char* name) const { return fs::path(dir_) / name; }

 private:
  std::string dir_;
};

TEST_F(File, WritesWholeWithModeWhateverTheUmask) {
  const mode_t old = ::umask(077);
  write_file_atomically(at("a"), "one", 0644);
  ::umask(old);
  EXPECT_EQ(read_file(at("a")), "one");
  struct stat status{};
  ASSERT_EQ(::stat(at("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0644U);
}

TEST_F(File, ReplacesAndLeavesNothingBehind) {
  write_file_atomically(at("a"), std::string(100000, 'x'), 0600);
  write_file_atomically(at("a"), "", 0600);
  EXPECT_EQ(read_file(at("a")), "");
  EXPECT_EQ(std::distance(fs::directory_iterator(at("")), fs::directory_iterator()), 1);
}

TEST_F(File, FailureKeepsTheOldContent) {
  fs::create_directory(at("d"));
  write_file_atomically(at("d/inner"), "x", 0600);
  EXPECT_THROW(write_file_atomically(at("d"), "new", 0600), std::system_error);  // a directory stands in the way
  EXPECT_EQ(read_file(at("d/inner")), "x");
  EXPECT_EQ(std::distance(fs::directory_iterator(at("")), fs::directory_iterator()), 1);
}

TEST_F(File, ErrorsNameThePath) {
  EXPECT_EQ(read_file(at("none")), std::nullopt);
  EXPECT_EQ(read_file(at("none/deeper")), std::nullopt);
  try {
    static_cast<void>(read_file(at("")));
    FAIL();
  } catch (const std::system_error& e) {
    EXPECT_NE(std::string(e.what()).find("file_test"), std::string::npos) << e.what();
  }
  EXPECT_THROW(write_file_atomically(at("none/a"), "x", 0600), std::system_error);
}

TEST_F(File, FdClosesOnce) {
  const auto open = [](int fd) { return ::fcntl(fd, F_GETFD) != -1; };
  Fd a(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = a.get();
  Fd b(std::move(a));
  EXPECT_FALSE(a.valid());  // NOLINT: moved from on purpose
  EXPECT_TRUE(open(number));
  Fd c(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  c = std::move(b);
  EXPECT_EQ(c.get(), number);
  EXPECT_EQ(c.release(), number);
  EXPECT_TRUE(open(number));
  c = Fd(number);
  c.reset();
  EXPECT_FALSE(open(number));
}

}  // namespace
}  // namespace ecs::base
