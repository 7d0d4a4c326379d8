// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "reference/certify.h"
#include "reference/scheme.h"

namespace plumbline {

struct CosSin {
  Interval cos, sin;
};

// A cos(p w), A sin(p w) in radians for a coordinate p, inverse frequency w and attention factor A:
// enclosures at the working precision; points {A} and {0} where p or w is exactly zero and A is
// dyadic.
CosSin cos_sin(const Interval& position, const Interval& inv_freq,
               const Interval& attention_factor);
inline CosSin cos_sin(const Coordinate& position, const Interval& inv_freq,
                      const Interval& attention_factor) {
  return cos_sin(enclose(position), inv_freq, attention_factor);
}

// Lanes of pair i.
struct Lanes {
  int x, y;
};
constexpr Lanes lanes(Pairing pairing, int pair, int pairs) {
  return pairing == Pairing::neox ? Lanes{pair, pair + pairs} : Lanes{2 * pair, 2 * pair + 1};
}

// The pair (x, y), exact encodings of `format`, turned: (x c - y s, y c + x s), or with -s for the
// adjoint. One rounding each, proven. Zeros and non-finite values as golden/FORMAT.md section 3
// says. `cosine_sine` is called under rising precision.
struct TurnedPair {
  std::uint64_t x, y;
  unsigned precision;
};
// `still`: the rational A where the angle is exactly zero; x A and y A may then lie on a tie that
// no enclosure decides.
TurnedPair turn(std::uint64_t x, std::uint64_t y, const std::function<CosSin()>& cosine_sine,
                const std::optional<Rational>& still, bool adjoint, const Format& format,
                std::string_view what);

// One term of a logit in relative form: query pair (xq, yq) against key pair (xk, yk), both exact
// doubles, at coordinates pq and pk on the pair's axis.
struct LogitTerm {
  double xq, yq, xk, yk;
  Coordinate query_position, key_position;
  std::function<Interval()> inv_freq;  // empty: the pair does not turn
};

// `exact_square`: A^2 where it is rational.
// (A^2 sum_i Re(z_q conj(z_k) e^{i (p_q - p_k) w}) + passed) / sqrt(head_dim), rounded once. Equal
// angles are summed exactly, so that cancellation there is decided before any enclosure. `passed`
// is the exact sum over lanes that do not turn. All inputs finite.
Certified logit(const std::vector<LogitTerm>& terms, const Rational& passed,
                const std::optional<Rational>& exact_square,
                const std::function<Interval()>& attention_factor, int head_dim,
                const Format& format, std::string_view what);

}  // namespace plumbline
