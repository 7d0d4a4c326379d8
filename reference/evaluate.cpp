// SPDX-License-Identifier: Apache-2.0
#include "reference/evaluate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "reference/angles.h"
#include "reference/frequency_maps.h"
#include "reference/parallel.h"
#include "reference/planes.h"

namespace plumbline {
namespace {

// The dense planes of one KV head at one row.
class PlaneHead {
 public:
  PlaneHead(const Case& c, const std::vector<PlaneBank>& banks, const PositionTable& ids,
            std::size_t row)
      : case_(c), banks_(banks) {
    for (std::size_t a = 0; a < static_cast<std::size_t>(ids.axes); ++a)
      position_.push_back(ids.at(a, row));
  }
  // One head's vector, every lane rounded once, and the precision that decided the hardest.
  std::pair<std::vector<std::uint64_t>, unsigned> apply(const std::vector<std::uint64_t>& x,
                                                        const Format& format, bool transposed,
                                                        std::string_view what) const {
    for (const std::uint64_t bits : x) {
      if (!std::isfinite(decode_double(bits, format)))
        throw std::invalid_argument("inputs: dense planes need finite numbers");
    }
    return at_rising_precision(
        [&]() -> std::optional<std::pair<std::vector<std::uint64_t>, unsigned>> {
          std::vector<Interval> in;
          for (const std::uint64_t bits : x) in.push_back(enclose(decode(bits, format)));
          std::vector<std::uint64_t> out = x;
          const std::vector<Interval> turned = rotation().apply(in, transposed);
          for (std::size_t lane = 0; lane < x.size(); ++lane) {
            // Lanes that no plane reaches are copied, signed zeros and all.
            if (is_point(turned[lane]) && lane >= static_cast<std::size_t>(case_.shape.rotary_dim))
              continue;
            const auto bits = round_to(turned[lane], format);
            if (!bits) return std::nullopt;
            out[lane] = *bits;
          }
          return std::pair(out, WorkingPrecision::bits());
        },
        what);
  }

 private:
  // Made once at each precision, for all vectors of the row.
  const PlaneRotation& rotation() const {
    auto& made = made_[WorkingPrecision::bits()];
    if (!made) {
      std::vector<Interval> position;
      for (const Coordinate& p : position_) position.push_back(enclose(p));
      made.emplace(banks_, position, case_.spectrum);
    }
    return *made;
  }
  const Case& case_;
  const std::vector<PlaneBank>& banks_;
  std::vector<Coordinate> position_;
  mutable std::map<unsigned, std::optional<PlaneRotation>> made_;
};

// Everything that one run of rows contributes; writes only its own rows of `out`.
class Worker {
 public:
  Worker(const Case& c, const Spectra& spectra, const FrequencyAllocation& allocation,
         const PositionTable& ids, const std::vector<Heads>& inputs, Tensors& out)
      : case_(c),
        spectra_(spectra),
        allocation_(allocation),
        ids_(ids),
        inputs_(inputs),
        out_(out) {
    for (int head = 0; head < c.shape.num_key_value_heads; ++head) {
      auto banks = planes_of(c, head);
      if (!banks.empty()) planes_.push_back(std::move(banks));
    }
  }

  unsigned run(std::size_t first, std::size_t count) {
    if (!planes_.empty()) {
      for (std::size_t row = first; row < first + count; ++row) plane_row(row);
      return precision_;
    }
    Angles angles(spectra_, allocation_, ids_, first, count);
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
        const TurnedPair turned = angles.turned(row, map, pair, in[x], in[y], adjoint, format);
        out[x] = turned.x;
        out[y] = turned.y;
        precision_ = std::max(precision_, turned.precision);
      }
      for (auto d = static_cast<std::size_t>(2 * pairs); d < width; ++d)
        out[base + d] = in[base + d];
    }
  }

  void plane_row(std::size_t row) {
    for (int head = 0; head < case_.shape.num_key_value_heads; ++head) {
      const PlaneHead turned(case_, planes_[static_cast<std::size_t>(head)], ids_, row);
      for (std::size_t i = 0; i < inputs_.size(); ++i) {
        Rotated& r = out_.rotated[i];
        const Heads& in = inputs_[i];
        const int group = case_.shape.num_heads / case_.shape.num_key_value_heads;
        for (int q = head * group; q < (head + 1) * group; ++q)
          plane_head(turned, row, case_.shape.num_heads, q, in.format, in.q, r.out.q, r.adjoint.q);
        plane_head(turned, row, case_.shape.num_key_value_heads, head, in.format, in.k, r.out.k,
                   r.adjoint.k);
      }
    }
  }

  void plane_head(const PlaneHead& turned, std::size_t row, int heads, int head,
                  const Format& format, const std::vector<std::uint64_t>& in,
                  std::vector<std::uint64_t>& out, std::vector<std::uint64_t>& adjoint) {
    const auto width = static_cast<std::size_t>(case_.shape.head_dim);
    const std::size_t base =
        (row * static_cast<std::size_t>(heads) + static_cast<std::size_t>(head)) * width;
    const std::vector<std::uint64_t> x(in.begin() + static_cast<std::ptrdiff_t>(base),
                                       in.begin() + static_cast<std::ptrdiff_t>(base + width));
    for (auto* to : {&out, &adjoint}) {
      if (to->empty()) continue;
      const auto [bits, precision] = turned.apply(x, format, to == &adjoint, case_.id);
      std::copy(bits.begin(), bits.end(), to->begin() + static_cast<std::ptrdiff_t>(base));
      precision_ = std::max(precision_, precision);
    }
  }

  const Case& case_;
  const Spectra& spectra_;
  const FrequencyAllocation& allocation_;
  const PositionTable& ids_;
  const std::vector<Heads>& inputs_;
  Tensors& out_;
  std::vector<std::vector<PlaneBank>> planes_;  // by KV head; empty for one-hot maps
  unsigned precision_ = 0;
};

}  // namespace

Spectra::Spectra(const FrequencySpectrum& spectrum, const FrequencyAllocation& map) {
  for (const Ladder& ladder : map.ladders) all_.emplace_back(spectrum, ladder);
}

int Spectra::most_rungs() const {
  int most = 0;
  for (const ResolvedSpectrum& spectrum : all_) most = std::max(most, spectrum.rungs());
  return most;
}

FrequencyAllocation allocation(const Case& c) {
  FrequencyAllocation map = c.scheme->allocation.allocate(c.shape, c.parameters);
  map.letters = design_of(*c.scheme, c.parameters).letters;
  return map;
}

void require_rotation(const Case& c, const FrequencyAllocation& map) {
  if (map.partner.empty()) return;
  throw std::invalid_argument(widths(c.shape) + ": must be a multiple of " +
                              std::to_string(c.scheme->lane_multiple) +
                              "; here the two lanes of a pair read different axes under " +
                              std::string(c.scheme->name) + ", which is no rotation");
}

Tensors blank_tensors(const Case& c, const FrequencyAllocation& map, const Spectra& spectra,
                      std::size_t rows, const std::vector<Format>& table_formats,
                      const std::vector<Heads>& inputs, bool adjoint) {
  Tensors out;
  for (const Heads& in : inputs) {
    const Heads blank{in.format, std::vector<std::uint64_t>(in.q.size()),
                      std::vector<std::uint64_t>(in.k.size())};
    out.rotated.push_back({blank, adjoint ? blank : Heads{in.format, {}, {}}});
  }
  if (has_planes(c)) return out;
  for (const Assignment& assigned : map.of) {
    if (assigned.axis == Axis::none) {
      out.inv_freq.push_back(0);
      continue;
    }
    const auto value = certify([&] { return spectra.of(assigned.axis).inv_freq(assigned.rung); },
                               binary64, "inv_freq of case " + c.id);
    out.inv_freq.push_back(value.bits);
    out.precision = std::max(out.precision, value.precision);
  }
  const std::vector<std::uint64_t> zeros(rows * map.of.size());
  for (const Format& f : table_formats) out.tables.push_back({f, zeros, zeros});
  return out;
}

Tensors evaluate(const Case& c, const PositionTable& ids, const std::vector<Format>& table_formats,
                 const std::vector<Heads>& inputs, bool adjoint, unsigned threads) {
  const FrequencyAllocation map = allocation(c);
  const Spectra spectra(c.spectrum, map);
  require_rotation(c, map);
  const std::size_t rows = ids.rows();
  Tensors out = blank_tensors(c, map, spectra, rows, table_formats, inputs, adjoint);
  // Every value depends on its own row only, so the result does not depend on who computes it.
  constexpr std::size_t kBlock = 64;
  std::mutex mutex;
  each_on_all_cores((rows + kBlock - 1) / kBlock,
                    [&](std::size_t block) {
                      Worker worker(c, spectra, map, ids, inputs, out);
                      const std::size_t first = block * kBlock;
                      const unsigned precision = worker.run(first, std::min(kBlock, rows - first));
                      const std::lock_guard lock(mutex);
                      out.precision = std::max(out.precision, precision);
                    },
                    std::max(threads, 1U));
  return out;
}

std::vector<Certified> logits(const Case& c, const PositionTable& ids, const Heads& inputs,
                              const std::vector<LogitIndex>& wanted) {
  if (has_planes(c)) throw std::invalid_argument("tensors: logits are not made for dense planes");
  const FrequencyAllocation map = allocation(c);
  const Spectra spectra(c.spectrum, map);
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
      // A row against itself turns by nothing, whatever its coordinate.
      if (assigned.axis != Axis::none && qr != kr) {
        term.query_position = ids.at(index(assigned.axis), qr);
        term.key_position = ids.at(index(assigned.axis), kr);
        term.inv_freq = [&spectrum = spectra.of(assigned.axis), rung = assigned.rung] {
          return spectrum.inv_freq(rung);
        };
      }
      terms.push_back(std::move(term));
    }
    Rational passed = 0;
    for (int lane = shape.rotary_dim; lane < shape.head_dim; ++lane)
      passed += from_double(q(lane)) * from_double(k(lane));
    out.push_back(logit(
        terms, passed, spectra.first().exact_attention_square(),
        [&] { return spectra.first().attention_factor(); }, shape.head_dim, inputs.format,
        "a logit of case " + c.id));
  }
  return out;
}

}  // namespace plumbline
