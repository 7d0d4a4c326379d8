// SPDX-License-Identifier: Apache-2.0
// Where every row of a case stands: the walk, read through padding and windows.
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <mutex>

#include "reference/evaluate.h"

namespace plumbline {
namespace {

// Which real token stands in a padded row, if any.
class RowMap {
 public:
  explicit RowMap(const Case& c)
      : left_(c.pad_left), real_(tokens(c.sequence)), mask_(c.attention_mask) {
    std::int64_t before = 0;
    for (const auto bit : mask_) {
      before_.push_back(before);
      before += bit;
    }
  }
  std::optional<std::int64_t> token(std::int64_t row) const {
    if (!mask_.empty()) {
      const auto i = static_cast<std::size_t>(row);
      return mask_[i] != 0 ? std::optional(before_[i]) : std::nullopt;
    }
    if (row < left_ || row >= left_ + real_) return std::nullopt;
    return row - left_;
  }

 private:
  std::int64_t left_, real_;
  std::vector<std::uint8_t> mask_;
  std::vector<std::int64_t> before_;
};

// The walk of a transcendental design at every precision that is asked for, each made once. Shared
// by the coordinates that come from it, on any thread.
class WalkAtEveryPrecision {
 public:
  explicit WalkAtEveryPrecision(const Case& c)
      : design_(design_of(*c.scheme, c.parameters)),
        parameters_(c.parameters),
        sequence_(c.sequence) {}
  const Walk<Interval>& now() {
    const std::lock_guard lock(mutex_);
    return *made().walk;
  }
  // The token's coordinates; the axes of a token are asked for one after the other.
  Interval at(std::int64_t token, std::size_t axis) {
    const std::lock_guard lock(mutex_);
    Made& now = made();
    if (now.token != token) {
      now.point = now.walk->at(token);
      now.token = token;
    }
    return now.point[axis];
  }

 private:
  const PositionDesign& design_;
  Parameters parameters_;
  Sequence sequence_;
  std::mutex mutex_;
  struct Made {
    std::unique_ptr<const Walk<Interval>> walk;
    std::int64_t token = -1;  // whose point was asked for last
    Point<Interval> point;
  };
  Made& made() {
    Made& now = walks_[WorkingPrecision::bits()];
    if (!now.walk)
      now.walk = std::make_unique<const Walk<Interval>>(design_, parameters_, sequence_);
    return now;
  }
  std::map<unsigned, Made> walks_;
};

PositionTable blank(const Case& c, const PositionDesign& design) {
  PositionTable out;
  out.axes = design.axes;
  std::size_t count = 0;
  for (const Window& w : c.rows()) count += static_cast<std::size_t>(w.count);
  // The larger array first: a request beyond the machine's memory fails here, before anything is
  // filled.
  out.position_ids.assign(static_cast<std::size_t>(out.axes) * count, Rational(design.pad));
  out.token_index.reserve(count);
  for (const Window& w : c.rows()) {
    for (std::int64_t i = 0; i < w.count; ++i) out.token_index.push_back(w.first + i);
  }
  return out;
}

// Calls use(row, token) for every row that holds a token.
template <class Use>
void each_token(const Case& c, const PositionTable& table, const Use& use) {
  const RowMap rows(c);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (const auto token = rows.token(table.token_index[row])) use(row, *token);
  }
}

PositionTable exact_positions(const Case& c, const PositionDesign& design) {
  const Walk<Rational> walk(design, c.parameters, c.sequence, c.float32);
  const bool truncated =
      c.parameters.has("integer_output") && c.parameters.word("integer_output") == "trunc";
  PositionTable out = blank(c, design);
  each_token(c, out, [&](std::size_t row, std::int64_t token) {
    const Point<Rational> point = walk.at(token);
    for (std::size_t a = 0; a < static_cast<std::size_t>(out.axes); ++a)
      out.position_ids[a * out.rows() + row] = truncated ? truncate(point[a]) : point[a];
  });
  const Rational length(c.padded_length());
  if (design.delta != DeltaRule::none) {
    const Rational top =
        design.delta == DeltaRule::ceiling ? Rational(ceil(walk.maximum())) : walk.maximum();
    out.rope_delta = Rational(top + 1 - length);
  }
  out.rope_delta_cursor = Rational(walk.cursor() - length);
  return out;
}

PositionTable enclosed_positions(const Case& c, const PositionDesign& design) {
  const auto walks = std::make_shared<WalkAtEveryPrecision>(c);
  const WorkingPrecision scope(kFirstPrecision);
  const std::int64_t leading = walks->now().leading_text();
  PositionTable out = blank(c, design);
  each_token(c, out, [&](std::size_t row, std::int64_t token) {
    for (std::size_t a = 0; a < static_cast<std::size_t>(out.axes); ++a) {
      Coordinate& place = out.position_ids[a * out.rows() + row];
      // Text before the first block does not know of it; integers, but for TextRule::temporal_only.
      if (token < leading && design.text == TextRule::every_axis) {
        place = Rational(token);
      } else {
        place = Irrational{[=] { return walks->at(token, a); }};
      }
    }
  });
  const Rational past(1 - c.padded_length()), length(-c.padded_length());
  if (design.delta != DeltaRule::none)
    out.rope_delta = Irrational{[=] { return walks->now().maximum() + enclose(past); }};
  out.rope_delta_cursor = Irrational{[=] { return walks->now().cursor() + enclose(length); }};
  return out;
}

}  // namespace

PositionTable positions(const Case& c) {
  const PositionDesign& design = design_of(*c.scheme, c.parameters);
  bool text_only = true;
  for (const Segment& segment : c.sequence) text_only = text_only && segment.index() == 0;
  if (!design.transcendental()) return exact_positions(c, design);
  if (!text_only) return enclosed_positions(c, design);
  // Without a visual block the layout is never asked.
  PositionDesign plain = design;
  plain.layout = layout_of<FlatLayout>();
  plain.advance = advance_of<PastCount>();
  return exact_positions(c, plain);
}

double to_double(const Coordinate& x) {
  if (const auto* exact = std::get_if<Rational>(&x)) return to_double(*exact);
  return decode_double(certify([&] { return enclose(x); }, binary64, "a coordinate").bits,
                       binary64);
}

std::string to_decimal(const Coordinate& x) {
  if (const auto* exact = std::get_if<Rational>(&x)) return to_decimal(*exact);
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), to_double(x)).ptr;
  return {digits.data(), end};
}

}  // namespace plumbline
