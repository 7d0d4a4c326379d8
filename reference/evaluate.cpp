// SPDX-License-Identifier: Apache-2.0
#include "reference/evaluate.h"

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

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

// cos and sin of the (coordinate, rung) pairs that a run of rows needs, each computed once at the
// first precision and again only where a rounding needs more.
class Angles {
 public:
  Angles(const ResolvedSpectrum& spectrum, const FrequencyAllocation& allocation,
         const PositionTable& ids, std::size_t first, std::size_t count)
      : spectrum_(spectrum), allocation_(allocation), ids_(ids), first_(first) {
    const auto axes = static_cast<std::size_t>(ids.axes);
    for (std::size_t a = 0; a < axes; ++a) {
      std::map<Rational, std::size_t> seen;
      for (std::size_t row = 0; row < count; ++row) {
        const auto* exact = std::get_if<Rational>(&ids.at(a, first + row));
        std::size_t slot = distinct_;
        if (exact != nullptr) slot = seen.try_emplace(*exact, distinct_).first->second;
        if (slot == distinct_) ++distinct_;
        slots_[a].push_back(slot);
      }
    }
    memo_.resize(distinct_ * static_cast<std::size_t>(spectrum.rungs()));
  }

  // A, where it is rational and the angle is exactly zero.
  std::optional<Rational> still(std::size_t row, int map, int pair) const {
    const Assignment& assigned = allocation_.at(map, pair);
    if (!spectrum_.exact_attention_factor()) return std::nullopt;
    if (assigned.axis != Axis::none) {
      const auto* p = std::get_if<Rational>(&ids_.at(index(assigned.axis), row));
      const bool at_origin = p != nullptr && *p == 0;
      if (!at_origin && !spectrum_.never_turns(assigned.rung)) return std::nullopt;
    }
    return spectrum_.exact_attention_factor();
  }

  CosSin at(std::size_t row, int map, int pair) {
    const Assignment& assigned = allocation_.at(map, pair);
    if (assigned.axis == Axis::none) return {spectrum_.attention_factor(), enclose(Rational(0))};
    const auto axis = index(assigned.axis);
    const auto compute = [&] {
      return cos_sin(ids_.at(axis, row), inv_freq(assigned.rung), spectrum_.attention_factor());
    };
    if (WorkingPrecision::bits() != kFirstPrecision) return compute();
    auto& slot = memo_[slots_[axis][row - first_] * static_cast<std::size_t>(spectrum_.rungs()) +
                       static_cast<std::size_t>(assigned.rung)];
    if (!slot) slot = compute();
    return *slot;
  }

 private:
  Interval inv_freq(int rung) {
    if (WorkingPrecision::bits() != kFirstPrecision) return spectrum_.inv_freq(rung);
    if (ladder_.empty()) ladder_.resize(static_cast<std::size_t>(spectrum_.rungs()));
    auto& slot = ladder_[static_cast<std::size_t>(rung)];
    if (!slot) slot = spectrum_.inv_freq(rung);
    return *slot;
  }
  const ResolvedSpectrum& spectrum_;
  const FrequencyAllocation& allocation_;
  const PositionTable& ids_;
  std::size_t first_, distinct_ = 0;
  std::array<std::vector<std::size_t>, kMostAxes> slots_;
  std::vector<std::optional<CosSin>> memo_;
  std::vector<std::optional<Interval>> ladder_;
};

// Everything that one run of rows contributes; writes only its own rows of `out`.
class Worker {
 public:
  Worker(const Case& c, const ResolvedSpectrum& spectrum, const FrequencyAllocation& allocation,
         const PositionTable& ids, const std::vector<Heads>& inputs, Tensors& out)
      : case_(c),
        spectrum_(spectrum),
        allocation_(allocation),
        ids_(ids),
        inputs_(inputs),
        out_(out) {}

  unsigned run(std::size_t first, std::size_t count) {
    Angles angles(spectrum_, allocation_, ids_, first, count);
    for (std::size_t row = first; row < first + count; ++row) try {
        tables(angles, row);
        for (std::size_t i = 0; i < inputs_.size(); ++i) {
          Rotated& r = out_.rotated[i];
          const bool adjoint = !r.adjoint.q.empty() || !r.adjoint.k.empty();
          heads(angles, row, inputs_[i].format, inputs_[i].q, r.out.q, case_.shape.num_heads,
                false);
          heads(angles, row, inputs_[i].format, inputs_[i].k, r.out.k,
                case_.shape.num_key_value_heads, false);
          if (!adjoint) continue;
          heads(angles, row, inputs_[i].format, inputs_[i].q, r.adjoint.q, case_.shape.num_heads,
                true);
          heads(angles, row, inputs_[i].format, inputs_[i].k, r.adjoint.k,
                case_.shape.num_key_value_heads, true);
        }
      } catch (const Unresolved& e) {
        throw Unresolved("case " + case_.id + ", token " + std::to_string(ids_.token_index[row]) +
                         ": " + e.what());
      }
    return precision_;
  }

 private:
  void tables(Angles& angles, std::size_t row) {
    for (int map = 0; map < allocation_.maps; ++map) {
      for (int pair = 0; pair < allocation_.pairs; ++pair) {
        const auto at =
            (row * static_cast<std::size_t>(allocation_.maps) + static_cast<std::size_t>(map)) *
                static_cast<std::size_t>(allocation_.pairs) +
            static_cast<std::size_t>(pair);
        for (Table& table : out_.tables) {
          const auto c = certify([&] { return angles.at(row, map, pair).cos; }, table.format,
                                 "a rotated pair");
          const auto s = certify([&] { return angles.at(row, map, pair).sin; }, table.format,
                                 "a rotated pair");
          table.cos[at] = c.bits;
          table.sin[at] = s.bits;
          precision_ = std::max({precision_, c.precision, s.precision});
        }
      }
    }
  }

  void heads(Angles& angles, std::size_t row, const Format& format,
             const std::vector<std::uint64_t>& in, std::vector<std::uint64_t>& out, int count,
             bool adjoint) {
    const int groups = count / case_.shape.num_key_value_heads, pairs = allocation_.pairs;
    const auto width = static_cast<std::size_t>(case_.shape.head_dim);
    for (int head = 0; head < count; ++head) {
      const std::size_t base =
          (row * static_cast<std::size_t>(count) + static_cast<std::size_t>(head)) * width;
      const int map = allocation_.map_of(head / groups);
      for (int pair = 0; pair < pairs; ++pair) {
        const Lanes lane = lanes(case_.pairing, pair, pairs);
        const auto x = base + static_cast<std::size_t>(lane.x),
                   y = base + static_cast<std::size_t>(lane.y);
        const TurnedPair turned = turn(
            in[x], in[y], [&] { return angles.at(row, map, pair); }, angles.still(row, map, pair),
            adjoint, format, "a rotated pair");
        out[x] = turned.x;
        out[y] = turned.y;
        precision_ = std::max(precision_, turned.precision);
      }
      for (auto d = static_cast<std::size_t>(2 * pairs); d < width; ++d)
        out[base + d] = in[base + d];
    }
  }

  const Case& case_;
  const ResolvedSpectrum& spectrum_;
  const FrequencyAllocation& allocation_;
  const PositionTable& ids_;
  const std::vector<Heads>& inputs_;
  Tensors& out_;
  unsigned precision_ = 0;
};

}  // namespace

PositionTable positions(const Case& c) {
  const PositionDesign& design = design_of(*c.scheme, c.parameters);
  const Walk<Rational> walk(design, c.parameters, c.sequence, c.float32);
  const RowMap rows(c);
  const bool truncated =
      c.parameters.has("integer_output") && c.parameters.word("integer_output") == "trunc";
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
  for (std::size_t row = 0; row < out.rows(); ++row) {
    const auto token = rows.token(out.token_index[row]);
    if (!token) continue;
    const Point<Rational> point = walk.at(*token);
    for (std::size_t a = 0; a < static_cast<std::size_t>(out.axes); ++a) {
      out.position_ids[a * out.rows() + row] = truncated ? truncate(point[a]) : point[a];
    }
  }
  const Rational length(c.padded_length());
  if (design.delta != DeltaRule::none) {
    const Rational top =
        design.delta == DeltaRule::ceiling ? Rational(ceil(walk.maximum())) : walk.maximum();
    out.rope_delta = top + 1 - length;
  }
  out.rope_delta_cursor = walk.cursor() - length;
  return out;
}

FrequencyAllocation allocation(const Case& c) {
  return c.scheme->allocation.allocate(c.shape, c.parameters);
}

Tensors evaluate(const Case& c, const PositionTable& ids, const std::vector<Format>& table_formats,
                 const std::vector<Heads>& inputs, bool adjoint, unsigned threads) {
  const ResolvedSpectrum spectrum(c.spectrum);
  const FrequencyAllocation map = allocation(c);
  Tensors out;
  for (const Assignment& assigned : map.of) {
    if (assigned.axis == Axis::none) {
      out.inv_freq.push_back(0);
      continue;
    }
    const auto value = certify([&] { return spectrum.inv_freq(assigned.rung); }, binary64,
                               "inv_freq of case " + c.id);
    out.inv_freq.push_back(value.bits);
    out.precision = std::max(out.precision, value.precision);
  }
  const std::size_t rows = ids.rows(), table_size = rows * map.of.size();
  for (const Format& f : table_formats) {
    out.tables.push_back(
        {f, std::vector<std::uint64_t>(table_size), std::vector<std::uint64_t>(table_size)});
  }
  for (const Heads& in : inputs) {
    const Heads blank{in.format, std::vector<std::uint64_t>(in.q.size()),
                      std::vector<std::uint64_t>(in.k.size())};
    out.rotated.push_back({blank, adjoint ? blank : Heads{in.format, {}, {}}});
  }

  // Blocks of rows are handed out by number; every value depends on its own row only, so the result
  // does not depend on who computes it.
  constexpr std::size_t kBlock = 64;
  std::mutex mutex;
  std::size_t next = 0;
  std::exception_ptr failure;
  const auto work = [&] {
    const ThreadCaches caches;
    Worker worker(c, spectrum, map, ids, inputs, out);
    for (;;) {
      std::size_t first = 0;
      {
        const std::lock_guard lock(mutex);
        if (next >= rows || failure) return;
        first = next;
        next += kBlock;
      }
      try {
        const unsigned precision = worker.run(first, std::min(kBlock, rows - first));
        const std::lock_guard lock(mutex);
        out.precision = std::max(out.precision, precision);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    }
  };
  if (threads < 2 || rows <= kBlock) {
    work();
  } else {
    std::vector<std::jthread> pool;
    for (unsigned i = 0; i < threads; ++i) pool.emplace_back(work);
  }
  if (failure) std::rethrow_exception(failure);
  return out;
}

std::vector<Certified> logits(const Case& c, const PositionTable& ids, const Heads& inputs,
                              const std::vector<LogitIndex>& wanted) {
  const ResolvedSpectrum spectrum(c.spectrum);
  const FrequencyAllocation map = allocation(c);
  const HeadShape& shape = c.shape;
  const auto width = static_cast<std::size_t>(shape.head_dim);
  const auto value = [&](const std::vector<std::uint64_t>& data, std::size_t row, int heads,
                         int head, int lane) {
    const auto at =
        (row * static_cast<std::size_t>(heads) + static_cast<std::size_t>(head)) * width;
    return decode_double(data[at + static_cast<std::size_t>(lane)], inputs.format);
  };
  std::vector<Certified> out;
  for (const auto& [query, key, head] : wanted) {
    const int kv_head = head / (shape.num_heads / shape.num_key_value_heads),
              m = map.map_of(kv_head);
    const auto qr = static_cast<std::size_t>(query), kr = static_cast<std::size_t>(key);
    const auto q = [&](int lane) { return value(inputs.q, qr, shape.num_heads, head, lane); };
    const auto k = [&](int lane) {
      return value(inputs.k, kr, shape.num_key_value_heads, kv_head, lane);
    };
    std::vector<LogitTerm> terms;
    for (int pair = 0; pair < map.pairs; ++pair) {
      const Lanes lane = lanes(c.pairing, pair, map.pairs);
      const Assignment& assigned = map.at(m, pair);
      LogitTerm term{q(lane.x), q(lane.y), k(lane.x), k(lane.y), Rational(0), Rational(0), {}};
      if (assigned.axis != Axis::none) {
        term.query_position = ids.at(index(assigned.axis), qr);
        term.key_position = ids.at(index(assigned.axis), kr);
        term.inv_freq = [&spectrum, rung = assigned.rung] { return spectrum.inv_freq(rung); };
      }
      terms.push_back(std::move(term));
    }
    Rational passed = 0;
    for (int lane = shape.rotary_dim; lane < shape.head_dim; ++lane)
      passed += from_double(q(lane)) * from_double(k(lane));
    out.push_back(logit(
        terms, passed, spectrum.exact_attention_square(),
        [&] { return spectrum.attention_factor(); }, shape.head_dim, inputs.format,
        "a logit of case " + c.id));
  }
  return out;
}

}  // namespace plumbline
