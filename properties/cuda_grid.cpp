// SPDX-License-Identifier: Apache-2.0
// The bodies of the CUDA kernels, driven over the whole grid on this processor.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "properties/cuda/grid_check.h"

namespace plumbline::test {
namespace {

TEST(CudaGrid, EveryEntryEqualsTheScalarKernelAndTouchesEachByteOnce) {
  const char* scale = std::getenv("PLUMBLINE_TEST_SCALE");
  const std::uint64_t calls = 150 * (scale == nullptr ? 1 : std::strtoull(scale, nullptr, 10));
  std::cout << "seeds 1 .. " << calls << " of every entry\n";
  const Runner bodies = host_runner(std::make_index_sequence<cuda::kEntries.size()>());
  std::vector<int> runs(cuda::kEntries.size());
  for (std::size_t row = 0; row < runs.size(); ++row) {
    for (std::uint64_t seed = 1; seed <= calls; ++seed) {
      std::size_t ran = 0;
      ASSERT_EQ(check_call(bodies, row, seed, ran), "") << "row " << row << " seed " << seed;
      ++runs[ran];
    }
  }
  for (std::size_t row = 0; row < runs.size(); ++row) EXPECT_GE(runs[row], 20) << "row " << row;
}

// `bytes` between two pages that nobody may touch, against the one or the other.
class Guarded {
 public:
  Guarded(std::size_t bytes, bool at_end) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t inside = (bytes + page - 1) / page * page;
    size_ = inside + 2 * page;
    void* all = mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) throw std::runtime_error("mmap");
    all_ = static_cast<std::byte*>(all);
    if (mprotect(all_ + page, inside, PROT_READ | PROT_WRITE) != 0)
      throw std::runtime_error("mprotect");
    data_ = all_ + page + (at_end ? inside - bytes : 0);
  }
  ~Guarded() { munmap(all_, size_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  std::byte* data() { return data_; }

 private:
  std::byte *all_ = nullptr, *data_ = nullptr;
  std::size_t size_ = 0;
};

// The bodies as they are shipped, on tensors that fill their pages to the first and the last byte.
TEST(CudaGrid, NothingOutsideTheViewsIsTouched) {
  int calls = 0;
  for (const cuda::Entry& e : cuda::kEntries) {
    const int element = cuda::element_bytes(e.storage), lanes = e.width / element;
    for (const bool at_end : {false, true}) {
      for (const bool in_place : {false, true}) {
        constexpr int kTokens = 3, kHeads = 4;
        fast::RotaryPlan plan;
        plan.tokens = kTokens;
        plan.rotary_dim = 6 * lanes;
        plan.head_dim = plan.rotary_dim + lanes;
        plan.num_heads = plan.num_key_value_heads = kHeads;
        plan.neox = e.neox;
        const std::size_t bytes = static_cast<std::size_t>(kTokens * kHeads * plan.head_dim) *
                                  static_cast<std::size_t>(element);
        const std::size_t table_bytes =
            static_cast<std::size_t>(kTokens * plan.rotary_dim) * (element == 8 ? 8U : 4U);
        const std::size_t turn_bytes =
            static_cast<std::size_t>(plan.rotary_dim / 2) * sizeof(cuda::Turn);
        Guarded in(bytes, at_end), out(bytes, at_end), table(table_bytes, at_end),
            turns(turn_bytes, at_end), positions(kTokens * 4, at_end);
        const std::ptrdiff_t head = plan.head_dim, token = head * kHeads;
        const cuda::Rotated q{
            kHeads, {in.data(), token, head}, {(in_place ? in : out).data(), token, head}};
        const cuda::Phases phases{reinterpret_cast<const cuda::Turn*>(turns.data()),
                                  positions.data(), false, 1};
        const auto direction = fast::Direction::forward;
        const cuda::Launch launch =
            e.source == cuda::Source::table
                ? plan_launch(plan, e.storage, q, {}, direction, table.data(), 0)
                : plan_launch(plan, e.storage, q, {}, direction, phases, 0);
        run_on_host(launch);  // a stray access ends the test here
        ++calls;
      }
    }
  }
  EXPECT_EQ(calls, 4 * static_cast<int>(cuda::kEntries.size()));
}

// One file alone asks for which target it is compiled, so that the bodies are the same everywhere.
TEST(CudaSources, TheShimAloneKnowsItsTarget) {
  int files = 0, shims = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(PLUMBLINE_SOURCE) + "/fast/cuda")) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const std::string name = entry.path().filename();
    bool asks = false;
    for (const char* word : {"__CUDA_ARCH__", "__CUDACC__", "__NVCC__", "#if", "NV_IF_TARGET"})
      asks = asks || text.find(word) != std::string::npos;
    EXPECT_EQ(asks, name == "shim.h") << name;
    ++files;
    shims += name == "shim.h" ? 1 : 0;
  }
  EXPECT_GT(files, 8);
  EXPECT_EQ(shims, 1);
}

}  // namespace
}  // namespace plumbline::test
