// SPDX-License-Identifier: Apache-2.0
// The CUDA kernels on a device: every entry against the scalar kernel, every case of a golden file
// within its budget, and the bandwidth reached. cuda_device GOLDEN.h5; exit code 77 without a
// device.
#include "properties/cuda/device.h"

#include <cstdio>

#include "golden/file.h"
#include "properties/cuda/grid_check.h"

namespace {

using namespace plumbline;
using namespace plumbline::test;

int failures = 0;

void fail(const std::string& what) {
  ++failures;
  if (failures <= 20) std::printf("FAILED %s\n", what.c_str());
}

void check_draws(std::uint64_t calls, std::int64_t threads) {
  std::uint64_t elements = 0;
  for (std::size_t row = 0; row < cuda::kEntries.size(); ++row) {
    for (std::uint64_t seed = 1; seed <= calls; ++seed) {
      const DrawnCall call = draw_call(row, seed);
      PreparedCall p = prepare(call);
      const auto want_q = expected(call, p.plan, call.q_in, call.q_out, *p.q_in, p.q_out.get());
      const auto want_k = expected(call, p.plan, call.k_in, call.k_out, *p.k_in, p.k_out.get());
      std::vector<std::span<std::byte>> memory;
      for (Buffer* one : {p.table.get(), p.turn_rows.get(), p.position_ids.get(), p.q_in.get(),
                          p.k_in.get(), p.q_out.get(), p.k_out.get()}) {
        if (one != nullptr) memory.emplace_back(one->data(), one->size());
      }
      on_device(launch_of(call, p, threads), memory);
      const auto compare = [&](Buffer& got, const std::vector<std::byte>& want) {
        const auto element = static_cast<std::size_t>(cuda::element_bytes(call.entry().storage));
        for (std::size_t i = 0; i + element <= want.size(); i += element, ++elements) {
          if (same(got.data() + i, want.data() + i, call.entry().storage)) continue;
          return fail("element " + std::to_string(i / element) + " of " + call.text());
        }
      };
      compare(call.in_place ? *p.q_in : *p.q_out, want_q);
      if (call.fused) compare(call.in_place ? *p.k_in : *p.k_out, want_k);
    }
  }
  std::printf("%zu entries, %llu calls each: %llu elements compared with the scalar kernel\n",
              cuda::kEntries.size(), static_cast<unsigned long long>(calls),
              static_cast<unsigned long long>(elements));
}

void check_goldens(const std::string& path, std::int64_t threads) {
  check_manifest(path);
  const FileReader file(path);
  int table = 0, positions = 0;
  for (const std::string& id : file.ids()) {
    const StoredCase stored = file.load(id);
    if (has_dense_planes(stored)) continue;
    const Truth truth(stored);
    if (truth.rows() == 0) continue;
    const auto judge = [&](const StoredCase& subject, const RecipeFor& recipe) {
      for (const ClassResult& one : compare(stored, subject, recipe).classes) {
        if (one.failures != 0)
          fail(id + " " + one.dataset + " at token " + std::to_string(one.worst.token) + ", lane " +
               std::to_string(one.worst.lane));
      }
    };
    judge(rotated_on(on_device, stored, truth, std::nullopt, threads),
          [](const Format& f) { return parse_recipe(kernel_recipe("cuda-host", dtype_of(f))); });
    ++table;
    if (const auto whole = whole_positions(truth)) {
      judge(rotated_on(on_device, stored, truth, whole, threads),
            [](const Format&) { return positions_recipe(); });
      ++positions;
    }
  }
  std::printf("%s: %d cases from tables, %d from positions\n", path.c_str(), table, positions);
  if (table == 0) fail("no case was judged");
}

int run(const std::string& path) {
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess || devices == 0) {
    std::printf("skipped: no CUDA device (%s)\n", cudaGetErrorString(status));
    return 77;
  }
  cudaDeviceProp device{};
  must(cudaGetDeviceProperties(&device, 0), "properties of the device");
  std::printf("%s, sm_%d%d\n", device.name, device.major, device.minor);
  const std::int64_t threads =
      std::int64_t{device.multiProcessorCount} * device.maxThreadsPerMultiProcessor;
  check_draws(50, threads);
  check_goldens(path, threads);
  if (failures == 0) print_bandwidths(threads);
  std::printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: cuda_device GOLDEN.h5\n");
    return 2;
  }
  try {
    return run(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
