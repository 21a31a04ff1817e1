#include "base/time_text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ecs::base {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kTime{1763798433s + 123456789ns};

TEST(TimeText, WritesTheFormsOfTheWires) {
  EXPECT_EQ(rfc3339(kTime), "2025-11-22T08:00:33Z");
  EXPECT_EQ(rfc3339_nano(kTime), "2025-11-22T08:00:33.123456789Z");
  EXPECT_EQ(rfc3339_nano(WallTime(1763798433s + 120ms)), "2025-11-22T08:00:33.12Z");
  EXPECT_EQ(rfc3339_nano(WallTime(1763798433s)), "2025-11-22T08:00:33Z");
  EXPECT_EQ(amz_date(kTime), "20251122T080033Z");
  EXPECT_EQ(rfc3339(WallTime(-1ns)), "1969-12-31T23:59:59Z");
}

TEST(TimeText, ReadsRfc3339) {
  EXPECT_EQ(parse_rfc3339("2025-11-22T08:00:33.123456789Z"), kTime);
  EXPECT_EQ(parse_rfc3339("2025-11-22T09:30:33.1234567891+01:30"), kTime);
  EXPECT_EQ(parse_rfc3339("2025-11-21T23:00:33-09:00"), WallTime(1763798433s));
  EXPECT_EQ(parse_rfc3339("2024-02-29T00:00:00Z"), WallTime(1709164800s));
}

TEST(TimeText, RefusesWhatIsNoRfc3339) {
  for (const char* text :
       {"", "2025-11-22", "2025-11-22 08:00:33Z", "2025-11-22T08:00:33", "2025-13-22T08:00:33Z", "2023-02-29T00:00:00Z",
        "2025-11-22T24:00:00Z", "2025-11-22T08:60:00Z", "2025-11-22T08:00:60Z", "2025-11-22T08:00:33.Z",
        "2025-11-22T08:00:33Zx", "2025-11-22T08:00:33+1:00", "2025-11-22T08:00:33+24:00", "0001-01-01T00:00:00Z",
        "+025-11-22T08:00:33Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(TimeText, EpochSecondsKeepMilliseconds) {
  EXPECT_EQ(epoch_seconds(kTime), 1763798433.123);
  EXPECT_EQ(from_epoch_seconds(1763798433.123), WallTime(1763798433s + 123ms));
  EXPECT_EQ(from_epoch_seconds(std::numeric_limits<double>::infinity()), WallTime(9'200'000'000s));
  EXPECT_EQ(from_epoch_seconds(std::numeric_limits<double>::quiet_NaN()), WallTime(-9'200'000'000s));
}

TEST(GoDuration, WritesGosForm) {
  EXPECT_EQ(go_duration(0s), "0s");
  EXPECT_EQ(go_duration(1ns), "1ns");
  EXPECT_EQ(go_duration(1100ns), "1.1\u00b5s");
  EXPECT_EQ(go_duration(250ms), "250ms");
  EXPECT_EQ(go_duration(1500ms), "1.5s");
  EXPECT_EQ(go_duration(4min), "4m0s");
  EXPECT_EQ(go_duration(1h), "1h0m0s");
  EXPECT_EQ(go_duration(-(1h + 2min + 3s + 4ms)), "-1h2m3.004s");
  EXPECT_EQ(go_duration(Duration::max()), "2562047h47m16.854775807s");
  EXPECT_EQ(go_duration(Duration::min()), "-2562047h47m16.854775808s");
}

TEST(GoDuration, ReadsGosGrammar) {
  EXPECT_EQ(parse_go_duration("0"), 0s);
  EXPECT_EQ(parse_go_duration("-0"), 0s);
  EXPECT_EQ(parse_go_duration("5s"), 5s);
  EXPECT_EQ(parse_go_duration("+1h2m3s"), 1h + 2min + 3s);
  EXPECT_EQ(parse_go_duration("-1.5h"), -90min);
  EXPECT_EQ(parse_go_duration(".5s"), 500ms);
  EXPECT_EQ(parse_go_duration("1.s"), 1s);
  EXPECT_EQ(parse_go_duration("1us"), 1us);
  EXPECT_EQ(parse_go_duration("1\u00b5s"), 1us);
  EXPECT_EQ(parse_go_duration("1\u03bcs"), 1us);
  EXPECT_EQ(parse_go_duration("0.100000000000000000000h"), 6min);
  EXPECT_EQ(parse_go_duration("-9223372036854775808ns"), Duration::min());
}

TEST(GoDuration, RefusesTheRest) {
  for (const char* text : {"", "10", "1d", "s", ".s", "-", "+", " 1s", "1s ", "1 s", "1h2", "--1s", "1S",
                           "9223372036854775808ns", "3000000h", "99999999999999999999s", "9223372036854775807ns1ns"}) {
    EXPECT_FALSE(parse_go_duration(text)) << text;
  }
}

TEST(GoDuration, RoundTrips) {
  for (const Duration d : {Duration(1), Duration(999), Duration(1'000), Duration(123'456'789),
                           Duration(-61'000'000'001), Duration::min(), Duration::max(), Duration(86'400'000'000'000)}) {
    EXPECT_EQ(parse_go_duration(go_duration(d)), d);
  }
}

}  // namespace
}  // namespace ecs::base
