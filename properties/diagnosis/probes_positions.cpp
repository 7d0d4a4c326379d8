// SPDX-License-Identifier: Apache-2.0
// Probes of a kernel that places tokens itself.
#include <algorithm>

#include "properties/diagnosis/diagnose.h"
#include "properties/laws/tuple.h"

namespace plumbline::diagnosis {
namespace {

struct Sample {
  Case c;
  PositionTable wanted, seen;
  Rational right(std::size_t a, std::size_t row) const {
    return laws::nearest_rational(wanted.at(a, row));
  }
  Rational own(std::size_t a, std::size_t row) const {
    return laws::nearest_rational(seen.at(a, row));
  }
  bool right() const {
    return matches([&](std::size_t a, std::size_t row) { return right(a, row); });
  }
  // Whether each coordinate is what a rule gives.
  bool matches(const std::function<Rational(std::size_t, std::size_t)>& rule) const {
    if (seen.rows() != wanted.rows() || seen.axes != wanted.axes) return false;
    for (std::size_t a = 0; a < static_cast<std::size_t>(wanted.axes); ++a) {
      for (std::size_t row = 0; row < wanted.rows(); ++row) {
        if (own(a, row) != rule(a, row)) return false;
      }
    }
    return true;
  }
};

// "t4 v1x3x5 t6": where a row lies; samples have no padding.
struct Spot {
  std::size_t segment = 0;
  std::int64_t first = 0;  // token of the segment
  bool media = false, after_media = false;
};
Spot spot_of(const Sample& s, std::size_t row) {
  Spot out;
  for (const Segment& segment : s.c.sequence) {
    const std::int64_t count = tokens(segment);
    out.media = std::holds_alternative<Visual>(segment);
    if (s.wanted.token_index[row] < out.first + count) break;
    out.after_media = out.after_media || out.media;
    out.first += count;
    ++out.segment;
  }
  return out;
}

// The whole prompt's coordinate of a token.
Rational whole(const Sample& s, std::size_t a, std::int64_t token) {
  Case one = s.c;
  one.windows = {{token, 1}};
  return laws::nearest_rational(positions(one).at(a, 0));
}
// First axis of a text token in place of what follows `segments` segments.
Rational cursor_after(const Sample& s, std::size_t segments) {
  Case one = s.c;
  one.sequence.resize(segments);
  one.sequence.push_back(Text{1, {}});
  one.windows = {{tokens(one.sequence) - 1, 1}};
  return laws::nearest_rational(positions(one).at(0, 0));
}

struct Rule {
  const char* id;
  Rational (*place)(const Sample&, std::size_t a, std::size_t row);
};
Rational plain_index(const Sample& s, std::size_t a, std::size_t row) {
  const Spot at = spot_of(s, row);
  return at.after_media && !at.media ? Rational(s.wanted.token_index[row]) : s.right(a, row);
}
Rational from_zero(const Sample& s, std::size_t a, std::size_t row) {
  return s.c.windows.empty() ? s.right(a, row) : Rational(s.right(a, row) - s.right(a, 0));
}
Rational offset_again(const Sample& s, std::size_t a, std::size_t row) {
  return s.c.windows.empty() ? s.right(a, row)
                             : Rational(s.right(a, row) + s.c.windows.front().first);
}
Rational last_delta(const Sample& s, std::size_t a, std::size_t row) {
  const Spot at = spot_of(s, row);
  if (!at.after_media || at.media) return s.right(a, row);
  return s.wanted.token_index[row] + cursor_after(s, s.c.sequence.size()) - tokens(s.c.sequence);
}
Rational first_ids(const Sample& s, std::size_t a, std::size_t row) {
  return s.c.windows.empty() ? s.right(a, row) : whole(s, a, static_cast<std::int64_t>(row));
}
Rational by_count(const Sample& s, std::size_t a, std::size_t row) {
  const Spot at = spot_of(s, row);
  Rational late = 0;
  for (std::size_t i = 0; i < at.segment && i < s.c.sequence.size(); ++i) {
    if (std::holds_alternative<Visual>(s.c.sequence[i]))
      late += tokens(s.c.sequence[i]) - (cursor_after(s, i + 1) - cursor_after(s, i));
  }
  return s.right(a, row) + late;
}
Rational patches(const Sample& s, std::size_t a, std::size_t row) {
  const Spot at = spot_of(s, row);
  if (!at.media || a == 0) return s.right(a, row);
  const Rational start = cursor_after(s, at.segment);
  return 2 * s.right(a, row) - start;
}
Rational by_columns(const Sample& s, std::size_t a, std::size_t row) {
  const Spot at = spot_of(s, row);
  if (!at.media) return s.right(a, row);
  const Grid& g = std::get<Visual>(s.c.sequence[at.segment]).grid;
  const std::int64_t inside = s.wanted.token_index[row] - at.first, frame = g.h * g.w,
                     f = inside / frame, j = inside % frame;
  return whole(s, a, at.first + f * frame + j % g.h * g.w + j / g.h);
}
Rational whole_seconds(const Sample& s, std::size_t a, std::size_t row) {
  if (s.c.parameters.find("second_per_grid_t") == nullptr) return s.right(a, row);
  Case other = s.c;
  std::vector<Rational> floors;
  for (const Rational& x : s.c.parameters.numbers("second_per_grid_t"))
    floors.emplace_back(numerator(x) / denominator(x));
  other.parameters.set("second_per_grid_t", floors);
  return laws::nearest_rational(positions(other).at(a, row));
}

constexpr Rule kRules[] = {{"M27a", plain_index}, {"M27b", from_zero},  {"M27c", offset_again},
                           {"M27d", last_delta},  {"M27e", first_ids},  {"M28a", by_count},
                           {"M28d", patches},     {"M28e", by_columns}, {"M28c", whole_seconds}};

}  // namespace

std::vector<Finding> probe_positions(const Maker& make, const Contract& contract) {
  const laws::Subject subject = make();
  if (!subject.own_positions) return {};
  std::vector<Sample> samples;
  for (const char* text : {"t4 v1x3x5 t6", "t4 v1x3x5 t3 v1x4x2 t5", "t3 v3x2x4 t4", "t9"}) {
    for (const std::vector<Window>& windows :
         {std::vector<Window>{}, std::vector<Window>{{7, 2}}, std::vector<Window>{{20, 4}}}) {
      Case c = contract.c;
      c.attention_mask.clear();
      c.pad_left = c.pad_right = 0;
      try {
        c.sequence = parse_notation(text);
        if (!windows.empty() && windows.front().first + windows.front().count > tokens(c.sequence))
          continue;
        c.windows = windows;
        if (c.parameters.find("second_per_grid_t") != nullptr)
          c.parameters.set("second_per_grid_t", std::vector<Rational>{Rational(3, 2)});
        samples.push_back({c, positions(c), subject.positions(c)});
      } catch (const std::invalid_argument&) {
        // A scheme that cannot place the sequence.
      }
    }
  }
  if (std::all_of(samples.begin(), samples.end(), [](const Sample& s) { return s.right(); }))
    return {};
  Finding out{"position_ids", "tokens of a prompt stand elsewhere", {}};
  for (const Rule& rule : kRules) {
    if (std::all_of(samples.begin(), samples.end(), [&](const Sample& s) {
          return s.matches([&](std::size_t a, std::size_t row) { return rule.place(s, a, row); });
        }))
      out.names.emplace_back(rule.id);
  }
  return {out};
}

}  // namespace plumbline::diagnosis
