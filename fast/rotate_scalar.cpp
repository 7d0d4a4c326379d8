// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "fast/fast.h"
#include "fast/half.h"

namespace plumbline::fast {
namespace {

// How an element is stored, and the type Real in which products are formed.
struct F64 {
  using Element = double;
  using Real = double;
  static Real load(Element x) { return x; }
  static Element store(Real x) { return x; }
};
struct F32 {
  using Element = float;
  using Real = float;
  static Real load(Element x) { return x; }
  static Element store(Real x) { return x; }
};
struct Bf16 {
  using Element = std::uint16_t;
  using Real = float;
  static Real load(Element x) { return from_bf16(x); }
  static Element store(Real x) { return to_bf16(x); }
};
struct F16 {
  using Element = std::uint16_t;
  using Real = float;
  static Real load(Element x) { return from_f16(x); }
  static Element store(Real x) { return to_f16(x); }
};

const float* table(const RotaryPlan& plan, float /*tag*/) { return plan.cos_sin_cache.data(); }
const double* table(const RotaryPlan& plan, double /*tag*/) {
  return plan.cos_sin_cache_f64.data();
}

// Multiplying by `sign` is exact, so one expression serves both directions. The difference x c - y
// s is written as a sum: GCC 12 with -mfma fuses a difference beside a sum into vfmaddsub even
// under -ffp-contract=off.
template <class Format, bool neox>
void rotate_head(const typename Format::Element* input, typename Format::Element* output,
                 const typename Format::Real* cos, std::ptrdiff_t pairs,
                 typename Format::Real sign) {
  using Real = typename Format::Real;
  const typename Format::Real* sin = cos + pairs;
  for (std::ptrdiff_t i = 0; i < pairs; ++i) {
    const std::ptrdiff_t first = neox ? i : 2 * i;
    const std::ptrdiff_t second = neox ? i + pairs : 2 * i + 1;
    const Real x = Format::load(input[first]);
    const Real y = Format::load(input[second]);
    const Real c = cos[i];
    const Real s = sign * sin[i];
    const Real minus_s = -sign * sin[i];
    output[first] = Format::store(x * c + y * minus_s);
    output[second] = Format::store(y * c + x * s);
  }
}

template <class Format, bool neox>
void rotate_all(const RotaryPlan& plan, int heads, const ConstView& input, const View& output,
                Direction direction) {
  using Element = typename Format::Element;
  using Real = typename Format::Real;
  const std::ptrdiff_t pairs = plan.rotary_dim / 2;
  const std::ptrdiff_t maps = plan.maps;
  const std::ptrdiff_t heads_per_map = heads / maps;
  const std::size_t tail =
      static_cast<std::size_t>(plan.head_dim - plan.rotary_dim) * sizeof(Element);
  const bool copy_tail = tail != 0 && input.data != output.data;
  const Real sign = direction == Direction::adjoint ? -1 : 1;
  const Real* cos = table(plan, Real());
  for (int token = 0; token < plan.tokens; ++token) {
    const Element* in = static_cast<const Element*>(input.data) + token * input.token_stride;
    Element* out = static_cast<Element*>(output.data) + token * output.token_stride;
    for (int head = 0; head < heads; ++head) {
      const Element* in_head = in + head * input.head_stride;
      Element* out_head = out + head * output.head_stride;
      rotate_head<Format, neox>(in_head, out_head, cos + head / heads_per_map * 2 * pairs, pairs,
                                sign);
      if (copy_tail) std::memcpy(out_head + plan.rotary_dim, in_head + plan.rotary_dim, tail);
    }
    cos += maps * 2 * pairs;
  }
}

template <class Format>
void rotate_as(const RotaryPlan& plan, int heads, const ConstView& input, const View& output,
               Direction direction) {
  if (plan.neox) {
    rotate_all<Format, true>(plan, heads, input, output, direction);
  } else {
    rotate_all<Format, false>(plan, heads, input, output, direction);
  }
}

}  // namespace

void rotate_scalar(const RotaryPlan& plan, Storage storage, int heads, const ConstView& input,
                   const View& output, Direction direction) noexcept {
  switch (storage) {
    case Storage::f64:
      return rotate_as<F64>(plan, heads, input, output, direction);
    case Storage::f32:
      return rotate_as<F32>(plan, heads, input, output, direction);
    case Storage::bf16:
      return rotate_as<Bf16>(plan, heads, input, output, direction);
    case Storage::f16:
      return rotate_as<F16>(plan, heads, input, output, direction);
  }
}

}  // namespace plumbline::fast
