// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

#include "fast/fast.h"

// Which kernels there are: the one table from which the device entries, the host's calls, the
// launcher's choice and the tests' expectations follow.
namespace plumbline::fast::cuda {

enum class Source : std::uint8_t {
  table,     // cos_sin_cache
  positions  // no table: the phase is formed in the kernel from integer position_ids
};

struct Entry {
  Storage storage = Storage::f32;
  bool neox = true;
  int width = 16;  // bytes of one access to q and k
  Source source = Source::table;
};

constexpr int element_bytes(Storage storage) {
  return storage == Storage::f64 ? 8 : storage == Storage::f32 ? 4 : 2;
}

inline constexpr Storage kStorages[] = {Storage::f32, Storage::bf16, Storage::f16, Storage::f64};
inline constexpr int kWidths[] = {16, 8, 4, 2};
inline constexpr Source kSources[] = {Source::table, Source::positions};

// A phase of binary64 is left to the table.
constexpr bool exists(const Entry& entry) {
  return entry.width >= element_bytes(entry.storage) &&
         (entry.storage != Storage::f64 || entry.source == Source::table);
}

template <class Visit>
constexpr void for_each_entry(const Visit& visit) {
  for (const Source source : kSources) {
    for (const Storage storage : kStorages) {
      for (const bool neox : {true, false}) {
        for (const int width : kWidths) {
          const Entry entry{storage, neox, width, source};
          if (exists(entry)) visit(entry);
        }
      }
    }
  }
}

constexpr std::size_t count_entries() {
  std::size_t count = 0;
  for_each_entry([&](const Entry&) { ++count; });
  return count;
}

// Threads of a block at most, and how many such blocks a multiprocessor must be able to hold; its
// 65 536 registers are shared by them.
inline constexpr int kBlockThreads = 256;
constexpr int blocks_held(const Entry& entry) { return entry.source == Source::table ? 4 : 3; }

// For one source, storage and pairing the widest access comes first.
inline constexpr auto kEntries = [] {
  std::array<Entry, count_entries()> all{};
  std::size_t next = 0;
  for_each_entry([&](const Entry& entry) { all[next++] = entry; });
  return all;
}();

// A row as a constant, which device code can name without calling std::array.
template <int row>
inline constexpr Entry kEntry = kEntries[row];

}  // namespace plumbline::fast::cuda
