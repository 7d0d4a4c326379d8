// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "fast/cuda/entries.h"
#include "fast/cuda/parameters.h"
#include "fast/cuda/shim.h"
#include "fast/cuda/turn.h"

// The kernel body. One thread takes one piece of a head, which is one access of `width` bytes to
// each half (neox) or to neighbouring pairs (gptj), makes the piece's cosines and sines once per
// token, and keeps them in registers over all heads of q and k. Each element of q and k is read
// once and written once; a table row is read once for each of Thread::heads.
namespace plumbline::fast::cuda {

template <Storage storage>
struct RealOf {
  using Type = float;
};
template <>
struct RealOf<Storage::f64> {
  using Type = double;
};

template <class Machine, Entry entry>
struct Body {
  using M = Machine;
  using Real = typename RealOf<entry.storage>::Type;
  using Access = Chunk<entry.width>;

  static constexpr int kElement = element_bytes(entry.storage);
  static constexpr int kLanes = entry.width / kElement;  // of one access
  // Both members of a pair are in one access, or in two: of the halves, or of single lanes.
  static constexpr bool kTwo = entry.neox || kLanes == 1;
  static constexpr int kPairs = kTwo ? kLanes : kLanes / 2;  // of one piece

  struct Turned {
    Real cos[kPairs], sin[kPairs];
  };
  struct Piece {
    Access first, second;  // second: where kTwo
  };

  static PLUMBLINE_BOTH const char* at(const void* data, std::int64_t element) {
    return static_cast<const char*>(data) + element * kElement;
  }
  static PLUMBLINE_BOTH char* at(void* data, std::int64_t element) {
    return static_cast<char*>(data) + element * kElement;
  }

  static PLUMBLINE_BOTH Real lane(const Access& access, int j) {
    if constexpr (entry.storage == Storage::f64) {
      return M::as_double(access.words[2 * j], access.words[2 * j + 1]);
    } else if constexpr (entry.storage == Storage::f32) {
      return M::as_float(access.words[j]);
    } else {
      std::uint32_t bits = access.words[j / 2];
      bits = j % 2 == 0 ? bits & 0xffffU : bits >> 16;
      if constexpr (entry.storage == Storage::bf16) return M::as_float(bits << 16);
      return M::from_f16(static_cast<std::uint16_t>(bits));
    }
  }

  // Lanes `values` of one access, rounded to the storage type.
  static PLUMBLINE_BOTH Access packed(const Real (&values)[kLanes]) {
    Access access;
    if constexpr (entry.storage == Storage::f64) {
      PLUMBLINE_UNROLL
      for (int j = 0; j < kLanes; ++j) {
        const std::uint64_t bits = M::bits(values[j]);
        access.words[2 * j] = static_cast<std::uint32_t>(bits);
        access.words[2 * j + 1] = static_cast<std::uint32_t>(bits >> 32);
      }
    } else if constexpr (entry.storage == Storage::f32) {
      PLUMBLINE_UNROLL
      for (int j = 0; j < kLanes; ++j) access.words[j] = M::bits(values[j]);
    } else if constexpr (kLanes == 1) {
      access.words[0] =
          entry.storage == Storage::bf16 ? M::to_bf16(values[0]) : M::to_f16(values[0]);
    } else {
      PLUMBLINE_UNROLL
      for (int j = 0; j < kLanes / 2; ++j) {
        access.words[j] = entry.storage == Storage::bf16
                              ? M::to_bf16(values[2 * j], values[2 * j + 1])
                              : M::to_f16(values[2 * j], values[2 * j + 1]);
      }
    }
    return access;
  }

  static PLUMBLINE_BOTH Turned from_table(const Parameters& p, int map, int token, int pair) {
    constexpr int kBytes = kPairs * static_cast<int>(sizeof(Real));
    constexpr int kAccess = kBytes < 16 ? kBytes : 16;
    constexpr int kRealsOfAccess = kAccess / static_cast<int>(sizeof(Real));
    const std::int64_t row = token * p.table_token + map * p.table_map + pair;
    const char* cos =
        static_cast<const char*>(p.cos_sin_cache) + row * static_cast<std::int64_t>(sizeof(Real));
    const char* sin = cos + p.table_sin * static_cast<std::int64_t>(sizeof(Real));
    Turned turned;
    PLUMBLINE_UNROLL
    for (int i = 0; i < kPairs / kRealsOfAccess; ++i) {
      const auto c = M::template load<Chunk<kAccess>>(cos + i * kAccess);
      const auto s = M::template load<Chunk<kAccess>>(sin + i * kAccess);
      PLUMBLINE_UNROLL
      for (int j = 0; j < kRealsOfAccess; ++j) {
        if constexpr (sizeof(Real) == 8) {
          turned.cos[i * kRealsOfAccess + j] = M::as_double(c.words[2 * j], c.words[2 * j + 1]);
          turned.sin[i * kRealsOfAccess + j] = M::as_double(s.words[2 * j], s.words[2 * j + 1]);
        } else {
          turned.cos[i * kRealsOfAccess + j] = M::as_float(c.words[j]);
          turned.sin[i * kRealsOfAccess + j] = M::as_float(s.words[j]);
        }
      }
    }
    return turned;
  }

  static PLUMBLINE_BOTH std::int64_t position(const Parameters& p, std::uint32_t axis, int token) {
    const std::int64_t index = std::int64_t{axis} * p.tokens + token;
    const char* ids = static_cast<const char*>(p.position_ids);
    if (p.wide_positions) {
      const auto wide = M::template load<Chunk<8>>(ids + index * 8);
      return static_cast<std::int64_t>(std::uint64_t{wide.words[1]} << 32 | wide.words[0]);
    }
    return static_cast<std::int32_t>(M::template load<Chunk<4>>(ids + index * 4).words[0]);
  }

  static PLUMBLINE_BOTH Turned from_positions(const Parameters& p, int map, int token, int pair) {
    Turned turned;
    PLUMBLINE_UNROLL
    for (int i = 0; i < kPairs; ++i) {
      const auto row =
          M::template load<Chunk<16>>(p.turns + std::int64_t{map} * p.pairs + pair + i);
      const Turn turn{row.words[0], row.words[1], row.words[2], row.words[3]};
      const CosSin value = cos_sin<M>(position(p, turn.axis, token), turn, p.attention_factor,
                                      p.attention_factor_low);
      turned.cos[i] = value.cos;
      turned.sin[i] = value.sin;
    }
    return turned;
  }

  static PLUMBLINE_BOTH Piece load(const char* from, std::int64_t partner) {
    Piece piece;
    piece.first = M::template load<Access>(from);
    piece.second = piece.first;
    if constexpr (kTwo) piece.second = M::template load<Access>(from + partner);
    return piece;
  }

  static PLUMBLINE_BOTH void rotate(const Piece& piece, const Turned& turned, char* to,
                                    std::int64_t partner) {
    Real first[kLanes], second[kLanes];
    PLUMBLINE_UNROLL
    for (int i = 0; i < kPairs; ++i) {
      const Real x = kTwo ? lane(piece.first, i) : lane(piece.first, 2 * i);
      const Real y = kTwo ? lane(piece.second, i) : lane(piece.first, 2 * i + 1);
      const Real c = turned.cos[i], s = turned.sin[i];
      const Real left = M::subtract(M::multiply(x, c), M::multiply(y, s));
      const Real right = M::add(M::multiply(y, c), M::multiply(x, s));
      if constexpr (kTwo) {
        first[i] = left;
        second[i] = right;
      } else {
        first[2 * i] = left;
        first[2 * i + 1] = right;
      }
    }
    M::store(to, packed(first));
    if constexpr (kTwo) M::store(to + partner, packed(second));
  }

  // The next head is loaded before this one is stored, so that two are in flight: in place the
  // compiler could not know that they are apart.
  static PLUMBLINE_BOTH void rotate_heads(const Heads& h, const Thread& t, int map, int token,
                                          int pair, std::int64_t partner, const Turned& turned) {
    if (t.head >= h.per_map) return;
    const std::int64_t head = std::int64_t{map} * h.per_map + t.head;
    const int lane = entry.neox ? pair : 2 * pair;
    const char* from = at(h.input, token * h.input_token + head * h.input_head + lane);
    char* to = at(h.output, token * h.output_token + head * h.output_head + lane);
    // Modulo 2^64: the stride of a single head may be anything.
    const auto bytes = [&](std::int64_t stride) {
      return static_cast<std::int64_t>(static_cast<std::uint64_t>(stride) *
                                       static_cast<std::uint64_t>(t.heads * kElement));
    };
    const std::int64_t from_step = bytes(h.input_head), to_step = bytes(h.output_head);
    Piece piece = load(from, partner);
    for (int left = h.per_map - t.head; left > t.heads; left -= t.heads) {
      from += from_step;
      const Piece next = load(from, partner);
      rotate(piece, turned, to, partner);
      to += to_step;
      piece = next;
    }
    rotate(piece, turned, to, partner);
  }

  static PLUMBLINE_BOTH void copy_heads(const Heads& h, const Thread& t, int maps, int token,
                                        int lane) {
    const int heads = h.per_map * maps;
    for (int head = t.head; head < heads; head += t.heads) {
      const char* from = at(h.input, token * h.input_token + head * h.input_head + lane);
      char* to = at(h.output, token * h.output_token + head * h.output_head + lane);
      M::store(to, M::template load<Access>(from));
    }
  }

  static PLUMBLINE_BOTH void rotate_piece(const Parameters& p, const Thread& t, int map, int token,
                                          int pair) {
    Turned turned;
    if constexpr (entry.source == Source::table) {
      turned = from_table(p, map, token, pair);
    } else {
      turned = from_positions(p, map, token, pair);
    }
    if (p.adjoint) {
      PLUMBLINE_UNROLL
      for (int i = 0; i < kPairs; ++i) turned.sin[i] = -turned.sin[i];
    }
    const std::int64_t partner = (entry.neox ? std::int64_t{p.pairs} : 1) * kElement;
    rotate_heads(p.q, t, map, token, pair, partner, turned);
    rotate_heads(p.k, t, map, token, pair, partner, turned);
  }

  // Everything one thread of the grid does. Needs pairs divisible by kPairs and tail by kLanes;
  // addresses, strides and the places of the halves and of the tail divisible by `width`.
  static PLUMBLINE_BOTH void run(const Parameters& p, const Thread& t) {
    const int per_map = p.pairs / kPairs, turned = p.maps * per_map;
    const int pieces = turned + p.tail / kLanes;
    for (int piece = t.piece; piece < pieces; piece += t.pieces) {
      const int map = piece / per_map;
      for (std::int64_t token = t.token; token < p.tokens; token += t.tokens) {
        if (piece < turned) {
          rotate_piece(p, t, map, static_cast<int>(token), (piece - map * per_map) * kPairs);
        } else {
          const int lane = 2 * p.pairs + (piece - turned) * kLanes;
          copy_heads(p.q, t, p.maps, static_cast<int>(token), lane);
          copy_heads(p.k, t, p.maps, static_cast<int>(token), lane);
        }
      }
    }
  }
};

}  // namespace plumbline::fast::cuda
