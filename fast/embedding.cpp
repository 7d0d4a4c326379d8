// SPDX-License-Identifier: Apache-2.0
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cmath>

#include "fast/embedding_state.h"
#include "fast/job.h"
#include "fast/refuse.h"
#include "fast/row_maker.h"

namespace plumbline::fast {
namespace {

// Rows of a block are made, and then used before they leave the first cache.
constexpr std::size_t kBlockBytes = 32768;
constexpr int kMostBlock = 64;
constexpr std::size_t kMostRows = 256;
// Rows that one token decoded keeps on the stack.
constexpr int kFewRows = 8;

int block_tokens(std::size_t bytes_per_token, std::size_t rows) {
  return static_cast<int>(std::clamp<std::size_t>(
      std::min(kBlockBytes / bytes_per_token, kMostRows / rows), 1, kMostBlock));
}

struct Batch {
  Storage storage;
  int tokens;
  const InOut &q, &k;
  bool adjoint;
  std::ptrdiff_t prefetch;
  bool in_table;  // every position is
};

RotateJob job_of(const EmbeddingState& s, const Batch& batch, const void* const* rows) {
  return {batch.storage,
          s.c.neox,
          batch.adjoint,
          1,
          s.c.head_dim,
          s.c.rotary_dim,
          rows,
          s.rows,
          s.seeds.columns,
          s.runs.data(),
          static_cast<int>(s.runs.size()),
          {job_tensor(batch.q.input, batch.q.output, s.query_heads),
           job_tensor(batch.k.input, batch.k.output, 1)},
          batch.prefetch,
          {}};
}

// Where a token's rows are: as they stand in the table; in the table, but a row put together from
// several; or not all there.
enum class Rows : std::uint8_t { stand, merge, absent };

// Of the token whose position on axis a is at[a * stride]; fills `rows` where they stand.
template <class Position>
[[gnu::always_inline]] inline Rows look_up(const EmbeddingState& s, const Position* at,
                                           std::ptrdiff_t stride, const void** rows) {
  const std::int64_t ready = s.table.empty() ? 0 : s.ready;
  bool equal = true;
  for (int a = 0; a < s.c.axes; ++a) {
    const std::int64_t p = at[a * stride];
    if (p < 0 || p >= ready) return Rows::absent;
    equal = equal && p == at[0];
  }
  for (int r = 0; r < s.rows; ++r) {
    const int axis = equal ? 0 : s.axis_of_row[static_cast<std::size_t>(r)];
    if (axis < 0) return Rows::merge;
    rows[r] = s.table_row(at[axis * stride]) + r * s.padded;
  }
  return Rows::stand;
}

// The table's rows at these positions, one to every `step` of rows; whether all are there.
template <class Position>
bool look_up_standing(const EmbeddingState& s, bool in_table, const Position* at, int count,
                      const void** rows, int step) {
  const auto ready = static_cast<std::uint64_t>(s.ready);
  if (!in_table && !std::all_of(at, at + count, [&](std::int64_t p) {
        return static_cast<std::uint64_t>(p) < ready;
      }))
    return false;
  const float* table = s.table.data();
  const std::ptrdiff_t width = 2 * std::ptrdiff_t{s.seeds.columns};
  for (int t = 0; t < count; ++t) rows[t * step] = table + std::ptrdiff_t{at[t]} * width;
  return true;
}

// Of all tokens of a block: Rows::absent where they have to be looked at one by one.
template <class Position>
Rows look_up_all(const EmbeddingState& s, bool in_table, const Position* at, std::ptrdiff_t stride,
                 int count, const void** rows) {
  if (s.table.empty() || (s.rows > 1 && !s.merges)) return Rows::absent;
  bool equal = true;
  for (int a = 1; a < s.c.axes && equal; ++a) equal = std::equal(at, at + count, at + a * stride);
  const int only = s.rows > 1 ? -1 : equal ? 0 : s.axis_of_row.front();
  if (only >= 0)
    return look_up_standing(s, in_table, at + only * stride, count, rows, 1) ? Rows::stand
                                                                             : Rows::absent;
  if (equal || !s.merges) return Rows::absent;
  bool all = true;
  for (int a = 0; a < s.c.axes && all; ++a)
    all = look_up_standing(s, in_table, at + a * stride, count, rows + a, s.c.axes);
  return all ? Rows::merge : Rows::absent;
}

// Rotates tokens begin .. end - 1. find_all(first, count, rows): where the rows of these tokens
// are, Rows::merge where rows of the axes are left to the kernel; where they are not all there,
// find(token, space, rows) says where one token's are, which it may put where space() points.
template <class Real, class Row, class AllRows>
void rotate_range(const EmbeddingState& s, const Batch& batch, int begin, int end, const Row& find,
                  const AllRows& find_all) {
  const std::size_t width = 2 * s.of.size();
  const auto rows_per_token =
      static_cast<std::size_t>(s.merges ? std::max(s.rows, s.c.axes) : s.rows);
  const int block = block_tokens(width * sizeof(Real), rows_per_token);
  thread_local Lines<Real> spaces;
  const void* few[kMostRows];
  std::vector<const void*> many(rows_per_token > kMostRows ? rows_per_token : 0);
  const void** rows = many.empty() ? few : many.data();
  RotateJob job = job_of(s, batch, rows);
  const std::size_t size = element_size(batch.storage);
  for (JobTensor& tensor : job.tensors) advance(tensor, begin, size);
  for (int first = begin; first < end; first += job.tokens) {
    // A stride along one token only may be anything.
    if (first > begin)
      for (JobTensor& tensor : job.tensors) advance(tensor, block, size);
    job.tokens = std::min(block, end - first);
    const Rows where = find_all(first, job.tokens, rows);
    const bool left = where == Rows::merge;
    job.rows_per_token = left ? s.c.axes : s.rows;
    job.merged = left ? MergedRows{s.parts.data(), s.part_begin.data(), s.padded / kColumnGroup}
                      : MergedRows();
    for (int t = 0; t < job.tokens && where == Rows::absent; ++t) {
      const auto space = [&] {
        if (spaces.size() < width * static_cast<std::size_t>(block))
          spaces.resize(width * static_cast<std::size_t>(block));
        return spaces.data() + width * static_cast<std::size_t>(t);
      };
      find(first + t, space, rows + static_cast<std::ptrdiff_t>(t) * s.rows);
    }
    s.kernel->rotate(job);
  }
}

template <class Position>
void rotate_some(const EmbeddingState& s, const Batch& batch, const Position* ids, int begin,
                 int end) {
  thread_local RowScratch scratch;
  RowMaker maker(s, scratch);
  const std::ptrdiff_t stride = batch.tokens;
  const int axes = s.c.axes;
  if constexpr (std::is_integral_v<Position>) {
    if (batch.storage != Storage::f64) {
      rotate_range<float>(
          s, batch, begin, end,
          [&](int token, const auto& space, const void** rows) {
            const Position* at = ids + token;
            const Rows where = look_up(s, at, stride, rows);
            if (where == Rows::stand) return;
            const bool known = where == Rows::merge;
            if (!known) maker.make(at, stride, space());
            for (int r = 0; r < s.rows; ++r) {
              const int axis = s.axis_of_row[static_cast<std::size_t>(r)];
              const float* from = known && axis >= 0 ? s.table_row(at[axis * stride]) : space();
              if (known && axis < 0) maker.merge(at, stride, r, space());
              rows[r] = from + r * s.padded;
            }
          },
          [&](int first, int count, const void** rows) {
            return look_up_all(s, batch.in_table, ids + first, stride, count, rows);
          });
      return;
    }
  }
  std::vector<double> at(static_cast<std::size_t>(axes));
  const auto exactly = [&](int token, const auto& space, const void** rows) {
    for (int a = 0; a < axes; ++a)
      at[static_cast<std::size_t>(a)] = static_cast<double>(ids[a * stride + token]);
    auto* row = space();
    maker.exact(at.data(), 1, row);
    for (int r = 0; r < s.rows; ++r) rows[r] = row + r * s.padded;
  };
  const auto none = [](int, int, const void**) { return Rows::absent; };
  if (batch.storage == Storage::f64) {
    rotate_range<double>(s, batch, begin, end, exactly, none);
  } else {
    rotate_range<float>(s, batch, begin, end, exactly, none);
  }
}

// Every bit that one of them has: below a power of two exactly where all of them are, none of them
// negative. All bits where they are not integers.
template <class Position>
std::uint64_t bits_of(std::span<const Position> position_ids) {
  std::uint64_t bits = 0;
  if constexpr (std::is_integral_v<Position>)
    for (const Position p : position_ids) bits |= static_cast<std::uint64_t>(std::int64_t{p});
  else
    bits = ~bits;
  return bits;
}

// The check itself is called for those that fail.
template <class Position>
void check_each(std::span<const Position> position_ids) {
  if constexpr (!std::is_same_v<Position, std::int32_t>) {
    constexpr auto kMost = static_cast<Position>(kMaxPosition);
    for (const Position p : position_ids)
      if (!(p >= -kMost && p <= kMost)) refuse_position(p);
  }
}

// A step of decoding as most are: one token, in place, its positions equal and in the table, and
// nothing about it that has to be looked at closer. Whether it was that, and is done.
template <class Position>
[[gnu::always_inline]] inline bool decoded(const EmbeddingState& s, Storage storage,
                                           std::span<const Position> at, int tokens, const InOut& q,
                                           const InOut& k, Direction direction, int threads) {
  const auto kind = static_cast<std::size_t>(storage);
  if (tokens != 1 || threads < 1 || kind >= std::size(s.token) || direction > Direction::adjoint ||
      at.size() != static_cast<std::size_t>(s.c.axes))
    return false;
  TokenFunction* const turn = s.token[kind];
  const auto position = static_cast<std::uint64_t>(std::int64_t{at[0]});
  if (turn == nullptr || position >= static_cast<std::uint64_t>(s.ready)) return false;
  for (std::size_t a = 1; a < at.size(); ++a)
    if (at[a] != at[0]) return false;
  const TokenHeads heads{s.c.num_heads, s.c.num_key_value_heads};
  if (!plain_in_place(s.c.head_dim, element_size(storage), heads.q, q, heads.k, k)) return false;
  turn(s.table_row(static_cast<std::int64_t>(position)), q.output.data, q.output.head_stride,
       k.output.data, k.output.head_stride, heads, direction == Direction::adjoint ? -1.0F : 1.0F);
  return true;
}

// The calling thread's own, kept from call to call: in a new one the other threads have to be
// woken, which takes as long as many a batch.
oneapi::tbb::task_arena& arena_of(int parts) {
  // More threads than there are cores would only draw a warning from the library.
  const int threads = std::min(parts, oneapi::tbb::info::default_concurrency());
  thread_local int size = threads;
  thread_local oneapi::tbb::task_arena arena(threads);
  if (size != threads) {
    arena.terminate();
    arena.initialize(threads);
    size = threads;
  }
  return arena;
}

template <class Position>
void rotate_batch(const EmbeddingState& s, Storage storage, std::span<const Position> position_ids,
                  int tokens, const InOut& q, const InOut& k, Direction direction, int threads) {
  check_positions(s.c, position_ids.size(), tokens);
  require(threads >= 1, "threads", threads, "must be at least 1");
  const std::size_t size = element_size(storage);
  check_direction(direction);
  const auto check_tensors = [&] {
    check_q_and_k({tokens, s.c.head_dim}, storage, s.c.num_heads, q, s.c.num_key_value_heads, k);
  };
  const bool adjoint = direction == Direction::adjoint;
  // A token is done before the machinery below would have started.
  if constexpr (std::is_integral_v<Position>) {
    const void* rows[kFewRows];
    if (tokens == 1 && storage != Storage::f64 && s.rows <= kFewRows &&
        look_up(s, position_ids.data(), 1, rows) == Rows::stand) {
      if (!plain_token(s.c.head_dim, size, s.c.num_heads, q, s.c.num_key_value_heads, k))
        check_tensors();
      s.kernel->rotate(job_of(s, {storage, tokens, q, k, adjoint, 0, true}, rows));
      return;
    }
  }
  const std::uint64_t bits = bits_of(position_ids);
  if (bits >= static_cast<std::uint64_t>(kMaxPosition)) check_each(position_ids);
  if (tokens == 0) return;
  check_tensors();
  const std::size_t bytes = static_cast<std::size_t>(tokens) *
                            (static_cast<std::size_t>(s.c.num_heads) +
                             static_cast<std::size_t>(s.c.num_key_value_heads)) *
                            static_cast<std::size_t>(s.c.head_dim) * size;
  const Batch batch{storage,
                    tokens,
                    q,
                    k,
                    adjoint,
                    prefetch_distance(bytes),
                    bits < static_cast<std::uint64_t>(s.ready)};
  const auto busy = static_cast<int>(
      std::clamp<std::size_t>(bytes / s.thread_bytes, 1, static_cast<std::size_t>(tokens)));
  const int parts = std::min(threads, busy);
  if (parts == 1) {
    rotate_some(s, batch, position_ids.data(), 0, tokens);
    return;
  }
  const auto cut = [&](int part) { return static_cast<int>(std::int64_t{tokens} * part / parts); };
  arena_of(parts).execute([&] {
    oneapi::tbb::parallel_for(
        0, parts,
        [&](int part) { rotate_some(s, batch, position_ids.data(), cut(part), cut(part + 1)); },
        oneapi::tbb::static_partitioner());
  });
}

}  // namespace

RotaryEmbedding::RotaryEmbedding(const RotaryCase& rotary_case)
    : RotaryEmbedding(rotary_case, Options()) {}
RotaryEmbedding::RotaryEmbedding(const RotaryCase& rotary_case, const Options& options)
    : state_(std::make_unique<const EmbeddingState>(rotary_case, options)) {}
RotaryEmbedding::~RotaryEmbedding() = default;
RotaryEmbedding::RotaryEmbedding(RotaryEmbedding&&) noexcept = default;
RotaryEmbedding& RotaryEmbedding::operator=(RotaryEmbedding&&) noexcept = default;

void RotaryEmbedding::rotate(Storage storage, std::span<const std::int32_t> position_ids,
                             int tokens, const InOut& q, const InOut& k, Direction direction,
                             int threads) const {
  if (!decoded(*state_, storage, position_ids, tokens, q, k, direction, threads))
    rotate_batch(*state_, storage, position_ids, tokens, q, k, direction, threads);
}
void RotaryEmbedding::rotate(Storage storage, std::span<const std::int64_t> position_ids,
                             int tokens, const InOut& q, const InOut& k, Direction direction,
                             int threads) const {
  if (!decoded(*state_, storage, position_ids, tokens, q, k, direction, threads))
    rotate_batch(*state_, storage, position_ids, tokens, q, k, direction, threads);
}
void RotaryEmbedding::rotate(Storage storage, std::span<const double> position_ids, int tokens,
                             const InOut& q, const InOut& k, Direction direction,
                             int threads) const {
  check_positions(state_->c, position_ids.size(), tokens);
  for (const double p : position_ids) check_position(p);
  if (std::any_of(position_ids.begin(), position_ids.end(),
                  [](double p) { return p != std::trunc(p); })) {
    rotate_batch(*state_, storage, position_ids, tokens, q, k, direction, threads);
    return;
  }
  const std::vector<std::int64_t> whole(position_ids.begin(), position_ids.end());
  rotate_batch(*state_, storage, std::span<const std::int64_t>(whole), tokens, q, k, direction,
               threads);
}

std::vector<float> RotaryEmbedding::cos_sin(std::span<const std::int64_t> position_ids,
                                            int tokens) const {
  const EmbeddingState& s = *state_;
  check_positions(s.c, position_ids.size(), tokens);
  check_each(position_ids);
  const auto pairs = static_cast<std::ptrdiff_t>(s.c.rotary_dim / 2);
  std::vector<float> result, space(2 * s.of.size());
  RowScratch scratch;
  RowMaker maker(s, scratch);
  for (int token = 0; token < tokens; ++token) {
    maker.make(position_ids.data() + token, tokens, space.data());
    for (int map = 0; map < s.c.maps; ++map) {
      const float* cos = space.data() + s.row_of_map[static_cast<std::size_t>(map)] * s.padded;
      result.insert(result.end(), cos, cos + pairs);
      result.insert(result.end(), cos + s.seeds.columns, cos + s.seeds.columns + pairs);
    }
  }
  return result;
}

}  // namespace plumbline::fast
