#include "agent/host.hpp"

#include <gtest/gtest.h>

namespace ecs::agent {
namespace {

TEST(Host, MemoryIsMemTotalInWholeMebibytes) {
  EXPECT_EQ(memory_mib("MemFree:  1 kB\nMemTotal:       24689312 kB\nMemFree:        1 kB\n"), 24110);
  EXPECT_EQ(memory_mib("MemFree: 1 kB\n"), 0);
  EXPECT_EQ(memory_mib(""), 0);
}

TEST(Host, OptimizedCpuNeedsAllFourFlagsAsWholeWords) {
  EXPECT_TRUE(has_optimized_cpu("processor\t: 0\nflags\t\t: fpu avx sse4_1 sse4_2 avx2\n"));
  EXPECT_FALSE(has_optimized_cpu("flags\t\t: fpu avx512 sse4_1 sse4_2 avx2\n"));
  EXPECT_FALSE(has_optimized_cpu(""));
}

TEST(Host, ThisProcessMayUseACpu) { EXPECT_GE(usable_cpus(), 1); }

}  // namespace
}  // namespace ecs::agent
