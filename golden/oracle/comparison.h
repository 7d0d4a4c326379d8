// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "golden/oracle/coordinate.h"
#include "golden/oracle/oracle.h"
#include "golden/oracle/real.h"
#include "golden/oracle/rounding.h"

namespace plumbline::oracle {

// One stored dataset, held against recomputed encodings. The first difference becomes a line of the
// report; a NaN equals any NaN, everything else must agree bit for bit, zeros included.
class Comparison {
 public:
  // An absent dataset, or one of another type or shape, is a difference (unless `optional` and
  // absent) and is not usable. `path` is FORMAT.md's, below the case.
  Comparison(const StoredCase& stored, const std::string& path, Dtype dtype,
             const std::vector<std::uint64_t>& shape, Report& report, bool optional = false);
  bool usable() const { return data_ != nullptr; }
  // One stored element, zero extended.
  std::uint64_t stored(std::size_t index) const;

  void expect(std::size_t index, std::uint64_t bits) {
    if (stored(index) == bits) {
      ++report_.values;
    } else {
      compare_unequal(index, bits);
    }
  }

  // Expects the rounding of a real number that enclose(ball, bits) encloses at any precision asked
  // for. Throws std::runtime_error naming the element if kLastBits do not decide it.
  template <class Enclose>
  void expect_real(std::size_t index, Enclose&& enclose) {
    for (slong bits = kFirstBits; bits <= kLastBits; bits *= 2) {
      Ball ball;
      enclose(ball, bits);
      if (const auto rounded = round(ball, bits, *format_)) {
        if (bits > report_.precision) report_.precision = bits;
        return expect(index, *rounded);
      }
    }
    give_up(index);
  }

  [[noreturn]] void give_up(std::size_t index) const;

 private:
  void compare_unequal(std::size_t index, std::uint64_t bits);
  std::string name(std::size_t index) const;

  std::string path_;
  std::vector<std::uint64_t> shape_;
  Report& report_;
  const Format* format_ = nullptr;  // of a float dataset
  const std::byte* data_ = nullptr;
  std::size_t width_ = 0;
  bool differs_ = false;
};

// A rope delta against the number it must denote: "p" or "p/q", or the first 40 significant digits
// of an irrational one; "null" where there is none.
void compare_delta(const StoredCase& stored, const std::string& name,
                   const std::optional<Coordinate>& expected, Report& report);
// A text attribute against the first 40 significant digits, rounded to nearest, of the
// real(bits) that is not zero.
void compare_digits(const StoredCase& stored, const std::string& name,
                    const std::function<Real(slong)>& real, Report& report);

}  // namespace plumbline::oracle
