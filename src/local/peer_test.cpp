#include "local/peer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace ecs::local {
namespace {

constexpr const char* kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:C9D6 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 12345 1\n"
    "   1: 0100007F:1F90 0100007F:C9D6 01 00000000:00000000 00:00000000 00000000     0        0 12346 1\n"
    "   2: short\n";

TEST(Peer, IsFoundByItsOwnEndOfTheConnection) {
  EXPECT_EQ(find_user(kTable, "127.0.0.1:51670"), 1000U);
  EXPECT_EQ(find_user(kTable, "127.0.0.1:8080"), 0U);
  EXPECT_EQ(find_user(kTable, "127.0.0.1:1"), std::nullopt);
  EXPECT_EQ(find_user(kTable, "nonsense"), std::nullopt);
  EXPECT_EQ(find_user(kTable, "127.0.0.1:x"), std::nullopt);
  EXPECT_EQ(find_user("", "127.0.0.1:8080"), std::nullopt);
}

TEST(Peer, ThisUserAndRootMayCome) {
  EXPECT_TRUE(allowed_users().contains(0));
  EXPECT_TRUE(allowed_users().contains(::geteuid()));
}

TEST(Peer, OnlyLoopbackNamesAreAnswered) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:51670", "localhost:1", "[::1]:80", "[::1]"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"", "example.com", "127.0.0.1.example.com:80", "10.0.0.1:80"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace
}  // namespace ecs::local
