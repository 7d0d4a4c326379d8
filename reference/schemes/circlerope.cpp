// SPDX-License-Identifier: Apache-2.0
// Circle-RoPE: an image becomes a ring in the plane orthogonal to (1, 1, 1). Coordinates are
// irrational, so there is no exact form; angles that are rational turns are kept exact.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

constexpr std::int64_t kMostCells = std::int64_t{1} << 26;

// A direction in doubled grid coordinates, so that centred ones stay integers.
struct Direction {
  std::int64_t x = 0, y = 0;
  // The order of atan2(y, x) in (-pi, pi]: lower half, angle zero, upper half, pi.
  int sector() const { return y < 0 ? 0 : y > 0 ? 2 : x < 0 ? 3 : 1; }
  friend bool operator<(const Direction& a, const Direction& b) {
    if (a.sector() != b.sector()) return a.sector() < b.sector();
    return a.y != 0 && a.x * b.y - a.y * b.x > 0;
  }
};

bool same_angle(const Direction& a, const Direction& b) { return !(a < b) && !(b < a); }

// The angle in turns where it is a multiple of 1/8.
std::optional<Rational> eighths(const Direction& d) {
  if (d.y == 0) return d.x < 0 ? Rational(1, 2) : Rational(0);
  if (d.x == 0) return Rational(d.y < 0 ? -1 : 1, 4);
  if (d.x != d.y && d.x != -d.y) return std::nullopt;
  return Rational((d.y < 0 ? -1 : 1) * (d.x < 0 ? 3 : 1), 8);
}

// A number of turns, exactly where it is rational.
struct Turns {
  std::optional<Rational> exact;
  Interval value;
};
Turns turns(const Rational& r) { return {r, enclose(r)}; }

// cos(2 pi x)^2 with the sign of the cosine, where x is a multiple of 1/8 or 1/12.
std::optional<Rational> signed_square(const Turns& x) {
  if (!x.exact) return std::nullopt;
  const Rational steps = *x.exact * 24;
  if (denominator(steps) != 1) return std::nullopt;
  const Integer rest = numerator(steps) % 24;
  const int k = std::abs(rest.convert_to<int>());  // the cosine is even
  const int fold = k > 12 ? 24 - k : k, sign = fold > 6 ? -1 : 1;
  switch (fold > 6 ? 12 - fold : fold) {
    case 0:
      return Rational(sign);
    case 2:
      return Rational(3 * sign, 4);
    case 3:
      return Rational(sign, 2);
    case 4:
      return Rational(sign, 4);
    case 6:
      return Rational(0);
    default:
      return std::nullopt;
  }
}
Turns shifted(const Turns& x, const Rational& by) {
  return {x.exact ? std::optional<Rational>(*x.exact + by) : std::nullopt, x.value + enclose(by)};
}

// One block's ring at the working precision. Source: lose4578/CircleRoPE;
// JJJYmmm/Multimodal-RoPEs, pos_design/circlerope.py.
class Ring final : public Prepared {
 public:
  Ring(const Grid& grid, const Knobs& knobs, bool stacks, bool paper)
      : grid_(grid), stacks_(stacks), paper_(paper) {
    if (grid.h > kMostCells / grid.w) {
      throw std::invalid_argument("grid: a block of this scheme has at most 2^26 cells a frame");
    }
    const auto number = [&](std::string_view name) { return knobs.get<Rational>(name, 0); };
    centred_ = number("move_to_origin") != 0;
    alpha_ = number("alpha");
    blend_ = number("dff_rate");
    circle_ = number("method") == 0 && blend_ != 1;
    stride_ = number("temporal_stride");
    set_radius(knobs.get<Rational>("radius", 0), knobs.get<Rational>("radius", 1));
    lowest_ = highest_ = direction(0, 0);
    for (std::int64_t h = 0; h < grid.h; ++h) {
      for (std::int64_t w = 0; w < grid.w; ++w) {
        const Direction d = direction(h, w);
        if (d < lowest_) lowest_ = d;
        if (highest_ < d) highest_ = d;
      }
    }
    set_extremes();
    shift_ = enclose(Rational(0));
    if (knobs.get<Rational>("move_to_positive", 0) != 0) {
      shift_ = abs(minimum_) + enclose(knobs.get<Rational>("move_to_positive", 1));
    }
  }

  // Offset of cell (t, h, w) from the cursor on the axes t, h, w.
  Point<Interval> at(std::int64_t t, std::int64_t h, std::int64_t w) const {
    Point<Interval> out = pattern(h, w);
    const Interval stacked =
        shift_ + (stacks_ ? enclose(Rational(stride_ * t)) : enclose(Rational(0)));
    for (std::size_t a = 0; a < 3; ++a) out[a] += stacked;
    return out;
  }
  // The largest offset of the block.
  Interval maximum() const {
    const Rational last = stacks_ ? Rational(stride_ * (grid_.t - 1)) : Rational(0);
    return maximum_ + shift_ + enclose(last);
  }

 private:
  Direction direction(std::int64_t h, std::int64_t w) const {
    return centred_ ? Direction{2 * w - (grid_.w - 1), 2 * h - (grid_.h - 1)}
                    : Direction{2 * w, 2 * h};
  }

  void set_radius(const Rational& mode, const Rational& factor) {
    if (mode == 0) {
      radius_square_ = factor * abs(factor);
      approximate_radius_ = to_double(factor);
      return;
    }
    const std::int64_t halves = centred_ ? 1 : 2;  // largest coordinates in half units
    if (mode == 1) {
      const Rational side = Rational(std::max(grid_.h, grid_.w) - 1),
                     time = stride_ * (grid_.t - 1);
      const Rational radius = factor * std::max(side, time) * Rational(halves, 2);
      radius_square_ = radius * radius;
      approximate_radius_ = to_double(radius);
    } else {
      const Rational h(grid_.h - 1), w(grid_.w - 1);
      radius_square_ = factor * factor * (h * h + w * w) * Rational(halves * halves, 4);
      approximate_radius_ = to_double(factor) * static_cast<double>(halves) / 2 *
                            std::hypot(to_double(h), to_double(w));
    }
  }

  // The spatial angle of a cell between the extremes of its grid, in turns.
  Turns spatial(const Direction& d) const {
    if (same_angle(lowest_, highest_)) {
      if (paper_) return turns(Rational(0));
      const auto exact = eighths(d);
      return exact ? turns(*exact) : Turns{std::nullopt, angle(d) / (pi() * enclose(Rational(2)))};
    }
    if (same_angle(d, lowest_)) return turns(Rational(0));
    if (same_angle(d, highest_)) return turns(Rational(1));
    const auto low = eighths(lowest_), high = eighths(highest_), own = eighths(d);
    if (low && high && own) return turns(Rational((*own - *low) / (*high - *low)));
    return {std::nullopt, (angle(d) - angle(lowest_)) / (angle(highest_) - angle(lowest_))};
  }
  static Interval angle(const Direction& d) { return atan2(Rational(d.y), Rational(d.x)); }

  Turns mixed(std::int64_t h, std::int64_t w) const {
    const Rational grid_turn(Rational(h * grid_.w + w) / (grid_.h * grid_.w));
    const Rational rest = (1 - alpha_) * grid_turn;
    if (alpha_ == 0) return turns(rest);
    const Turns s = spatial(direction(h, w));
    return {s.exact ? std::optional<Rational>(alpha_ * *s.exact + rest) : std::nullopt,
            enclose(alpha_) * s.value + enclose(rest)};
  }

  // (1 - blend) R sqrt(2/3) cos(2 pi x): exactly, where that is rational.
  Interval along(const Turns& x) const {
    const Rational share = (1 - blend_) * (1 - blend_) * Rational(2, 3);
    if (const auto square = signed_square(x)) {
      const Rational value = share * radius_square_ * *square;
      const auto root =
          value == 0 ? std::optional(Rational(0)) : exact_power(abs(value), Rational(1, 2));
      if (root) return enclose(value < 0 ? Rational(-*root) : *root);
    }
    const Interval reach = sqrt(enclose(Rational(share * abs(radius_square_))));
    const Interval cosine = cos(x.value * pi() * enclose(Rational(2)));
    return radius_square_ < 0 ? Interval(-(reach * cosine)) : Interval(reach * cosine);
  }

  // On the axes t, h, w, without shift and stacking. The tilt of (X, Y) = R (cos, sin) into the
  // plane orthogonal to (1, 1, 1), (2Y / sqrt 6, X / sqrt 2 - Y / sqrt 6, -X / sqrt 2 - Y / sqrt
  // 6), equals sqrt(2/3) R (sin, cos(+ 1/12 turn), -cos(- 1/12 turn)), which keeps exact zeros
  // exact.
  Point<Interval> pattern(std::int64_t h, std::int64_t w) const {
    Point<Interval> out{enclose(Rational(0)), enclose(Rational(0)), enclose(Rational(0)),
                        enclose(Rational(0))};
    if (circle_) {
      const Turns theta = mixed(h, w);
      out[0] = along(shifted(theta, Rational(-1, 4)));
      out[1] = along(shifted(theta, Rational(1, 12)));
      out[2] = -along(shifted(theta, Rational(-1, 12)));
    }
    const Rational share = circle_ ? blend_ : Rational(1);
    if (share != 0) {
      const Direction d = direction(h, w);
      const Interval x = enclose(Rational(share * d.x / 2)) / sqrt(enclose(Rational(2))),
                     y = enclose(Rational(share * d.y / 2)) / sqrt(enclose(Rational(6)));
      out[0] += y + y;
      out[1] += x - y;
      out[2] -= x + y;
    }
    return out;
  }

  // The pattern in doubles, to find the few cells whose enclosures decide the extremes. Its error
  // is a few ulp of |R| and the extents, far below the margin in set_extremes.
  std::array<double, 3> rough(std::int64_t h, std::int64_t w) const {
    std::array<double, 3> out{};
    const Direction d = direction(h, w);
    if (circle_) {
      const auto rough_angle = [](const Direction& e) {
        return std::atan2(static_cast<double>(e.y), static_cast<double>(e.x));
      };
      double s = 0;
      if (!same_angle(lowest_, highest_)) {
        s = (rough_angle(d) - rough_angle(lowest_)) /
            (rough_angle(highest_) - rough_angle(lowest_));
      } else if (!paper_) {
        s = rough_angle(d) / (2 * std::numbers::pi);
      }
      const double grid_turn = static_cast<double>(h * grid_.w + w) /
                               (static_cast<double>(grid_.h) * static_cast<double>(grid_.w));
      const double a = to_double(alpha_),
                   theta = 2 * std::numbers::pi * (a * s + (1 - a) * grid_turn);
      const double reach = (1 - to_double(blend_)) * approximate_radius_ * std::sqrt(2.0 / 3.0);
      out = {reach * std::sin(theta), reach * std::cos(theta + std::numbers::pi / 6),
             -reach * std::cos(theta - std::numbers::pi / 6)};
    }
    const double share = circle_ ? to_double(blend_) : 1;
    const double x = share * static_cast<double>(d.x) / 2 / std::sqrt(2.0),
                 y = share * static_cast<double>(d.y) / 2 / std::sqrt(6.0);
    return {out[0] + 2 * y, out[1] + x - y, out[2] - x - y};
  }

  void set_extremes() {
    const double margin =
        1e-6 * (1 + std::abs(approximate_radius_) + static_cast<double>(grid_.h + grid_.w));
    double low = 0, high = 0;
    const auto each = [&](const auto& use) {
      for (std::int64_t h = 0; h < grid_.h; ++h) {
        for (std::int64_t w = 0; w < grid_.w; ++w) {
          const auto rough_cell = rough(h, w);
          use(h, w, *std::min_element(rough_cell.begin(), rough_cell.end()),
              *std::max_element(rough_cell.begin(), rough_cell.end()));
        }
      }
    };
    bool first = true;
    each([&](std::int64_t, std::int64_t, double least, double most) {
      low = first ? least : std::min(low, least);
      high = first ? most : std::max(high, most);
      first = false;
    });
    bool any_low = false, any_high = false;
    each([&](std::int64_t h, std::int64_t w, double least, double most) {
      if (least > low + margin && most < high - margin) return;
      const Point<Interval> cell = pattern(h, w);
      for (std::size_t a = 0; a < 3; ++a) {
        maximum_ = any_high ? Scalar<Interval>::max(maximum_, cell[a]) : cell[a];
        const Interval negative = -cell[a];
        minimum_ = any_low ? Scalar<Interval>::max(minimum_, negative) : negative;
        any_low = any_high = true;
      }
    });
    minimum_ = -minimum_;
  }

  Grid grid_;
  bool stacks_, paper_, centred_ = false, circle_ = true;
  Rational alpha_, blend_, stride_;
  Rational radius_square_;  // with the radius' sign
  Interval shift_, minimum_, maximum_;
  double approximate_radius_ = 0;
  Direction lowest_, highest_;
};

// Variant says whether later frames stack along (1, 1, 1), and what a grid of one direction does.
template <class Variant>
struct CircleLayout {
  static constexpr std::string_view name = Variant::name;
  static constexpr bool transcendental = true;
  template <class S>
  static std::shared_ptr<const Prepared> prepare(const Block<S>& b, const Knobs& knobs) {
    return std::make_shared<const Ring>(b.visual.grid, knobs, Variant::stacks, Variant::paper);
  }
  static const Ring& ring(const Block<Interval>& b) {
    return static_cast<const Ring&>(*b.prepared);
  }
  template <class S>
  static Point<S> vis(const Block<S>& b, const Cell<S>& c, const Knobs&) {
    const Grid& g = b.visual.grid;
    Point<S> out = ring(b).at(c.index / (g.h * g.w), c.index / g.w % g.h, c.index % g.w);
    for (std::size_t a = 0; a < 3; ++a) out[a] += b.cursor;
    return out;
  }
  template <class S>
  static S maximum(const Block<S>& b, const Knobs&) {
    return b.cursor + ring(b).maximum();
  }
};
template <class Variant>
struct PastRing {  // 1 + the largest coordinate of the block
  static constexpr std::string_view name = "past_maximum";
  static constexpr bool transcendental = true;
  template <class S>
  static S next(const Block<S>& b, const Knobs& knobs) {
    return CircleLayout<Variant>::maximum(b, knobs) + Scalar<S>::integer(1);
  }
};
struct Stacked {
  static constexpr std::string_view name = "circle";
  static constexpr bool stacks = true, paper = false;
};
struct Collapsed {
  static constexpr std::string_view name = "circle_collapsed";
  static constexpr bool stacks = false, paper = false;
};
struct AsPublished {
  static constexpr std::string_view name = "circle_paper";
  static constexpr bool stacks = true, paper = true;
};
template <class Variant>
constexpr PositionDesign kCircle{.layout = layout_of<CircleLayout<Variant>>(),
                                 .advance = advance_of<PastRing<Variant>>()};
constexpr PositionDesign kAbsoluteTime{.layout = layout_of<AbsoluteTimeLayout>(),
                                       .advance = advance_of<PastAbsoluteExtent>()};

std::optional<Rational> number_of(std::string_view text) {
  try {
    return parse_rational(text);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

// {0, R}, {1, k} for "auto" or "auto-k", {2, k} for "auto-l2" or "auto-l2-k".
std::vector<Rational> read_radius(std::string_view text) {
  if (const auto number = number_of(text)) return {0, *number};
  for (const auto& [word, mode] : {std::pair("auto-l2", 2), std::pair("auto", 1)}) {
    if (!text.starts_with(word)) continue;
    const std::string_view rest = text.substr(std::string_view(word).size());
    if (rest.empty()) return {mode, 1};
    const auto factor = rest.front() == '-' ? number_of(rest.substr(1)) : std::nullopt;
    return factor && *factor > 0 ? std::vector<Rational>{mode, *factor} : std::vector<Rational>{};
  }
  return {};
}
std::string write_radius(const std::vector<Rational>& v) {
  if (v[0] == 0) return to_text(v[1]);
  const std::string word = v[0] == 1 ? "auto" : "auto-l2";
  return v[1] == 1 ? word : word + "-" + to_text(v[1]);
}
constexpr Code kRadius{read_radius, write_radius,
                       "a number, auto, auto-k, auto-l2 or auto-l2-k with k above 0"};

std::vector<Rational> read_alpha(std::string_view text) {
  const auto number = number_of(text);
  const bool allowed = number && (*number == -1 || (*number >= 0 && *number <= 1));
  return allowed ? std::vector<Rational>{*number} : std::vector<Rational>{};
}
std::string write_number(const std::vector<Rational>& v) { return to_text(v[0]); }
constexpr Code kAlpha{read_alpha, write_number, "-1 or a number from 0 to 1"};

std::vector<Rational> read_rate(std::string_view text) {
  if (text == "false") return {0};
  if (text == "true") return {1};
  const auto number = number_of(text);
  return number && *number >= 0 && *number <= 1 ? std::vector<Rational>{*number}
                                                : std::vector<Rational>{};
}
constexpr Code kRate{read_rate, write_number, "true, false or a number from 0 to 1"};

// {0, 0}: no shift; {1, offset}.
std::vector<Rational> read_shift(std::string_view text) {
  if (text == "false") return {0, 0};
  if (text == "true") return {1, 1};
  if (text == "auto") return {1, 0};
  if (const auto number = number_of(text)) return {1, *number};
  return {};
}
std::string write_shift(const std::vector<Rational>& v) {
  return v[0] == 0 ? "false" : to_text(v[1]);
}
constexpr Code kShift{read_shift, write_shift, "true, false, auto or a number"};

constexpr ParameterSpec coded(std::string_view name, const Code& code, std::string_view fallback) {
  return {name, Kind::coded, fallback, {}, {}, &code};
}
constexpr ParameterSpec kMethod{"method", Kind::word, "circle", "circle,no_circle"};
constexpr ParameterSpec kOfficial[] = {temporal_stride("1"),
                                       mrope_section("16,24,24"),
                                       coded("radius", kRadius, "-1"),
                                       coded("alpha", kAlpha, "-1"),
                                       coded("dff_rate", kRate, "false"),
                                       kMethod,
                                       {"move_to_origin", Kind::flag, "false"},
                                       coded("move_to_positive", kShift, "false")};
constexpr ParameterSpec kPublished[] = {temporal_stride("1"),
                                        mrope_section("16,24,24"),
                                        coded("radius", kRadius, "10"),
                                        coded("alpha", kAlpha, "1/2"),
                                        coded("dff_rate", kRate, "false"),
                                        kMethod,
                                        {"move_to_origin", Kind::flag, "true"},
                                        coded("move_to_positive", kShift, "false")};
constexpr ParameterSpec kPaperKnobs[] = {temporal_stride("1"),
                                         mrope_section("16,24,24"),
                                         coded("radius", kRadius, "auto-l2"),
                                         coded("alpha", kAlpha, "1/2"),
                                         coded("dff_rate", kRate, "false"),
                                         kMethod,
                                         {"move_to_origin", Kind::flag, "true"},
                                         coded("move_to_positive", kShift, "false")};
constexpr ParameterSpec kSeconds{
    "second_per_grid_t", Kind::per_video, "1", {}, "second_per_grid,second_per_grid_ts"};
constexpr ParameterSpec kPerSecond{"tokens_per_second", Kind::positive, "2"};
constexpr ParameterSpec kOriginal[] = {temporal_stride("1"),
                                       mrope_section("16,24,24"),
                                       coded("radius", kRadius, "-1"),
                                       coded("alpha", kAlpha, "-1"),
                                       coded("dff_rate", kRate, "false"),
                                       kMethod,
                                       {"move_to_origin", Kind::flag, "false"},
                                       coded("move_to_positive", kShift, "false"),
                                       {"age_layer", Kind::word, "circle", "circle,mrope"},
                                       kSeconds,
                                       kPerSecond};
constexpr ParameterSpec kAgeKnobs[] = {mrope_section("16,24,24"), kSeconds, kPerSecond};
// As mrope-abs-time without its cut to integers: only a floor to the same step lets frames meet.
constexpr std::string_view kAbsoluteTimeVerdicts =
    "INJ?seconds_step_at_least_one RINJ?seconds_step_at_least_one LIN?seconds_step_is_integer "
    "DECF! SYM?equal_extents GROW?seconds_step_at_most_one FULL! GRAN!";
constexpr DesignVariant kAge[] = {{"age_layer", "mrope", &kAbsoluteTime}};

constexpr Scheme kSchemes[] = {
    {.name = "circlerope",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/circlerope.py, with its literal defaults",
     .design = kCircle<Stacked>,
     .allocation = kChunked,
     .parameters = kOfficial,
     .rope_theta = "1000000"},
    {.name = "circlerope-published",
     .source = "JJJYmmm/Multimodal-RoPEs, with the centred radius 10 and alpha 1/2 of the paper",
     .design = kCircle<Stacked>,
     .allocation = kChunked,
     .parameters = kPublished,
     .rope_theta = "1000000"},
    {.name = "circlerope-original",
     .source = "lose4578/CircleRoPE, the authors' code: all frames of a video on one ring",
     .design = kCircle<Collapsed>,
     .allocation = kChunked,
     .parameters = kOriginal,
     .rope_theta = "1000000",
     .variants = kAge},
    {.name = "circlerope-original/age-mrope-layers",
     .source = "lose4578/CircleRoPE, the layers that alternate to Qwen2.5-VL's positions",
     .design = kAbsoluteTime,
     .allocation = kChunked,
     .parameters = kAgeKnobs,
     .rope_theta = "1000000",
     .verdicts = kAbsoluteTimeVerdicts},
    {.name = "circlerope-paper",
     .source = "Circle-RoPE, arXiv 2505.16416, section 3: the radius is the largest Euclidean norm",
     .design = kCircle<AsPublished>,
     .allocation = kChunked,
     .parameters = kPaperKnobs,
     .rope_theta = "1000000"},
};

}  // namespace

std::span<const Scheme> circlerope_schemes() { return kSchemes; }

}  // namespace plumbline
