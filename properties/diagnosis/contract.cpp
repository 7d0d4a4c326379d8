// SPDX-License-Identifier: Apache-2.0
#include "properties/diagnosis/contract.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "properties/laws/random.h"
#include "properties/laws/tuple.h"

namespace plumbline::diagnosis {
namespace {

std::uint64_t encode(double x, const Format& f) {
  if (f == binary64) return std::bit_cast<std::uint64_t>(x);
  if (f == binary32) return std::bit_cast<std::uint32_t>(static_cast<float>(x));
  if (std::isnan(x)) return infinity_bits(f) | (std::uint64_t{1} << (f.precision - 2));
  if (x == 0) return std::signbit(x) ? sign_bit(f) : 0;
  // Most probes are ones.
  static const std::uint64_t kOne[] = {round_to(Rational(1), bfloat16),
                                       round_to(Rational(1), binary16)};
  if (x == 1) return kOne[f == bfloat16 ? 0 : 1];
  return round_to(from_double(x), f);
}

double decoded(std::uint64_t bits, const Format& f) {
  if (f == binary64) return std::bit_cast<double>(bits);
  if (f == binary32)
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  return decode_double(bits, f);
}

// Where a scheme places tokens of some prompts, [prompts][axes][rows].
std::vector<std::vector<std::vector<double>>> placed(const Case& c) {
  Case sample = c;
  sample.attention_mask.clear();
  sample.pad_left = sample.pad_right = 0;
  sample.windows.clear();
  std::vector<std::vector<std::vector<double>>> out;
  for (const char* text : {"t2 v1x3x5 t3", "t2 v3x3x5 t3", "v1x4x6"}) {
    try {
      sample.sequence = parse_notation(text);
      const PositionTable ids = positions(sample);
      out.emplace_back(static_cast<std::size_t>(ids.axes));
      for (std::size_t a = 0; a < out.back().size(); ++a) {
        for (std::size_t row = 0; row < ids.rows(); ++row)
          out.back()[a].push_back(to_double(ids.at(a, row)));
      }
    } catch (const std::invalid_argument&) {
      // It cannot place this prompt.
    }
  }
  return out;
}

}  // namespace

std::vector<double> frequencies(const Case& c) {
  std::vector<double> out;
  for (const std::uint64_t bits : evaluate(c, laws::table_of(c, {}), {}, {}, false, 1).inv_freq)
    out.push_back(decode_double(bits, binary64));
  return out;
}

double rounded(double x, const Format& f) {
  if (f == binary64 || !std::isfinite(x) || x == 0) return x;
  if (f == binary32) return static_cast<double>(static_cast<float>(x));
  return decode_double(round_to(from_double(x), f), f);
}

Contract::Contract(const Case& made, const Format& storage, const std::optional<Recipe>& declared)
    : c(made),
      format(storage),
      recipe(declared),
      shape(made.shape),
      neox(made.pairing == Pairing::neox),
      axes(design_of(*made.scheme, made.parameters).axes),
      below_zero(static_cast<std::size_t>(axes)) {
  if (const auto reason = laws::not_by_pairs(c)) throw std::invalid_argument(*reason);
  for (const auto& prompt : placed(c)) {
    for (std::size_t a = 0; a < prompt.size(); ++a) {
      for (const double p : prompt[a]) {
        fractions = fractions || p != std::trunc(p);
        below_zero[a] = below_zero[a] || p < 0;
      }
    }
  }
  const FrequencyAllocation map = allocation(c);
  pairs = map.pairs;
  maps = map.maps;
  for (const Assignment& a : map.of)
    axis.push_back(a.axis == Axis::none ? -1 : static_cast<int>(a.axis));
  inv_freq = frequencies(c);
  const ResolvedSpectrum spectrum(c.spectrum);
  factor = decode_double(
      certify([&] { return spectrum.attention_factor(); }, binary64, "an attention factor").bits,
      binary64);
  // The probe's own binary64 product and functions.
  constexpr double kOwn = 0x1p-51;
  for (std::size_t i = 0; i < inv_freq.size(); ++i) {
    relative.push_back(kOwn);
    if (!recipe || inv_freq[i] == 0 || axis[i] < 0) continue;
    const PhaseBudget budget(*recipe, c.spectrum, map.of[i].rung, inv_freq[i],
                             map.ladder(map.of[i].axis));
    relative.back() += budget.at(0x1p-10, true) / (0x1p-10 * inv_freq[i]);
    largest_relative = std::max(largest_relative, relative.back());
  }
  largest_relative = std::max(largest_relative, kOwn);
  if (recipe) {
    const ArithmeticBudget budget = arithmetic_budget(*recipe, factor, format);
    arithmetic = budget.relative;
    absolute = budget.absolute;
  } else {
    arithmetic = unit(format);
    absolute = std::ldexp(1.0, format.emin - format.precision - 1);
  }
  arithmetic += kOwn;
}

int Contract::map_of(int head, bool key) const {
  if (maps == 1) return 0;
  return key ? head : head / (shape.num_heads / shape.num_key_value_heads);
}

std::string Contract::axis_letters(const std::vector<int>& of) const {
  const FrequencyAllocation map = allocation(c);
  std::string out;
  for (const int a : of) out += a == -1 ? '-' : a < 0 ? '?' : map.letter(static_cast<Axis>(a));
  return out;
}

Sheet::Sheet(const Contract& contract, std::size_t rows, int heads, int head_gap, int token_gap,
             std::byte poison)
    : format_(contract.format),
      poison_(poison),
      rows_(rows),
      heads_(static_cast<std::size_t>(heads)),
      width_(static_cast<std::size_t>(contract.shape.head_dim)),
      size_(static_cast<std::size_t>(contract.format.bytes)) {
  strides.head = contract.shape.head_dim + head_gap;
  strides.token = strides.head * heads + token_gap;
  // A kernel that is wrong about a width stays inside the sheet.
  before_ = static_cast<std::size_t>(strides.token) * size_;
  bytes_.assign((3 * rows + 8) * static_cast<std::size_t>(strides.token) * size_, poison_);
}

std::size_t Sheet::at(std::size_t row, std::size_t head, std::size_t lane,
                      const laws::Strides& s) const {
  return before_ + (row * static_cast<std::size_t>(s.token) +
                    head * static_cast<std::size_t>(s.head) + lane) *
                       size_;
}

void Sheet::put(const std::vector<double>& dense) {
  std::size_t i = 0;
  for (std::size_t row = 0; row < rows_; ++row) {
    for (std::size_t head = 0; head < heads_; ++head) {
      for (std::size_t lane = 0; lane < width_; ++lane) {
        const std::uint64_t bits = encode(dense[i++], format_);
        std::memcpy(&bytes_[at(row, head, lane, strides)], &bits, size_);
      }
    }
  }
}

std::vector<double> Sheet::get(const laws::Strides& from) const {
  std::vector<double> out;
  out.reserve(rows_ * heads_ * width_);
  for (std::size_t row = 0; row < rows_; ++row) {
    for (std::size_t head = 0; head < heads_; ++head) {
      for (std::size_t lane = 0; lane < width_; ++lane) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, &bytes_[at(row, head, lane, from)], size_);
        out.push_back(decoded(bits, format_));
      }
    }
  }
  return out;
}

std::vector<bool> Sheet::untouched() const {
  std::vector<bool> out;
  for (std::size_t row = 0; row < rows_; ++row) {
    for (std::size_t head = 0; head < heads_; ++head) {
      for (std::size_t lane = 0; lane < width_; ++lane) {
        const std::size_t first = at(row, head, lane, strides);
        bool left = true;
        for (std::size_t b = 0; b < size_; ++b) left = left && bytes_[first + b] == poison_;
        out.push_back(left);
      }
    }
  }
  return out;
}

std::vector<bool> Sheet::equal_elements(const Sheet& other) const {
  std::vector<bool> out;
  for (std::size_t row = 0; row < rows_; ++row) {
    for (std::size_t head = 0; head < heads_; ++head) {
      for (std::size_t lane = 0; lane < width_; ++lane)
        out.push_back(std::memcmp(&bytes_[at(row, head, lane, strides)],
                                  &other.bytes_[other.at(row, head, lane, other.strides)],
                                  size_) == 0);
    }
  }
  return out;
}

std::vector<std::size_t> Sheet::written_outside() const {
  std::vector<std::size_t> out;
  for (std::size_t b = 0; b < bytes_.size(); b += size_) {
    bool left = true;
    for (std::size_t i = b; i < b + size_; ++i) left = left && bytes_[i] == poison_;
    if (left) continue;
    const auto flat = static_cast<std::ptrdiff_t>(b / size_) - strides.token;
    const std::ptrdiff_t row = flat / strides.token, rest = flat % strides.token;
    const bool inside = flat >= 0 && row < static_cast<std::ptrdiff_t>(rows_) &&
                        rest / strides.head < static_cast<std::ptrdiff_t>(heads_) &&
                        rest % strides.head < static_cast<std::ptrdiff_t>(width_);
    if (!inside) out.push_back(flat < 0 ? SIZE_MAX : static_cast<std::size_t>(flat));
  }
  return out;
}

namespace {

// The tensors of one call, of both kinds.
struct Tensors {
  Tensors(const Contract& contract, std::size_t rows, const Layout& layout, std::byte poison) {
    for (const bool key : {false, true}) {
      const int heads = contract.heads(key);
      from.emplace_back(contract, rows, heads, layout.head_gap, layout.token_gap, poison);
      to.emplace_back(contract, rows, heads, layout.out_head_gap, layout.out_token_gap, poison);
    }
  }
  std::vector<Sheet> from, to;
};

Tensors called(const laws::Subject& subject, const Contract& contract, const PositionTable& ids,
               const Values& in, bool adjoint, const Layout& layout, std::byte poison) {
  Tensors t(contract, ids.rows(), layout, poison);
  for (const bool key : {false, true}) t.from[key ? 1 : 0].put(in.of(key));
  const auto view = [&](std::size_t i) {
    Sheet& target = layout.in_place ? t.from[i] : t.to[i];
    return laws::HeadView{t.from[i].data(), target.data(), t.from[i].strides, target.strides};
  };
  laws::Call call{contract.c, ids, contract.format, adjoint, view(0), view(1)};
  const auto rows = static_cast<std::int32_t>(ids.rows());
  for (int i = 0; i <= layout.sequences && layout.sequences > 1; ++i)
    call.cu_seqlens.push_back(rows / layout.sequences * i);
  subject.rotate(call);
  return t;
}

// An element that was written with the very pattern is written with it again over another one.
void keep_unwritten(std::vector<bool>& untouched, const Sheet& first, const Sheet& second) {
  const std::vector<bool> same = first.equal_elements(second);
  for (std::size_t i = 0; i < untouched.size(); ++i) untouched[i] = untouched[i] && !same[i];
}

bool any(const std::vector<bool>& of) { return std::find(of.begin(), of.end(), true) != of.end(); }

}  // namespace

bool alike(double x, double y, double tolerance) {
  return x == y || (std::isnan(x) && std::isnan(y)) || std::abs(x - y) <= tolerance;
}

bool alike(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return alike(x, y); });
}

Answer ask(const laws::Subject& subject, const Contract& contract, const PositionTable& ids,
           const Values& in, bool adjoint, const Layout& layout) {
  const Tensors first = called(subject, contract, ids, in, adjoint, layout, kPoison);
  const std::vector<Sheet>&from = first.from, &to = first.to;
  Answer out;
  const std::vector<Sheet>& result = layout.in_place ? from : to;
  out.out = {result[0].get(), result[1].get()};
  if (!layout.watch) return out;
  if (!layout.in_place) {
    out.untouched_q = to[0].untouched();
    out.untouched_k = to[1].untouched();
    if (any(out.untouched_q) || any(out.untouched_k)) {
      const Tensors second = called(subject, contract, ids, in, adjoint, layout, kOtherPoison);
      keep_unwritten(out.untouched_q, to[0], second.to[0]);
      keep_unwritten(out.untouched_k, to[1], second.to[1]);
    }
    out.input_written = !alike(from[0].get(), in.q) || !alike(from[1].get(), in.k) ||
                        !from[0].written_outside().empty() || !from[1].written_outside().empty();
  }
  out.outside_q = result[0].written_outside();
  out.outside_k = result[1].written_outside();
  return out;
}

PositionTable table_of(const Contract& contract, const std::vector<std::vector<double>>& tuples) {
  std::vector<std::vector<Rational>> exact;
  for (const auto& tuple : tuples) {
    exact.emplace_back();
    for (const double p : tuple) exact.back().push_back(from_double(p));
  }
  return laws::table_of(contract.c, exact);
}

Values draw(const Contract& contract, std::size_t rows, std::uint64_t seed) {
  laws::Random random(seed);
  Values out;
  for (const bool key : {false, true}) {
    const std::size_t count = rows * static_cast<std::size_t>(contract.heads(key)) *
                              static_cast<std::size_t>(contract.shape.head_dim);
    for (std::size_t i = 0; i < count; ++i) {
      const auto whole = random.between(1, 127);
      const auto exponent = static_cast<int>(random.between(-8, 1));
      out.of(key).push_back(
          std::ldexp(static_cast<double>(random.chance(1, 2) ? whole : -whole), exponent - 4));
    }
  }
  return out;
}

}  // namespace plumbline::diagnosis
