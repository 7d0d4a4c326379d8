// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/coordinate.h"

#include <stdexcept>

namespace plumbline::oracle {

const Ball& Irrational::at(slong bits) const {
  const auto [place, fresh] = remembered_.try_emplace(bits);
  if (fresh) enclose_(place->second, bits);
  return place->second;
}

Coordinate::Coordinate(Rational factor, std::shared_ptr<const Irrational> irrational) {
  if (factor.sign() != 0) terms_.push_back({std::move(irrational), std::move(factor)});
}

const Rational& Coordinate::rational() const {
  if (!is_rational()) throw std::logic_error("an irrational coordinate was taken for a rational");
  return rational_;
}

void Coordinate::enclose(Ball& out, slong bits) const {
  arb_set_fmpq(out.get(), rational_.get(), bits);
  for (const Term& term : terms_) {
    Ball factor;
    arb_set_fmpq(factor.get(), term.factor.get(), bits);
    arb_addmul(out.get(), factor.get(), term.irrational->at(bits).get(), bits);
  }
}

std::string Coordinate::name() const {
  std::string text = to_string(rational_);
  for (const Term& term : terms_) {
    text += " + " + to_string(term.factor) + " " + term.irrational->name();
  }
  return text;
}

Coordinate operator*(const Rational& factor, const Coordinate& x) {
  if (factor.sign() == 0) return {};
  Coordinate product(factor * x.rational_);
  for (const Coordinate::Term& term : x.terms_) {
    product.terms_.push_back({term.irrational, factor * term.factor});
  }
  return product;
}

Coordinate Coordinate::sum(const Coordinate& a, const Coordinate& b, int sign) {
  Coordinate result(sign > 0 ? a.rational_ + b.rational_ : a.rational_ - b.rational_);
  auto x = a.terms_.begin(), y = b.terms_.begin();
  while (x != a.terms_.end() || y != b.terms_.end()) {
    const int order = x == a.terms_.end()   ? 1
                      : y == b.terms_.end() ? -1
                                            : x->irrational->name().compare(y->irrational->name());
    Term term = order <= 0 ? *x : *y;
    if (order > 0) term.factor = Rational(sign) * y->factor;
    if (order == 0) term.factor = term.factor + Rational(sign) * y->factor;
    if (order <= 0) ++x;
    if (order >= 0) ++y;
    if (term.factor.sign() != 0) result.terms_.push_back(std::move(term));
  }
  return result;
}

}  // namespace plumbline::oracle
