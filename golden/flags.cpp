// SPDX-License-Identifier: Apache-2.0
#include "golden/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "reference/evaluate.h"

namespace plumbline {
namespace {

bool text_alone(const Case& c) {
  return tokens(c.sequence) > 0 && std::none_of(c.sequence.begin(), c.sequence.end(), [](auto& s) {
           return std::holds_alternative<Visual>(s);
         });
}

bool several_frames(const Case& c) {
  std::int64_t frames = 0;
  for (const Segment& segment : c.sequence) {
    const auto* v = std::get_if<Visual>(&segment);
    if (v == nullptr) continue;
    if (v->grid.t > 1) return true;
    frames += v->medium == Medium::video_frame || v->medium == Medium::lumos_frame;
  }
  return frames > 1;
}

bool odd(int width) { return !std::has_single_bit(static_cast<unsigned>(width)); }

constexpr Flag kFlags[] = {
    {"axes_differ",
     "rows t, h, w pairwise different on one token: dropped, swapped or mis-strided position rows",
     [](const Case&, const Placing& rows) { return rows.apart; }},
    {"long_position",
     "a position of more than 11 significant bits: inv_freq, position or angle kept in too few",
     [](const Case&, const Placing& rows) { return rows.many_bits; }},
    {"text_only", "equal rows: the base model's rotation, and a mistaken spectrum, base or pairing",
     [](const Case& c, const Placing&) { return text_alone(c); }},
    {"video", "several frames: temporal stride, seconds per grid, the cursor after a video",
     [](const Case& c, const Placing&) { return several_frames(c); }},
    {"padding", "rows that hold no token, left and right: offsets taken from the padded index",
     [](const Case& c, const Placing&) { return c.padded_length() > tokens(c.sequence); }},
    {"gqa", "several query heads per KV head, and one: head addressing",
     [](const Case& c, const Placing&) { return c.shape.num_heads > c.shape.num_key_value_heads; }},
    {"partial",
     "rotary_dim below head_dim: pass-through lanes, partner offset, exponent denominator",
     [](const Case& c, const Placing&) { return c.shape.rotary_dim < c.shape.head_dim; }},
    {"odd_size", "widths that are no power of two: lane masks, table strides",
     [](const Case& c, const Placing&) {
       return odd(c.shape.head_dim) || odd(c.shape.rotary_dim);
     }},
    {"scaled",
     "a scaled spectrum or an attention factor: scaling ignored, applied twice, or squared",
     [](const Case& c, const Placing&) { return c.spectrum_json["scaling"] != "default"; }},
    {"gptj", "adjacent pairing: pairing flag dropped, tables read by the other layout",
     [](const Case& c, const Placing&) { return c.pairing == Pairing::gptj; }},
    {"special",
     "zeros of both signs, subnormals, infinities, NaN: neighbours disturbed, flushed lanes",
     [](const Case& c, const Placing&) { return c.special_inputs; }},
};

bool many_bits(double p) {
  int exponent = 0;
  const double eleven = std::ldexp(std::frexp(p, &exponent), 11);
  return eleven != std::trunc(eleven);
}

Placing placing(std::size_t axes, std::uint64_t rows, const ReadIds& read) {
  constexpr std::uint64_t kTogether = 1 << 14;
  Placing out;
  std::vector<std::vector<double>> ids(axes);
  for (std::uint64_t first = 0; first < rows; first += kTogether) {
    const std::uint64_t count = std::min(kTogether, rows - first);
    for (std::size_t a = 0; a < axes; ++a) {
      ids[a].resize(count);
      read(a, first, ids[a]);
      out.many_bits = out.many_bits || std::any_of(ids[a].begin(), ids[a].end(), many_bits);
    }
    for (std::uint64_t row = 0; row < count && axes > 1 && !out.apart; ++row) {
      out.apart = true;
      for (std::size_t a = 0; a < axes; ++a) {
        for (std::size_t b = 0; b < a; ++b) out.apart = out.apart && ids[a][row] != ids[b][row];
      }
    }
    if (out.many_bits && (out.apart || axes < 2)) break;
  }
  return out;
}

}  // namespace

std::span<const Flag> flags() { return kFlags; }

std::string flags_of(const Case& c, std::size_t axes, std::uint64_t rows, const ReadIds& read) {
  const Placing at = placing(axes, rows, read);
  std::string out;
  for (const Flag& flag : kFlags) {
    if (flag.holds(c, at)) out += (out.empty() ? "" : ",") + std::string(flag.name);
  }
  return out;
}

std::string flags_of(const Case& c) {
  const PositionTable ids = positions(c);
  return flags_of(c, static_cast<std::size_t>(ids.axes), ids.rows(),
                  [&](std::size_t axis, std::uint64_t first, std::span<double> to) {
                    for (double& x : to) x = to_double(ids.at(axis, first++));
                  });
}

std::string flags_of(const Case& c, const DatasetView& ids) {
  if (ids.dtype != Dtype::f64 || ids.shape.size() != 2)
    throw Refused("dataset position_ids does not fit its case");
  const std::uint64_t rows = ids.shape[1];
  std::vector<std::byte> room;
  return flags_of(
      c, ids.shape[0], rows, [&](std::size_t axis, std::uint64_t first, std::span<double> to) {
        const auto bytes = ids.piece((axis * rows + first) * sizeof(double), to.size_bytes(), room);
        std::memcpy(to.data(), bytes.data(), to.size_bytes());
      });
}

void check_claims(std::string_view claimed, const std::string& held, const std::string& id) {
  for (std::size_t at = 0; at < claimed.size();) {
    const std::size_t end = std::min(claimed.find(',', at), claimed.size());
    const std::string word(claimed.substr(at, end - at));
    at = end + 1;
    if (("," + held + ",").find("," + word + ",") == std::string::npos)
      throw std::invalid_argument(fmt::format(
          "flags: '{}' does not hold of case {}: must be of '{}'", word.substr(0, 60), id, held));
  }
}

}  // namespace plumbline
