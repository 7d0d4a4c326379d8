// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <iostream>
#include <random>

#include "properties/fast_support.h"

// Every kernel on views that end or begin at an unmapped page, with any shape, stride and content:
// nothing outside the view is touched, gaps keep their bytes, and each element equals the formula,
// computed here one at a time with roundings of its own.
namespace plumbline::test {
namespace {

using fast::Storage;

constexpr std::uint64_t kSeed = 20261122;
char replay[256];

void on_fault(int /*signal*/) {
  constexpr char kWhat[] = "touched an unmapped page: ";
  (void)!write(2, kWhat, sizeof kWhat - 1);
  (void)!write(2, replay, std::strlen(replay));
  _exit(1);
}

// Pages that may be used, between two that may not.
class Guarded {
 public:
  Guarded() {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* all = mmap(nullptr, kBytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) std::abort();
    begin_ = static_cast<std::byte*>(all) + page;
    if (mprotect(begin_, kBytes, PROT_READ | PROT_WRITE) != 0) std::abort();
  }
  std::byte* place(std::size_t bytes, bool at_end) {
    return at_end ? begin_ + (kBytes - bytes) : begin_;
  }
  static constexpr std::size_t kBytes = std::size_t{1} << 20;

 private:
  std::byte* begin_;
};

struct Shape {
  Storage storage;
  bool neox, adjoint, in_place, heads_outside, by_token;
  int tokens, head_dim, rotary_dim, heads, kv_heads, maps;
  std::ptrdiff_t token_stride[2], head_stride[2];  // input, output
};

std::size_t size_of(Storage s) { return s == Storage::f64 ? 8 : s == Storage::f32 ? 4 : 2; }

Shape draw(std::mt19937_64& random) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  Shape s;
  s.storage = static_cast<Storage>(below(4));
  s.neox = below(2) == 0;
  s.adjoint = below(2) == 0;
  s.in_place = below(2) == 0;
  s.heads_outside = below(4) == 0;
  s.tokens = below(8) == 0 ? 1 + below(70) : 1 + below(4);
  s.rotary_dim = 2 * (1 + below(below(4) == 0 ? 160 : 40));
  s.head_dim = s.rotary_dim + (below(2) == 0 ? 0 : below(9));
  s.kv_heads = 1 + below(4);
  s.heads = s.kv_heads * (1 + below(3));
  s.maps = below(2) == 0 ? 1 : s.kv_heads;
  if (below(8) == 0) {  // what a step of decoding is most often
    s.in_place = true;
    s.tokens = s.maps = 1;
    s.rotary_dim = 32 * (1 + below(5));
    s.head_dim = s.rotary_dim + (below(2) == 0 ? 0 : below(9));
  }
  for (int side = 0; side < 2; ++side) {
    const int gap = below(2) == 0 ? 0 : below(7), wide = below(2) == 0 ? 0 : below(5);
    if (s.heads_outside) {
      s.token_stride[side] = s.head_dim + gap;
      s.head_stride[side] = (s.tokens - 1) * s.token_stride[side] + s.head_dim + wide;
    } else {
      s.head_stride[side] = s.head_dim + gap;
      s.token_stride[side] = (s.heads - 1) * s.head_stride[side] + s.head_dim + wide;
    }
    if (below(5) == 0) s.token_stride[side] = -s.token_stride[side];
    if (below(5) == 0) s.head_stride[side] = -s.head_stride[side];
  }
  s.by_token = s.storage != Storage::f64 && s.in_place && s.tokens == 1 && s.maps == 1;
  if (s.in_place) {
    s.token_stride[1] = s.token_stride[0];
    s.head_stride[1] = s.head_stride[0];
  }
  return s;
}

// The values that an element of a type stands for, and back by one rounding to nearest even.
struct Codec {
  int precision, least;  // quantum 2^least at the smallest
  double greatest;
};
Codec codec(Storage s) {
  switch (s) {
    case Storage::f64:
      return {53, -1074, 0};
    case Storage::f32:
      return {24, -149, 0};
    case Storage::bf16:
      return {8, -133, 0x1.fep127};
    default:
      return {11, -24, 65504};
  }
}

double read(Storage s, const std::byte* at) {
  if (s == Storage::f64) {
    double x;
    std::memcpy(&x, at, 8);
    return x;
  }
  std::uint32_t bits = 0;
  std::memcpy(&bits, at, size_of(s));
  if (s == Storage::bf16) bits <<= 16;
  if (s == Storage::f16) {
    const int exponent = static_cast<int>(bits >> 10 & 31);
    const double fraction = bits & 1023, sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == 31) return fraction != 0 ? std::nan("") : sign * HUGE_VAL;
    return sign *
           (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
  }
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}

double narrow(Storage s, double x) {
  if (s == Storage::f64 || s == Storage::f32 || x == 0 || !std::isfinite(x)) return x;
  const Codec c = codec(s);
  const int quantum = std::max(std::ilogb(x) - c.precision + 1, c.least);
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(x, -quantum)), quantum);
  return std::abs(rounded) > c.greatest ? std::copysign(HUGE_VAL, x) : rounded;
}

// x a + y b as a kernel of this recipe forms it.
template <class Real>
double combine(bool fused, double x, double a, double y, double b) {
  const Real rx = static_cast<Real>(x), ra = static_cast<Real>(a), ry = static_cast<Real>(y),
             rb = static_cast<Real>(b);
  const Real second = ry * rb;
  if (fused) return std::fma(rx, ra, second);
  const Real first = rx * ra;
  return first + second;
}

double element(const Shape& s, bool fused, double x, double a, double y, double b) {
  const double sum = s.storage == Storage::f64 ? combine<double>(fused, x, a, y, b)
                                               : combine<float>(fused, x, a, y, b);
  return narrow(s.storage, sum);
}

// Bits at random, so NaN, infinities, subnormals and zeros of both signs come up; most elements are
// of moderate size.
void fill(std::mt19937_64& random, Storage storage, std::byte* begin, std::size_t bytes) {
  for (std::size_t at = 0; at + size_of(storage) <= bytes; at += size_of(storage)) {
    std::uint64_t bits = random();
    const bool any = random() % 8 == 0;
    if (!any) {
      const double x = static_cast<double>(static_cast<std::int64_t>(bits)) * 0x1p-62;
      const auto f = static_cast<float>(x);
      if (storage == Storage::f64) std::memcpy(&bits, &x, 8);
      if (storage == Storage::f32 || storage == Storage::bf16) std::memcpy(&bits, &f, 4);
      if (storage == Storage::bf16) bits = (bits & 0xffffffffU) >> 16;
      if (storage == Storage::f16) bits = (bits & 0x83ffU) | (10 + bits % 8) << 10;
    } else if (random() % 4 == 0) {
      bits &= ~std::uint64_t{0x7f807f807c007f80};  // small exponents
    }
    std::memcpy(begin + at, &bits, size_of(storage));
  }
}

struct Extent {
  std::ptrdiff_t first, elements;  // offset of the element that `data` points to
};
Extent extent(const Shape& s, int side) {
  std::ptrdiff_t low = 0, high = 0;
  const std::ptrdiff_t steps[2] = {(s.tokens - 1) * s.token_stride[side],
                                   (s.heads - 1) * s.head_stride[side]};
  for (const std::ptrdiff_t step : steps) (step < 0 ? low : high) += step;
  return {-low, high - low + s.head_dim};
}

class Trial {
 public:
  Trial(const fast::Kernel& kernel, const Shape& shape, std::mt19937_64& random)
      : kernel_(kernel), s_(shape) {
    plan_.tokens = s_.tokens;
    plan_.head_dim = s_.head_dim;
    plan_.rotary_dim = s_.rotary_dim;
    plan_.num_heads = s_.heads;
    plan_.num_key_value_heads = s_.kv_heads;
    plan_.maps = s_.maps;
    plan_.neox = s_.neox;
    plan_.phase = kernel.phase;
    plan_.table = s_.storage == Storage::f64 ? Storage::f64 : Storage::f32;
    const auto entries = static_cast<std::size_t>(s_.tokens * s_.maps * s_.rotary_dim);
    for (std::size_t i = 0; i < entries; ++i) {
      const double x = random() % 16 == 0 ? static_cast<double>(random() % 2)
                                          : static_cast<double>(random() >> 11) * 0x1p-52 - 1;
      if (plan_.table == Storage::f64) {
        plan_.cos_sin_cache_f64.push_back(x);
      } else {
        plan_.cos_sin_cache.push_back(static_cast<float>(x));
      }
    }
  }

  // Empty, or what is wrong.
  std::string run(Guarded& in_pages, Guarded& out_pages, std::mt19937_64& random) {
    const std::size_t unit = size_of(s_.storage);
    const Extent in_extent = extent(s_, 0), out_extent = extent(s_, 1);
    const auto in_bytes = static_cast<std::size_t>(in_extent.elements) * unit;
    const auto out_bytes = static_cast<std::size_t>(out_extent.elements) * unit;
    if (in_bytes > Guarded::kBytes || out_bytes > Guarded::kBytes) return "";
    const bool at_end = random() % 2 == 0;
    std::byte* in = in_pages.place(in_bytes, at_end);
    std::byte* out = s_.in_place ? in : out_pages.place(out_bytes, at_end);
    fill(random, s_.storage, in, in_bytes);
    if (!s_.in_place) fill(random, s_.storage, out, out_bytes);
    const std::vector<std::byte> in_before(in, in + in_bytes), out_before(out, out + out_bytes);
    if (!turned_as_token(in + in_extent.first * static_cast<std::ptrdiff_t>(unit)))
      fast::rotate(kernel_, plan_, s_.storage, s_.heads,
                   {in + in_extent.first * static_cast<std::ptrdiff_t>(unit), s_.token_stride[0],
                    s_.head_stride[0]},
                   {out + out_extent.first * static_cast<std::ptrdiff_t>(unit), s_.token_stride[1],
                    s_.head_stride[1]},
                   s_.adjoint ? fast::Direction::adjoint : fast::Direction::forward);
    if (!s_.in_place && std::memcmp(in, in_before.data(), in_bytes) != 0)
      return "the input was written";
    std::vector<bool> written(static_cast<std::size_t>(out_extent.elements));
    for (int token = 0; token < s_.tokens; ++token) {
      for (int head = 0; head < s_.heads; ++head) {
        const std::ptrdiff_t from =
            in_extent.first + token * s_.token_stride[0] + head * s_.head_stride[0];
        const std::ptrdiff_t to =
            out_extent.first + token * s_.token_stride[1] + head * s_.head_stride[1];
        for (int lane = 0; lane < s_.head_dim; ++lane) {
          written[static_cast<std::size_t>(to + lane)] = true;
          if (!lane_is_right(in_before.data(), from, out, to + lane, token, head, lane))
            return "token " + std::to_string(token) + " head " + std::to_string(head) + " lane " +
                   std::to_string(lane);
        }
      }
    }
    for (std::size_t i = 0; i < written.size(); ++i)
      if (!written[i] && std::memcmp(out + i * unit, out_before.data() + i * unit, unit) != 0)
        return "a gap was written";
    return "";
  }

 private:
  // The first head as q, the others as k.
  bool turned_as_token(std::byte* data) const {
    if (!s_.by_token || kernel_.token == nullptr) return false;
    fast::TokenFunction* turn = kernel_.token(s_.storage, s_.neox, s_.rotary_dim);
    if (turn == nullptr) return false;
    const std::ptrdiff_t head = s_.head_stride[0],
                         step = head * static_cast<std::ptrdiff_t>(size_of(s_.storage));
    turn(plan_.cos_sin_cache.data(), data, head, data + step, head, {1, s_.heads - 1},
         s_.adjoint ? -1.0F : 1.0F);
    return true;
  }

  bool lane_is_right(const std::byte* in, std::ptrdiff_t head_begin, const std::byte* out,
                     std::ptrdiff_t to, int token, int head, int lane) const {
    const auto unit = static_cast<std::ptrdiff_t>(size_of(s_.storage));
    const std::byte* got = out + to * unit;
    if (lane >= s_.rotary_dim)
      return std::memcmp(got, in + (head_begin + lane) * unit, static_cast<std::size_t>(unit)) == 0;
    const int pairs = s_.rotary_dim / 2;
    const int pair = s_.neox ? lane % pairs : lane / 2;
    const bool second = s_.neox ? lane >= pairs : lane % 2 == 1;
    const int partner = s_.neox ? (lane + pairs) % s_.rotary_dim : lane ^ 1;
    const int map = s_.maps == 1 ? 0 : head / (s_.heads / s_.kv_heads);
    const auto at = static_cast<std::size_t>(((token * s_.maps) + map) * 2 * pairs + pair);
    const auto entry = [&](std::size_t i) {
      return plan_.table == Storage::f64 ? plan_.cos_sin_cache_f64[i]
                                         : static_cast<double>(plan_.cos_sin_cache[i]);
    };
    const double c = entry(at), sign = s_.adjoint ? -1 : 1;
    const double s = sign * entry(at + static_cast<std::size_t>(pairs));
    const double mine = read(s_.storage, in + (head_begin + lane) * unit);
    const double other = read(s_.storage, in + (head_begin + partner) * unit);
    // Which product is rounded before the sum shows only where they are fused: it is the one with
    // y.
    const double expected = second ? element(s_, kernel_.recipe.contracted, other, s, mine, c)
                                   : element(s_, kernel_.recipe.contracted, mine, c, other, -s);
    const double value = read(s_.storage, got);
    if (std::isnan(expected)) return std::isnan(value);
    if (kernel_.recipe.flush_bf16 && s_.storage == Storage::bf16 &&
        std::abs(expected) <= 0x1p-126 && value == 0)
      return true;
    return value == expected && std::signbit(value) == std::signbit(expected);
  }

  const fast::Kernel& kernel_;
  const Shape& s_;
  fast::RotaryPlan plan_;
};

TEST(FastGuard, EveryKernelEqualsTheFormulaAndStaysInsideItsViews) {
  const char* scale = std::getenv("PLUMBLINE_TEST_SCALE");
  const std::uint64_t cases = 20000 * std::strtoull(scale == nullptr ? "1" : scale, nullptr, 10);
  std::signal(SIGSEGV, on_fault);
  std::signal(SIGBUS, on_fault);
  Guarded in, out;
  std::uint64_t runs = 0;
  for (fast::Kernel kernel : fast::kernels()) {
    if (!kernel.supported()) {
      std::cout << "skipped: kernel " << kernel.name << " needs " << kernel.isa << "\n";
      continue;
    }
    asked = kernel.rotate;
    for (std::uint64_t n = 0; n < cases; ++n) {
      std::mt19937_64 random(kSeed + n);
      const Shape s = draw(random);
      kernel.rotate = random() % 2 == 0 ? ahead : asked;
      std::snprintf(
          replay, sizeof replay,
          "kernel %s seed %llu storage %d neox %d adjoint %d in_place %d tokens %d "
          "head_dim %d rotary_dim %d heads %d/%d maps %d strides %td %td %td %td ahead %d\n",
          kernel.name.data(), static_cast<unsigned long long>(kSeed + n),
          static_cast<int>(s.storage), s.neox, s.adjoint, s.in_place, s.tokens, s.head_dim,
          s.rotary_dim, s.heads, s.kv_heads, s.maps, s.token_stride[0], s.head_stride[0],
          s.token_stride[1], s.head_stride[1], kernel.rotate == ahead);
      const std::string wrong = Trial(kernel, s, random).run(in, out, random);
      ASSERT_EQ(wrong, "") << replay;
      ++runs;
    }
  }
  std::cout << runs << " runs on guarded pages, seeds from " << kSeed << "\n";
}

}  // namespace
}  // namespace plumbline::test
