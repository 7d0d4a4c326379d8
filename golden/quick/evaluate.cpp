// SPDX-License-Identifier: Apache-2.0
#include "golden/quick/evaluate.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

#include "golden/quick/logits.h"
#include "golden/quick/map_turns.h"
#include "reference/parallel.h"
#include "reference/planes.h"

namespace plumbline::quick {
namespace {

constexpr std::size_t kBlock = 32;

template <class Word>
void pack(const std::uint64_t* from, std::size_t count, std::byte* to) {
  for (std::size_t i = 0; i < count; ++i) {
    const Word word = static_cast<Word>(from[i]);
    std::memcpy(to + i * sizeof word, &word, sizeof word);
  }
}
template <class Word>
void unpack(const std::byte* from, std::size_t count, std::uint64_t* to) {
  for (std::size_t i = 0; i < count; ++i) {
    Word word;
    std::memcpy(&word, from + i * sizeof word, sizeof word);
    to[i] = word;
  }
}
template <class Use>
void with_word(std::size_t bytes, const Use& use) {
  if (bytes == 8) return use(std::uint64_t{});
  if (bytes == 4) return use(std::uint32_t{});
  use(std::uint16_t{});
}

// A block of rows; writes only those of `out`.
class Worker {
 public:
  Worker(const Case& c, const Spectra& spectra, const FrequencyAllocation& map,
         const PositionTable& ids, const Means& means)
      : case_(c), spectra_(spectra), map_(map), ids_(ids), means_(means) {}

  void run(const MapTurns& turns, std::size_t first, std::size_t count,
           const std::vector<Heads>& inputs, bool adjoint, Tensors& out) {
    Angles angles(spectra_, map_, ids_, first, count);
    const MapTurns::Block block = turns.block(first, count, angles);
    for (std::size_t row = first; row < first + count; ++row) try {
        for (Table& table : out.tables) make(table, block, angles, row);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
          const Heads& in = inputs[i];
          Rotated& to = out.rotated[i];
          const int q = case_.shape.num_heads, k = case_.shape.num_key_value_heads;
          make(in.format, in.q, to.out.q, q, false, block, angles, row);
          make(in.format, in.k, to.out.k, k, false, block, angles, row);
          if (!adjoint) continue;
          make(in.format, in.q, to.adjoint.q, q, true, block, angles, row);
          make(in.format, in.k, to.adjoint.k, k, true, block, angles, row);
        }
      } catch (const Unresolved& e) {
        throw Unresolved("case " + case_.id + ", token " + std::to_string(ids_.token_index[row]) +
                         ": " + e.what());
      }
  }
  const Count& count() const { return count_; }
  unsigned precision() const { return precision_; }

 private:
  PairTurns turns_at(const MapTurns::Block& block, std::size_t row, int map) const {
    PairTurns turns = block.at(row, map);
    turns.scale *= means_.widened;
    return turns;
  }

  // cos and sin are the pair (1, 0) turned.
  void make(Table& table, const MapTurns::Block& block, Angles& angles, std::size_t row) {
    const Dtype dtype = dtype_with(table.format.name);
    const auto n = static_cast<std::size_t>(map_.pairs), bytes = info(dtype).bytes;
    const std::uint64_t one = round_to(Rational(1), table.format);
    in_.assign(2 * n * bytes, std::byte{0});
    out_.resize(in_.size());
    for (std::size_t i = 0; i < n; ++i) std::memcpy(in_.data() + i * bytes, &one, bytes);
    const auto stride = static_cast<std::ptrdiff_t>(2 * n);
    for (int map = 0; map < map_.maps; ++map) {
      count_ += rotate_row(
          turns_at(block, row, map),
          {dtype, in_.data(), out_.data(), 1, stride, stride, Pairing::neox}, false,
          [&](int, int pair, std::uint64_t, std::uint64_t) {
            const auto at = [&] { return angles.at(row, map, pair); };
            const Certified c = certify([&] { return at().cos; }, table.format, "a rotated pair"),
                            s = certify([&] { return at().sin; }, table.format, "a rotated pair");
            return kept({c.bits, s.bits, std::max(c.precision, s.precision)});
          },
          *means_.kernels);
      const std::size_t to =
          (row * static_cast<std::size_t>(map_.maps) + static_cast<std::size_t>(map)) * n;
      with_word(bytes, [&](auto word) {
        unpack<decltype(word)>(out_.data(), n, table.cos.data() + to);
        unpack<decltype(word)>(out_.data() + n * bytes, n, table.sin.data() + to);
      });
    }
  }

  void make(const Format& format, const std::vector<std::uint64_t>& in,
            std::vector<std::uint64_t>& out, int heads, bool adjoint, const MapTurns::Block& block,
            Angles& angles, std::size_t row) {
    const Dtype dtype = dtype_with(format.name);
    const std::size_t bytes = info(dtype).bytes,
                      width = static_cast<std::size_t>(case_.shape.head_dim),
                      size = static_cast<std::size_t>(heads) * width;
    in_.resize(size * bytes);
    with_word(bytes,
              [&](auto word) { pack<decltype(word)>(in.data() + row * size, size, in_.data()); });
    out_ = in_;
    const int each = heads / map_.maps;
    const auto stride = static_cast<std::ptrdiff_t>(width);
    for (int map = 0; map < map_.maps; ++map) {
      const std::size_t at = static_cast<std::size_t>(map * each) * width * bytes;
      count_ += rotate_row(
          turns_at(block, row, map),
          {dtype, in_.data() + at, out_.data() + at, each, stride, stride, case_.pairing}, adjoint,
          [&](int, int pair, std::uint64_t x, std::uint64_t y) {
            return kept(angles.turned(row, map, pair, x, y, adjoint, format));
          },
          *means_.kernels);
    }
    with_word(bytes, [&](auto word) {
      unpack<decltype(word)>(out_.data(), size, out.data() + row * size);
    });
  }

  TurnedPair kept(const TurnedPair& pair) {
    precision_ = std::max(precision_, pair.precision);
    return pair;
  }

  const Case& case_;
  const Spectra& spectra_;
  const FrequencyAllocation& map_;
  const PositionTable& ids_;
  const Means& means_;
  std::vector<std::byte> in_, out_;
  Count count_;
  unsigned precision_ = 0;
};

}  // namespace

Evaluation::Evaluation(const Case& c, const PositionTable& ids, const Means& means)
    : case_(c), ids_(ids), means_(means), map_(allocation(c)) {
  if (has_planes(c)) return;
  require_rotation(c, map_);
  spectra_.emplace(c.spectrum, map_);
  turns_.emplace(*spectra_, map_, ids);
}

Tensors Evaluation::tensors(const std::vector<Format>& table_formats,
                            const std::vector<Heads>& inputs, bool adjoint, unsigned threads) {
  if (!turns_) return plumbline::evaluate(case_, ids_, table_formats, inputs, adjoint, threads);
  const std::size_t rows = ids_.rows();
  Tensors out = blank_tensors(case_, map_, *spectra_, rows, table_formats, inputs, adjoint);
  std::mutex mutex;
  each_on_all_cores((rows + kBlock - 1) / kBlock,
                    [&](std::size_t block) {
                      Worker worker(case_, *spectra_, map_, ids_, means_);
                      const std::size_t first = block * kBlock;
                      worker.run(*turns_, first, std::min(kBlock, rows - first), inputs, adjoint,
                                 out);
                      const std::lock_guard lock(mutex);
                      out.precision = std::max(out.precision, worker.precision());
                      count_ += worker.count();
                    },
                    std::max(threads, 1U));
  return out;
}

std::vector<Certified> Evaluation::logits(const Heads& inputs,
                                          const std::vector<LogitIndex>& index) {
  if (!turns_) return plumbline::logits(case_, ids_, inputs, index);
  const HeadShape& shape = case_.shape;
  const Logits logits(shape.head_dim, map_.pairs, case_.pairing);
  const Dtype dtype = dtype_with(inputs.format.name);
  std::map<std::int32_t, MapTurns::Block> blocks;
  const auto head_of = [&](const std::vector<std::uint64_t>& data, std::int32_t row, int heads,
                           int head, int map, std::vector<double>& lanes) {
    const auto at = static_cast<std::size_t>(row);
    auto found = blocks.find(row);
    if (found == blocks.end()) {
      Angles angles(*spectra_, map_, ids_, at, 1);
      found = blocks.emplace(row, turns_->block(at, 1, angles)).first;
    }
    PairTurns turns = found->second.at(at, map);
    turns.scale *= means_.widened;
    const auto width = static_cast<std::size_t>(shape.head_dim);
    const std::size_t first =
        (at * static_cast<std::size_t>(heads) + static_cast<std::size_t>(head)) * width;
    lanes.clear();
    for (std::size_t i = 0; i < width; ++i) lanes.push_back(widen(data[first + i], dtype));
    return TurnedHead{turns, lanes};
  };
  std::vector<Certified> out;
  std::vector<LogitIndex> left;
  std::vector<std::size_t> places;
  std::vector<double> q, k;
  for (const auto& [query, key, head] : index) {
    const int kv_head = head / (shape.num_heads / shape.num_key_value_heads),
              map = map_.map_of(kv_head);
    const auto bits = logits.logit(
        head_of(inputs.q, query, shape.num_heads, head, map, q),
        head_of(inputs.k, key, shape.num_key_value_heads, kv_head, map, k), dtype, *means_.kernels);
    if (!bits) {
      places.push_back(out.size());
      left.push_back({query, key, head});
    }
    out.push_back({bits.value_or(0), kFirstPrecision});
  }
  if (!left.empty()) {
    const std::vector<Certified> decided = plumbline::logits(case_, ids_, inputs, left);
    for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = decided[i];
  }
  count_ += {index.size(), left.size()};
  return out;
}

}  // namespace plumbline::quick
