// SPDX-License-Identifier: Apache-2.0
#include "golden/large_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <stdexcept>

#include "golden/large_tables.h"
#include "golden/parallel.h"

namespace plumbline {
namespace {

constexpr std::uint64_t kSampledRows = 16;
// Bytes of one table that are made, digested and written while they are in a processor's cache.
constexpr std::uint64_t kPieceBytes = std::uint64_t{128} << 10;

std::uint64_t row_count(const Case& c) {
  std::uint64_t rows = 0;
  for (const Window& w : c.rows()) rows += static_cast<std::uint64_t>(w.count);
  return rows;
}

// Rows from the first to the last, as evenly as whole numbers allow.
std::vector<std::uint64_t> sampled_rows(std::uint64_t rows) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t i = 0; i < kSampledRows; ++i) {
    const std::uint64_t row = (rows - 1) / (kSampledRows - 1) * i +
                              (rows - 1) % (kSampledRows - 1) * i / (kSampledRows - 1);
    if (out.empty() || row > out.back()) out.push_back(row);
  }
  return out;
}

// The case at a few rows, by both oracles, and those rows of the quick tables beside it.
GenerateResult sample(const GoldenCase& golden, const LargeTables& tables, unsigned threads) {
  const std::vector<std::uint64_t> rows = sampled_rows(tables.rows());
  GoldenCase few = golden;
  few.c.windows.clear();
  for (const std::uint64_t row : rows) {
    const Case one = rows_of(golden.c, row, 1);
    few.c.windows.push_back(one.windows.front());
  }
  GenerateResult made = generate(few, threads);
  const std::uint64_t entries = tables.entries();
  for (std::size_t d = LargeTables::kPositionDatasets; d < tables.datasets().size(); d += 2) {
    const LaterDataset &cos = tables.datasets()[d], &sin = tables.datasets()[d + 1];
    const std::size_t bytes = entries * info(cos.dtype).bytes;
    std::vector<std::byte> c(bytes), s(bytes);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      tables.tables(cos.dtype, rows[i], 1, c.data(), s.data());
      for (const auto& [path, quick] : {std::pair(&cos.path, &c), std::pair(&sin.path, &s)}) {
        const Tensor& certain = made.stored.tensors.at(*path);
        if (std::memcmp(certain.bytes.data() + i * bytes, quick->data(), bytes) != 0) {
          throw Disagreement(
              fmt::format("case {}: quick rows and enclosures disagree in {}, row {}", golden.c.id,
                          *path, rows[i]));
        }
      }
    }
  }
  return made;
}

// Block `block` of a cos and a sin dataset.
quick::Count write_tables(FileWriter& file, const LargeTables& tables, std::size_t cos_dataset,
                          std::uint64_t block) {
  const Dtype dtype = tables.datasets()[cos_dataset].dtype;
  const std::uint64_t row_bytes = tables.entries() * info(dtype).bytes;
  const std::uint64_t piece = std::max<std::uint64_t>(1, kPieceBytes / row_bytes);
  FileWriter::Block cos(file, cos_dataset, block), sin(file, cos_dataset + 1, block);
  std::vector<std::byte> c((piece + 1) * row_bytes), s(c.size());
  quick::Count count;
  const std::uint64_t end = cos.begin() + cos.size();
  // A row may lie across the ends of blocks; each of them makes it.
  for (std::uint64_t at = cos.begin(); at < end;) {
    const std::uint64_t first = at / row_bytes,
                        rows = std::min(piece, (end - 1) / row_bytes - first + 1);
    count += tables.tables(dtype, first, rows, c.data(), s.data());
    const std::uint64_t from = at - first * row_bytes,
                        to = std::min(rows * row_bytes, end - first * row_bytes);
    cos.append(std::span(c).subspan(from, to - from));
    sin.append(std::span(s).subspan(from, to - from));
    at = first * row_bytes + to;
  }
  cos.finish();
  sin.finish();
  return count;
}

void write_positions(FileWriter& file, const LargeTables& tables, std::size_t dataset,
                     std::uint64_t number) {
  FileWriter::Block block(file, dataset, number);
  std::vector<std::byte> piece(kPieceBytes);
  for (std::uint64_t at = 0; at < block.size(); at += piece.size()) {
    const std::span<std::byte> some(piece.data(),
                                    std::min<std::uint64_t>(piece.size(), block.size() - at));
    tables.positions(dataset, block.begin() + at, some);
    block.append(some);
  }
  block.finish();
}

}  // namespace

bool is_large(const Case& c) {
  if (!LargeTables::fits(c)) return false;
  const FrequencyAllocation map = allocation(c);
  return row_count(c) * 2 * map.of.size() * table_formats(c).size() >= kLargeValues;
}

LargeResult add_large(FileWriter& file, const GoldenCase& golden, unsigned threads) {
  const LargeTables tables(golden.c, threads);
  if (tables.rows() == 0) throw std::invalid_argument("case " + golden.c.id + ": has no rows");
  GenerateResult few = sample(golden, tables, threads);
  StoredCase& frame = few.stored;
  for (const LaterDataset& later : tables.datasets()) frame.tensors.erase(later.path);
  frame.text["case"] = case_to_json(golden.c).dump();
  frame.numbers["precision"] = quick::kSeedBits;
  file.add(frame, tables.datasets());

  struct Job {
    std::size_t dataset;
    std::uint64_t block;
  };
  std::vector<Job> jobs;
  for (std::size_t d = 0; d < tables.datasets().size();
       d += d < LargeTables::kPositionDatasets ? 1 : 2)
    for (std::uint64_t b = 0; b * kBlockBytes < tables.datasets()[d].bytes(); ++b)
      jobs.push_back({d, b});
  std::atomic<std::uint64_t> decided = 0;
  each_on_all_cores(
      jobs.size(),
      [&](std::size_t i) {
        if (jobs[i].dataset < LargeTables::kPositionDatasets) {
          write_positions(file, tables, jobs[i].dataset, jobs[i].block);
        } else {
          const ThreadCaches caches;
          decided += write_tables(file, tables, jobs[i].dataset, jobs[i].block).decided;
        }
      },
      threads);
  LargeResult out{{0, decided}, few.agreed};
  for (std::size_t d = LargeTables::kPositionDatasets; d < tables.datasets().size(); ++d)
    out.count.values += tables.rows() * tables.entries();
  return out;
}

Case shard_of(const Case& c, std::uint64_t i, std::uint64_t n) {
  if (!LargeTables::fits(c))
    throw std::invalid_argument("--shard: case " + c.id +
                                ": only tables with exact positions come in parts");
  const std::uint64_t rows = row_count(c);
  if (n > rows)
    throw std::invalid_argument(
        fmt::format("--shard: {} parts of case {}, which has {} rows", n, c.id, rows));
  const auto edge = [&](std::uint64_t k) { return rows / n * k + std::min(k, rows % n); };
  return rows_of(c, edge(i), edge(i + 1) - edge(i));
}

}  // namespace plumbline
