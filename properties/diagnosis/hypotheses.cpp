// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "properties/diagnosis/hypothesis.h"

namespace plumbline::diagnosis {
namespace {

int count_of(const Contract& c, int axis) {
  return static_cast<int>(std::count(c.axis.begin(), c.axis.begin() + c.pairs, axis));
}
bool three_axes(const Contract& c) {
  return c.axes >= 3 && count_of(c, 0) > 0 && count_of(c, 1) > 0 && count_of(c, 2) > 0;
}
std::vector<int> chunks(int pairs, int t, int h) {
  std::vector<int> out;
  for (int i = 0; i < pairs; ++i) out.push_back(i < t ? 0 : i < t + h ? 1 : 2);
  return out;
}
std::vector<int> in_turn(int pairs, int h, int w) {
  std::vector<int> out;
  for (int i = 0; i < pairs; ++i)
    out.push_back(i % 3 == 1 && i < 3 * h ? 1 : i % 3 == 2 && i < 3 * w ? 2 : 0);
  return out;
}
// A map that chunks, or turns, of some lengths give.
bool some_chunks(const std::vector<int>& map) {
  return std::is_sorted(map.begin(), map.end()) && map.front() >= 0;
}
bool some_turns(const std::vector<int>& map) {
  const int pairs = static_cast<int>(map.size());
  for (int h = 0; 3 * h <= pairs + 2; ++h) {
    for (int w = 0; 3 * w <= pairs + 2; ++w) {
      if (map == in_turn(pairs, h, w)) return true;
    }
  }
  return false;
}

// The first map as read, if all of it was, in place of every map.
bool take_axes(Model& m, const Evidence& e) {
  const auto& read = e.reading.axis;
  if (std::find(read.begin(), read.end(), -2) != read.end()) return false;
  m.axis = read;
  return read != e.contract.axis;
}
bool permuted(const Evidence& e, const std::vector<int>& to) {
  for (std::size_t i = 0; i < e.contract.axis.size(); ++i) {
    const int a = e.contract.axis[i];
    if (e.reading.axis[i] !=
        (a < 0 || a >= static_cast<int>(to.size()) ? a : to[static_cast<std::size_t>(a)]))
      return false;
  }
  return true;
}

bool temporal_only(Model& m, const Evidence&) {
  for (int& a : m.axis) a = std::min(a, 0);
  return true;
}
bool h_w(Model& m, const Evidence& e) { return take_axes(m, e) && permuted(e, {0, 2, 1}); }
bool t_h(Model& m, const Evidence& e) { return take_axes(m, e) && permuted(e, {1, 0}); }
bool others_permuted(Model& m, const Evidence& e) {
  return take_axes(m, e) &&
         (permuted(e, {1, 2, 0}) || permuted(e, {2, 0, 1}) || permuted(e, {2, 1, 0}));
}
bool other_map(Model& m, const Evidence& e) {
  const Contract& c = e.contract;
  if (!take_axes(m, e) || c.maps != 1 || !three_axes(c)) return false;
  const int t = count_of(c, 0), h = count_of(c, 1), w = count_of(c, 2);
  return some_chunks(c.axis) ? m.axis == in_turn(c.pairs, h, w)
                             : some_turns(c.axis) && m.axis == chunks(c.pairs, t, h);
}
// Another path from some number of rows on.
bool other_map_in_large(Model& m, const Evidence& e) {
  return e.measured.rows() < 12 || other_map(m, e);
}
bool end_of_turns(Model& m, const Evidence& e) {
  const Contract& c = e.contract;
  if (c.maps != 1 || !three_axes(c) || some_chunks(c.axis) ||
      c.axis != in_turn(c.pairs, count_of(c, 1), count_of(c, 2)))
    return true;
  for (int i = 0; i < c.pairs; ++i) {
    if (i % 3 != 0 && m.axis[m.slot(0, i)] == 0) m.axis[m.slot(0, i)] = -1;
  }
  return true;
}
bool other_section(Model& m, const Evidence& e) {
  const Contract& c = e.contract;
  if (!take_axes(m, e) || c.maps != 1 || !three_axes(c)) return false;
  if (some_chunks(c.axis)) return some_chunks(m.axis);
  return some_turns(c.axis) && some_turns(m.axis);
}
bool zero_section(Model& m, const Evidence& e) {
  if (!three_axes(e.contract)) return true;
  for (int& a : m.axis) a = -1;
  return true;
}
bool restart(Model& m, const Evidence& e) {
  const double base = to_double(e.contract.c.spectrum.rope_theta);
  for (int map = 0; map < e.contract.maps; ++map) {
    int seen[kMostAxes] = {}, all[kMostAxes] = {};
    for (int i = 0; i < m.pairs; ++i) {
      if (m.axis[m.slot(map, i)] >= 0) ++all[m.axis[m.slot(map, i)]];
    }
    for (int i = 0; i < m.pairs; ++i) {
      const int a = m.axis[m.slot(map, i)];
      if (a >= 0) m.inv_freq[m.slot(map, i)] = std::pow(base, -1.0 * seen[a]++ / all[a]);
    }
  }
  return true;
}
bool go_on(Model& m, const Evidence& e) {
  const double base = to_double(e.contract.c.spectrum.rope_theta);
  for (std::size_t i = 0; i < m.inv_freq.size(); ++i)
    m.inv_freq[i] =
        std::pow(base, -1.0 * static_cast<double>(i % static_cast<std::size_t>(m.pairs)) / m.pairs);
  return true;
}
bool alternate(Model& m, const Evidence& e) {
  const Contract& c = e.contract;
  if (c.axes != 2 || count_of(c, 0) != count_of(c, 1)) return true;
  for (int map = 0; map < c.maps; ++map) {
    for (int i = 0; i < m.pairs; ++i) {
      const std::size_t from = m.slot(map, i % 2 == 0 ? i / 2 : m.pairs / 2 + i / 2);
      m.axis[m.slot(map, i)] = c.axis[from];
      m.inv_freq[m.slot(map, i)] = c.inv_freq[from];
    }
  }
  return true;
}
// position_ids as one buffer, [axes][rows], read elsewhere.
bool read_flat(Model& m, const std::function<std::size_t(std::size_t, std::size_t)>& at) {
  const auto before = m.position;
  const std::size_t rows = before.size(), axes = before.front().size();
  for (std::size_t n = 0; n < rows; ++n) {
    for (std::size_t a = 0; a < axes; ++a) {
      const std::size_t flat = at(a, n);
      if (flat >= rows * axes) return false;
      m.position[n][a] = before[flat % rows][flat / rows];
    }
  }
  return true;
}
bool short_planes(Model& m, const Evidence& e) {
  const std::size_t rows = e.measured.rows();
  if (rows == 1) return true;
  return read_flat(m, [&](std::size_t a, std::size_t n) { return a * (rows - 1) + n; });
}
bool transposed(Model& m, const Evidence& e) {
  const auto axes = static_cast<std::size_t>(e.contract.axes);
  return read_flat(m, [&](std::size_t a, std::size_t n) { return n * axes + a; });
}

bool other_pairing(Model& m, const Evidence&) {
  m.neox = !m.neox;
  return true;
}
bool always_neighbours(Model& m, const Evidence&) {
  m.neox = false;
  return true;
}
bool always_halves(Model& m, const Evidence&) { return m.neox = true; }
bool other_pairing_in_images(Model& m, const Evidence& e) {
  if (e.mixed) m.neox = !m.neox;
  return true;
}
bool crossed(Model& m, const Evidence&) { return m.crossed = true; }
bool backwards(Model& m, const Evidence&) {
  m.sign = -1;
  return true;
}
bool twice(Model& m, const Evidence&) {
  m.turns_of = [](int, bool) { return 2; };
  return true;
}

void over(Model& m, const Contract& c, int width) {
  for (double& f : m.inv_freq)
    f = f == 0 ? 0 : std::pow(f, static_cast<double>(c.shape.rotary_dim) / width);
}
bool exponent_over_head(Model& m, const Evidence& e) {
  over(m, e.contract, e.contract.shape.head_dim);
  return true;
}
bool partner_over_head(Model& m, const Evidence& e) {
  if (m.neox && e.contract.shape.head_dim % 2 == 0) m.partner = e.contract.shape.head_dim / 2;
  return true;
}
// `lanes` lanes on one ladder of that many, scaled as the contract's.
bool other_width(Model& m, const Contract& c, int lanes) {
  FrequencySpectrum other = c.c.spectrum;
  other.rotary_dim = lanes;
  try {
    const ResolvedSpectrum spectrum(other);
    m.widen(lanes, [&](int pair) {
      return decode_double(
          certify([&] { return spectrum.inv_freq(pair); }, binary64, "a frequency").bits, binary64);
    });
  } catch (const std::invalid_argument&) {
    return false;
  }
  return true;
}
bool whole_head(Model& m, const Evidence& e) {
  const int lanes = e.contract.shape.head_dim / 2 * 2;
  return lanes == e.contract.shape.rotary_dim || other_width(m, e.contract, lanes);
}
bool factor_twice(Model& m, const Evidence& e) {
  const HeadShape& s = e.contract.shape;
  const int lanes = std::max(2, s.rotary_dim * s.rotary_dim / s.head_dim / 2 * 2);
  return lanes >= s.rotary_dim || other_width(m, e.contract, lanes);
}
bool table_stride(Model& m, const Evidence& e) {
  const auto stride = static_cast<std::size_t>(e.contract.shape.head_dim / 2),
             size = e.measured.rows() * static_cast<std::size_t>(m.pairs);
  if (e.contract.maps != 1) return true;
  m.entry_of = [=](std::size_t row, int pair) {
    return (row * stride + static_cast<std::size_t>(pair)) % size;
  };
  return true;
}
bool scaled_pass_through(Model& m, const Evidence& e) {
  const int lane = e.contract.shape.rotary_dim;
  if (lane == e.contract.shape.head_dim) return true;
  m.pass_through = e.measured.at(0, 0, false, lane, lane);
  return std::isfinite(m.pass_through) && m.pass_through != 0;
}

bool half_the_rows(Model& m, const Evidence& e) {
  const std::size_t length = (e.measured.rows() + 1) / 2;
  m.row_of = [length](std::size_t row, int, bool) { return row % length; };
  return true;
}
bool counting(Model& m, const Evidence&) {
  const std::vector<double> first = m.position.front();
  for (std::size_t n = 0; n < m.position.size(); ++n) {
    for (std::size_t a = 0; a < first.size(); ++a)
      m.position[n][a] = first[a] + static_cast<double>(n);
  }
  return true;
}
bool first_row(Model& m, const Evidence&) {
  m.row_of = [](std::size_t, int, bool) { return std::size_t{0}; };
  return true;
}
bool row_index(Model& m, const Evidence&) {
  for (std::size_t n = 0; n < m.position.size(); ++n)
    std::fill(m.position[n].begin(), m.position[n].end(), static_cast<double>(n));
  return true;
}
bool head_index(Model& m, const Evidence&) {
  m.position_of_head = [](int head, bool) { return static_cast<double>(head); };
  return true;
}
bool offset(Model& m, const Evidence& e) {
  if (e.reading.offset == 0) return false;
  m.each_position([&](double p) { return p + e.reading.offset; });
  return true;
}
bool first_key(Model& m, const Evidence&) {
  m.turns_of = [](int head, bool key) { return key && head > 0 ? 0 : 1; };
  return true;
}
bool keys_again(Model& m, const Evidence& e) {
  const int group = e.contract.shape.num_heads / e.contract.shape.num_key_value_heads;
  m.turns_of = [group](int, bool key) { return key ? group : 1; };
  return true;
}
bool group_of_two(Model& m, const Evidence&) {
  m.row_of = [](std::size_t row, int head, bool) { return head % 2 == 0 ? row : 0; };
  return true;
}
// Another path from some number of rows on.
bool group_of_two_in_large(Model& m, const Evidence& e) {
  return e.measured.rows() < 12 || group_of_two(m, e);
}
bool head_remainder(Model& m, const Evidence& e) {
  if (e.contract.maps == 1) return true;
  const int kv = e.contract.shape.num_key_value_heads;
  m.map_of = [kv](int head, bool) { return head % kv; };
  return true;
}

bool clamped(Model& m, const Evidence& e) {
  if (!e.reading.end) return false;
  m.each_position([&](double p) { return std::min(p, *e.reading.end - 1); });
  return true;
}
bool wrapped(Model& m, const Evidence& e) {
  if (!e.reading.end) return false;
  m.each_position([&](double p) { return p >= *e.reading.end ? std::fmod(p, *e.reading.end) : p; });
  return true;
}
bool zero_past_end(Model& m, const Evidence& e) {
  if (!e.reading.end) return false;
  m.each_position([&](double p) { return p >= *e.reading.end ? 0 : p; });
  return true;
}

bool narrow_frequency(Model& m, const Format& f) {
  m.inv_freq_grid = f;
  return true;
}
bool narrow_position(Model& m, const Format& f) {
  m.position_grid = f;
  return true;
}
bool narrow_angle(Model& m, const Format& f) {
  m.angle_grid = f;
  return true;
}
bool narrow_table(Model& m, const Format& f) {
  // Ones turned into tensors no wider than the table show nothing of it.
  if (m.contract.format.precision <= f.precision) return true;
  m.table_grid = f;
  return true;
}
bool freq_bf16(Model& m, const Evidence&) { return narrow_frequency(m, bfloat16); }
bool freq_f16(Model& m, const Evidence&) { return narrow_frequency(m, binary16); }
bool place_bf16(Model& m, const Evidence&) { return narrow_position(m, bfloat16); }
bool place_f16(Model& m, const Evidence&) { return narrow_position(m, binary16); }
bool angle_bf16(Model& m, const Evidence&) { return narrow_angle(m, bfloat16); }
bool angle_f16(Model& m, const Evidence&) { return narrow_angle(m, binary16); }
bool table_bf16(Model& m, const Evidence&) { return narrow_table(m, bfloat16); }
bool table_f16(Model& m, const Evidence&) { return narrow_table(m, binary16); }
bool product_tf32(Model& m, const Evidence&) {
  constexpr Format kTf32{"tf32", 11, -125, 128, 4};
  return narrow_frequency(m, kTf32) && narrow_position(m, kTf32);
}
bool truncated(Model& m, const Evidence&) {
  m.each_position([](double p) { return std::trunc(p); });
  return true;
}
bool period(Model& m, const Evidence& e) {
  if (!e.reading.period_error) return false;
  const double off = *e.reading.period_error;
  m.reduce = [off](double x) { return x + std::nearbyint(x / (2 * std::numbers::pi)) * off; };
  return true;
}

bool with_spectrum(Model& m, const Contract& c, const Rational& base, const RopeScaling& scaling) {
  Case other = c.c;
  other.spectrum.rope_theta = base;
  other.spectrum.scaling = scaling;
  try {
    m.inv_freq = frequencies(other);
  } catch (const std::exception&) {
    return false;
  }
  return true;
}
bool base_10000(Model& m, const Evidence& e) {
  return with_spectrum(m, e.contract, 10000, e.contract.c.spectrum.scaling);
}
bool base_read(Model& m, const Evidence& e) {
  if (!e.reading.base) return false;
  return with_spectrum(m, e.contract, from_double(*e.reading.base), e.contract.c.spectrum.scaling);
}
bool unscaled(Model& m, const Evidence& e) {
  return with_spectrum(m, e.contract, e.contract.c.spectrum.rope_theta, Unscaled{});
}
bool unscaled_without_factor(Model& m, const Evidence& e) {
  m.factor = 1;
  return unscaled(m, e);
}
bool factor_squared(Model& m, const Evidence&) {
  m.factor *= m.factor;
  return true;
}
bool factor_dropped(Model& m, const Evidence&) {
  m.factor = 1;
  return true;
}
bool other_factor(Model& m, const Evidence& e) {
  const Contract& c = e.contract;
  if (!e.reading.gain || c.factor == 1) return false;
  // The contract's own, stored a little too large or too small.
  if (std::abs(*e.reading.gain - c.factor) <= 4 * c.factor * c.arithmetic + c.absolute)
    return false;
  m.factor = *e.reading.gain;
  return true;
}

// Order: where two names fit, both are given.
const Hypothesis kTable[] = {
    {{"M01a", "temporal row only: rows h and w are never read"}, temporal_only},
    {{"M02a", "rows h and w swapped"}, h_w, true},
    {{"M02b", "rows t and h swapped"}, t_h, true},
    {{"M02c", "rows of position_ids permuted"}, others_permuted, true},
    {{"M03a", "chunked and interleaved axis maps confused"}, other_map, true},
    {{"M03c", "chunked and interleaved axis maps confused, in large calls"},
     other_map_in_large,
     true},
    {{"M04a", "wrong section lengths"}, other_section, true},
    {{"M04z", "sections of length zero: nothing turns"}, zero_section},
    {{"M04f", "pairs that h and w leave to t do not turn"}, end_of_turns},
    {{"M05a", "the ladder restarts on every axis"}, restart},
    {{"M05b", "one ladder over all axes"}, go_on},
    {{"M05c", "pairs of two axes in turn instead of halves"}, alternate},
    {{"M06a", "wrong plane stride of position_ids"}, short_planes},
    {{"M06b", "position_ids transposed"}, transposed},
    {{"M07a", "pairing flipped"}, other_pairing},
    {{"M07b", "pairing flipped where coordinates differ"}, other_pairing_in_images},
    {{"M07c", "neighbours form pairs, whatever the pairing asked for"}, always_neighbours},
    {{"M07d", "halves form pairs, whatever the pairing asked for"}, always_halves},
    {{"M08a", "the members of a pair read the table by the other layout"}, crossed},
    {{"sign", "the sine has the wrong sign"}, backwards},
    {{"twice", "the rotation is applied twice"}, twice},
    {{"M09a", "exponent over head_dim instead of rotary_dim"}, exponent_over_head},
    {{"M09b", "partner at head_dim / 2 instead of rotary_dim / 2"}, partner_over_head},
    {{"M09c", "the whole head is rotated"}, whole_head},
    {{"M09d", "the partial factor is applied twice"}, factor_twice},
    {{"M10a", "table rows are taken head_dim / 2 apart"}, table_stride},
    {{"M11c", "pass-through lanes are scaled"}, scaled_pass_through},
    {{"M12a", "rows of the batch share the first row's angles"}, half_the_rows},
    {{"M12b", "one start offset, then counting"}, counting},
    {{"M12c", "every row has the angles of row 0"}, first_row},
    {{"M13a", "token index instead of position"}, row_index},
    {{"M13b", "head index instead of position"}, head_index},
    {{"offset", "every position is off by a constant"}, offset, true},
    {{"M14a", "only the first KV head is rotated"}, first_key},
    {{"M14b", "KV heads are rotated once per query head"}, keys_again},
    {{"M14c", "only the first head of a group has its angles"}, group_of_two},
    {{"M14d", "only the first head of a group has its angles, in large calls"},
     group_of_two_in_large},
    {{"M14e", "query heads read the map of KV head j mod KV heads"}, head_remainder},
    {{"M18a", "clamped to the end of the table"}, clamped, true},
    {{"M18b", "wrapped at the end of the table"}, wrapped, true},
    {{"M18c", "nothing turns past the end of the table"}, zero_past_end, true},
    {{"M19a", "inv_freq in bfloat16"}, freq_bf16},
    {{"M19b", "inv_freq in binary16"}, freq_f16},
    {{"M19c", "position in bfloat16"}, place_bf16},
    {{"M19d", "position in binary16"}, place_f16},
    {{"M19e", "angle in bfloat16"}, angle_bf16},
    {{"M19f", "angle in binary16"}, angle_f16},
    {{"M19g", "position and inv_freq in TF32"}, product_tf32},
    {{"integer", "the fraction of positions is dropped"}, truncated},
    {{"M20a", "cos and sin in bfloat16"}, table_bf16},
    {{"M20b", "cos and sin in binary16"}, table_f16},
    {{"M21a", "range reduction by a wrong period"}, period, true},
    {{"M23a", "base 10000 instead of the contract's"}, base_10000},
    {{"M23d", "another base"}, base_read, true},
    {{"M23b", "scaling ignored"}, unscaled},
    {{"M23c", "scaling and its factor ignored"}, unscaled_without_factor},
    {{"M24a", "attention factor squared"}, factor_squared},
    {{"M24b", "attention factor dropped"}, factor_dropped},
    {{"M24c", "another attention factor"}, other_factor, true},
};

}  // namespace

std::span<const Hypothesis> hypotheses() { return kTable; }

}  // namespace plumbline::diagnosis
