// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/real.h"

#include <algorithm>
#include <stdexcept>

namespace plumbline::oracle {
namespace {

using BallOperation = void (*)(arb_t, const arb_t, const arb_t, slong);

Real combine(BallOperation operation, const Real& a, const Real& b, slong bits) {
  Ball x, y, z;
  a.enclose(x, bits);
  b.enclose(y, bits);
  operation(z.get(), x.get(), y.get(), bits);
  return Real(std::move(z), bits);
}

}  // namespace

void Real::enclose(Ball& out, slong bits) const {
  if (exact_) {
    arb_set_fmpq(out.get(), exact_->get(), bits);
  } else {
    arb_set(out.get(), ball_.get());
  }
}

Real operator+(const Real& a, const Real& b) {
  if (a.exact_ && b.exact_) return *a.exact_ + *b.exact_;
  return combine(arb_add, a, b, std::max(a.bits_, b.bits_));
}

Real operator-(const Real& a, const Real& b) {
  if (a.exact_ && b.exact_) return *a.exact_ - *b.exact_;
  return combine(arb_sub, a, b, std::max(a.bits_, b.bits_));
}

Real operator*(const Real& a, const Real& b) {
  if (a.is(0) || b.is(0)) return 0;
  if (a.exact_ && b.exact_) return *a.exact_ * *b.exact_;
  return combine(arb_mul, a, b, std::max(a.bits_, b.bits_));
}

Real operator/(const Real& a, const Real& b) {
  if (b.is(0)) throw std::invalid_argument("division by zero");
  if (a.is(0) && !b.exact_) return 0;
  if (a.exact_ && b.exact_) return *a.exact_ / *b.exact_;
  return combine(arb_div, a, b, std::max(a.bits_, b.bits_));
}

Real pi(slong bits) {
  Ball z;
  arb_const_pi(z.get(), bits);
  return Real(std::move(z), bits);
}

Real log(const Real& x, slong bits) {
  if (x.is(1)) return 0;
  Ball z;
  x.enclose(z, bits);
  if (!arb_is_positive(z.get())) throw Undecided();
  arb_log(z.get(), z.get(), bits);
  return Real(std::move(z), bits);
}

Real exp(const Real& x, slong bits) {
  if (x.is(0)) return 1;
  Ball z;
  x.enclose(z, bits);
  arb_exp(z.get(), z.get(), bits);
  return Real(std::move(z), bits);
}

Real sqrt(const Real& x, slong bits) {
  if (x.is_exact()) return power(x.exact(), Rational(1) / Rational(2), bits);
  Ball z;
  x.enclose(z, bits);
  arb_sqrt(z.get(), z.get(), bits);
  return Real(std::move(z), bits);
}

Real power(const Rational& base, const Rational& exponent, slong bits) {
  if (auto exact = exact_power(base, exponent)) return *std::move(exact);
  Ball z;
  arb_set_fmpq(z.get(), base.get(), bits);
  arb_pow_fmpq(z.get(), z.get(), exponent.get(), bits);
  return Real(std::move(z), bits);
}

int sign(const Real& x) {
  if (x.is_exact()) return x.exact().sign();
  Ball z;
  x.enclose(z, 0);
  if (arb_is_positive(z.get())) return 1;
  if (arb_is_negative(z.get())) return -1;
  throw Undecided();
}

Rational floor(const Real& x) {
  if (x.is_exact()) return floor(x.exact());
  Ball z;
  x.enclose(z, 0);
  arb_floor(z.get(), z.get(), kLastBits);
  Rational r;
  if (!arb_get_unique_fmpz(fmpq_numref(r.get()), z.get())) throw Undecided();
  return r;
}

}  // namespace plumbline::oracle
