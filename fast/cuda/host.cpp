// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "fast/cuda/grid.h"
#include "fast/cuda/rotate.h"

namespace plumbline::fast {

RotateFunction rotate_cuda_host;

namespace cuda {
namespace {

using Run = void (*)(const Launch&);

template <std::size_t row>
void run(const Launch& launch) {
  for_each_thread(launch.grid, [&](const Thread& thread) {
    Body<Machine, kEntry<row>>::run(launch.parameters, thread);
  });
}

template <std::size_t... row>
constexpr std::array<Run, sizeof...(row)> all(std::index_sequence<row...> /*rows*/) {
  return {run<row>...};
}
constexpr auto kAll = all(std::make_index_sequence<kEntries.size()>());

}  // namespace

void run_on_host(const Launch& launch) noexcept { kAll[launch.entry](launch); }

}  // namespace cuda

namespace {

const void* row_of(const RotateJob& job, int token, const Run& run) {
  return job.rows[std::ptrdiff_t{token} * job.rows_per_token + run.row];
}

// Tokens from `first` on whose rows follow each other at one distance, in bytes.
int even_rows(const RotateJob& job, const Run& run, int first, std::ptrdiff_t& distance) {
  const auto at = [&](int token) {
    return reinterpret_cast<std::intptr_t>(row_of(job, token, run));
  };
  if (first + 1 == job.tokens) return 1;
  distance = at(first + 1) - at(first);
  int end = first + 2;
  while (end < job.tokens && at(end) - at(end - 1) == distance) ++end;
  return end - first;
}

cuda::Heads heads_of(const RotateJob& job, const JobTensor& tensor, int token, const Run& run) {
  if (tensor.group == 0) return {};
  const std::ptrdiff_t size = cuda::element_bytes(job.storage);
  const std::ptrdiff_t head = std::ptrdiff_t{run.first} * tensor.group;
  const auto* from = static_cast<const std::byte*>(tensor.input) +
                     (token * tensor.input_token + head * tensor.input_head) * size;
  auto* to = static_cast<std::byte*>(tensor.output) +
             (token * tensor.output_token + head * tensor.output_head) * size;
  return {from,
          to,
          tensor.input_token,
          tensor.input_head,
          tensor.output_token,
          tensor.output_head,
          run.count * tensor.group};
}

}  // namespace

// A launch for each run and each stretch of evenly spaced rows.
void rotate_cuda_host(const RotateJob& job) noexcept {
  const std::ptrdiff_t real = job.storage == Storage::f64 ? 8 : 4;
  const auto in_place = [](const cuda::Heads& h) { return h.input == h.output; };
  for (const Run* run = job.runs; run != job.runs + job.run_count; ++run) {
    for (int token = 0, tokens = 0; token < job.tokens; token += tokens) {
      std::ptrdiff_t distance = 0;
      tokens = even_rows(job, *run, token, distance);
      cuda::Parameters p;
      p.q = heads_of(job, job.tensors[0], token, *run);
      p.k = heads_of(job, job.tensors[1], token, *run);
      p.tokens = tokens;
      p.pairs = job.rotary_dim / 2;
      p.tail = in_place(p.q) && in_place(p.k) ? 0 : job.head_dim - job.rotary_dim;
      p.adjoint = job.adjoint;
      p.cos_sin_cache = row_of(job, token, *run);
      p.table_token = distance / real;
      p.table_sin = job.sin_offset;
      cuda::run_on_host(cuda::plan_launch(p, job.storage, job.neox, cuda::Source::table, 0));
    }
  }
}

}  // namespace plumbline::fast
