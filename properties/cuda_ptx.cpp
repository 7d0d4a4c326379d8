// SPDX-License-Identifier: Apache-2.0
// What nvcc made of the CUDA kernels: the assembler's report on every entry, the PTX read by a
// lint, and the PTX executed over the whole grid, bit for bit against the scalar kernel. Skipped
// where the kernels were not built.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <regex>

#include "properties/cuda/ptx_runner.h"

namespace plumbline::test {
namespace {

constexpr int kTargets[] = {80, 90, 100};

std::string kept(const std::string& name) { return std::string(PLUMBLINE_CUDA_KEPT) + "/" + name; }
std::string ptx_text(int target) {
  return text_of(kept("kernels.compute_" + std::to_string(target) + ".ptx"));
}

// The assembler's words on one entry for one target.
struct Report {
  int registers = -1, stack = -1, spill_stores = -1, spill_loads = -1, barriers = -1;
};
using Reports = std::map<std::pair<int, std::size_t>, Report>;

Reports reports(const std::string& text) {
  static const std::regex kEntry(R"(Compiling entry function '(\S+)' for 'sm_(\d+)')");
  static const std::regex kStack(
      R"((\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads)");
  static const std::regex kUsed(R"(Used (\d+) registers, used (\d+) barriers)");
  Reports out;
  Report* now = nullptr;
  std::istringstream lines(text);
  std::smatch m;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, m, kEntry)) {
      const auto row = row_of(m[1]);
      if (!row || out.contains({std::stoi(m[2]), *row}))
        throw std::runtime_error("unexpected entry in the report: " + line);
      now = &out[{std::stoi(m[2]), *row}];
    } else if (now != nullptr && std::regex_search(line, m, kStack)) {
      now->stack = std::stoi(m[1]);
      now->spill_stores = std::stoi(m[2]);
      now->spill_loads = std::stoi(m[3]);
    } else if (now != nullptr && std::regex_search(line, m, kUsed)) {
      now->registers = std::stoi(m[1]);
      now->barriers = std::stoi(m[2]);
    }
  }
  return out;
}

// What is wrong with an entry; the limit on registers is what lets a multiprocessor hold the blocks
// that the table of entries asks for.
std::string fault(const Report& r, const cuda::Entry& e) {
  const int limit = 65536 / (cuda::kBlockThreads * cuda::blocks_held(e)) / 8 * 8;
  if (r.registers < 1 || r.registers > limit)
    return std::to_string(r.registers) + " registers, of " + std::to_string(limit);
  if (r.stack != 0 || r.spill_stores != 0 || r.spill_loads != 0) return "local memory";
  if (r.barriers != 0) return "barriers";
  return {};
}

std::string title(const cuda::Entry& e) {
  constexpr const char* kNames[] = {"f64", "f32", "bf16", "f16"};
  return std::string(kNames[static_cast<std::size_t>(e.storage)]) + (e.neox ? " neox" : " gptj") +
         " width " + std::to_string(e.width) +
         (e.source == cuda::Source::table ? " table" : " positions");
}

TEST(CudaReport, EveryEntryOfEveryTargetIsLean) {
  const Reports all = reports(text_of(kept("report.txt")));
  EXPECT_EQ(all.size(), cuda::kEntries.size() * std::size(kTargets));
  std::cout << "registers for sm_80, sm_90, sm_100\n";
  for (std::size_t row = 0; row < cuda::kEntries.size(); ++row) {
    std::cout << std::left << std::setw(30) << title(cuda::kEntries[row]);
    for (const int target : kTargets) {
      const auto one = all.find({target, row});
      ASSERT_NE(one, all.end()) << "row " << row << " sm_" << target;
      EXPECT_EQ(fault(one->second, cuda::kEntries[row]), "") << "row " << row << " sm_" << target;
      std::cout << std::setw(5) << one->second.registers;
    }
    std::cout << "\n";
  }
}

TEST(CudaReport, WastefulEntriesAreNoticed) {
  const cuda::Entry e;
  const Report good{64, 0, 0, 0, 0};
  EXPECT_EQ(fault(good, e), "");
  for (const Report& bad : {Report{65, 0, 0, 0, 0}, Report{-1, 0, 0, 0, 0}, Report{64, 8, 0, 0, 0},
                            Report{64, 0, 4, 0, 0}, Report{64, 0, 0, 4, 0}, Report{64, 0, 0, 0, 1}})
    EXPECT_NE(fault(bad, e), "");
}

// Bytes of one access, from an opcode such as ld.global.v4.u32.
int access_bytes(const std::string& opcode) {
  const int bits = std::stoi(opcode.substr(opcode.find_last_not_of("0123456789") + 1));
  const auto v = opcode.find(".v");
  return bits / 8 * (v == std::string::npos ? 1 : opcode[v + 2] - '0');
}

// What is wrong with the text of an entry. An opcode that the interpreter does not know has no
// meaning here: a product or a sum without .rn, which the assembler may still fuse, is one; so are
// approximations, calls, local and shared memory.
std::string lint(const ptx::Function& f, const cuda::Entry& e) {
  int widest_load = 0;
  for (const ptx::Instruction& i : f.code) {
    bool known = false;
    for (const ptx::Opcode& one : ptx::opcodes()) known = known || i.opcode == one.name;
    if (!known) return "not allowed: " + i.line;
    const bool real64 = i.opcode.find(".f64") != std::string::npos;
    if (real64 && e.storage != fast::Storage::f64) return "binary64: " + i.line;
    if (i.opcode.starts_with("st.global") && access_bytes(i.opcode) != e.width)
      return "narrow store: " + i.line;
    if (i.opcode.starts_with("ld.global"))
      widest_load = std::max(widest_load, access_bytes(i.opcode));
  }
  if (widest_load < e.width) return "no load of the width";
  return {};
}

TEST(CudaPtx, EveryEntryIsClean) {
  for (const int target : kTargets) {
    const std::string text = ptx_text(target);
    EXPECT_NE(text.find(".target sm_" + std::to_string(target)), std::string::npos);
    const auto functions = functions_of(text);
    for (std::size_t row = 0; row < functions.size(); ++row)
      EXPECT_EQ(lint(functions[row], cuda::kEntries[row]), "") << "row " << row << " sm_" << target;
  }
}

TEST(CudaPtx, UncleanTextIsNoticed) {
  const std::string text = ptx_text(90);
  const std::pair<const char*, const char*> breaks[] = {{"mul.rn.f32", "mul.f32"},
                                                        {"add.rn.f32", "add.f32"},
                                                        {"sub.rn.f32", "sub.f32"},
                                                        {"fma.rn.f32", "fma.rn.ftz.f32"},
                                                        {"mul.rn.f32", "mul.rz.f32"},
                                                        {"mul.rn.f32", "mul.rn.f64"},
                                                        {"cvt.rn.bf16x2", "cvt.rz.bf16x2"},
                                                        {"st.global.v4.u32", "st.global.v2.u32"},
                                                        {"ld.global.v4.f32", "ld.local.v4.f32"}};
  for (const auto& [from, to] : breaks) {
    std::string broken = text;
    const auto at = broken.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    broken.replace(at, std::string(from).size(), to);
    std::string found;
    const auto functions = functions_of(broken);
    for (std::size_t row = 0; row < functions.size(); ++row)
      found += lint(functions[row], cuda::kEntries[row]);
    EXPECT_NE(found, "") << from << " -> " << to;
  }
}

TEST(CudaPtx, EveryEntryEqualsTheScalarKernelAndTouchesEachByteOnce) {
  const char* scale = std::getenv("PLUMBLINE_TEST_SCALE");
  const std::uint64_t calls = 12 * (scale == nullptr ? 1 : std::strtoull(scale, nullptr, 10));
  std::cout << "seeds 1 .. " << calls << " of every entry and target\n";
  for (const int target : kTargets) {
    const auto functions = functions_of(ptx_text(target));
    std::uint64_t executed = 0;
    const Runner runner = ptx_runner(functions, executed);
    std::vector<int> runs(cuda::kEntries.size());
    for (std::size_t row = 0; row < runs.size(); ++row) {
      for (std::uint64_t seed = 1; seed <= calls; ++seed) {
        std::size_t ran = 0;
        ASSERT_EQ(check_call(runner, row, seed, ran), "")
            << "sm_" << target << " row " << row << " seed " << seed;
        ++runs[ran];
      }
    }
    for (std::size_t row = 0; row < runs.size(); ++row) EXPECT_GE(runs[row], 1) << "row " << row;
    std::cout << "sm_" << target << ": " << executed << " instructions\n";
  }
}

// Bytes that an entry loads and stores for q of 8 and k of 2 heads of 128 lanes, in place, against
// what no kernel can avoid: q and k once each way, and a row of the table once. Kernels without
// table read 16 bytes of frequency and a position for every pair, which the caches hold.
TEST(CudaPtx, NoByteIsMovedTwice) {
  constexpr int kTokens = 6, kHeads = 8, kKvHeads = 2, kHeadDim = 128;
  std::cout << "bytes a token of q and k, of tables, and the least of both\n";
  const auto functions = functions_of(ptx_text(90));
  for (std::size_t row = 0; row < functions.size(); ++row) {
    const cuda::Entry& e = cuda::kEntries[row];
    const auto element = static_cast<std::size_t>(cuda::element_bytes(e.storage));
    const bool from_table = e.source == cuda::Source::table;
    const std::size_t row_bytes = kHeadDim * (element == 8 ? 8U : 4U);
    Buffer q(kTokens * kHeads * kHeadDim * element), k(kTokens * kKvHeads * kHeadDim * element);
    Buffer table(kTokens * row_bytes), turns(kHeadDim / 2 * sizeof(cuda::Turn)), ids(kTokens * 4);
    cuda::Parameters p;
    p.q = {q.data(), q.data(), kHeads * kHeadDim, kHeadDim, kHeads * kHeadDim, kHeadDim, kHeads};
    p.k = {k.data(), k.data(), kKvHeads * kHeadDim, kHeadDim, kKvHeads * kHeadDim,
           kHeadDim, kKvHeads};
    p.tokens = kTokens;
    p.pairs = p.table_sin = kHeadDim / 2;
    p.table_token = kHeadDim;
    p.cos_sin_cache = table.data();
    std::memset(turns.data(), 0, turns.size());
    p.turns = reinterpret_cast<const cuda::Turn*>(turns.data());
    p.position_ids = ids.data();
    cuda::Launch launch = plan_launch(p, e.storage, e.neox, e.source, 0);
    launch.entry = row;
    Watch watch;
    watch.add("q", q.data(), q.size(), true, e.width);
    watch.add("k", k.data(), k.size(), true, e.width);
    watch.add("table", table.data(), table.size(), false, 0);
    watch.add("turns", turns.data(), turns.size(), false, 16);
    watch.add("ids", ids.data(), ids.size(), false, 4);
    std::uint64_t executed = 0;
    ptx_runner(functions, executed)(launch, watch);
    ASSERT_EQ(watch.fault(), "") << title(e);
    const auto moved = [&](const char* name) {
      const Region& r = watch.region(name);
      std::uint64_t bytes = 0;
      for (std::size_t i = 0; i < r.size; ++i) bytes += std::uint64_t{r.reads[i]} + r.writes[i];
      return bytes;
    };
    const std::uint64_t heads = moved("q") + moved("k");
    const std::uint64_t tables = moved("table") + moved("turns") + moved("ids");
    const std::uint64_t least = 2 * (q.size() + k.size());
    EXPECT_EQ(heads, least) << title(e);
    EXPECT_EQ(tables, from_table ? table.size() : kTokens * (turns.size() + 4 * kHeadDim / 2))
        << title(e);
    std::cout << std::left << std::setw(30) << title(e) << std::setw(7) << heads / kTokens
              << std::setw(6) << tables / kTokens
              << (least + (from_table ? table.size() : ids.size())) / kTokens << "\n";
  }
}

// Broken PTX is noticed by execution: each change is made once in every entry that has the text.
TEST(CudaPtx, ExecutionNoticesBrokenText) {
  const std::string text = ptx_text(90);
  const std::pair<std::regex, const char*> breaks[] = {
      {std::regex("sub\\.rn\\.f32"), "add.rn.f32"},
      {std::regex("cvt\\.rn\\.bf16x2\\.f32"), "cvt.rn.f16x2.f32"},
      {std::regex("mul\\.rn\\.f32 \t(%f\\d+), (%f\\d+), (%f\\d+);"),
       "fma.rn.f32 \t$1, $2, $3, 0f00800000;"},
      {std::regex("setp\\.le\\.s32"), "setp.lt.s32"},
      {std::regex("neg\\.f32"), "mov.f32"},
      {std::regex("setp\\.gt\\.u64"), "setp.lt.u64"},
      {std::regex("0f2F800000"), "0f3F800000"},
      {std::regex("%ctaid\\.y"), "%ctaid.x"},
      {std::regex("mul\\.wide\\.s32 \t(%rd\\d+), (%r\\d+), 2;"), "mul.wide.s32 \t$1, $2, 4;"},
  };
  for (const auto& [from, to] : breaks) {
    const std::string broken = std::regex_replace(text, from, to);
    ASSERT_NE(broken, text) << to;
    const auto functions = functions_of(broken);
    std::uint64_t executed = 0;
    const Runner runner = ptx_runner(functions, executed);
    std::string found;
    for (std::size_t row = 0; row < functions.size() && found.empty(); ++row) {
      for (std::uint64_t seed = 1; seed <= 6 && found.empty(); ++seed) {
        std::size_t ran = 0;
        found = check_call(runner, row, seed, ran);
      }
    }
    EXPECT_NE(found, "") << to;
  }
}

// The reason for the shim: with plain operators nvcc may fuse, and the lint says so.
TEST(CudaPtx, PlainOperatorsAreNoticed) {
  namespace fs = std::filesystem;
  const fs::path folder =
      fs::temp_directory_path() / ("plumbline-cuda-ptx-" + std::to_string(getpid()));
  const fs::path source = PLUMBLINE_SOURCE;
  fs::create_directories(folder / "fast");
  fs::copy(source / "fast/cuda", folder / "fast/cuda", fs::copy_options::recursive);
  std::string shim = text_of(folder / "fast/cuda/shim.h");
  for (const auto& [from, to] :
       {std::pair("__fmul_rn(a, b)", "a * b"), std::pair("__fadd_rn(a, b)", "a + b"),
        std::pair("__fsub_rn(a, b)", "a - b")}) {
    const auto at = shim.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    shim.replace(at, std::string(from).size(), to);
  }
  std::ofstream(folder / "fast/cuda/shim.h", std::ios::binary) << shim;
  const std::string command = "'" PLUMBLINE_NVCC "' -ptx -std=c++20 -O3 -arch=compute_90 -I'" +
                              folder.string() + "' -I'" + source.string() + "' '" +
                              (folder / "fast/cuda/kernels.cu").string() + "' -o '" +
                              (folder / "kernels.ptx").string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const auto functions = functions_of(text_of(folder / "kernels.ptx"));
  for (std::size_t row = 0; row < functions.size(); ++row) {
    if (cuda::kEntries[row].storage == fast::Storage::f64) continue;
    EXPECT_NE(lint(functions[row], cuda::kEntries[row]).find(".f32"), std::string::npos) << row;
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace plumbline::test

int main(int argc, char** argv) {
  if (std::string(PLUMBLINE_CUDA_KEPT).empty()) {
    std::cout << "skipped: the CUDA kernels were not built (no nvcc, or PLUMBLINE_CUDA is OFF)\n";
    return 77;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
