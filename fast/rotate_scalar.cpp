// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "fast/half.h"
#include "fast/rotate.h"

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

// Multiplying by `sign` is exact, so one expression serves both directions. The difference x c - y
// s is written as a sum: GCC 12 with -mfma fuses a difference beside a sum into vfmaddsub even
// under -ffp-contract=off.
template <class Format, bool neox>
void rotate_head(const typename Format::Element* input, typename Format::Element* output,
                 const typename Format::Real* cos, const typename Format::Real* sin,
                 std::ptrdiff_t pairs, typename Format::Real sign) {
  using Real = typename Format::Real;
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
void rotate_all(const RotateJob& job) {
  using Element = typename Format::Element;
  using Real = typename Format::Real;
  const std::ptrdiff_t pairs = job.rotary_dim / 2;
  const std::size_t tail =
      static_cast<std::size_t>(job.head_dim - job.rotary_dim) * sizeof(Element);
  const Real sign = job.adjoint ? -1 : 1;
  for (int token = 0; token < job.tokens; ++token) {
    for (const JobTensor& tensor : job.tensors) {
      const bool copy_tail = tail != 0 && tensor.input != tensor.output;
      for (const Run* run = job.runs; run != job.runs + job.run_count; ++run) {
        const Real* cos = static_cast<const Real*>(job.rows[token * job.rows_per_token + run->row]);
        const int first = run->first * tensor.group, count = run->count * tensor.group;
        for (int head = first; head < first + count; ++head) {
          const Element* in = static_cast<const Element*>(tensor.input) +
                              token * tensor.input_token + head * tensor.input_head;
          Element* out = static_cast<Element*>(tensor.output) + token * tensor.output_token +
                         head * tensor.output_head;
          rotate_head<Format, neox>(in, out, cos, cos + job.sin_offset, pairs, sign);
          if (copy_tail) std::memcpy(out + job.rotary_dim, in + job.rotary_dim, tail);
        }
      }
    }
  }
}

template <class Format>
void rotate_as(const RotateJob& job) {
  job.neox ? rotate_all<Format, true>(job) : rotate_all<Format, false>(job);
}

}  // namespace

void rotate_scalar(const RotateJob& job) noexcept {
  switch (job.storage) {
    case Storage::f64:
      return rotate_as<F64>(job);
    case Storage::f32:
      return rotate_as<F32>(job);
    case Storage::bf16:
      return rotate_as<Bf16>(job);
    case Storage::f16:
      return rotate_as<F16>(job);
  }
}

}  // namespace plumbline::fast
