// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/rows.h"

#include <cstring>

namespace plumbline::quick {

Count settle(const ResolvedSpectrum& spectrum, const std::uint16_t* doubtful, int rows,
             const RowsOut& out, const std::function<Rational(int, int)>& position_at) {
  const int channels = spectrum.rungs(), groups = (channels + kGroup - 1) / kGroup;
  const std::size_t bytes = info(out.dtype).bytes;
  Count count;
  std::optional<std::uint64_t> factor;  // A, rounded: the cosine of every channel that never turns
  for (int row = 0; row < rows; ++row)
    for (int g = 0; g < groups; ++g) {
      const unsigned bits = doubtful[row * groups + g];
      if (bits == 0) continue;
      for (int lane = 0; lane < kGroup && g * kGroup + lane < channels; ++lane)
        for (const bool sine : {false, true}) {
          if ((bits >> (lane + (sine ? 8 : 0)) & 1) == 0) continue;
          const int channel = g * kGroup + lane;
          const bool still = spectrum.never_turns(channel);
          std::uint64_t value = 0;
          if (!still) {
            value = decide(spectrum, channel, position_at(row, channel), sine, out.dtype);
          } else if (!sine) {
            if (!factor) factor = decide(spectrum, channel, Rational(0), false, out.dtype);
            value = *factor;
          }
          const std::size_t at = static_cast<std::size_t>(row * out.stride + channel) * bytes;
          std::memcpy(static_cast<std::byte*>(sine ? out.sin : out.cos) + at, &value, bytes);
          if (!still) ++count.decided;
        }
    }
  return count;
}

RowsOut from_row(const RowsOut& out, std::ptrdiff_t row) {
  const std::ptrdiff_t bytes =
      row * out.stride * static_cast<std::ptrdiff_t>(info(out.dtype).bytes);
  return {out.dtype, static_cast<std::byte*>(out.cos) + bytes,
          static_cast<std::byte*>(out.sin) + bytes, out.stride};
}

Output output_of(const RowsOut& out, std::uint16_t* doubtful) {
  return {static_cast<std::byte*>(out.cos), static_cast<std::byte*>(out.sin), out.stride, doubtful};
}

}  // namespace plumbline::quick
