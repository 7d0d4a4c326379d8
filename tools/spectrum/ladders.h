// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "reference/extension.h"
#include "reference/kernel_scan.h"
#include "reference/phasors.h"

// Resolved ladders with their phasors and seed tables, shared by every map that uses them.
namespace plumbline::spectrum {

class Ladders {
 public:
  // Offsets of the phasors; last offset of the seed tables; methods that stretch a ladder.
  Ladders(std::vector<std::int64_t> offsets, std::int64_t last,
          std::vector<ExtensionMethod> methods)
      : offsets_(std::move(offsets)), last_(last), methods_(std::move(methods)) {}
  struct Made {
    ResolvedSpectrum spectrum;
    std::shared_ptr<const Phasors> phasors;
    std::unique_ptr<SeedTables> seeds;
    std::vector<std::vector<double>> stretched;  // by method
  };
  // Any number of threads; each ladder is made once.
  const Made& of(const Case& c, const Ladder& ladder) const;
  std::int64_t last() const { return last_; }
  const std::vector<ExtensionMethod>& methods() const { return methods_; }

 private:
  struct Slot {
    std::once_flag once;
    std::unique_ptr<Made> made;
  };
  std::vector<std::int64_t> offsets_;
  std::int64_t last_;
  std::vector<ExtensionMethod> methods_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::unique_ptr<Slot>> slots_;
};

}  // namespace plumbline::spectrum
