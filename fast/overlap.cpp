// SPDX-License-Identifier: Apache-2.0
#include "fast/overlap.h"

#include <numeric>

namespace plumbline::fast {
namespace {

bool apart_modulo(const TensorBytes& a, const TensorBytes& b, std::intptr_t modulus) {
  if (modulus == 0) return false;
  // A step that is a multiple leaves the rests where they are.
  const auto width = [&](const TensorBytes& t) {
    return t.row + (t.token_step % modulus == 0 ? 0 : t.token_span) +
           (t.head_step % modulus == 0 ? 0 : t.head_span);
  };
  std::intptr_t from_a_to_b = (b.begin - a.begin) % modulus;
  if (from_a_to_b < 0) from_a_to_b += modulus;
  return width(a) <= from_a_to_b && width(b) <= modulus - from_a_to_b;
}

}  // namespace

bool apart(const TensorBytes& a, const TensorBytes& b) {
  if (a.end() <= b.begin || b.end() <= a.begin) return true;
  const std::intptr_t steps[] = {a.token_step, a.head_step, b.token_step, b.head_step};
  std::intptr_t common = 0;
  for (const std::intptr_t step : steps) {
    if (apart_modulo(a, b, step)) return true;
    common = std::gcd(common, step);
  }
  return apart_modulo(a, b, common);
}

}  // namespace plumbline::fast
