// What XLA calls: checks what it is given, cuts the work into parts, and lets XLA's own threads take them in turn.
#if defined(JAX_SLIM_X86)
#include <cpuid.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "kernels.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace jax_slim {
namespace {

// Floats of inputs that a part takes, so that they stay in a core's cache while all filters pass over them.
constexpr int64_t kFloatsOfAPart = 64 << 10;
// Products below which a second thread takes longer to wake than to help.
constexpr int64_t kProductsForThreads = 500'000;
constexpr int64_t kPartsOfAThread = 4;

#if defined(JAX_SLIM_X86)
// What processor and operating system offer, read from them: __builtin_cpu_supports says no to everything where zig is the
// compiler (findings/zig_cpu_supports_nothing.sh).
bool offered(const Kernels& kernels) {
  unsigned a, b, c, d, state, high;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  const bool fma = c >> 12 & 1, states_are_told = c >> 27 & 1;
  if (!fma || !states_are_told || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  asm("xgetbv" : "=a"(state), "=d"(high) : "c"(0));  // which registers the system keeps for each thread
  const bool avx2 = b >> 5 & 1 && (state & 0x06) == 0x06;
  const bool f = b >> 16 & 1, dq = b >> 17 & 1, bw = b >> 30 & 1, vl = b >> 31 & 1;
  return &kernels == &kernels_avx512 ? avx2 && f && dq && bw && vl && (state & 0xe6) == 0xe6 : avx2;
}
#endif

bool runs_here(const Kernels& kernels) {
#if defined(JAX_SLIM_X86)
  if (&kernels != &kernels_plain) return offered(kernels);
#endif
  return true;
}

// Best first.
const Kernels* const kKinds[] = {
#if defined(JAX_SLIM_X86)
    &kernels_avx512, &kernels_avx2,
#endif
    &kernels_plain};

const Kernels* best() {
  for (const Kernels* kernels : kKinds)
    if (runs_here(*kernels)) return kernels;
  return &kernels_plain;
}

std::atomic<const Kernels*>& chosen() {
  static std::atomic<const Kernels*> kernels{best()};
  return kernels;
}

// The parts of one operation, which threads take one after the other.
template <typename Run>
struct Work {
  Run run;
  int64_t total;
  std::atomic<int64_t> next{0}, done{0};

  Work(Run run, int64_t total) : run(std::move(run)), total(total) {}

  void take() {
    for (int64_t index; (index = next.fetch_add(1)) < total;) {
      run(index);
      if (done.fetch_add(1) + 1 == total) done.notify_one();
    }
  }

  // For others, a moment awake, as they have one part each at most; then asleep, so that whoever works gets the core.
  void wait() {
    for (int turn = 0; turn < 2000; ++turn) {
      if (done.load() == total) return;
#if defined(JAX_SLIM_X86)
      __builtin_ia32_pause();
#endif
    }
    for (int64_t now; (now = done.load()) != total;) done.wait(now);
  }
};

template <typename Run>
void in_parts(ffi::ThreadPool& pool, int64_t threads, int64_t total, Run run) {
  if (threads <= 1 || total <= 1) {
    for (int64_t index = 0; index < total; ++index) run(index);
    return;
  }
  // Shared, because a thread that comes too late still has to see that nothing is left.
  auto work = std::make_shared<Work<Run>>(std::move(run), total);
  for (int64_t helper = 1; helper < std::min(threads, total); ++helper) pool.Schedule([work] { work->take(); });
  work->take();
  work->wait();
}

int64_t ceil(int64_t number, int64_t by) { return (number + by - 1) / by; }

// Windows out of shapes and of [height, width, stride_y, stride_x, rate_y, rate_x, top, left].
ffi::Error read(ffi::AnyBuffer::Dimensions in, ffi::AnyBuffer::Dimensions out, ffi::Span<const int64_t> numbers,
                Windows* w) {
  if (in.size() != 4 || out.size() != 4 || numbers.size() != 8 || in[0] != out[0])
    return ffi::Error::InvalidArgument("jax_slim: not the shapes of images");
  *w = {in[0], in[1], in[2], out[1], out[2], numbers[0], numbers[1], numbers[2],
        numbers[3], numbers[4], numbers[5], numbers[6], numbers[7]};
  if (w->height < 1 || w->width < 1 || w->stride_y < 1 || w->stride_x < 1 || w->rate_y < 1 || w->rate_x < 1 ||
      w->top < 0 || w->left < 0)
    return ffi::Error::InvalidArgument("jax_slim: no such windows");
  return ffi::Error::Success();
}

ffi::Error check(const char* what, int64_t got, int64_t wanted) {
  if (got == wanted) return ffi::Error::Success();
  return ffi::Error::InvalidArgument(std::string("jax_slim: ") + what + " has " + std::to_string(got) +
                                     " elements, not " + std::to_string(wanted));
}

// The arrays and limits of a `Convolution` or a `Depthwise`; there may be a shortcut among `more`.
template <typename Operation>
ffi::Error read_arrays(ffi::Buffer<ffi::F32> in, ffi::Buffer<ffi::F32> weights, ffi::Buffer<ffi::F32> bias,
                       ffi::RemainingArgs more, ffi::Result<ffi::Buffer<ffi::F32>> out, float low, float high,
                       Operation* operation) {
  operation->in = in.typed_data(), operation->weights = weights.typed_data(), operation->bias = bias.typed_data();
  operation->out = out->typed_data(), operation->low = low, operation->high = high, operation->shortcut = nullptr;
  if (more.size() == 0) return ffi::Error::Success();
  auto shortcut = more.get<ffi::Buffer<ffi::F32>>(0);
  if (!shortcut.has_value()) return shortcut.error();
  operation->shortcut = shortcut->typed_data();
  return check("the shortcut", shortcut->element_count(), out->element_count());
}

int64_t threads_for(int64_t products, const ffi::ThreadPool& pool) {
  return products < kProductsForThreads ? 1 : std::max<int64_t>(1, pool.num_threads());
}

ffi::Error Convolve(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Buffer<ffi::F32> weights,
                    ffi::Buffer<ffi::F32> bias, ffi::RemainingArgs more, ffi::Result<ffi::Buffer<ffi::F32>> out,
                    ffi::Span<const int64_t> windows, float low, float high) {
  Convolution c;
  Windows& w = c.windows;
  if (auto error = read(in.dimensions(), out->dimensions(), windows, &w); error.failure()) return error;
  if (out->element_count() == 0) return ffi::Error::Success();
  const Kernels& kernels = *chosen().load();
  c.channels = in.dimensions()[3], c.filters = out->dimensions()[3];
  if (auto error = read_arrays(in, weights, bias, more, out, low, high, &c); error.failure()) return error;
  const int64_t length = w.height * w.width * c.channels, panel = 2 * kernels.lanes;
  const int64_t padded = ceil(c.filters, kernels.lanes) * kernels.lanes;
  if (auto error = check("weights", weights.element_count(), padded * length); error.failure()) return error;
  if (auto error = check("bias", bias.element_count(), c.filters); error.failure()) return error;

  const bool pixels = w.height == 1 && w.width == 1 && w.stride_y == 1 && w.stride_x == 1 && w.top == 0 &&
                      w.left == 0 && w.in_height == w.out_height && w.in_width == w.out_width;
  if (pixels) {  // all images are one row
    w.in_width = w.out_width = w.images * w.in_height * w.in_width;
    w.in_height = w.out_height = w.images = 1;
  }
  const int64_t products = w.images * w.out_height * w.out_width * c.filters * length;
  const int64_t threads = threads_for(products, pool);
  const int64_t wanted = threads == 1 ? 1 : threads * kPartsOfAThread;
  int64_t rows = 1, columns = w.out_width;  // of a part
  if (pixels) {
    const int64_t most = std::max<int64_t>(24, kFloatsOfAPart / c.channels / 24 * 24);
    columns = std::min(most, std::max<int64_t>(24, ceil(ceil(w.out_width, wanted), 12) * 12));
  } else {
    const int64_t row = w.in_width * c.channels * w.stride_y;
    rows = std::clamp<int64_t>(kFloatsOfAPart / std::max<int64_t>(row, 1), 1, w.out_height);
    while (rows > 2 && w.images * ceil(w.out_height, rows) < wanted) rows = ceil(rows, 2);
  }
  const int64_t down = ceil(w.out_height, rows), across = ceil(w.out_width, columns);
  const int64_t panels = ceil(c.filters, panel);
  const int64_t groups = std::clamp<int64_t>(ceil(wanted, w.images * down * across), 1, panels);
  // Of this call alone, but as long as a thread that comes late.
  auto starved = std::make_shared<std::atomic<bool>>(false);
  in_parts(pool, threads, w.images * down * across * groups, [=, &kernels](int64_t index) {
    const int64_t group = index % groups, place = index / groups;
    const int64_t x = place % across * columns, y = place / across % down * rows;
    const Part part{place / across / down, y, std::min(y + rows, c.windows.out_height), x,
                    std::min(x + columns, c.windows.out_width), group * panels / groups * panel,
                    std::min((group + 1) * panels / groups * panel, c.filters)};
    if (!kernels.convolve(c, part)) starved->store(true);
  });
  return starved->load() ? ffi::Error(ffi::ErrorCode::kResourceExhausted, "jax_slim: no memory for padded rows")
                         : ffi::Error::Success();
}

ffi::Error ConvolveByChannel(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Buffer<ffi::F32> weights,
                             ffi::Buffer<ffi::F32> bias, ffi::RemainingArgs more,
                             ffi::Result<ffi::Buffer<ffi::F32>> out, ffi::Span<const int64_t> windows, float low,
                             float high) {
  Depthwise d;
  const Windows& w = d.windows;
  if (auto error = read(in.dimensions(), out->dimensions(), windows, &d.windows); error.failure()) return error;
  if (out->element_count() == 0) return ffi::Error::Success();
  d.channels = in.dimensions()[3];
  if (auto error = check("weights", weights.element_count(), w.height * w.width * d.channels); error.failure())
    return error;
  if (auto error = check("bias", bias.element_count(), d.channels); error.failure()) return error;
  if (auto error = check("the last axis", out->dimensions()[3], d.channels); error.failure()) return error;
  if (auto error = read_arrays(in, weights, bias, more, out, low, high, &d); error.failure()) return error;
  const Kernels& kernels = *chosen().load();
  const int64_t products = out->element_count() * w.height * w.width;
  const int64_t threads = threads_for(products, pool);
  const int64_t wanted = threads == 1 ? w.images : threads * kPartsOfAThread;
  const int64_t rows = std::max<int64_t>(1, w.out_height / ceil(wanted, w.images));
  const int64_t down = ceil(w.out_height, rows);
  in_parts(pool, threads, w.images * down, [=, &kernels](int64_t index) {
    const int64_t y = index % down * rows;
    kernels.convolve_by_channel(
        d, Part{index / down, y, std::min(y + rows, d.windows.out_height), 0, d.windows.out_width, 0, 0});
  });
  return ffi::Error::Success();
}

}  // namespace
}  // namespace jax_slim

#define JAX_SLIM_BINDING                  \
  ffi::Ffi::Bind()                        \
      .Ctx<ffi::ThreadPool>()             \
      .Arg<ffi::Buffer<ffi::F32>>()       \
      .Arg<ffi::Buffer<ffi::F32>>()       \
      .Arg<ffi::Buffer<ffi::F32>>()       \
      .RemainingArgs()                    \
      .Ret<ffi::Buffer<ffi::F32>>()       \
      .Attr<ffi::Span<const int64_t>>("windows") \
      .Attr<float>("low")                 \
      .Attr<float>("high")

XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve, jax_slim::Convolve, JAX_SLIM_BINDING);
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve_by_channel, jax_slim::ConvolveByChannel, JAX_SLIM_BINDING);

extern "C" int64_t jax_slim_lanes() { return jax_slim::chosen().load()->lanes; }

extern "C" const char* jax_slim_instructions() { return jax_slim::chosen().load()->name; }

// Takes other kernels than the best that run here; false where they do not. Weights are to be arranged anew then.
extern "C" bool jax_slim_choose(const char* name) {
  for (const jax_slim::Kernels* kernels : jax_slim::kKinds) {
    if (std::strcmp(kernels->name, name) || !jax_slim::runs_here(*kernels)) continue;
    jax_slim::chosen().store(kernels);
    return true;
  }
  return false;
}
