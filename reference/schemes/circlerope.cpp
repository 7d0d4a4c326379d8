// SPDX-License-Identifier: Apache-2.0
// Circle-RoPE: an image becomes a ring in the plane orthogonal to (1, 1, 1). Coordinates are
// irrational, so they are kept as exact sums of named atoms.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>
#include <stdexcept>

#include "reference/layouts.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

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

// fraction + value turns, or fraction - value; without a name there is no value.
struct Turns {
  Rational fraction;
  std::string name;  // of the value: equal values have equal names
  std::function<Interval()> value;
  bool subtracts = false;
};

// x + i y, exactly.
struct Gaussian {
  Integer x, y;
  friend Gaussian operator*(const Gaussian& a, const Gaussian& b) {
    return {a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x};
  }
  std::string ray() const {
    const Integer common = gcd(x, y);
    return "(" + Integer(x / common).str() + ", " + Integer(y / common).str() + ")";
  }
};
// The centre of a grid has angle 0.
Gaussian gaussian(const Direction& d) {
  return d.x == 0 && d.y == 0 ? Gaussian{1, 0} : Gaussian{d.x, d.y};
}

// One block's ring. Source: lose4578/CircleRoPE;
// JJJYmmm/Multimodal-RoPEs, pos_design/circlerope.py.
class Ring final : public Prepared {
 public:
  Ring(const Grid& grid, const Knobs& knobs, bool stacks) : grid_(grid), stacks_(stacks) {
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
    if (knobs.get<Rational>("move_to_positive", 0) != 0) {
      shift_ = Scalar<Irrational>::max(minimum_, -minimum_) +
               Irrational(knobs.get<Rational>("move_to_positive", 1));
    }
  }

  // Offset of cell (t, h, w) from the cursor on the axes t, h, w.
  Point<Irrational> at(std::int64_t t, std::int64_t h, std::int64_t w) const {
    Point<Irrational> out = pattern(h, w);
    const Irrational stacked = shift_ + Irrational(stacks_ ? Rational(stride_ * t) : Rational(0));
    for (std::size_t a = 0; a < 3; ++a) out[a] += stacked;
    return out;
  }
  // The largest offset of the block.
  Irrational maximum() const {
    const Rational last = stacks_ ? Rational(stride_ * (grid_.t - 1)) : Rational(0);
    return maximum_ + shift_ + Irrational(last);
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

  // alpha times the spatial angle of a cell between the extremes of its grid, in turns, plus the
  // grid angle's share. Cells at equal distance from the middle of the extremes differ in sign
  // alone, so the distance is named after the ray on the far side: a mirrored cell's own.
  Turns mixed(std::int64_t h, std::int64_t w) const {
    const Rational grid_turn(Rational(h * grid_.w + w) / (grid_.h * grid_.w));
    const Rational rest = (1 - alpha_) * grid_turn;
    const Direction d = direction(h, w);
    const auto exactly = [&](const Rational& share) {
      return Turns{alpha_ * share + rest, {}, {}};
    };
    if (alpha_ == 0) return exactly(0);
    const auto own = eighths(d), low = eighths(lowest_), high = eighths(highest_);
    // All cells of such a grid lie on the ray of angle 0, where paper and code agree.
    if (same_angle(lowest_, highest_)) return exactly(0);
    if (same_angle(d, lowest_)) return exactly(0);
    if (same_angle(d, highest_)) return exactly(1);
    if (low && high && own) return exactly((*own - *low) / (*high - *low));
    const Gaussian ends = gaussian(lowest_) * gaussian(highest_), z = gaussian(d);
    const Gaussian against_middle = z * z * Gaussian{ends.x, -ends.y};
    const double off_middle = rough_share(d) - 0.5;
    if (against_middle.y == 0 && std::abs(off_middle) < 1e-6) return exactly(Rational(1, 2));
    const bool below = off_middle < 0;
    const Gaussian far = below ? ends * Gaussian{z.x, -z.y} : z;
    return {alpha_ / 2 + rest,
            to_text(alpha_) + " of " + far.ray() + " in " + gaussian(lowest_).ray() + " to " +
                gaussian(highest_).ray(),
            [a = alpha_, d, lowest = lowest_, highest = highest_, below] {
              const Interval off = (angle(d) - angle(lowest)) / (angle(highest) - angle(lowest)) -
                                   enclose(Rational(1, 2));
              return enclose(a) * (below ? Interval(-off) : off);
            },
            below};
  }
  static Interval angle(const Direction& d) { return atan2(Rational(d.y), Rational(d.x)); }
  double rough_share(const Direction& d) const {
    const auto rough_angle = [](const Direction& e) {
      return std::atan2(static_cast<double>(e.y), static_cast<double>(e.x));
    };
    return (rough_angle(d) - rough_angle(lowest_)) / (rough_angle(highest_) - rough_angle(lowest_));
  }

  // (1 - blend) R sqrt(2/3) cos(2 pi (x + by)).
  Irrational along(const Turns& x, const Rational& by) const {
    const Rational square = (1 - blend_) * (1 - blend_) * Rational(2, 3) * radius_square_;
    Rational fraction = x.fraction + by;
    if (x.name.empty()) return root_times_cosine(square, fraction);
    if (x.subtracts) fraction = -fraction;  // cos is even
    const Rational part = fraction - Rational(floor(fraction));
    return root_times_cosine(square, x.name + " + " + to_text(part),
                             [value = x.value, part] { return value() + enclose(part); });
  }

  // On the axes t, h, w, without shift and stacking. The tilt of (X, Y) = R (cos, sin) into the
  // plane orthogonal to (1, 1, 1), (2Y / sqrt 6, X / sqrt 2 - Y / sqrt 6, -X / sqrt 2 - Y / sqrt
  // 6), equals sqrt(2/3) R (sin, cos(+ 1/12 turn), -cos(- 1/12 turn)): one cosine a coordinate.
  Point<Irrational> pattern(std::int64_t h, std::int64_t w) const {
    Point<Irrational> out;
    if (circle_) {
      const Turns theta = mixed(h, w);
      out[0] = along(theta, Rational(-1, 4));
      out[1] = along(theta, Rational(1, 12));
      out[2] = -along(theta, Rational(-1, 12));
    }
    const Rational share = circle_ ? blend_ : Rational(1);
    if (share != 0) {
      const Direction d = direction(h, w);
      const Rational x = share * d.x / 2, y = share * d.y / 2;
      const Irrational x_part = root_times_cosine(x * abs(x) / 2, 0),
                       y_part = root_times_cosine(y * abs(y) / 6, 0);
      out[0] += y_part + y_part;
      out[1] += x_part - y_part;
      out[2] += -(x_part + y_part);
    }
    return out;
  }

  // The pattern in doubles, to find the few cells whose enclosures decide the extremes. Its error
  // is a few ulp of |R| and the extents, far below the margin in set_extremes.
  std::array<double, 3> rough(std::int64_t h, std::int64_t w) const {
    std::array<double, 3> out{};
    const Direction d = direction(h, w);
    if (circle_) {
      const double s = same_angle(lowest_, highest_) ? 0 : rough_share(d);
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
    bool any = false;
    each([&](std::int64_t h, std::int64_t w, double least, double most) {
      if (least > low + margin && most < high - margin) return;
      const Point<Irrational> cell = pattern(h, w);
      for (const Irrational& x : std::span(cell).first<3>()) {
        maximum_ = any ? Scalar<Irrational>::max(maximum_, x) : x;
        minimum_ = any ? -Scalar<Irrational>::max(-minimum_, -x) : x;
        any = true;
      }
    });
  }

  Grid grid_;
  bool stacks_, centred_ = false, circle_ = true;
  Rational alpha_, blend_, stride_;
  Rational radius_square_;  // with the radius' sign
  Irrational shift_, minimum_, maximum_;
  double approximate_radius_ = 0;
  Direction lowest_, highest_;
};

// Variant says whether later frames stack along (1, 1, 1).
template <class Variant>
struct CircleLayout {
  static constexpr std::string_view name = Variant::name;
  static constexpr bool transcendental = true;
  template <class S>
  static std::shared_ptr<const Prepared> prepare(const Block<S>& b, const Knobs& knobs) {
    return std::make_shared<const Ring>(b.visual.grid, knobs, Variant::stacks);
  }
  static const Ring& ring(const Block<Irrational>& b) {
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
  static constexpr bool stacks = true;
};
struct Collapsed {
  static constexpr std::string_view name = "circle_collapsed";
  static constexpr bool stacks = false;
};
template <class Variant>
constexpr PositionDesign kCircle{.layout = layout_of<CircleLayout<Variant>>(),
                                 .advance = advance_of<PastRing<Variant>>(),
                                 .most_cells = std::int64_t{1} << 26};
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

constexpr ParameterSpec coded(std::string_view name, const Code& code, std::string_view fallback,
                              std::string_view domain = {}) {
  return {name, Kind::coded, fallback, {}, {}, &code, {}, nullptr, domain};
}
constexpr std::string_view kAlphas = "0;1/2;7/10";
constexpr ParameterSpec kMethod{"method", Kind::word, "circle", "circle,no_circle"};
template <class... More>
constexpr auto ring_knobs(std::string_view radius, std::string_view alpha,
                          std::string_view move_to_origin, const More&... more) {
  return std::array{temporal_stride("1"),
                    mrope_section("16,24,24"),
                    coded("radius", kRadius, radius),
                    coded("alpha", kAlpha, alpha, kAlphas),
                    coded("dff_rate", kRate, "false"),
                    kMethod,
                    ParameterSpec{"move_to_origin", Kind::flag, move_to_origin},
                    coded("move_to_positive", kShift, "false"),
                    more...};
}
constexpr auto kOfficial = ring_knobs("-1", "-1", "false");
constexpr auto kPublished = ring_knobs("10", "1/2", "true");
constexpr auto kPaperKnobs = ring_knobs("auto-l2", "1/2", "true");
constexpr auto kOriginal = ring_knobs(
    "-1", "-1", "false", ParameterSpec{"age_layer", Kind::word, "circle", "circle,mrope"},
    kSecondsPerGrid, kTokensPerSecond);
constexpr ParameterSpec kAgeKnobs[] = {mrope_section("16,24,24"), kSecondsPerGrid,
                                       kTokensPerSecond};
// As mrope-abs-time without its cut to integers: only a floor to the same step lets frames meet.
constexpr std::string_view kAbsoluteTimeVerdicts =
    "INJ?seconds_step_at_least_one RINJ?seconds_step_at_least_one LIN?seconds_step_is_integer "
    "DECF! SYM?equal_extents GROW?seconds_step_at_most_one FULL! GRAN!";
constexpr DesignVariant kAge[] = {{"age_layer", "mrope", &kAbsoluteTime}};

// A ring is no grid, lies on both sides of its centre, and is passed whole. Only angles that follow
// the index alone keep all cells of every grid apart.
constexpr std::string_view kCentredRing =
    "PAST! INJ?index_angles_only RINJ?index_angles_only POS! LIN! DECN! DECF! SYM! "
    "GROW?extent_at_least_advance FULL! GRAN!";
// A radius of 1 does not reach the text before.
constexpr std::string_view kLiteral =
    "INJ! RINJ! POS! LIN! DECN! DECF! SYM! GROW?extent_at_least_advance FULL! GRAN!";
// All frames of a video fall on one ring: nothing moves in time.
constexpr std::string_view kLiteralCollapsed =
    "INJ! RINJ! POS! LIN! DECN. DECF! SYM! GROW?extent_at_least_advance FULL! GRAN!";
constexpr std::string_view kVideo =
    "PAST! INJ! RINJ! POS! LIN! DECN. DECF! SYM! GROW?extent_at_least_advance FULL! GRAN!";
constexpr Profile kCentredProfile[] = {
    {"centred",
     "move_to_origin=true;radius=10;alpha*=1/2;dff_rate=false;method=circle;move_to_positive=false",
     kCentredRing}};
constexpr Profile kVideoProfile[] = {
    {"native video",
     "move_to_origin=true;radius=10;alpha*=1/2;dff_rate=1/10;method=circle;move_to_positive=false;"
     "age_layer=circle",
     kVideo, true}};

constexpr Scheme kSchemes[] = {
    {.name = "circlerope",
     .source = "JJJYmmm/Multimodal-RoPEs, pos_design/circlerope.py, with its literal defaults",
     .design = kCircle<Stacked>,
     .allocation = kChunked,
     .parameters = kOfficial,
     .rope_theta = "1000000",
     .verdicts = kLiteral,
     .profiles = kCentredProfile},
    {.name = "circlerope-published",
     .source = "JJJYmmm/Multimodal-RoPEs, with the centred radius 10 and alpha 1/2 of the paper",
     .design = kCircle<Stacked>,
     .allocation = kChunked,
     .parameters = kPublished,
     .rope_theta = "1000000",
     .verdicts = kCentredRing},
    {.name = "circlerope-original",
     .source = "lose4578/CircleRoPE, the authors' code: all frames of a video on one ring",
     .design = kCircle<Collapsed>,
     .allocation = kChunked,
     .parameters = kOriginal,
     .rope_theta = "1000000",
     .variants = kAge,
     .verdicts = kLiteralCollapsed,
     .profiles = kVideoProfile},
    {.name = "circlerope-original/age-mrope-layers",
     .source = "lose4578/CircleRoPE, the layers that alternate to Qwen2.5-VL's positions",
     .design = kAbsoluteTime,
     .allocation = kChunked,
     .parameters = kAgeKnobs,
     .rope_theta = "1000000",
     .verdicts = kAbsoluteTimeVerdicts},
    {.name = "circlerope-paper",
     .source = "Circle-RoPE, arXiv 2505.16416, section 3: the radius is the largest Euclidean norm",
     .design = kCircle<Stacked>,
     .allocation = kChunked,
     .parameters = kPaperKnobs,
     .rope_theta = "1000000",
     .verdicts = kCentredRing},
};

}  // namespace

std::span<const Scheme> circlerope_schemes() { return kSchemes; }

}  // namespace plumbline
