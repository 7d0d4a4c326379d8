// SPDX-License-Identifier: Apache-2.0
// The checks of the CUDA kernel bodies bite: copies of the bodies, broken in one place each, are
// built and must be noticed, and the copy that is not broken must not.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace plumbline {
namespace {

namespace fs = std::filesystem;

struct Mutant {
  const char* what;
  const char* file;
  const char* from;  // stands once in the file
  const char* to;
};

const Mutant kMutants[] = {
    {"nothing is changed", "rotate.h", "p.adjoint", "p.adjoint"},
    {"nothing is changed", "turn.h", "constexpr float kScale = ", "constexpr float kScale = "},
    {"a sign is flipped", "rotate.h", "M::subtract(M::multiply(x, c), M::multiply(y, s))",
     "M::add(M::multiply(x, c), M::multiply(y, s))"},
    {"a product is fused with the sum", "rotate.h", "M::add(M::multiply(y, c), M::multiply(x, s))",
     "M::fused(y, c, M::multiply(x, s))"},
    {"one head too many", "rotate.h", "left > t.heads", "left >= t.heads"},
    {"the second half is one lane off", "rotate.h", "std::int64_t{p.pairs} : 1",
     "std::int64_t{p.pairs} - 1 : 1"},
    {"every map's heads are those of map 0", "rotate.h", "std::int64_t{map} * h.per_map + t.head",
     "std::int64_t{0} * map + t.head"},
    {"tables of tokens overlap", "rotate.h", "token * p.table_token + map", "token + map"},
    {"rows of position_ids overlap", "rotate.h", "std::int64_t{axis} * p.tokens + token",
     "std::int64_t{axis} + token"},
    {"the adjoint is forgotten", "rotate.h", "if (p.adjoint)", "if (false)"},
    {"the tail of map 0 alone is copied", "rotate.h", "h.per_map * maps", "h.per_map"},
    {"all heads are stored to one", "rotate.h", "      to += to_step;\n", ""},
    {"two threads rotate one token", "rotate.h", "token += t.tokens", "++token"},
    {"head strides may be unaligned", "launch.cpp", "    alignment.add(h.input_head * element);\n",
     ""},
    {"the second half may be unaligned", "launch.cpp",
     "  tensors.add(std::int64_t{neox ? 1 : 2} * p.pairs * element);\n", ""},
    {"bf16 is cut off", "shim.h", "fast::to_bf16(a)", "static_cast<std::uint16_t>(bits(a) >> 16)"},
    {"two halves are packed the wrong way", "shim.h",
     "return to_f16(low) | std::uint32_t{to_f16(high)} << 16;",
     "return to_f16(high) | std::uint32_t{to_f16(low)} << 16;"},
    {"negative positions turn forward", "turn.h", "position < 0 ? -value.sin : value.sin",
     "value.sin"},
    {"positions are cut to 32 bits", "turn.h", "std::uint64_t{turn.low} * far", "0 * far"},
    {"the last word of a small rest is lost", "turn.h", "rest << 32 | phase.low", "rest << 32"},
    {"a small rest is counted in large units", "turn.h", "at.fine ? 0x1p-32F", "false ? 0x1p-32F"},
    {"a rest is large too soon", "turn.h", "std::uint64_t{1} << 30)) >> 31 == 0",
     "std::uint64_t{1} << 20)) >> 21 == 0"},
    {"no rest becomes a whole quarter", "turn.h", "whole ? 0 : finer", "finer"},
    {"a rest below zero becomes no whole quarter", "turn.h", "negative ? 0 - finer : finer",
     "finer"},
    {"too large a rest becomes a whole quarter", "turn.h", "<= distance;", "<= 2 * distance;"},
    {"the low part of the angle is dropped", "turn.h", "M::fused(-half_z, lo, lo)", "0.0F"},
    {"a coefficient is wrong", "turn.h", "0x1.111112p-7F", "0x1.121112p-7F"},
    {"a quarter has the wrong sign", "turn.h", "at.quarter == 1 || at.quarter == 2",
     "at.quarter >= 2"},
    {"A scales the larger part alone", "turn.h", "M::fused(small, factor,",
     "M::fused(small, 1.0F,"},
};

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Exit code of a command line; its output goes to `log`.
int run(const std::string& command, const fs::path& log) {
  const int status = std::system((command + " > '" + log.string() + "' 2>&1").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

struct Outcome {
  std::string refused;  // the mutant could not be built
  int code = -1;
  std::string said;
};

const char* const kHeaders[] = {"algorithm", "array",      "bit",    "cmath",  "cstdio",
                                "cstring",   "functional", "limits", "memory", "optional",
                                "span",      "stdexcept",  "string", "vector"};

std::string compiler() {
  const std::string sanitize = PLUMBLINE_SANITIZE;
  return std::string(PLUMBLINE_CXX) + " -std=c++20 -O0 -ffp-contract=off" +
         (sanitize.empty() ? "" : " -fsanitize=" + sanitize);
}

// The library's headers, compiled once for all mutants.
void precompile(const fs::path& header) {
  std::ofstream out(header);
  for (const char* one : kHeaders) out << "#include <" << one << ">\n";
  out.close();
  ASSERT_EQ(run(compiler() + " -x c++-header '" + header.string() + "'", header.string() + ".log"),
            0);
}

Outcome judge(const Mutant& mutant, const fs::path& folder, const fs::path& header) {
  const fs::path source = PLUMBLINE_SOURCE, copy = folder / "fast/cuda";
  fs::create_directories(copy);
  for (const auto& entry : fs::directory_iterator(source / "fast/cuda"))
    if (entry.is_regular_file()) fs::copy_file(entry.path(), copy / entry.path().filename());
  const std::string file = mutant.file;
  std::string text = text_of(copy / file);
  const auto at = text.find(mutant.from);
  if (at == std::string::npos || text.find(mutant.from, at + 1) != std::string::npos)
    return {"its text does not stand once in " + file, -1, {}};
  text.replace(at, std::string(mutant.from).size(), mutant.to);
  std::ofstream(copy / file, std::ios::binary) << text;
  const std::string program = (folder / "checked").string();
  const std::string driver =
      file == "turn.h" ? "/properties/cuda/mutant_phase.cpp" : "/properties/cuda/mutant_driver.cpp";
  std::string build = compiler() + " -include '" + header.string() + "' -I'" + folder.string() +
                      "' -I'" + source.string() + "' '" + source.string() + driver + "' ";
  if (file.ends_with(".cpp")) build += "'" + (copy / file).string() + "' ";
  build += "'" PLUMBLINE_FAST "' -o '" + program + "'";
  if (run(build, folder / "build.log") != 0) return {text_of(folder / "build.log"), -1, {}};
  Outcome out;
  out.code = run("'" + program + "'", folder / "run.log");
  out.said = text_of(folder / "run.log");
  return out;
}

TEST(CudaMutants, EveryOneIsNoticed) {
  const fs::path root =
      fs::temp_directory_path() / ("plumbline-cuda-mutants-" + std::to_string(getpid()));
  fs::create_directories(root);
  precompile(root / "library.h");
  constexpr std::size_t kCount = std::size(kMutants), kThreads = 2;
  std::vector<Outcome> outcomes(kCount);
  std::vector<std::thread> threads;
  for (std::size_t first = 0; first < kThreads; ++first) {
    threads.emplace_back([&, first] {
      for (std::size_t i = first; i < kCount; i += kThreads)
        outcomes[i] = judge(kMutants[i], root / std::to_string(i), root / "library.h");
    });
  }
  for (std::thread& thread : threads) thread.join();
  fs::remove_all(root);
  for (std::size_t i = 0; i < kCount; ++i) {
    const Outcome& one = outcomes[i];
    EXPECT_EQ(one.refused, "") << kMutants[i].what;
    EXPECT_EQ(one.code != 0, kMutants[i].from != std::string(kMutants[i].to))
        << kMutants[i].what << ": " << one.said;
    std::cout << kMutants[i].what << ": " << one.said;
  }
}

}  // namespace
}  // namespace plumbline
