// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arb.h>
#include <flint/fmpq.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace plumbline::oracle {

// A rational in lowest terms: FLINT's fmpq with value semantics. Exact.
class Rational {
 public:
  Rational() { fmpq_init(value_); }
  template <std::integral Integer>
  Rational(Integer n) : Rational() {
    fmpz_set_si(fmpq_numref(value_), static_cast<slong>(n));
  }
  Rational(const Rational& other) : Rational() { fmpq_set(value_, other.value_); }
  Rational(Rational&& other) noexcept : Rational() { fmpq_swap(value_, other.value_); }
  Rational& operator=(Rational other) noexcept {
    fmpq_swap(value_, other.value_);
    return *this;
  }
  ~Rational() { fmpq_clear(value_); }

  fmpq* get() { return value_; }
  const fmpq* get() const { return value_; }
  int sign() const { return fmpq_sgn(value_); }

  friend Rational operator+(const Rational& a, const Rational& b) { return apply(fmpq_add, a, b); }
  friend Rational operator-(const Rational& a, const Rational& b) { return apply(fmpq_sub, a, b); }
  friend Rational operator*(const Rational& a, const Rational& b) { return apply(fmpq_mul, a, b); }
  friend Rational operator/(const Rational& a, const Rational& b);  // throws on b == 0
  friend bool operator==(const Rational& a, const Rational& b) {
    return fmpq_equal(a.value_, b.value_) != 0;
  }
  friend bool operator<(const Rational& a, const Rational& b) {
    return fmpq_cmp(a.value_, b.value_) < 0;
  }

 private:
  using Operation = void (*)(fmpq_t, const fmpq_t, const fmpq_t);
  static Rational apply(Operation operation, const Rational& a, const Rational& b) {
    Rational r;
    operation(r.value_, a.value_, b.value_);
    return r;
  }
  fmpq_t value_;
};

// "17", "-0.125", "1.5e-3" or "p/q" as the exact rational it denotes; throws std::invalid_argument.
Rational parse_rational(std::string_view text);
// "p" or "p/q" in lowest terms.
std::string to_string(const Rational& r);
Rational floor(const Rational& r);
Rational truncate(const Rational& r);  // toward zero
Rational max(const Rational& a, const Rational& b);
// base^exponent where that is rational, base > 0 and exponent = p/q with q below 2^62; else
// nothing.
std::optional<Rational> exact_power(const Rational& base, const Rational& exponent);

struct RationalHash {
  std::size_t operator()(const Rational& r) const {
    return fmpz_get_ui(fmpq_numref(r.get())) * 0x9E3779B97F4A7C15u ^
           fmpz_get_ui(fmpq_denref(r.get()));
  }
};

// An enclosure of a real number: Arb's ball with value semantics.
class Ball {
 public:
  Ball() { arb_init(value_); }
  Ball(const Ball& other) : Ball() { arb_set(value_, other.value_); }
  Ball(Ball&& other) noexcept : Ball() { arb_swap(value_, other.value_); }
  Ball& operator=(Ball other) noexcept {
    arb_swap(value_, other.value_);
    return *this;
  }
  ~Ball() { arb_clear(value_); }
  arb_ptr get() { return value_; }
  arb_srcptr get() const { return value_; }

 private:
  arb_t value_;
};

// A dyadic rational of any length: Arb's arf with value semantics. Sums and products are exact.
class Dyadic {
 public:
  Dyadic() { arf_init(value_); }
  explicit Dyadic(double x) : Dyadic() { arf_set_d(value_, x); }
  Dyadic(const Dyadic& other) : Dyadic() { arf_set(value_, other.value_); }
  Dyadic& operator=(const Dyadic& other) {
    arf_set(value_, other.value_);
    return *this;
  }
  ~Dyadic() { arf_clear(value_); }
  arf_ptr get() { return value_; }
  arf_srcptr get() const { return value_; }
  void add_product(const Dyadic& a, const Dyadic& b) {
    arf_addmul(value_, a.value_, b.value_, ARF_PREC_EXACT, ARF_RND_DOWN);
  }
  void subtract_product(const Dyadic& a, const Dyadic& b) {
    arf_submul(value_, a.value_, b.value_, ARF_PREC_EXACT, ARF_RND_DOWN);
  }
  bool is_zero() const { return arf_is_zero(value_) != 0; }
  Rational rational() const;

 private:
  arf_t value_;
};

inline constexpr slong kFirstBits = 128;
inline constexpr slong kLastBits = 16384;

// An enclosure is too wide for the decision asked of it; more bits may help.
struct Undecided : std::runtime_error {
  Undecided() : std::runtime_error("undecided at the highest precision") {}
};

// decide(bits) at the first of bits, 2 bits, ... kLastBits at which it does not throw Undecided.
template <class Decide>
auto at_rising_precision(slong bits, Decide&& decide) {
  for (;; bits *= 2) {
    try {
      return decide(bits);
    } catch (const Undecided&) {
      if (2 * bits > kLastBits) throw;
    }
  }
}

// Has the library free what it keeps for this thread when the thread ends, which it does not do by
// itself. For every function that a thread may call first.
void free_caches_at_thread_end();

}  // namespace plumbline::oracle
