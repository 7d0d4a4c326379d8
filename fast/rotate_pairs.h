// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// Blocks: how pairs are held in vectors, their cos and sin beside them. Internal linkage, as
// rotate_blocks.h.
namespace plumbline::fast {
namespace {

constexpr int least(int a, int b) { return a < b ? a : b; }
constexpr int rest(int a, int b) { return a > b ? a - b : 0; }

// How elements of one vector of `V` are stored: as they are, as binary16, half as wide, or as words
// that two vectors are in.
template <class V>
struct AsIs {
  using Element = typename V::Element;
  using Vector = typename V::Vector;
  template <bool full>
  static typename V::Vector load(const Element* from, int n) {
    return V::template load<full>(from, n);
  }
  template <bool full>
  static void store(Element* to, typename V::Vector v, int n) {
    V::template store<full>(to, v, n);
  }
};
template <class Isa>
struct AsF16 {
  using Element = std::uint16_t;
  using Vector = typename Isa::F32::Vector;
  template <bool full>
  static auto load(const Element* from, int n) {
    return Isa::template load_f16<full>(from, n);
  }
  template <bool full>
  static void store(Element* to, typename Isa::F32::Vector v, int n) {
    Isa::template store_f16<full>(to, v, n);
  }
};

template <class Isa>
struct AsWords {
  using Element = std::uint16_t;
  using Vector = typename Isa::Words;
  template <bool full>
  static auto load(const Element* from, int n) {
    return Isa::template load_words<full>(from, n);
  }
  template <bool full>
  static void store(Element* to, typename Isa::Words words, int n) {
    Isa::template store_words<full>(to, words, n);
  }
};

// x in one vector, y in another, half a head apart.
template <class Stored>
struct Halves {
  using Element = typename Stored::Element;
  static constexpr bool kNeox = true;
  struct Data {
    typename Stored::Vector x, y;
  };
  using Turned = Data;
  template <bool full>
  static Data load(const Element* in, std::ptrdiff_t half, int n) {
    return {Stored::template load<full>(in, n), Stored::template load<full>(in + half, n)};
  }
  template <bool full, class Before>
  static void store_first(const Turned& t, Element* out, int n, const Before& before) {
    before(0);
    Stored::template store<full>(out, t.x, n);
  }
  template <bool full, class Before>
  static void store_second(const Turned& t, Element* out, std::ptrdiff_t half, int n,
                           const Before& before) {
    before(0);
    Stored::template store<full>(out + half, t.y, n);
  }
};

// `V` is the vector type's name in Isa: its lanes, loads, stores and arithmetic.
template <class V, class Stored = AsIs<V>>
struct HalfSplit : Halves<Stored> {
  using Lanes = V;
  using Real = typename V::Element;
  using Data = typename Halves<Stored>::Data;
  static constexpr int kPairs = V::kLanes;
  typename V::Vector c, s;

  struct Trig {
    typename V::Vector c, s;
  };
  template <bool full, class Row>
  static Trig read(const Row& row, std::ptrdiff_t at, int n) {
    return {row.template cos<V, full>(at, n), row.template sin<V, full>(at, n)};
  }
  void set(const Trig& trig, Real sign) {
    c = trig.c;
    s = V::mul(trig.s, V::all(sign));
  }
  Data turn(const Data& d) const {
    return {V::fms(d.x, c, V::mul(d.y, s)), V::fma(d.x, s, V::mul(d.y, c))};
  }
};

// x, y, x, y: each vector is multiplied by (c, s) with x doubled and by (-s, c) with y doubled, and
// doubling is part of the load where elements are stored as they are.
template <class V, class Stored = AsIs<V>>
struct Adjacent {
  using Element = typename Stored::Element;
  using Lanes = V;
  using Real = typename V::Element;
  static constexpr int kPairs = V::kLanes;
  static constexpr bool kNeox = false;
  typename V::Vector cs[2], sc[2];

  using Trig = typename HalfSplit<V>::Trig;
  template <bool full, class Row>
  static Trig read(const Row& row, std::ptrdiff_t at, int n) {
    return HalfSplit<V>::template read<full>(row, at, n);
  }
  void set(const Trig& trig, Real sign) {
    const auto s = V::mul(trig.s, V::all(sign)), minus_s = V::mul(s, V::all(-1));
    cs[0] = V::zip_low(trig.c, s), cs[1] = V::zip_high(trig.c, s);
    sc[0] = V::zip_low(minus_s, trig.c), sc[1] = V::zip_high(minus_s, trig.c);
  }
  struct Data {
    typename V::Vector v[2];
  };
  static int lanes(int i, int n) { return least(rest(2 * n, i * V::kLanes), V::kLanes); }
  template <bool full>
  static Data load(const Element* in, std::ptrdiff_t /*half*/, int n) {
    return {{Stored::template load<full>(in, lanes(0, n)),
             Stored::template load<full>(in + V::kLanes, lanes(1, n))}};
  }
  using Turned = Data;
  Turned turn(const Data& d) const {
    const auto turned = [&](int i) {
      return V::fma(V::even(d.v[i]), cs[i], V::mul(V::odd(d.v[i]), sc[i]));
    };
    return {{turned(0), turned(1)}};
  }
  template <bool full, class Before>
  static void store_first(const Turned& t, Element* out, int n, const Before& before) {
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      before(i * V::kLanes);
      Stored::template store<full>(out + i * V::kLanes, t.v[i], lanes(i, n));
    }
  }
  template <bool full, class Before>
  static void store_second(const Turned&, Element*, std::ptrdiff_t, int, const Before&) {}
};

// bfloat16 is the upper half of a binary32: a vector of 2 n words is n even ones, shifted up, and n
// odd ones, masked, or the first n and the others where `Isa` splits half-split pairs in order. Cos
// and sin are sorted the same way, once a row.
template <class Isa>
struct HalfSplitBf16 : Halves<AsWords<Isa>> {
  using V = typename Isa::F32;
  using Lanes = V;
  using Real = float;
  using Data = typename Halves<AsWords<Isa>>::Data;
  static constexpr int kPairs = 2 * V::kLanes;
  typename V::Vector c[2], s[2];  // of even and odd pairs, or in order

  struct Trig {
    typename HalfSplit<V>::Trig low, high;
  };
  template <bool full, class Row>
  static Trig read(const Row& row, std::ptrdiff_t at, int n) {
    const auto part = [&](int first) {
      return HalfSplit<V>::template read<full>(row, at + first, least(rest(n, first), V::kLanes));
    };
    return {part(0), part(V::kLanes)};
  }
  void set(const Trig& t, Real sign) {
    auto sines = t.low.s, more = t.high.s;
    c[0] = t.low.c, c[1] = t.high.c;
    if constexpr (!Isa::kSplitsInOrder) {
      c[0] = V::unzip_even(t.low.c, t.high.c), c[1] = V::unzip_odd(t.low.c, t.high.c);
      sines = V::unzip_even(t.low.s, t.high.s), more = V::unzip_odd(t.low.s, t.high.s);
    }
    s[0] = V::mul(sines, V::all(sign)), s[1] = V::mul(more, V::all(sign));
  }
  Data turn(const Data& d) const {
    typename V::Vector x[2], y[2];
    Isa::split_bf16(d.x, x), Isa::split_bf16(d.y, y);
    return {Isa::join_bf16(V::fms(x[0], c[0], V::mul(y[0], s[0])),
                           V::fms(x[1], c[1], V::mul(y[1], s[1]))),
            Isa::join_bf16(V::fma(x[0], s[0], V::mul(y[0], c[0])),
                           V::fma(x[1], s[1], V::mul(y[1], c[1])))};
  }
};

template <class Isa>
struct AdjacentBf16 {
  using V = typename Isa::F32;
  using Lanes = V;
  using Element = std::uint16_t;
  using Real = float;
  static constexpr int kPairs = V::kLanes;
  static constexpr bool kNeox = false;
  HalfSplit<V> trig;

  using Trig = typename HalfSplit<V>::Trig;
  template <bool full, class Row>
  static Trig read(const Row& row, std::ptrdiff_t at, int n) {
    return HalfSplit<V>::template read<full>(row, at, n);
  }
  void set(const Trig& t, Real sign) { trig.set(t, sign); }
  using Data = typename Isa::Words;
  template <bool full>
  static Data load(const Element* in, std::ptrdiff_t /*half*/, int n) {
    return Isa::template load_words<full>(in, 2 * n);
  }
  using Turned = Data;
  Turned turn(const Data& v) const {
    const auto x = Isa::even_bf16(v), y = Isa::odd_bf16(v);
    return Isa::to_bf16(V::fms(x, trig.c, V::mul(y, trig.s)), V::fma(x, trig.s, V::mul(y, trig.c)));
  }
  template <bool full, class Before>
  static void store_first(const Turned& t, Element* out, int n, const Before& before) {
    before(0);
    Isa::template store_words<full>(out, t, 2 * n);
  }
  template <bool full, class Before>
  static void store_second(const Turned&, Element*, std::ptrdiff_t, int, const Before&) {}
};

}  // namespace
}  // namespace plumbline::fast
