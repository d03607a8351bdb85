// What XLA calls for convolutions of narrow numbers.
#include "calls.h"
#include "choosing.h"
#include "narrow.h"

namespace jax_slim {
namespace {

Choice<NarrowKernels>& choice() {
  static Choice<NarrowKernels> choice({
#if defined(JAX_SLIM_X86)
      {&narrow_amx, processor().amx}, {&narrow_avx512bf16, processor().avx512bf16},
      {&narrow_avx512vnni, processor().avx512vnni}, {&narrow_avx512, processor().avx512},
      {&narrow_avx2, processor().avx2},
#endif
      {&narrow_plain, true},
  });
  return choice;
}

// Reads the arrays that all kinds of numbers have. Whoever called has looked at their shapes with `read`.
ffi::Error read_arrays(ffi::AnyBuffer in, ffi::Buffer<ffi::S8> weights, ffi::Buffer<ffi::F32> bias,
                       ffi::RemainingArgs more, ffi::Result<ffi::AnyBuffer> out, bool bytes, bool excitation,
                       Narrow* c) {
  c->channels = in.dimensions()[3], c->filters = out->dimensions()[3];
  if (auto error = check("bias", bias.element_count(), c->filters); error.failure()) return error;
  const ffi::DataType narrow = bytes ? ffi::U8 : ffi::BF16;
  const bool narrow_in = in.element_type() == narrow, narrow_out = out->element_type() == narrow;
  if ((!narrow_in && in.element_type() != ffi::F32) || (!narrow_out && out->element_type() != ffi::F32))
    return ffi::Error::InvalidArgument("jax_slim: neither float32 nor what is multiplied");
  c->in = narrow_in ? nullptr : static_cast<const float*>(in.untyped_data());
  c->in_bytes = narrow_in ? static_cast<const uint8_t*>(in.untyped_data()) : nullptr;
  c->out = narrow_out ? nullptr : static_cast<float*>(out->untyped_data());
  c->out_bytes = narrow_out && bytes ? static_cast<uint8_t*>(out->untyped_data()) : nullptr;
  c->out_halves = narrow_out && !bytes ? static_cast<Half*>(out->untyped_data()) : nullptr;
  c->weights = reinterpret_cast<const uint8_t*>(weights.typed_data()), c->bias = bias.typed_data();
  if (auto error = read_shortcut(more, more.size() > excitation, bytes ? ffi::F32 : out->element_type(),
                                 out->element_count(), &c->shortcut);
      error.failure())
    return error;
  return read_excitation(more, excitation, c->windows, c->channels, &c->excitation);
}

// Reads what bytes have besides.
ffi::Error read_bytes(ffi::Buffer<ffi::F32> scale, ffi::Buffer<ffi::S32> start, ffi::Buffer<ffi::F32> bias,
                      ffi::Span<const float> rounding, float low, float high, Narrow* c) {
  if (rounding.size() != 4) return ffi::Error::InvalidArgument("jax_slim: not two steps and two zeros");
  c->scale = scale.typed_data(), c->start = start.typed_data();
  c->activation = {low, high, 0, 1, false};
  c->in_step = rounding[0], c->in_zero = rounding[1], c->out_step = rounding[2], c->out_zero = rounding[3];
  if (auto error = check("scale", scale.element_count(), bias.element_count()); error.failure()) return error;
  return check("start", start.element_count(), bias.element_count());
}

// A convolution of numbers of `size` bytes, by panels.
ffi::Error convolve(ffi::ThreadPool& pool, ffi::AnyBuffer in, ffi::Buffer<ffi::S8> weights, ffi::Buffer<ffi::F32> bias,
                    ffi::RemainingArgs more, ffi::Result<ffi::AnyBuffer> out, ffi::Span<const int64_t> windows,
                    int64_t size, bool excitation, bool (*kernel)(const Narrow&, const Part&), Narrow c) {
  Windows& w = c.windows;
  if (auto error = read(in.dimensions(), out->dimensions(), windows, &w); error.failure()) return error;
  if (out->element_count() == 0) return ffi::Error::Success();
  if (auto error = read_arrays(in, weights, bias, more, out, size == 1, excitation, &c); error.failure()) return error;
  const NarrowKernels& kernels = choice().get();
  const int64_t panel = 2 * kernels.lanes, bytes = size == 1 ? kernels.bytes : 4;
  const int64_t runs = w.rate_x > 1 ? w.height * w.width : w.height;
  const int64_t length = w.height * w.width * c.channels / runs * size;
  const int64_t wanted = ceil(c.filters, panel) * panel * runs * ceil(length, bytes) * bytes;
  if (auto error = check("weights", weights.element_count(), wanted); error.failure()) return error;
  return in_panels(pool, c, panel, 16, kernel);
}

ffi::Error ConvolveBytes(ffi::ThreadPool pool, ffi::AnyBuffer in, ffi::Buffer<ffi::S8> weights,
                         ffi::Buffer<ffi::F32> scale, ffi::Buffer<ffi::S32> start, ffi::Buffer<ffi::F32> bias,
                         ffi::RemainingArgs more, ffi::Result<ffi::AnyBuffer> out, ffi::Span<const int64_t> windows,
                         ffi::Span<const float> rounding, float low, float high) {
  Narrow c{};
  if (auto error = read_bytes(scale, start, bias, rounding, low, high, &c); error.failure()) return error;
  return convolve(pool, in, weights, bias, more, out, windows, 1, false, choice().get().convolve_bytes, c);
}

ffi::Error ConvolveBytesByChannel(ffi::ThreadPool pool, ffi::AnyBuffer in, ffi::Buffer<ffi::S8> weights,
                                  ffi::Buffer<ffi::F32> scale, ffi::Buffer<ffi::S32> start, ffi::Buffer<ffi::F32> bias,
                                  ffi::RemainingArgs more, ffi::Result<ffi::AnyBuffer> out,
                                  ffi::Span<const int64_t> windows, ffi::Span<const float> rounding, float low,
                                  float high) {
  Narrow c{};
  const Windows& w = c.windows;
  if (auto error = read_bytes(scale, start, bias, rounding, low, high, &c); error.failure()) return error;
  if (auto error = read(in.dimensions(), out->dimensions(), windows, &c.windows); error.failure()) return error;
  if (out->element_count() == 0) return ffi::Error::Success();
  if (auto error = read_arrays(in, weights, bias, more, out, true, false, &c); error.failure()) return error;
  if (auto error = check("the last axis", c.filters, c.channels); error.failure()) return error;
  const NarrowKernels& kernels = choice().get();
  const int64_t at_once = rows_at_once(w, kernels.bytes), filled = ceil(c.channels, kernels.lanes) * kernels.lanes;
  const int64_t wanted = at_once * ceil(w.height, kernels.bytes) * kernels.bytes * w.width * filled;
  if (auto error = check("weights", weights.element_count(), wanted); error.failure()) return error;
  return in_rows(pool, c, at_once, kernels.convolve_bytes_by_channel);
}

ffi::Error no_bfloat16() {
  return ffi::Error(ffi::ErrorCode::kUnimplemented, "jax_slim: no products of bfloat16 here");
}

ffi::Error ConvolveBfloat16(ffi::ThreadPool pool, ffi::AnyBuffer in, ffi::Buffer<ffi::S8> weights,
                            ffi::Buffer<ffi::F32> bias, ffi::RemainingArgs more, ffi::Result<ffi::AnyBuffer> out,
                            ffi::Span<const int64_t> windows, ffi::Span<const float> activation, bool excitation) {
  Narrow c{};
  c.in_step = c.out_step = 1;
  if (auto error = read(activation, &c.activation); error.failure()) return error;
  auto* kernel = choice().get().convolve_bfloat16;
  if (!kernel) return no_bfloat16();
  return convolve(pool, in, weights, bias, more, out, windows, 2, excitation, kernel, c);
}

bool float_or_half(ffi::AnyBuffer array) {
  return array.element_type() == ffi::F32 || array.element_type() == ffi::BF16;
}

ffi::Error ConvolveBfloat16ByChannel(ffi::ThreadPool pool, ffi::AnyBuffer in, ffi::Buffer<ffi::F32> weights,
                                     ffi::Buffer<ffi::F32> bias, ffi::RemainingArgs more,
                                     ffi::Result<ffi::AnyBuffer> out, ffi::Span<const int64_t> windows,
                                     ffi::Span<const float> activation) {
  auto* kernel = choice().get().convolve_bfloat16_by_channel;
  if (!kernel) return no_bfloat16();
  if (!float_or_half(in) || !float_or_half(*out))
    return ffi::Error::InvalidArgument("jax_slim: neither float32 nor bfloat16");
  const bool in_halves = in.element_type() == ffi::BF16, out_halves = out->element_type() == ffi::BF16;
  return by_channel(pool, in, weights, bias, more, *out, windows, activation,
                    [=](const Depthwise& d, const Part& part) { kernel(d, part, in_halves, out_halves); });
}

ffi::Error SumPixelsOfBfloat16(ffi::ThreadPool pool, ffi::Buffer<ffi::BF16> in,
                               ffi::Result<ffi::Buffer<ffi::F32>> out) {
  const NarrowKernels& kernels = choice().get();
  return kernels.sum_bfloat16 ? sum_pixels(pool, in, out, kernels.lanes, kernels.sum_bfloat16) : no_bfloat16();
}

}  // namespace
}  // namespace jax_slim

#define JAX_SLIM_BINDING                         \
  ffi::Ffi::Bind()                               \
      .Ctx<ffi::ThreadPool>()                    \
      .Arg<ffi::AnyBuffer>()                     \
      .Arg<ffi::Buffer<ffi::S8>>()               \
      .Arg<ffi::Buffer<ffi::F32>>()              \
      .Arg<ffi::Buffer<ffi::S32>>()              \
      .Arg<ffi::Buffer<ffi::F32>>()              \
      .RemainingArgs()                           \
      .Ret<ffi::AnyBuffer>()                     \
      .Attr<ffi::Span<const int64_t>>("windows") \
      .Attr<ffi::Span<const float>>("rounding")  \
      .Attr<float>("low")                        \
      .Attr<float>("high")

XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve_bytes, jax_slim::ConvolveBytes, JAX_SLIM_BINDING);
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve_bytes_by_channel, jax_slim::ConvolveBytesByChannel, JAX_SLIM_BINDING);
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve_bfloat16, jax_slim::ConvolveBfloat16,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::Buffer<ffi::S8>>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .RemainingArgs()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int64_t>>("windows")
                                  .Attr<ffi::Span<const float>>("activation")
                                  .Attr<bool>("excitation"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve_bfloat16_by_channel, jax_slim::ConvolveBfloat16ByChannel,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .RemainingArgs()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<ffi::Span<const int64_t>>("windows")
                                  .Attr<ffi::Span<const float>>("activation"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_sum_pixels_of_bfloat16, jax_slim::SumPixelsOfBfloat16,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::BF16>>()
                                  .Ret<ffi::Buffer<ffi::F32>>());

extern "C" int64_t jax_slim_narrow_lanes() { return jax_slim::choice().get().lanes; }

extern "C" int64_t jax_slim_narrow_bytes() { return jax_slim::choice().get().bytes; }

extern "C" bool jax_slim_has_bfloat16() { return jax_slim::choice().get().convolve_bfloat16 != nullptr; }

extern "C" const char* jax_slim_narrow_instructions() { return jax_slim::choice().get().name; }

// As `jax_slim_choose`.
extern "C" bool jax_slim_choose_narrow(const char* name) { return jax_slim::choice().take(name); }
