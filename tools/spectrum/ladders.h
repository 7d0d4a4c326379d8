// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "reference/kernel_scan.h"
#include "reference/phasors.h"

// Resolved ladders with their phasors and seed tables, shared by every map that uses them.
namespace plumbline::spectrum {

class Ladders {
 public:
  Ladders(std::vector<std::int64_t> offsets, std::int64_t last)
      : offsets_(std::move(offsets)), last_(last) {}
  struct Made {
    ResolvedSpectrum spectrum;
    std::shared_ptr<const Phasors> phasors;
    std::unique_ptr<SeedTables> seeds;
  };
  // Any number of threads; each ladder is made once.
  const Made& of(const Case& c, const Ladder& ladder) const;
  std::int64_t last() const { return last_; }

 private:
  struct Slot {
    std::once_flag once;
    std::unique_ptr<Made> made;
  };
  std::vector<std::int64_t> offsets_;
  std::int64_t last_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::unique_ptr<Slot>> slots_;
};

}  // namespace plumbline::spectrum
