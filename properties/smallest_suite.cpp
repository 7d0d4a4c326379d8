// SPDX-License-Identifier: Apache-2.0
// The minimal suite is what a set cover chooses from the smoke suite, and small.
#include <fmt/format.h>

#include <ctime>
#include <set>

#include "golden/golden.h"
#include "properties/matrix/matrix.h"
#include "properties/process.h"
#include "tools/subject.h"

namespace plumbline {
namespace {

class SmallestSuite : public CommandLine {};

std::set<std::string> ids_of(std::string_view name) {
  std::set<std::string> out;
  for (const GoldenCase& g : suite(name)) out.insert(g.c.id);
  return out;
}

std::string list(const auto& words) {
  std::string out;
  for (const std::string& word : words) out += "\n  " + word;
  return out;
}

TEST_F(SmallestSuite, IsTheCoverOfTheSmokeSuite) {
  const matrix::Suite smoke;
  const matrix::Cover cover = matrix::smallest_cover(smoke);
  const std::set<std::string> all = ids_of("smoke"), kept = ids_of("minimal"),
                              chosen(cover.cases.begin(), cover.cases.end());
  std::set<std::string> left_out;
  std::set_difference(all.begin(), all.end(), chosen.begin(), chosen.end(),
                      std::inserter(left_out, left_out.end()));
  EXPECT_EQ(list(kept), list(chosen))
      << "kSuperfluous of golden/cases.cpp must be:" << list(left_out);
  // Nothing that the whole suite sees is lost.
  EXPECT_EQ(cover.killed, cover.possible);
  EXPECT_EQ(cover.apart, cover.apart_possible);
  int wrong = 0;
  for (const mutants::Mutant& m : mutants::mutants())
    wrong += m.kind == mutants::Kind::wrong ? 1 : 0;
  std::cout << fmt::format(
      "{} of {} cases kill {} of the {} mutants that the smoke suite kills ({:.0f} % of {} wrong "
      "kernels), and tell {} of {} pairs of schemes apart; {} pairs never fit each other's shapes, "
      "{} have the same numbers wherever tried:{}\nleft out:{}\n",
      cover.cases.size(), all.size(), cover.killed, cover.possible, 100.0 * cover.killed / wrong,
      wrong, cover.apart, cover.apart_possible, cover.unfit, cover.alike.size(), list(cover.alike),
      list(left_out));
}

TEST_F(SmallestSuite, IsSmallAndQuick) {
  const std::string file = at("minimal.h5");
  output_of_generate({"generate", "--suite", "minimal", "--out", file});
  EXPECT_LT(fs::file_size(file), 1000000U);
  const FileReader reader(file);
  // Everything that a kernel does for the suite, once, in the plainest kernel there is; time of the
  // processor, whatever else it is busy with.
  double seconds = 0;
  std::uint64_t values = 0;
  for (const std::string& id : reader.ids()) {
    const StoredCase g = reader.load(id);
    if (has_dense_planes(g)) continue;
    const std::clock_t start = std::clock();
    const StoredCase out = run_kernel("scalar", g);
    seconds += static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    for (const auto& [name, tensor] : out.tensors)
      values += tensor.bytes.size() / info(tensor.dtype).bytes;
  }
  EXPECT_GT(values, 0U);
  EXPECT_LT(seconds, 1);
  std::cout << fmt::format("{} bytes, {} cases, {} values, {:.4f} s of kernel time\n",
                           fs::file_size(file), reader.ids().size(), values, seconds);
}

}  // namespace
}  // namespace plumbline
