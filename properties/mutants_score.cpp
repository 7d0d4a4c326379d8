// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <iostream>
#include <chrono>
#include "properties/diagnosis/diagnose.h"
#include "properties/mutants/mutant.h"

namespace plumbline::test {
TEST(Mutants, Matrix) {
  const auto cases = diagnosis::contracts();
  const auto go = [&](const std::string& id, const diagnosis::Maker& make) {
    const auto start = std::chrono::steady_clock::now();
    const auto d = diagnosis::diagnose(make, cases, binary32);
    std::cout << id << " -> " << d.line() << " "
              << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
    if (d.verdict == diagnosis::Verdict::unnamed || getenv("V") != nullptr)
      for (const auto& r : d.contracts) { if (!r.skipped.empty()) std::cout << "   " << r.contract << " skipped " << r.skipped << "\n"; for (const auto& f : r.findings) {
        std::cout << "   " << r.contract << " " << f.probe << ": " << f.what << " [";
        for (const auto& n : f.names) std::cout << n << " ";
        std::cout << "] " << r.axis_map << " " << r.reading.pairing << "\n";
      }}
  };
  const char* only = getenv("ONLY");
  if (!only) go("faultless", [] { return mutants::faultless(); });
  if (!only) for (const auto& s : laws::subjects()) if (s.name != "reference") go(s.name, [&s] { return s; });
  for (const auto& m : mutants::mutants())
    if (!only || m.id == only) go(std::string(m.id), [&m] { return mutants::subject_of(m); });
}
}
