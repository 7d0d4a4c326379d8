// SPDX-License-Identifier: Apache-2.0
// Laws of the rotation, as statements about enclosures: the difference of the two sides contains
// zero and is thin.
#include <Eigen/Dense>
#include <numbers>

#include "properties/properties.h"
#include "reference/planes.h"

namespace plumbline::test {
namespace {

// One spectrum of every scaling; the laws hold for each.
std::vector<FrequencySpectrum> spectra() {
  std::vector<FrequencySpectrum> out;
  for (const Model& m : models()) {
    Json normal;
    out.push_back(spectrum_from_json(m.spectrum, std::nullopt, normal));
  }
  return out;
}

struct Turn {
  Interval c, s;
};

Turn turn_at(const Rational& p, const Interval& w) {
  const CosSin t = cos_sin(p, w, enclose(Rational(1)));
  return {t.cos, t.sin};
}

constexpr unsigned kPrecision = 256;
// Bits that the phase at 2^32, three products and a sum may use up.
constexpr unsigned kLost = 48;

RC_GTEST_PROP(RotationGroup, RotationsComposeAndCommute, ()) {
  const auto a = *coordinate(), b = *coordinate();
  const WorkingPrecision scope(kPrecision);
  for (const FrequencySpectrum& f : spectra()) {
    const ResolvedSpectrum spectrum(f);
    const int rung = *rc::gen::inRange(0, spectrum.rungs());
    const Interval w = spectrum.inv_freq(rung);
    const Turn x = turn_at(a, w), y = turn_at(b, w), sum = turn_at(Rational(a + b), w);
    RC_ASSERT(vanishes(x.c * y.c - x.s * y.s - sum.c, kLost));
    RC_ASSERT(vanishes(x.s * y.c + x.c * y.s - sum.s, kLost));
    RC_ASSERT(vanishes(x.c * x.c + x.s * x.s - 1, kLost));
    const Turn back = turn_at(Rational(-a), w);
    RC_ASSERT(vanishes(back.c - x.c, kLost));
    RC_ASSERT(vanishes(back.s + x.s, kLost));
  }
}

// logit(x + c, y + c) = logit(x, y): exactly the same bits, because both are the rounding of one
// real number.
RC_GTEST_PROP(RotationGroup, LogitsDependOnRelativePositionOnly, ()) {
  const auto p = *coordinate(), q = *coordinate(), shift = *coordinate();
  const auto draw = [] { return static_cast<double>(*rc::gen::inRange(-1000, 1001)) / 64; };
  std::vector<std::array<double, 4>> lanes_of(3);
  for (auto& l : lanes_of) l = {draw(), draw(), draw(), draw()};
  for (const FrequencySpectrum& f : spectra()) {
    const ResolvedSpectrum spectrum(f);
    const auto at = [&](std::int64_t first, std::int64_t second) {
      std::vector<LogitTerm> terms;
      for (std::size_t i = 0; i < lanes_of.size(); ++i) {
        const auto& l = lanes_of[i];
        const int rung = static_cast<int>(i) * (spectrum.rungs() - 1) / 2;
        terms.push_back({l[0], l[1], l[2], l[3], Rational(first), Rational(second),
                         [&spectrum, rung] { return spectrum.inv_freq(rung); }});
      }
      return logit(
                 terms, Rational(1, 4), spectrum.exact_attention_square(),
                 [&] { return spectrum.attention_factor(); }, 64, binary64, "test")
          .bits;
    };
    RC_ASSERT(at(p + shift, q + shift) == at(p, q));
    if (p == q) continue;
    // A law that nothing can break proves nothing: another distance must give another logit unless
    // all lanes vanish.
    bool flat = true;
    for (const auto& l : lanes_of)
      flat = flat && l[0] * l[2] + l[1] * l[3] == 0 && l[0] * l[3] - l[1] * l[2] == 0;
    if (!flat) RC_ASSERT(at(p + 1, q) != at(p, q));
  }
}

// The adjoint is the inverse where A = 1, and <R q, k> = <q, R^T k>: with the certified binary64
// outputs, whose roundings bound the difference.
RC_GTEST_PROP(RotationGroup, TheAdjointTurnsBack, ()) {
  const auto p = *coordinate();
  const auto draw = [] {
    return std::ldexp(static_cast<double>(*rc::gen::inRange<std::int64_t>(-(1LL << 50), 1LL << 50)),
                      *rc::gen::inRange(-60, -40));
  };
  const double x = draw(), y = draw(), u = draw(), v = draw();
  const auto bits = [](double value) { return round_to(from_double(value), binary64); };
  for (const FrequencySpectrum& f : spectra()) {
    const ResolvedSpectrum spectrum(f);
    const int rung = *rc::gen::inRange(0, spectrum.rungs());
    const auto angle = [&] {
      return cos_sin(Rational(p), spectrum.inv_freq(rung), enclose(Rational(1)));
    };
    const TurnedPair forward = turn(bits(x), bits(y), angle, {}, false, binary64, "test");
    const TurnedPair back = turn(bits(u), bits(v), angle, {}, true, binary64, "test");
    const auto value = [](std::uint64_t b) { return decode(b, binary64); };
    const Rational left = value(forward.x) * from_double(u) + value(forward.y) * from_double(v);
    const Rational right = value(back.x) * from_double(x) + value(back.y) * from_double(y);
    // Each output is within half an ulp, 2^-53 of the pair's length; four products of lengths r and
    // s.
    const Rational r = abs(from_double(x)) + abs(from_double(y)),
                   s = abs(from_double(u)) + abs(from_double(v));
    RC_ASSERT(abs(Rational(left - right)) <= 4 * r * s / Rational(Integer(1) << 53));
    const TurnedPair home = turn(forward.x, forward.y, angle, {}, true, binary64, "test");
    RC_ASSERT(abs(Rational(value(home.x) - from_double(x))) <= 4 * r / Rational(Integer(1) << 53));
    RC_ASSERT(abs(Rational(value(home.y) - from_double(y))) <= 4 * r / Rational(Integer(1) << 53));
  }
}

// The whole head at once, against a dense block-diagonal matrix built from the allocation by Eigen.
RC_GTEST_PROP(RotationGroup, HeadsTurnLikeTheDenseMatrix, ()) {
  const auto drawn = *sequence(40, 5);
  if (tokens(drawn.sequence) == 0) return;
  const auto where = *rc::gen::inRange<std::int64_t>(0, 1000);
  const bool adjacent = *rc::gen::arbitrary<bool>();
  for_each_scheme([&](const Scheme& scheme) {
    Case c = small_case(scheme, 7, drawn.sequence);
    const int pairs = c.shape.pairs();
    const std::int64_t row = where % tokens(c.sequence);
    c.pairing = adjacent ? Pairing::gptj : Pairing::neox;
    c.windows = {{row, 1}};
    const PositionTable ids = positions(c);
    const FrequencyAllocation map = allocation(c);
    if (has_planes(c)) return;
    const int width = c.shape.head_dim, heads = c.shape.num_heads;
    Heads in{binary64, {}, {}};
    Eigen::VectorXd x(heads * width);
    for (int i = 0; i < heads * width; ++i) {
      x(i) = std::sin(i + 1.0) + i;
      in.q.push_back(round_to(from_double(x(i)), binary64));
    }
    in.k = in.q;
    const Tensors out = evaluate(c, ids, {}, {in}, true, 1);
    for (int h = 0; h < heads; ++h) {
      Eigen::MatrixXd r = Eigen::MatrixXd::Identity(width, width);
      for (int i = 0; i < pairs; ++i) {
        const Assignment& a = map.at(map.map_of(h), i);
        const double position = a.axis == Axis::none ? 0 : to_double(ids.at(index(a.axis), 0));
        const Ladder& ladder = map.ladder(a.axis);
        const Rational base = ladder.rope_theta.value_or(c.spectrum.rope_theta);
        const int dim = ladder.dim == 0 ? c.spectrum.rotary_dim : ladder.dim;
        const double power = -2.0 * a.rung / dim * to_double(ladder.exponent);
        const double angle =
            position * std::pow(to_double(base), power) * (ladder.turns ? 2 * std::numbers::pi : 1);
        const int one = adjacent ? 2 * i : i, two = adjacent ? 2 * i + 1 : i + pairs;
        r(one, one) = r(two, two) = std::cos(angle);
        r(two, one) = std::sin(angle);
        r(one, two) = -std::sin(angle);
      }
      const Eigen::VectorXd head = x.segment(h * width, width), want = r * head,
                            back = r.transpose() * head;
      for (int d = 0; d < width; ++d) {
        const auto at = static_cast<std::size_t>(h * width + d);
        // Angles below 200: the doubles above are good to 200 * 2^-50 of the head's length.
        const double allowed = 200 * 0x1p-50 * head.norm();
        RC_ASSERT(std::abs(decode_double(out.rotated[0].out.q[at], binary64) - want(d)) <= allowed);
        RC_ASSERT(std::abs(decode_double(out.rotated[0].adjoint.k[at], binary64) - back(d)) <=
                  allowed);
      }
    }
  });
}

}  // namespace
}  // namespace plumbline::test
