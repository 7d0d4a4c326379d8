// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "reference/case.h"

// The arithmetic that a candidate declares, and the two budgets that follow from it. Nothing here
// is picked by hand: every constant is a count of roundings.
namespace plumbline {

// An 8-bit format of outputs, as deployed: no arithmetic is done in it. Values m * 2^e as Format
// counts them, up to `largest`; beyond it a kernel may saturate or store `overflow`.
// Source: OCP 8-bit floating point specification 1.0, sections 5.1 and 5.2.
struct Store8 {
  std::string_view name;
  int precision, emin;
  double largest;
  bool has_infinity;  // overflow is an infinity; else NaN
};
inline constexpr Store8 e4m3fn{"e4m3fn", 4, -5, 448, false}, e5m2{"e5m2", 3, -13, 57344, true};
inline constexpr Store8 kStores8[] = {e4m3fn, e5m2};

// How inv_freq, or the whole angle, comes from the base. With s = fl(base^fl(-2/d)) and k the rung:
//   power        fl(1 / fl(base^fl(2k/d)))
//   recurrence   angle_0 = position, angle_k = fl(angle_(k-1) s)
//   step_power   fl(s^k)
//   exponential  fl(exp(fl(k fl(-ln base / (d/2)))))
enum class LadderForm : std::uint8_t { power, recurrence, step_power, exponential };

struct Recipe {
  std::string name;
  Format inv_freq = binary32, position = binary32, angle = binary32, table = binary32,
         product = binary32;
  LadderForm ladder = LadderForm::power;
  double pow_ulp = 0.6;  // error of the power, or exponential, behind inv_freq, in ulp
  double trig_ulp =
      1.0;             // error of sin and cos before any narrowing, in ulp of the binade [1/2, 1)
  bool flush = false;  // subnormals, and results up to the least normal number, may become zero
  // Rotated outputs, pass-through lanes too, are rounded to 8 bits at the end; the datasets hold
  // the values of the 8-bit numbers.
  const Store8* store = nullptr;
};

// Named recipes: pipelines that are deployed, each with the project that runs it.
struct RecipeRow {
  std::string_view name;
  std::string_view source;
  Recipe recipe;
};
std::span<const RecipeRow> recipes();

// "hf_f32", or a name and changes to it: "hf_f32,table=bf16,trig_ulp=2"; keys, each given once, are
// Recipe's fields, formats f64, f32, bf16, f16, e4m3fn or e5m2 for `store`, LadderForm's words for
// `ladder`. Throws std::invalid_argument naming the word and what is allowed.
Recipe parse_recipe(std::string_view text);
// The recipe of a candidate that declares none: the least accurate deployed pipeline whose store is
// `output`.
const Recipe& default_recipe(const Format& output);

// Largest error of rounding x to an 8-bit store, to nearest, where it does not overflow:
// u / (1 + u) |x| with u = 2^-precision, attained just above a power of two; at least half the
// smallest subnormal.
double store8_error(const Store8& store, double x);

// u(F) = 2^-precision, half the distance from 1 to the next number.
double unit(const Format& f);

// |phi^ - phi| of one pair under a recipe: |phi| ((1 + e)(1 + u_position)(1 + u_angle) - 1) + |p|
// q, at most pi.
//   e = (1 + X u)(1 + u_inv_freq) - 1, u the unit of the type in which inv_freq is formed (binary64
//   if declared, else binary32), X the roundings that form it (counted for each scaling in
//   recipe.cpp), u_inv_freq only where it is narrowed afterwards, and q half the smallest subnormal
//   of that narrow type; u_position only for a coordinate that the declared type cannot hold. First
//   order in X u.
class PhaseBudget {
 public:
  // `inv_freq` is the exact frequency of the rung, rounded to binary64. `recipe` must outlive the
  // budget.
  // A ladder's power costs a pow of its own and magnifies what came before by the exponent; turns
  // cost the rounded 2 pi and one product.
  PhaseBudget(const Recipe& recipe, const FrequencySpectrum& spectrum, int rung, double inv_freq,
              const Ladder& ladder = {});
  // Bound in radians at a coordinate; `exact` is false where the coordinate is itself rounded to
  // binary64.
  double at(double position, bool exact) const;

 private:
  const Recipe& recipe_;
  double inv_freq_, frequency_ = 0, underflow_ = 0;
};

// Error of one component of a rotated pair beyond the phase, relative to A r (r = |(x, y)|, A the
// attention factor):
//   sqrt(2) tau + (1 + sqrt(2) tau)((1 + u_product)^2 (1 + u_store) - 1),
// tau = error of one table entry relative to A; u_store only where the output is narrower than the
// products. `absolute` covers underflow: half a quantum of the output and three of the products. An
// 8-bit store comes on top, by store8_error of what is stored.
struct ArithmeticBudget {
  double table = 0;     // tau
  double relative = 0;  // of a rotated component, tau included
  double absolute = 0;
};
ArithmeticBudget arithmetic_budget(const Recipe& recipe, double attention_factor,
                                   const Format& output);

}  // namespace plumbline
