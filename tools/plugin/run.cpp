// SPDX-License-Identifier: Apache-2.0
#include "tools/plugin/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "golden/truth.h"
#include "tools/plugin/tensors.h"

namespace plumbline::plugin {
namespace {

constexpr FindingRow kFindings[] = {
    {"crashed", "A signal, or the end of the process, inside the kernel."},
    {"timed-out", "No answer within the time-out."},
    {"read-outside", "Memory read outside a tensor."},
    {"wrote-outside", "Memory written outside a tensor, or in a gap between heads or tokens."},
    {"wrote-input", "An input written, out of place."},
    {"failed", "Neither done nor unsupported returned."},
    {"not-written", "An element of the output left as it was."},
    {"not-repeatable", "The same call twice, other bits."},
    {"stale-state", "Other bits after another call, or than in a process that made no other call."},
    {"strides-matter", "Other bits with gaps between heads and tokens."},
    {"in-place-differs", "Other bits in place."},
    {"int32-differs", "Other bits with int32 positions than with int64."},
    {"packed-differs", "Other bits for the same rows in a packed batch."},
};

constexpr std::string_view kTroubles[] = {
    "", "crashed", "timed-out", "read-outside", "wrote-outside", "wrote-input", "failed"};

constexpr std::byte kFirst{0xa5}, kSecond{0x5a};

// How one call differs from the plainest one.
struct Manner {
  std::string name;
  Gaps gaps = {};
  bool in_place = false, adjoint = false, narrow = false, at_end = true;
  std::byte poison = kFirst;
};

struct Rows {
  Dense q, k;
  std::vector<double> ids;  // [axes][tokens]
  std::vector<std::int32_t> cu_seqlens;
};

Dense dense_of(const Tensor& t) {
  return {t.bytes, static_cast<std::int64_t>(t.shape[0]), static_cast<int>(t.shape[1]),
          static_cast<int>(t.shape[2]), info(t.dtype).bytes};
}

Tensor tensor_of(const Dense& from, const Tensor& like) {
  return {like.dtype, like.shape, from.bytes};
}

// Rows in reverse order, one position further, elements in reverse order: nothing that a cache of
// the first call could answer.
Rows other_rows(const Rows& from, int axes) {
  Rows out = from;
  for (Dense* d : {&out.q, &out.k}) {
    for (std::size_t i = 0; i < d->elements() / 2; ++i) {
      std::swap_ranges(d->bytes.begin() + static_cast<std::ptrdiff_t>(i * d->size),
                       d->bytes.begin() + static_cast<std::ptrdiff_t>((i + 1) * d->size),
                       d->bytes.end() - static_cast<std::ptrdiff_t>((i + 1) * d->size));
    }
  }
  const auto tokens = static_cast<std::ptrdiff_t>(from.q.tokens);
  for (std::ptrdiff_t axis = 0; axis < axes; ++axis)
    std::reverse(out.ids.begin() + axis * tokens, out.ids.begin() + (axis + 1) * tokens);
  for (double& x : out.ids) x = x > 0 ? x - 1 : x + 1;
  return out;
}

// The same rows twice, as two sequences of one packed batch.
Rows packed_rows(const Rows& from, int axes) {
  Rows out = from;
  const auto tokens = static_cast<std::ptrdiff_t>(from.q.tokens);
  for (Dense* d : {&out.q, &out.k}) {
    const std::vector<std::byte> once = d->bytes;
    d->bytes.insert(d->bytes.end(), once.begin(), once.end());
    d->tokens *= 2;
  }
  out.ids.clear();
  for (std::ptrdiff_t axis = 0; axis < axes; ++axis) {
    for (int time = 0; time < 2; ++time)
      out.ids.insert(out.ids.end(), from.ids.begin() + axis * tokens,
                     from.ids.begin() + (axis + 1) * tokens);
  }
  const auto n = static_cast<std::int32_t>(tokens);
  out.cu_seqlens = {0, n, 2 * n};
  return out;
}

class Session {
 public:
  Session(PluginProcess& plugin, const CallBytes& told, Dtype dtype, Answers& answers)
      : plugin_(plugin), told_(told), dtype_(dtype), format_(format_of(dtype)), answers_(answers) {}

  struct Turned {
    Dense q, k;
  };

  // Nothing where the call was refused or went wrong; both are noted.
  std::optional<Turned> call(const Rows& rows, const Manner& manner) {
    CallBytes bytes = told_;
    bytes.dtype = static_cast<std::int32_t>(dtype_);
    bytes.tokens = rows.q.tokens;
    bytes.cu_seqlens = rows.cu_seqlens;
    bytes.adjoint = manner.adjoint;
    bytes.in_place = manner.in_place;
    bytes.at_end = manner.at_end;
    if (!set_positions(bytes, rows.ids, manner.narrow)) return std::nullopt;
    bytes.q = lay_out(rows.q, manner.gaps, manner.in_place, manner.poison);
    bytes.k = lay_out(rows.k, manner.gaps, manner.in_place, manner.poison);
    const Result result = plugin_.run(bytes);
    if (result.refused) {
      answers_.refused.push_back(
          fmt::format("{}{}{}", where(manner), result.why.empty() ? "" : ": ", result.why));
      return std::nullopt;
    }
    if (result.trouble != Trouble::none) {
      note(kTroubles[static_cast<std::size_t>(result.trouble)], manner, result.why);
      stopped_ = true;
      answers_.timed_out = answers_.timed_out || result.trouble == Trouble::timed_out;
      return std::nullopt;
    }
    for (const auto& [name, tensor, like] :
         {std::tuple("q", &bytes.q, &rows.q), std::tuple("k", &bytes.k, &rows.k)}) {
      const std::string gap = written_gap(*tensor, *like, manner.in_place, manner.poison);
      if (gap.empty()) continue;
      note("wrote-outside", manner, fmt::format("wrote {} of {}", gap, name));
      stopped_ = true;
      return std::nullopt;
    }
    return Turned{taken(bytes.q, rows.q, manner.in_place), taken(bytes.k, rows.k, manner.in_place)};
  }

  // True where both are there and equal; otherwise the finding is noted. `part`: only these rows of
  // `b`, from this element on.
  bool same(const Turned& a, const Turned& b, std::string_view finding, const Manner& manner) {
    for (const auto& [name, x, y] : {std::tuple("q", &a.q, &b.q), std::tuple("k", &a.k, &b.k)}) {
      const std::size_t i = first_difference(*x, *y, format_);
      if (i == x->elements()) continue;
      note(finding, manner, fmt::format("{} differs, first at {}", name, place_of(*x, i)));
      return false;
    }
    return true;
  }

  // Elements that neither of two calls over different memory changed.
  bool written(const Turned& a, const Turned& b, const Manner& manner) {
    for (const auto& [name, x, y] : {std::tuple("q", &a.q, &b.q), std::tuple("k", &a.k, &b.k)}) {
      std::size_t count = 0, first = 0;
      for (std::size_t i = 0; i < x->elements(); ++i) {
        const auto untouched = [&](const Dense& d, std::byte poison) {
          const auto at = d.bytes.begin() + static_cast<std::ptrdiff_t>(i * d.size);
          return std::all_of(at, at + static_cast<std::ptrdiff_t>(d.size),
                             [&](std::byte v) { return v == poison; });
        };
        if (!untouched(*x, kFirst) || !untouched(*y, kSecond)) continue;
        if (count++ == 0) first = i;
      }
      if (count == 0) continue;
      note("not-written", manner,
           fmt::format("{} of {} elements of {}'s output, first {}", count, x->elements(), name,
                       place_of(*x, first)));
      return false;
    }
    return true;
  }

  bool stopped() const { return stopped_; }

 private:
  std::string where(const Manner& manner) const {
    return fmt::format("{} {}", info(dtype_).name, manner.name);
  }
  void note(std::string_view id, const Manner& manner, const std::string& why) {
    const bool fatal = std::find(std::begin(kTroubles) + 1, std::end(kTroubles) - 1, id) !=
                       std::end(kTroubles) - 1;
    answers_.findings.push_back({std::string(id), where(manner), why, fatal});
  }

  PluginProcess& plugin_;
  const CallBytes& told_;
  Dtype dtype_;
  const Format& format_;
  Answers& answers_;
  bool stopped_ = false;
};

Session::Turned half(const Session::Turned& from, int which) {
  Session::Turned out = from;
  for (Dense* d : {&out.q, &out.k}) {
    d->tokens /= 2;
    const auto bytes = static_cast<std::ptrdiff_t>(d->bytes.size() / 2);
    d->bytes.assign(d->bytes.begin() + which * bytes, d->bytes.begin() + (which + 1) * bytes);
  }
  return out;
}

// Every way to say the same call. Stops at the first call that ends the process.
void forward(Session& session, PluginProcess& plugin, const Rows& rows, int axes,
             const Session::Turned& first) {
  const Manner again{.name = "forward, again", .poison = kSecond};
  const auto second = session.call(rows, again);
  if (second && session.written(first, *second, again))
    session.same(first, *second, "not-repeatable", again);
  const bool repeatable =
      second && first_difference(first.q, second->q, binary64) == first.q.elements();
  const Manner manners[] = {
      {.name = "forward, strided", .gaps = {3, 5}, .at_end = false},
      {.name = "forward, in place", .in_place = true},
      {.name = "forward, int32 positions", .narrow = true},
  };
  constexpr std::string_view kIds[] = {"strides-matter", "in-place-differs", "int32-differs"};
  for (std::size_t i = 0; i < std::size(manners) && !session.stopped(); ++i) {
    const auto turned = session.call(rows, manners[i]);
    if (turned && repeatable) session.same(first, *turned, kIds[i], manners[i]);
  }
  if (session.stopped()) return;
  const Manner packed{.name = "forward, packed"};
  if (const auto turned = session.call(packed_rows(rows, axes), packed); turned && repeatable) {
    if (session.same(first, half(*turned, 0), "packed-differs", packed))
      session.same(first, half(*turned, 1), "packed-differs", packed);
  }
  if (session.stopped()) return;
  const Rows other = other_rows(rows, axes);
  const Manner late{.name = "forward, other positions and inputs"},
      after{.name = "forward, after other positions and inputs"};
  const auto stale = session.call(other, late);
  if (session.stopped()) return;
  const auto last = session.call(rows, after);
  const bool told = last && repeatable && !session.same(first, *last, "stale-state", after);
  if (session.stopped() || told || !stale || !repeatable) return;
  plugin.restart();
  if (const auto fresh = session.call(other, late))
    session.same(*stale, *fresh, "stale-state", late);
}

void rotated(PluginProcess& plugin, const StoredCase& golden, const Truth& truth,
             const CallBytes& told, Dtype dtype, Answers& answers) {
  const std::string folder = std::string(info(dtype).name) + "/";
  const int axes = told.c.axes;
  const Tensor &q = golden.tensors.at(folder + "q_in"), &k = golden.tensors.at(folder + "k_in");
  Rows rows{dense_of(q), dense_of(k), truth.position_ids, {}};
  rows.cu_seqlens = {0, static_cast<std::int32_t>(rows.q.tokens)};
  plugin.restart();
  Session session(plugin, told, dtype, answers);
  const auto keep = [&](const Session::Turned& turned, const char* suffix) {
    if (golden.tensors.contains(folder + "q" + suffix))
      answers.outputs.tensors[folder + "q" + suffix] = tensor_of(turned.q, q);
    if (golden.tensors.contains(folder + "k" + suffix))
      answers.outputs.tensors[folder + "k" + suffix] = tensor_of(turned.k, k);
  };
  if (const auto first = session.call(rows, {.name = "forward"})) {
    keep(*first, "_out");
    forward(session, plugin, rows, axes, *first);
  }
  if (session.stopped() || !golden.tensors.contains(folder + "q_adj")) return;
  const auto back = session.call(rows, {.name = "adjoint", .adjoint = true});
  if (!back) return;
  keep(*back, "_adj");
  const Manner again{.name = "adjoint, again", .adjoint = true, .poison = kSecond};
  const auto second = session.call(rows, again);
  if (second && session.written(*back, *second, again))
    session.same(*back, *second, "not-repeatable", again);
}

void tables(PluginProcess& plugin, const StoredCase& golden, const Truth& truth,
            const CallBytes& told, Dtype dtype, Answers& answers) {
  const std::string folder = std::string(info(dtype).name) + "/";
  const Tensor& like = golden.tensors.at(folder + "cos");
  CallBytes call = told;
  call.dtype = static_cast<std::int32_t>(dtype);
  call.tokens = static_cast<std::int64_t>(truth.rows());
  call.cu_seqlens = {0, static_cast<std::int32_t>(call.tokens)};
  call.is_table = true;
  set_positions(call, truth.position_ids, false);
  std::vector<std::byte> first[2];
  for (const std::byte poison : {kFirst, kSecond}) {
    call.cos.assign(like.bytes.size(), poison);
    call.sin.assign(like.bytes.size(), poison);
    call.at_end = poison == kFirst;
    const Result result = plugin.run(call);
    const std::string where = folder + "table";
    if (result.refused) {
      answers.refused.push_back(where + (result.why.empty() ? "" : ": " + result.why));
      return;
    }
    if (result.trouble != Trouble::none) {
      answers.findings.push_back({std::string(kTroubles[static_cast<std::size_t>(result.trouble)]),
                                  where, result.why, result.trouble != Trouble::failed});
      answers.timed_out = answers.timed_out || result.trouble == Trouble::timed_out;
      return;
    }
    if (poison == kFirst) {
      first[0] = call.cos;
      first[1] = call.sin;
    } else if (first[0] != call.cos || first[1] != call.sin) {
      answers.findings.push_back({"not-repeatable", where, "cos or sin differs", false});
    }
  }
  answers.outputs.tensors[folder + "cos"] = {like.dtype, like.shape, first[0]};
  answers.outputs.tensors[folder + "sin"] = {like.dtype, like.shape, first[1]};
}

}  // namespace

std::span<const FindingRow> findings() { return kFindings; }

Answers run(PluginProcess& plugin, const StoredCase& golden) {
  const Truth truth(golden);
  FrequencyAllocation map = allocation(truth.c);
  map.maps = truth.maps;
  map.pairs = truth.pairs;
  map.of.resize(truth.axis_map.size());
  for (std::size_t i = 0; i < map.of.size(); ++i) {
    map.of[i].axis =
        truth.axis_map[i] == PLUMBLINE_NO_AXIS ? Axis::none : static_cast<Axis>(truth.axis_map[i]);
    map.of[i].rung = truth.rung[i];
  }
  const int axes =
      truth.rows() == 0 ? 1 : static_cast<int>(truth.position_ids.size() / truth.rows());
  const CallBytes told = arguments(truth.c, map, axes, truth.inv_freq, truth.attention_factor);
  Answers answers;
  answers.outputs.id = golden.id;
  for (int i = 0; i < PLUMBLINE_DTYPES && !answers.timed_out; ++i) {
    const DtypeInfo& d = kDtypes[i];
    const std::string folder = std::string(d.name) + "/";
    if (!plugin.description().recipe[i]) {
      if (golden.tensors.contains(folder + "q_in"))
        answers.refused.push_back(std::string(d.name) + ": not offered");
      continue;
    }
    if (plugin.description().tables && golden.tensors.contains(folder + "cos"))
      tables(plugin, golden, truth, told, d.dtype, answers);
    if (answers.timed_out) break;
    if (plugin.description().rotates && golden.tensors.contains(folder + "q_in"))
      rotated(plugin, golden, truth, told, d.dtype, answers);
  }
  return answers;
}

}  // namespace plumbline::plugin
