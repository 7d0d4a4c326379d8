// SPDX-License-Identifier: Apache-2.0
#include "tools/plugin/tensors.h"

#include <fmt/format.h>

#include <cstring>

namespace plumbline::plugin {
namespace {

struct Spread {
  std::int64_t token = 0, head = 0;
};

Spread spread_of(const Dense& t, const Gaps& gaps) {
  const std::int64_t head = t.head_dim + gaps.head;
  return {head * t.heads + gaps.token, head};
}

// From the first element to the last one, gaps between them included.
std::size_t extent(const Dense& t, const Spread& s) {
  if (t.tokens == 0 || t.heads == 0) return 0;
  return static_cast<std::size_t>((t.tokens - 1) * s.token + (t.heads - 1) * s.head + t.head_dim) *
         t.size;
}

template <class Body>
void for_each_head(const Dense& t, const Spread& s, const Body& body) {
  const std::size_t width = static_cast<std::size_t>(t.head_dim) * t.size;
  std::size_t dense = 0;
  for (std::int64_t token = 0; token < t.tokens; ++token) {
    for (int head = 0; head < t.heads; ++head, dense += width)
      body(dense, static_cast<std::size_t>(token * s.token + head * s.head) * t.size, width);
  }
}

Spread spread_of(const plumbline_tensor& shape, bool in_place) {
  return in_place ? Spread{shape.in_token_stride, shape.in_head_stride}
                  : Spread{shape.out_token_stride, shape.out_head_stride};
}

bool is_nan(std::uint64_t bits, const Format& f) {
  return (bits & ~sign_bit(f)) > infinity_bits(f);
}

}  // namespace

TensorBytes lay_out(const Dense& in, const Gaps& gaps, bool in_place, std::byte poison) {
  TensorBytes out;
  const Spread from = spread_of(in, gaps),
               to = in_place ? from : spread_of(in, {gaps.token, gaps.head});
  out.shape.in_token_stride = from.token;
  out.shape.in_head_stride = from.head;
  out.shape.out_token_stride = to.token;
  out.shape.out_head_stride = to.head;
  out.shape.heads = in.heads;
  out.in.assign(extent(in, from), poison);
  for_each_head(in, from, [&](std::size_t dense, std::size_t at, std::size_t width) {
    std::memcpy(out.in.data() + at, in.bytes.data() + dense, width);
  });
  if (!in_place) out.out.assign(extent(in, to), poison);
  return out;
}

Dense taken(const TensorBytes& from, const Dense& like, bool in_place) {
  Dense out = like;
  const std::vector<std::byte>& bytes = in_place ? from.in : from.out;
  for_each_head(like, spread_of(from.shape, in_place),
                [&](std::size_t dense, std::size_t at, std::size_t width) {
                  std::memcpy(out.bytes.data() + dense, bytes.data() + at, width);
                });
  return out;
}

std::string written_gap(const TensorBytes& from, const Dense& like, bool in_place,
                        std::byte poison) {
  std::vector<std::byte> bytes = in_place ? from.in : from.out;
  const Spread s = spread_of(from.shape, in_place);
  for_each_head(like, s, [&](std::size_t, std::size_t at, std::size_t width) {
    std::fill_n(bytes.data() + at, width, poison);
  });
  const auto hit =
      std::find_if(bytes.begin(), bytes.end(), [&](std::byte b) { return b != poison; });
  if (hit == bytes.end()) return "";
  const auto element = (hit - bytes.begin()) / static_cast<std::ptrdiff_t>(like.size);
  return fmt::format("the gap at element {} (token {}, stride {})", element, element / s.token,
                     s.token);
}

std::size_t first_difference(const Dense& a, const Dense& b, const Format& format) {
  if (a.bytes == b.bytes) return a.elements();
  for (std::size_t i = 0; i < a.elements(); ++i) {
    std::uint64_t x = 0, y = 0;
    std::memcpy(&x, a.bytes.data() + i * a.size, a.size);
    std::memcpy(&y, b.bytes.data() + i * b.size, b.size);
    if (x != y && !(is_nan(x, format) && is_nan(y, format))) return i;
  }
  return a.elements();
}

std::string place_of(const Dense& t, std::size_t element) {
  const auto width = static_cast<std::size_t>(t.head_dim),
             heads = static_cast<std::size_t>(t.heads);
  return fmt::format("token {}, head {}, lane {}", element / width / heads, element / width % heads,
                     element % width);
}

}  // namespace plumbline::plugin
