// SPDX-License-Identifier: Apache-2.0
#include "tools/plugin/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "fast/fast.h"
#include "golden/golden.h"
#include "tools/plugin/run.h"
#include "tools/subject.h"

namespace plumbline::plugin {
namespace {

std::size_t extent(const laws::Strides& s, std::size_t rows, int heads, const Case& c,
                   const Format& f) {
  if (rows == 0 || heads == 0) return 0;
  return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(rows - 1) * s.token +
                                  (heads - 1) * s.head + c.shape.head_dim) *
         static_cast<std::size_t>(f.bytes);
}

// Rows this far apart are handed over in pieces.
constexpr std::size_t kFarBytes = std::size_t{64} << 20;
// What a piece holds on either side of a row, inside the tensor.
constexpr std::size_t kAround = std::size_t{1} << 20;

std::vector<Piece> pieces_of(const std::byte* from, std::size_t bytes, const laws::Strides& s,
                             std::size_t rows, int heads, const Case& c, const Format& f) {
  const auto size = static_cast<std::size_t>(f.bytes),
             width = static_cast<std::size_t>(c.shape.head_dim) * size;
  std::vector<std::size_t> starts;
  for (std::size_t row = 0; row < rows; ++row) {
    for (int head = 0; head < heads; ++head)
      starts.push_back(
          static_cast<std::size_t>(static_cast<std::ptrdiff_t>(row) * s.token + head * s.head) *
          size);
  }
  std::sort(starts.begin(), starts.end());
  std::vector<Piece> out;
  std::size_t first = 0, last = 0;
  const auto close = [&] {
    if (last > first) out.push_back({first, {from + first, from + last}});
  };
  for (const std::size_t start : starts) {
    const std::size_t low = start - std::min(start, kAround),
                      high = std::min(bytes, start + width + kAround);
    if (low > last) {
      close();
      first = low;
    }
    last = high;
  }
  close();
  return out;
}

TensorBytes bytes_of(const laws::HeadView& view, std::size_t rows, int heads, const Case& c,
                     const Format& f) {
  TensorBytes t;
  const std::size_t in = extent(view.in_strides, rows, heads, c, f),
                    out = extent(view.out_strides, rows, heads, c, f);
  if (std::max(in, out) < kFarBytes) {
    t.in.assign(view.in, view.in + in);
    t.out.assign(view.out, view.out + out);
  } else {
    t.far_in = pieces_of(view.in, in, view.in_strides, rows, heads, c, f);
    t.far_out = pieces_of(view.out, out, view.out_strides, rows, heads, c, f);
  }
  t.shape.in_token_stride = view.in_strides.token;
  t.shape.in_head_stride = view.in_strides.head;
  t.shape.out_token_stride = view.out_strides.token;
  t.shape.out_head_stride = view.out_strides.head;
  t.shape.heads = heads;
  return t;
}

// The frequencies that the kernel is told are those of fast/: the law's own come from the
// reference.
CallBytes told(const laws::Call& call) {
  const FrequencyAllocation map = allocation(call.c);
  const fast::RotaryCase rotary = rotary_case(call.c, map, call.ids.axes);
  std::vector<std::vector<double>> ladders;
  for (const fast::Spectrum& s : rotary.spectra) ladders.push_back(fast::inv_freq(s));
  std::vector<double> inv_freq;
  for (std::size_t i = 0; i < rotary.axis_map.size(); ++i) {
    const std::uint8_t axis = rotary.axis_map[i];
    const auto& ladder = ladders[ladders.size() == 1 || axis == fast::kNoAxis ? 0 : axis];
    inv_freq.push_back(axis == fast::kNoAxis ? 0
                                             : ladder.at(static_cast<std::size_t>(rotary.rung[i])));
  }
  return arguments(call.c, map, call.ids.axes, std::move(inv_freq),
                   fast::attention_factor(rotary.spectra.front()));
}

// What an output is made of: where it goes back to, and where its last call left it.
struct Output {
  const char* name;
  const laws::HeadView* view;
  const TensorBytes* tensor;
  int heads;
};

// The first element between heads or tokens that the call changed, in words; empty: none. Of
// tensors in pieces nothing is said.
std::string written_gap(const laws::Call& call, const Output& o, bool in_place) {
  const std::vector<std::byte>& after = in_place ? o.tensor->in : o.tensor->out;
  const laws::Strides& s = o.view->out_strides;
  const std::ptrdiff_t size = call.format.bytes, width = call.c.shape.head_dim,
                       count = static_cast<std::ptrdiff_t>(after.size()) / size;
  if (after.empty() || (s.head == width && s.token == o.heads * width)) return "";
  std::vector<bool> inside(static_cast<std::size_t>(count));
  for (std::ptrdiff_t row = 0; row < static_cast<std::ptrdiff_t>(call.ids.rows()); ++row) {
    for (std::ptrdiff_t head = 0; head < o.heads; ++head)
      std::fill_n(inside.begin() + row * s.token + head * s.head, width, true);
  }
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    if (inside[static_cast<std::size_t>(i)] ||
        std::memcmp(after.data() + i * size, o.view->out + i * size,
                    static_cast<std::size_t>(size)) == 0)
      continue;
    return fmt::format("wrote the gap at element {} of {}'s output (token {}, stride {})", i,
                       o.name, i / s.token, s.token);
  }
  return "";
}

void rotate(PluginProcess& plugin, Health& health, const laws::Call& call) {
  if (health.hung) throw std::invalid_argument("not run: an earlier call timed out");
  CallBytes bytes = told(call);
  std::vector<double> ids;
  for (const Coordinate& x : call.ids.position_ids) ids.push_back(to_double(x));
  const std::size_t rows = call.ids.rows();
  bytes.dtype = static_cast<std::int32_t>(dtype_of(call.format));
  bytes.tokens = static_cast<std::int64_t>(rows);
  bytes.cu_seqlens = call.cu_seqlens;
  if (bytes.cu_seqlens.empty()) bytes.cu_seqlens = {0, static_cast<std::int32_t>(rows)};
  bytes.adjoint = call.adjoint;
  bytes.in_place = call.q.in == call.q.out;
  set_positions(bytes, ids, false);
  const auto lay = [&](const laws::HeadView& v, int heads) {
    return bytes_of(v, rows, heads, call.c, call.format);
  };
  bytes.q = lay(call.q, call.c.shape.num_heads);
  bytes.k = lay(call.k, call.c.shape.num_key_value_heads);
  const Result result = plugin.run(bytes);
  if (result.refused) throw std::invalid_argument(result.why.empty() ? "unsupported" : result.why);
  if (result.trouble != Trouble::none) {
    health.crashed = health.crashed || result.trouble != Trouble::failed;
    health.hung = health.hung || result.trouble == Trouble::timed_out;
    throw std::runtime_error("the plug-in " + result.why);
  }
  for (const Output& o : {Output{"q", &call.q, &bytes.q, call.c.shape.num_heads},
                          Output{"k", &call.k, &bytes.k, call.c.shape.num_key_value_heads}}) {
    if (health.gap.empty()) health.gap = written_gap(call, o, bytes.in_place);
    const auto& [name, view, tensor, heads] = o;
    const auto& from = bytes.in_place ? tensor->in : tensor->out;
    if (!from.empty()) std::memcpy(view->out, from.data(), from.size());
    for (const Piece& piece : bytes.in_place ? tensor->far_in : tensor->far_out)
      std::memcpy(view->out + piece.offset, piece.bytes.data(), piece.bytes.size());
  }
}

}  // namespace

laws::Subject subject(const std::shared_ptr<PluginProcess>& plugin,
                      const std::shared_ptr<Health>& health) {
  laws::Subject out;
  out.name = plugin->description().name;
  out.positions = plumbline::positions;
  out.rotate = [plugin, health](const laws::Call& call) {
    if (!plugin->description().rotates)
      throw std::invalid_argument("rotate: not offered, only a table");
    if (!plugin->description().recipe[static_cast<std::size_t>(dtype_of(call.format))])
      throw std::invalid_argument("dtype: not offered");
    if (recipe_of(*plugin, dtype_of(call.format))->store != nullptr)
      throw std::invalid_argument("8-bit store: laws compare what was not rounded to it");
    rotate(*plugin, *health, call);
  };
  out.recipe = [plugin](const Format& f) {
    const auto declared = recipe_of(*plugin, dtype_of(f));
    // Of a dtype that is not offered nothing is judged: the call is refused.
    return declared ? declared : std::optional(default_recipe(f));
  };
  out.skips = laws::not_by_pairs;
  return out;
}

}  // namespace plumbline::plugin
