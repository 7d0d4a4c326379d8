// SPDX-License-Identifier: Apache-2.0
#include "properties/laws/turned.h"

#include <fmt/format.h>

#include <cstring>

#include "golden/golden.h"
#include "properties/laws/draw.h"
#include "properties/laws/tuple.h"

namespace plumbline::laws {
namespace {

constexpr std::byte kPoison{0xa5};

// One tensor laid out with gaps that hold poison.
class Memory {
 public:
  Memory(const Case& c, std::size_t rows, int heads, const Format& f, const Placement& placement)
      : width_(static_cast<std::size_t>(c.shape.head_dim)),
        heads_(static_cast<std::size_t>(heads)),
        rows_(rows),
        size_(static_cast<std::size_t>(f.bytes)) {
    strides_.head = c.shape.head_dim + placement.head_gap;
    strides_.token = strides_.head * heads + placement.token_gap;
    bytes_.assign((rows + 1) * static_cast<std::size_t>(strides_.token) * size_, kPoison);
  }
  const Strides& strides() const { return strides_; }
  std::byte* data() { return bytes_.data(); }
  void fill(const std::vector<std::uint64_t>& bits) {
    visit([&](std::size_t i, std::size_t at) { std::memcpy(&bytes_[at], &bits[i], size_); });
  }
  std::vector<std::uint64_t> read() const {
    std::vector<std::uint64_t> bits(rows_ * heads_ * width_);
    visit([&](std::size_t i, std::size_t at) { std::memcpy(&bits[i], &bytes_[at], size_); });
    return bits;
  }
  bool poisoned_outside() const {
    std::vector<std::byte> copy = bytes_;
    visit([&](std::size_t, std::size_t at) {
      std::fill_n(copy.begin() + static_cast<std::ptrdiff_t>(at), size_, kPoison);
    });
    return std::all_of(copy.begin(), copy.end(), [](std::byte b) { return b == kPoison; });
  }

 private:
  template <class Body>
  void visit(const Body& body) const {
    std::size_t i = 0;
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t head = 0; head < heads_; ++head) {
        for (std::size_t lane = 0; lane < width_; ++lane) {
          body(i++, (row * static_cast<std::size_t>(strides_.token) +
                     head * static_cast<std::size_t>(strides_.head) + lane) *
                        size_);
        }
      }
    }
  }
  std::size_t width_, heads_, rows_, size_;
  Strides strides_;
  std::vector<std::byte> bytes_;
};

Format format_named(const Json& aux) {
  const std::string name = word(aux, "dtype", "f32");
  if (const Format* found = find_format(name)) return *found;
  throw FaultyAux("dtype = '" + name.substr(0, 60) + "': must be f64, f32, bf16 or f16");
}

double half_quantum(const Format& f) { return std::ldexp(1.0, f.emin - f.precision - 1); }

std::string place_text(const Setup& s, const PairPlace& p) {
  return fmt::format("row {}, head {}, pair {} (axis {})", p.row, p.head, p.pair,
                     s.map.letter(s.map.at(p.map, p.pair).axis));
}

}  // namespace

Heads turned(const Subject& subject, const Case& c, const PositionTable& ids, const Heads& in,
             bool adjoint, const Placement& placement) {
  const HeadShape& s = c.shape;
  Memory q(c, ids.rows(), s.num_heads, in.format, placement),
      k(c, ids.rows(), s.num_key_value_heads, in.format, placement);
  // Out of place the output has strides of its own.
  const Placement other{placement.token_gap, placement.head_gap, false};
  Memory q_out(c, ids.rows(), s.num_heads, in.format, other),
      k_out(c, ids.rows(), s.num_key_value_heads, in.format, other);
  q.fill(in.q);
  k.fill(in.k);
  const auto view = [&](Memory& from, Memory& to) {
    Memory& target = placement.in_place ? from : to;
    return HeadView{from.data(), target.data(), from.strides(), target.strides()};
  };
  subject.rotate({c, ids, in.format, adjoint, view(q, q_out), view(k, k_out)});
  for (const Memory* m : {&q, &k, &q_out, &k_out}) {
    if (!m->poisoned_outside()) throw Broken{"an element outside the tensor was written"};
  }
  if (placement.in_place) return {in.format, q.read(), k.read()};
  if (q.read() != in.q || k.read() != in.k) throw Broken{"an input was written"};
  return {in.format, q_out.read(), k_out.read()};
}

Setup::Setup(const Trial& t, bool by_pairs)
    : subject(t.subject),
      c(t.c),
      map(allocation(t.c)),
      format(format_named(t.aux)),
      seed(static_cast<std::uint64_t>(integer(t.aux, "data"))),
      special(integer(t.aux, "special", 0, 1) == 1) {
  if (!by_pairs) return;
  if (const auto reason = not_by_pairs(c)) throw Silent{*reason};
}

Heads Setup::inputs(std::size_t rows, std::uint64_t salt) const {
  const auto size = [&](int heads) {
    return rows * static_cast<std::size_t>(heads) * static_cast<std::size_t>(c.shape.head_dim);
  };
  const std::uint64_t key = seed + (salt << 32);
  return {format, draw_inputs(key, "q", format, size(c.shape.num_heads), special),
          draw_inputs(key, "k", format, size(c.shape.num_key_value_heads), special)};
}

Allowance::Allowance(const Setup& s, const PositionTable& ids) : pairs_(s.map.pairs) {
  const auto frequencies = evaluate(s.c, table_of(s.c, {}), {}, {}, false, 1).inv_freq;
  for (const std::uint64_t bits : frequencies) inv_freq_.push_back(decode_double(bits, binary64));
  const ResolvedSpectrum spectrum(s.c.spectrum);
  factor_ = decode_double(
      certify([&] { return spectrum.attention_factor(); }, binary64, "an attention factor").bits,
      binary64);
  phases_.assign(ids.rows(), std::vector<double>(inv_freq_.size()));
  const std::optional<Recipe> recipe = s.subject.recipe(s.format);
  if (!recipe) {
    relative_ = unit(s.format);
    absolute_ = half_quantum(s.format);
    return;
  }
  const ArithmeticBudget arithmetic = arithmetic_budget(*recipe, factor_, s.format);
  relative_ = arithmetic.relative;
  absolute_ = arithmetic.absolute;
  for (int map = 0; map < s.map.maps; ++map) {
    for (int pair = 0; pair < pairs_; ++pair) {
      const Assignment& a = s.map.at(map, pair);
      if (a.axis == Axis::none) continue;
      const PhaseBudget budget(*recipe, s.c.spectrum, a.rung, inv_freq(map, pair),
                               s.map.ladder(a.axis));
      for (std::size_t row = 0; row < ids.rows(); ++row) {
        const Coordinate& p = ids.at(index(a.axis), row);
        const double near = nearest_double(p);
        phases_[row][slot(map, pair)] =
            budget.at(near, is_exact(p) && from_double(near) == nearest_rational(p));
      }
    }
  }
}

double Allowance::pair(std::size_t row, int map, int pair, double r) const {
  return std::sqrt(2.0) * factor_ * r * phase(row, map, pair) + arithmetic(r);
}

double Allowance::arithmetic(double r) const {
  return std::sqrt(2.0) * (factor_ * r * relative_ + absolute_);
}

void expect_near(const Setup& s, const PairPlace& p, double ax, double ay, double bx, double by,
                 double allowed, std::string_view what) {
  const double distance = std::hypot(ax - bx, ay - by);
  if (distance <= allowed) return;
  throw Broken{
      fmt::format("{}: {}: ({:.9g}, {:.9g}) against ({:.9g}, {:.9g}), off by {:.3g}, "
                  "allowed {:.3g}",
                  what, place_text(s, p), ax, ay, bx, by, distance, allowed)};
}

bool same_bits(std::uint64_t a, std::uint64_t b, const Format& f) {
  return a == b || (std::isnan(decode_double(a, f)) && std::isnan(decode_double(b, f)));
}

void expect_same_bits(const Setup& s, const Heads& a, const Heads& b, std::string_view what) {
  const auto compare = [&](const std::vector<std::uint64_t>& x, const std::vector<std::uint64_t>& y,
                           char tensor, int heads) {
    if (x.size() != y.size()) throw Broken{fmt::format("{}: sizes differ", what)};
    const auto width = static_cast<std::size_t>(s.c.shape.head_dim);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (same_bits(x[i], y[i], s.format)) continue;
      throw Broken{fmt::format("{}: {} row {}, head {}, lane {}: {:.9g} against {:.9g}", what,
                               tensor, i / width / static_cast<std::size_t>(heads),
                               i / width % static_cast<std::size_t>(heads), i % width,
                               s.value(x[i]), s.value(y[i]))};
    }
  };
  compare(a.q, b.q, 'q', s.c.shape.num_heads);
  compare(a.k, b.k, 'k', s.c.shape.num_key_value_heads);
}

Heads rows_of(const Case& c, const Heads& from, const std::vector<std::size_t>& rows) {
  const auto cut = [&](const std::vector<std::uint64_t>& all, int heads) {
    const auto width = static_cast<std::size_t>(heads) * static_cast<std::size_t>(c.shape.head_dim);
    std::vector<std::uint64_t> out;
    for (const std::size_t row : rows) {
      const auto first = all.begin() + static_cast<std::ptrdiff_t>(row * width);
      out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(width));
    }
    return out;
  };
  return {from.format, cut(from.q, c.shape.num_heads), cut(from.k, c.shape.num_key_value_heads)};
}

}  // namespace plumbline::laws
