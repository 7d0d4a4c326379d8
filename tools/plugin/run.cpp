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
    {"crashed", "A signal, or the end of the process, inside the kernel.", true},
    {"timed-out", "No answer within the time-out.", true},
    {"read-outside", "Memory read outside a tensor.", true},
    {"wrote-outside", "Memory written outside a tensor, or in a gap between heads or tokens.",
     true},
    {"wrote-input", "An input written, out of place.", true},
    {"failed", "Neither done nor unsupported returned."},
    {"refused-late", "Unsupported returned, but an output written."},
    {"not-written", "An element of the output left as it was."},
    {"not-repeatable", "The same call twice, other bits."},
    {"stale-state", "Other bits after another call, or than in a process that made no other call."},
    {"strides-matter", "Other bits with gaps between heads and tokens."},
    {"in-place-differs", "Other bits in place."},
    {"int32-differs", "Other bits with int32 positions than with int64."},
    {"packed-differs", "Other bits for the same rows in a packed batch."},
    {"length-matters", "Other bits for the same rows alone, or among more rows."},
    {"heads-matter", "Other bits for the same heads among more heads."},
};

constexpr std::string_view kTroubles[] = {
    "",       "crashed",     "timed-out", "read-outside", "wrote-outside", "wrote-input",
    "failed", "refused-late"};

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

// Row (first + i) mod tokens of `from` for i = 0, 1, .. count - 1, its heads `times` times.
Dense repeated(const Dense& from, std::int64_t first, std::int64_t count, int times = 1) {
  Dense out = from;
  out.tokens = count;
  out.heads *= times;
  out.bytes.clear();
  const auto row = static_cast<std::ptrdiff_t>(from.size) * from.heads * from.head_dim;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = from.bytes.begin() + (first + i) % from.tokens * row;
    for (int time = 0; time < times; ++time) out.bytes.insert(out.bytes.end(), at, at + row);
  }
  return out;
}

Rows repeated(const Rows& from, int axes, std::int64_t first, std::int64_t count) {
  Rows out{repeated(from.q, first, count), repeated(from.k, first, count), {}, {}};
  const std::int64_t tokens = from.q.tokens;
  for (int axis = 0; axis < axes; ++axis)
    for (std::int64_t i = 0; i < count; ++i)
      out.ids.push_back(from.ids[static_cast<std::size_t>(axis * tokens + (first + i) % tokens)]);
  out.cu_seqlens = {0, static_cast<std::int32_t>(count)};
  return out;
}

// The same rows twice, as two sequences of one packed batch.
Rows packed_rows(const Rows& from, int axes) {
  Rows out = repeated(from, axes, 0, 2 * from.q.tokens);
  const auto n = static_cast<std::int32_t>(from.q.tokens);
  out.cu_seqlens = {0, n, 2 * n};
  return out;
}

constexpr int kTimes = 9;
// The case, and the same with so many times its heads.
struct Told {
  CallBytes one, many;
};

class Session {
 public:
  Session(PluginProcess& plugin, const Told& told, Dtype dtype, Answers& answers)
      : plugin_(plugin), told_(told), dtype_(dtype), format_(format_of(dtype)), answers_(answers) {}

  struct Turned {
    Dense q, k;
  };

  // Nothing where the call was refused or went wrong; both are noted.
  std::optional<Turned> call(const Rows& rows, const Manner& manner) {
    CallBytes bytes = rows.q.heads == told_.one.c.num_heads ? told_.one : told_.many;
    bytes.dtype = static_cast<std::int32_t>(dtype_);
    bytes.tokens = rows.q.tokens;
    bytes.cu_seqlens = rows.cu_seqlens;
    bytes.adjoint = manner.adjoint;
    const bool in_place = manner.in_place || only_in_place;
    bytes.in_place = in_place;
    bytes.at_end = manner.at_end;
    if (!set_positions(bytes, rows.ids, manner.narrow)) return std::nullopt;
    bytes.q = lay_out(rows.q, manner.gaps, in_place, manner.poison);
    bytes.k = lay_out(rows.k, manner.gaps, in_place, manner.poison);
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
      const std::string gap = written_gap(*tensor, *like, in_place, manner.poison);
      if (gap.empty()) continue;
      note("wrote-outside", manner, fmt::format("wrote {} of {}", gap, name));
      stopped_ = true;
      return std::nullopt;
    }
    return Turned{taken(bytes.q, rows.q, in_place), taken(bytes.k, rows.k, in_place)};
  }

  // True where both are equal; otherwise the finding is noted.
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
  // Every call is one in place: for kernels that know nothing else.
  bool only_in_place = false;
  int maps() const { return told_.one.c.maps; }

 private:
  std::string where(const Manner& manner) const {
    return fmt::format("{} {}", info(dtype_).name, manner.name);
  }
  void note(std::string_view id, const Manner& manner, const std::string& why) {
    answers_.findings.push_back({std::string(id), where(manner), why, finding_row(id).fatal});
  }

  PluginProcess& plugin_;
  const Told& told_;
  Dtype dtype_;
  const Format& format_;
  Answers& answers_;
  bool stopped_ = false;
};

Session::Turned repeated(const Session::Turned& from, std::int64_t first, std::int64_t count) {
  return {repeated(from.q, first, count), repeated(from.k, first, count)};
}

// One row as in decoding, and more than kernels tend to take another way from: the case's rows over
// again, from its middle on.
void lengths(Session& session, const Rows& rows, int axes, const Session::Turned& first) {
  constexpr std::int64_t kLengths[] = {1, 19, 83, 331};
  constexpr std::size_t kMostBytes = std::size_t{64} << 20;
  const std::int64_t n = rows.q.tokens, middle = n / 2;
  if (n == 0) return;
  for (const std::int64_t count : kLengths) {
    const std::size_t bytes =
        rows.q.bytes.size() / static_cast<std::size_t>(n) * static_cast<std::size_t>(count);
    if ((count <= n && count > 1) || bytes > kMostBytes || session.stopped()) continue;
    const Manner manner{.name = fmt::format("forward, {} row{}", count, count == 1 ? "" : "s")};
    const auto turned = session.call(repeated(rows, axes, middle, count), manner);
    if (turned && !session.same(repeated(first, middle, count), *turned, "length-matters", manner))
      return;
  }
}

// Heads that share their rows of cos and sin, over again.
void more_heads(Session& session, const Rows& rows, const Session::Turned& first) {
  if (session.stopped() || session.maps() != 1) return;
  const auto more = [](const Dense& from) { return repeated(from, 0, from.tokens, kTimes); };
  const Rows many{more(rows.q), more(rows.k), rows.ids, rows.cu_seqlens};
  const Manner manner{.name = fmt::format("forward, {} and {} heads", many.q.heads, many.k.heads)};
  if (const auto turned = session.call(many, manner))
    session.same({more(first.q), more(first.k)}, *turned, "heads-matter", manner);
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
    if (manners[i].in_place && session.only_in_place) continue;
    const auto turned = session.call(rows, manners[i]);
    if (turned && repeatable) session.same(first, *turned, kIds[i], manners[i]);
  }
  if (session.stopped()) return;
  const Manner packed{.name = "forward, packed"};
  if (const auto turned = session.call(packed_rows(rows, axes), packed); turned && repeatable)
    session.same(repeated(first, 0, 2 * rows.q.tokens), *turned, "packed-differs", packed);
  if (session.stopped()) return;
  const Rows other = other_rows(rows, axes);
  const Manner late{.name = "forward, other positions and inputs"},
      after{.name = "forward, after other positions and inputs"};
  const auto stale = session.call(other, late);
  if (session.stopped()) return;
  const auto last = session.call(rows, after);
  const bool told = last && repeatable && !session.same(first, *last, "stale-state", after);
  if (session.stopped() || told || !repeatable) return;
  if (stale) {
    plugin.restart();
    const auto fresh = session.call(other, late);
    if (fresh && !session.same(*stale, *fresh, "stale-state", late)) return;
  }
  lengths(session, rows, axes, first);
  more_heads(session, rows, first);
}

void rotated(PluginProcess& plugin, const StoredCase& golden, const Truth& truth, const Told& told,
             Dtype dtype, Answers& answers) {
  const std::string folder = std::string(info(dtype).name) + "/";
  const int axes = told.one.c.axes;
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
  auto first = session.call(rows, {.name = "forward"});
  if (!first && !session.stopped()) {
    const std::size_t said = answers.refused.size();
    session.only_in_place = true;
    first = session.call(rows, {.name = "forward, in place"});
    session.only_in_place = first.has_value();
    if (!first) answers.refused.resize(said);  // once is enough
  }
  if (first) {
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
      const std::string_view id = kTroubles[static_cast<std::size_t>(result.trouble)];
      answers.findings.push_back({std::string(id), where, result.why, finding_row(id).fatal});
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

const FindingRow& finding_row(std::string_view id) {
  for (const FindingRow& row : kFindings) {
    if (row.id == id) return row;
  }
  throw std::logic_error("a finding without its row");
}

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
  Case many = truth.c;
  many.shape.num_heads *= kTimes;
  many.shape.num_key_value_heads *= kTimes;
  const auto tell = [&](const Case& c) {
    return arguments(c, map, axes, truth.inv_freq, truth.attention_factor);
  };
  const Told told{tell(truth.c), tell(many)};
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
      tables(plugin, golden, truth, told.one, d.dtype, answers);
    if (answers.timed_out) break;
    if (plugin.description().rotates && golden.tensors.contains(folder + "q_in"))
      rotated(plugin, golden, truth, told, d.dtype, answers);
  }
  return answers;
}

}  // namespace plumbline::plugin
