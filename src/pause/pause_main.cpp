// The process of a pause container: it only lives, so that its namespaces do. Where containers share its process
// namespace it is their init, so it collects whatever ends there. Ends at SIGTERM and SIGINT.
//
// No library: system calls only. Blocked signals reach even process 1, which ignores others that it does not handle.

namespace {

#if defined(__x86_64__)
enum Call : long { kSigprocmask = 14, kSigtimedwait = 128, kWait = 61, kExit = 231 };

long call(long number, long a, long b, long c, long d) {
  long result = 0;
  register long fourth asm("r10") = d;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum Call : long { kSigprocmask = 135, kSigtimedwait = 137, kWait = 260, kExit = 94 };

long call(long number, long a, long b, long c, long d) {
  register long nr asm("x8") = number;
  register long first asm("x0") = a;
  register long second asm("x1") = b;
  register long third asm("x2") = c;
  register long fourth asm("x3") = d;
  asm volatile("svc 0" : "+r"(first) : "r"(nr), "r"(second), "r"(third), "r"(fourth) : "memory");
  return first;
}
#else
#error "pause: this machine's system calls are not known here"
#endif

constexpr long kBlock = 0;  // SIG_BLOCK
constexpr long kMaskSize = 8;
constexpr long kNoHang = 1;  // WNOHANG
constexpr long kInterrupt = 2;
constexpr long kTerminate = 15;
constexpr long kChild = 17;

}  // namespace

extern "C" [[noreturn]] void pause_start() {
  unsigned long all = ~0UL;
  const long mask = reinterpret_cast<long>(&all);
  call(kSigprocmask, kBlock, mask, 0, kMaskSize);
  while (true) {
    const long signal = call(kSigtimedwait, mask, 0, 0, kMaskSize);
    if (signal == kInterrupt || signal == kTerminate) call(kExit, 0, 0, 0, 0);
    if (signal != kChild) continue;
    while (call(kWait, -1, 0, kNoHang, 0) > 0) {
    }
  }
}
