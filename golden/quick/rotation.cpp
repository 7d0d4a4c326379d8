// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/rotation.h"

#include <cstring>
#include <vector>

namespace plumbline::quick {
namespace {

// Of |x| + |y| and scale_of(): proof/rotation.g, 0x1.3p-99 + 2^-103, and proof/filter.g, 0x1.6p-51
// + 2^-52, are for operands up to 1; scaled by the power of two above the larger of |x| and |y|,
// that is at most twice as much of |x| + |y|. The roundings of bound * (|x| + |y|) fit in what is
// left.
constexpr double kRotationBound = 0x1p-97, kFilterBound = 0x1p-49;

// Lanes 2 i and 2 i + 1 of gptj pairs to i and i + n, or back.
template <std::size_t kSize>
void regroup(const std::byte* from, std::byte* to, int n, bool back) {
  for (int i = 0; i < n; ++i)
    for (const int lane : {0, 1}) {
      const auto apart = static_cast<std::size_t>(i + lane * n) * kSize,
                 together = static_cast<std::size_t>(2 * i + lane) * kSize;
      std::memcpy(to + (back ? together : apart), from + (back ? apart : together), kSize);
    }
}
void regroup(std::size_t bytes, const std::byte* from, std::byte* to, int n, bool back) {
  if (bytes == 8) return regroup<8>(from, to, n, back);
  if (bytes == 4) return regroup<4>(from, to, n, back);
  regroup<2>(from, to, n, back);
}

std::uint64_t load(const std::byte* from, std::ptrdiff_t bytes) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, from, static_cast<std::size_t>(bytes));
  return bits;
}

}  // namespace

Rotation::Rotation(const ResolvedSpectrum& spectrum)
    : spectrum_(&spectrum), scale_(scale_of(spectrum)) {}

TurnedPair Rotation::decide(int rung, const Rational& position, std::uint64_t x, std::uint64_t y,
                            bool adjoint, Dtype dtype) const {
  const bool still = position == 0 || spectrum_->never_turns(rung);
  return turn(
      x, y,
      [&] {
        const Interval speed = still ? enclose(Rational(0)) : spectrum_->inv_freq(rung);
        return cos_sin(enclose(position), speed, spectrum_->attention_factor());
      },
      still ? spectrum_->exact_attention_factor() : std::nullopt, adjoint, format_of_float(dtype),
      "a rotated pair that the quick rotation left open");
}

Count Rotation::rotate(const double* turns, const std::function<Rational(int)>& position_at,
                       const HeadsInOut& heads, bool adjoint, const Kernels& kernels) const {
  return rotate_row(
      {turns, spectrum_->rungs(), scale_}, heads, adjoint,
      [&](int, int rung, std::uint64_t x, std::uint64_t y) {
        return decide(rung, position_at(rung), x, y, adjoint, heads.dtype);
      },
      kernels);
}

Count rotate_row(const PairTurns& row, const HeadsInOut& heads, bool adjoint,
                 const DecidePair& decide, const Kernels& kernels) {
  require_nearest();
  const int n = row.pairs, groups = (n + kGroup - 1) / kGroup;
  const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(info(heads.dtype).bytes),
                       head_bytes = 2 * bytes * n;
  const bool apart = heads.pairing == Pairing::neox, copied = !apart || heads.in == heads.out;
  const auto* from = static_cast<const std::byte*>(heads.in);
  auto* to = static_cast<std::byte*>(heads.out);
  thread_local std::vector<std::byte> in, out;
  thread_local std::vector<std::uint16_t> doubtful;
  const auto room = static_cast<std::size_t>(head_bytes * heads.heads);
  doubtful.resize(static_cast<std::size_t>(groups * heads.heads));
  RotateJob job{row.turns,
                from,
                to,
                heads.in_stride,
                heads.out_stride,
                heads.heads,
                n,
                row.scale * (heads.dtype == Dtype::f64 ? kRotationBound : kFilterBound),
                adjoint,
                doubtful.data()};
  if (copied) {
    in.resize(room);
    for (int head = 0; head < heads.heads; ++head) {
      const std::byte* given = from + head * heads.in_stride * bytes;
      std::byte* kept = in.data() + head * head_bytes;
      if (apart) {
        std::memcpy(kept, given, static_cast<std::size_t>(head_bytes));
      } else {
        regroup(static_cast<std::size_t>(bytes), given, kept, n, false);
      }
    }
    job.in = in.data();
    job.in_stride = 2 * n;
  }
  if (!apart) {
    out.resize(room);
    job.out = out.data();
    job.out_stride = 2 * n;
  }
  Count count;
  count.values = 2 * static_cast<std::uint64_t>(heads.heads) * static_cast<std::uint64_t>(n);
  const bool doubts = kernels.rotate[static_cast<std::size_t>(heads.dtype)](job);
  for (int head = 0; doubts && head < heads.heads; ++head)
    for (int g = 0; g < groups; ++g) {
      unsigned bits = doubtful[static_cast<std::size_t>(head * groups + g)];
      bits = (bits | bits >> 8) & 0xff;
      for (int pair = g * kGroup; bits != 0 && pair < n; ++pair, bits >>= 1) {
        if ((bits & 1) == 0) continue;
        const std::byte* x = job.in + (head * job.in_stride + pair) * bytes;
        const TurnedPair turned =
            decide(head, pair, load(x, bytes), load(x + head_bytes / 2, bytes));
        std::byte* result = job.out + (head * job.out_stride + pair) * bytes;
        std::memcpy(result, &turned.x, static_cast<std::size_t>(bytes));
        std::memcpy(result + head_bytes / 2, &turned.y, static_cast<std::size_t>(bytes));
        count.decided += 2;
      }
    }
  if (!apart)
    for (int head = 0; head < heads.heads; ++head)
      regroup(static_cast<std::size_t>(bytes), out.data() + head * head_bytes,
              to + head * heads.out_stride * bytes, n, true);
  return count;
}

}  // namespace plumbline::quick
