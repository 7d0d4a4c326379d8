// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/rotated_tensors.h"

#include <fmt/format.h>

namespace plumbline::oracle {

std::vector<RotatedTensors> rotated_tensors(const Evaluation& e, Report& report) {
  std::vector<RotatedTensors> all;
  for (const Format& f : kFormats) {
    const bool asked = lists(e.given.dtypes, info(f.dtype).name);
    for (const bool query : {true, false}) {
      const std::size_t heads =
          static_cast<std::size_t>(query ? e.given.num_heads : e.given.num_key_value_heads);
      const std::vector<std::uint64_t> shape = {e.rows, heads,
                                                static_cast<std::uint64_t>(e.given.head_dim)};
      const auto open = [&](const char* suffix, bool required) {
        const std::string path = below(f.dtype, std::string(query ? "q" : "k") + suffix);
        return Comparison(e.stored, path, f.dtype, shape, report, !required);
      };
      RotatedTensors t{f,
                       heads,
                       query,
                       open("_in", false),
                       open("_out", asked && lists(e.given.tensors, "rotated")),
                       open("_adj", asked && lists(e.given.tensors, "adjoint"))};
      if (!t.out.usable() && !t.adjoint.usable()) continue;
      if (t.in.usable()) {
        all.push_back(std::move(t));
      } else {
        report.differs.push_back(
            fmt::format("{}: is needed and not usable", below(f.dtype, query ? "q_in" : "k_in")));
      }
    }
  }
  return all;
}

}  // namespace plumbline::oracle
