// Why the build insists on clang: g++ 12 destroys the closure temporary of `co_await f([s] { ... })` twice, once at
// the end of the expression and once with the coroutine's frame, so that what it captured is freed twice.
#include <gtest/gtest.h>

#include <set>

#include "base/async.hpp"
#include "base/loop.hpp"

namespace ecs::base {
namespace {

/// Knows which of its instances live, so that a second destruction of one is seen and not only felt.
class Tracked {
 public:
  Tracked() { born(); }
  Tracked(const Tracked&) { born(); }
  Tracked(Tracked&&) noexcept { born(); }
  Tracked& operator=(const Tracked&) = delete;
  Tracked& operator=(Tracked&&) = delete;
  ~Tracked() {
    ++destructions;
    if (alive.erase(this) == 0) ++destroyed_twice;
  }

  static void reset() {
    alive.clear();
    constructions = destructions = destroyed_twice = 0;
  }

  static inline std::set<const Tracked*> alive;
  static inline int constructions = 0;
  static inline int destructions = 0;
  static inline int destroyed_twice = 0;

 private:
  void born() {
    ++constructions;
    alive.insert(this);
  }
};

template <class F>
Async<int> call(F function) {
  co_return function();
}

template <class F>
Async<int> call_reference(const F& function) {
  co_return function();
}

Async<int> by_value() {
  const Tracked tracked;
  co_return co_await call([tracked] { return static_cast<int>(Tracked::alive.contains(&tracked)); });
}

Async<int> by_reference() {
  const Tracked tracked;
  co_return co_await call_reference([tracked] { return static_cast<int>(Tracked::alive.contains(&tracked)); });
}

Async<int> erased() {
  const Tracked tracked;
  const auto use = [](std::function<int()> function) -> Async<int> { co_return function(); };
  co_return co_await use([tracked] { return static_cast<int>(Tracked::alive.contains(&tracked)); });
}

class Compiler : public ::testing::TestWithParam<Async<int> (*)()> {};

TEST_P(Compiler, DestroysAClosureTemporaryOnce) {
  Tracked::reset();
  Loop loop;
  EXPECT_EQ(loop.run_until_done(GetParam()()), 1) << "the closure's capture was dead when the closure ran";
  EXPECT_GE(Tracked::constructions, 2);
  EXPECT_EQ(Tracked::destructions, Tracked::constructions);
  EXPECT_EQ(Tracked::destroyed_twice, 0);
  EXPECT_TRUE(Tracked::alive.empty());
}

INSTANTIATE_TEST_SUITE_P(Closures, Compiler, ::testing::Values(&by_value, &by_reference, &erased));

}  // namespace
}  // namespace ecs::base
