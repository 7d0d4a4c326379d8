// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

namespace plumbline::oracle {

Comparison::Comparison(const StoredCase& stored, const std::string& path, Dtype dtype,
                       const std::vector<std::uint64_t>& shape, Report& report, bool optional)
    : path_(path), shape_(shape), report_(report), width_(info(dtype).bytes) {
  for (const Format& format : kFormats) {
    if (format.dtype == dtype) format_ = &format;
  }
  const auto found = stored.tensors.find(path);
  if (found == stored.tensors.end()) {
    if (!optional) report.differs.push_back(fmt::format("{}: is absent", path));
    return;
  }
  const Tensor& tensor = found->second;
  std::uint64_t bytes = width_;
  for (const std::uint64_t extent : shape) bytes *= extent;
  if (tensor.dtype != dtype || tensor.shape != shape || tensor.bytes.size() != bytes) {
    report.differs.push_back(fmt::format("{}: stored {} [{}] of {} bytes, expected {} [{}]", path,
                                         info(tensor.dtype).format, fmt::join(tensor.shape, ", "),
                                         tensor.bytes.size(), info(dtype).format,
                                         fmt::join(shape, ", ")));
    return;
  }
  static constexpr std::byte kNone{};
  data_ = tensor.bytes.empty() ? &kNone : tensor.bytes.data();
}

std::uint64_t Comparison::stored(std::size_t index) const {
  std::uint64_t bits = 0;  // little endian, as the only machines supported are
  std::memcpy(&bits, data_ + index * width_, width_);
  return bits;
}

void Comparison::compare_unequal(std::size_t index, std::uint64_t bits) {
  const std::uint64_t found = stored(index);
  if (format_ != nullptr && is_nan(found, *format_) && is_nan(bits, *format_)) {
    ++report_.values;
  } else if (!differs_) {
    differs_ = true;
    report_.differs.push_back(fmt::format("{}: stored {:#0{}x}, recomputed {:#0{}x}", name(index),
                                          found, 2 * width_ + 2, bits, 2 * width_ + 2));
  }
}

void Comparison::give_up(std::size_t index) const {
  throw std::runtime_error(
      fmt::format("{}: the rounding is undecided at {} bits", name(index), kLastBits));
}

std::string Comparison::name(std::size_t index) const {
  std::vector<std::uint64_t> place(shape_.size());
  for (std::size_t axis = shape_.size(); axis-- > 0;) {
    place[axis] = index % shape_[axis];
    index /= shape_[axis];
  }
  return fmt::format("{}[{}]", path_, fmt::join(place, ","));
}

namespace {

// The number an attribute denotes; nothing if it is absent or no number.
std::optional<Rational> attribute(const StoredCase& stored, const std::string& name) {
  const auto found = stored.text.find(name);
  if (found == stored.text.end()) return std::nullopt;
  try {
    return parse_rational(found->second);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

void record(const StoredCase& stored, const std::string& name, bool equal,
            const std::string& expected, Report& report) {
  if (equal) {
    ++report.values;
    return;
  }
  const auto found = stored.text.find(name);
  report.differs.push_back(fmt::format("{}: stored {}, recomputed {}", name,
                                       found == stored.text.end() ? "nothing" : found->second,
                                       expected));
}

constexpr int kDigits = 40;

// Half a unit in the last of kDigits significant digits of x, not zero.
Rational half_unit(Rational x) {
  if (x.sign() < 0) x = Rational(0) - x;
  const Rational ten(10);
  Rational unit(1);
  while (x < unit) unit = unit / ten;
  while (!(x < unit * ten)) unit = unit * ten;
  for (int digit = 1; digit < kDigits; ++digit) unit = unit / ten;
  return unit / Rational(2);
}

}  // namespace

void compare_delta(const StoredCase& stored, const std::string& name,
                   const std::optional<Coordinate>& expected, Report& report) {
  if (!expected) {
    const auto found = stored.text.find(name);
    record(stored, name, found != stored.text.end() && found->second == "null", "null", report);
  } else if (expected->is_rational()) {
    const Rational& exact = expected->rational();
    record(stored, name, attribute(stored, name) == exact, to_string(exact), report);
  } else {
    compare_digits(
        stored, name,
        [&](slong bits) {
          Ball ball;
          expected->enclose(ball, bits);
          return Real(std::move(ball), bits);
        },
        report);
  }
}

void compare_digits(const StoredCase& stored, const std::string& name,
                    const std::function<Real(slong)>& real, Report& report) {
  const std::optional<Rational> digits = attribute(stored, name);
  bool equal = false;
  if (digits && digits->sign() != 0) {
    const Real slack = half_unit(*digits);
    // First bits: 40 digits are 133 bits, and the difference must stand out from its own error.
    equal = at_rising_precision(4 * kFirstBits, [&](slong bits) {
      const Real error = real(bits) - *digits;
      return sign(error - slack) <= 0 && sign(error + slack) >= 0;
    });
  }
  Ball ball;
  real(kFirstBits * 2).enclose(ball, kFirstBits * 2);
  char* text = arb_get_str(ball.get(), kDigits, ARB_STR_NO_RADIUS);
  const std::string expected(text);
  flint_free(text);
  record(stored, name, equal, expected, report);
}

}  // namespace plumbline::oracle
