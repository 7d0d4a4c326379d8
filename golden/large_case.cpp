// SPDX-License-Identifier: Apache-2.0
#include "golden/large_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <future>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>

#include "golden/case_rows.h"
#include "golden/flags.h"
#include "golden/hdf5/file_names.h"
#include "golden/large_tables.h"
#include "golden/oracle/oracle.h"
#include "reference/parallel.h"

namespace plumbline {
namespace {

constexpr std::uint64_t kSampledRows = 16;
// Bytes of one table that are made, digested and written while they are in a processor's cache.
constexpr std::uint64_t kPieceBytes = std::uint64_t{128} << 10;

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
  GoldenCase few{golden.c, ""};
  few.c.windows.clear();
  for (const std::uint64_t row : rows) {
    const Case one = rows_of(golden.c, row, 1);
    few.c.windows.push_back(one.windows.front());
  }
  // The oracle needs one thread, and the first rows of the tables the seeds of all.
  std::future<GenerateResult> making =
      std::async(threads > 1 ? std::launch::async : std::launch::deferred,
                 [&] { return generate(few, threads); });
  const std::uint64_t entries = tables.entries();
  std::map<std::string, std::vector<std::byte>> quick;
  for (std::size_t d = tables.positions().datasets().size(); d < tables.datasets().size(); d += 2) {
    const LaterDataset &cos = tables.datasets()[d], &sin = tables.datasets()[d + 1];
    const std::size_t bytes = entries * info(cos.dtype).bytes;
    auto &c = quick[cos.path], &s = quick[sin.path];
    c.resize(rows.size() * bytes);
    s.resize(rows.size() * bytes);
    for (std::size_t i = 0; i < rows.size(); ++i)
      tables.tables(cos.dtype, rows[i], 1, c.data() + i * bytes, s.data() + i * bytes);
  }
  GenerateResult made = making.get();
  for (const auto& [path, found] : quick) {
    const Tensor& certain = made.stored.tensors.at(path);
    const std::size_t bytes = found.size() / rows.size();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (std::memcmp(certain.bytes.data() + i * bytes, found.data() + i * bytes, bytes) != 0) {
        throw Disagreement(
            fmt::format("case {}: quick rows and the case at a few rows disagree in {}, row {}",
                        golden.c.id, path, rows[i]));
      }
    }
  }
  return made;
}

// Gives one row of a file without exact positions its own, where they fit.
void add_exact_positions(StoredCase& one, const LargePositions& positions, std::uint64_t row) {
  const auto axes = positions.coordinates(row, 1);
  if (std::any_of(axes.begin(), axes.end(), [](const auto& at) { return !at.far.empty(); })) return;
  for (const std::string_view name : kExactPositions) {
    const std::string path(name);
    Tensor& tensor = one.tensors[path] = {Dtype::i64, {axes.size(), 1}, {}};
    for (const LargePositions::Coordinates& at : axes) {
      const auto& terms = name == kExactPositions[0] ? at.numerators : at.denominators;
      const auto bytes = std::as_bytes(std::span(terms));
      tensor.bytes.insert(tensor.bytes.end(), bytes.begin(), bytes.end());
    }
  }
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
    tables.positions().bytes(dataset, block.begin() + at, some);
    block.append(some);
  }
  block.finish();
}

// One dataset beside what it should be, piece by piece.
class Comparison {
 public:
  explicit Comparison(const DatasetView& view) : view_(view) {}
  const DatasetView& view() const { return view_; }
  void take(std::uint64_t begin, std::span<const std::byte> wanted) {
    const std::size_t width = info(view_.dtype).bytes;
    const std::byte* given = view_.piece(begin, wanted.size(), room_).data();
    values_ += wanted.size() / width;
    if (std::memcmp(given, wanted.data(), wanted.size()) == 0) return;
    for (std::size_t at = 0; at < wanted.size(); at += width) {
      if (std::memcmp(given + at, wanted.data() + at, width) == 0) continue;
      const std::uint64_t index = (begin + at) / width;
      if (index < first_) {
        first_ = index;
        std::memcpy(&got_, given + at, width);
        std::memcpy(&want_, wanted.data() + at, width);
      }
      ++count_;
    }
  }
  void merge(const Comparison& o) {
    values_ += o.values_;
    count_ += o.count_;
    if (o.first_ >= first_) return;
    first_ = o.first_;
    got_ = o.got_;
    want_ = o.want_;
  }
  std::uint64_t values() const { return values_; }
  std::string line(const std::string& path) const {
    if (count_ == 0) return "";
    return fmt::format("{}: {} of {} values differ, first at index {}: stored 0x{:x}, quick 0x{:x}",
                       path, count_, values_, first_, got_, want_);
  }

 private:
  DatasetView view_;
  std::vector<std::byte> room_;
  std::uint64_t values_ = 0, count_ = 0, first_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t got_ = 0, want_ = 0;
};

}  // namespace

bool is_large(const Case& c) {
  if (rows_in(c) == 0 || !LargeTables::fits(c)) return false;
  const auto rows = static_cast<std::uint64_t>(c.padded_length());
  return rows * 2 * allocation(c).of.size() * table_formats(c).size() >= kLargeValues;
}

LargeResult add_large(FileWriter& file, const GoldenCase& golden, unsigned threads) {
  const LargeTables tables(golden.c, threads);
  if (tables.rows() == 0) throw std::invalid_argument("case " + golden.c.id + ": has no rows");
  const LargePositions& positions = tables.positions();
  std::size_t ids = 0;
  while (positions.datasets()[ids].path != "position_ids") ++ids;
  // One thread, beside those that the sample keeps busy.
  std::future<std::string> flags =
      std::async(threads > 1 ? std::launch::async : std::launch::deferred, [&] {
        return flags_of(golden.c, positions.axes(), positions.rows(),
                        [&](std::size_t axis, std::uint64_t first, std::span<double> to) {
                          const std::uint64_t at =
                              (axis * positions.rows() + first) * sizeof(double);
                          positions.bytes(ids, at, std::as_writable_bytes(to));
                        });
      });
  GenerateResult few = sample(golden, tables, threads);
  StoredCase& frame = few.stored;
  for (const LaterDataset& later : tables.datasets()) frame.tensors.erase(later.path);
  for (const std::string_view path : kExactPositions) frame.tensors.erase(std::string(path));
  frame.text["case"] = case_to_json(golden.c).dump();
  frame.numbers["precision"] = quick::kSeedBits;
  frame.text["flags"] = flags.get();
  check_claims(golden.claims, frame.text.at("flags"), golden.c.id);
  file.add(frame, tables.datasets());

  struct Job {
    std::size_t dataset;
    std::uint64_t block;
  };
  std::vector<Job> jobs;
  // What takes longest first, so that the threads end together.
  for (std::size_t d = tables.positions().datasets().size(); d < tables.datasets().size(); d += 2)
    for (std::uint64_t b = 0; b * kBlockBytes < tables.datasets()[d].bytes(); ++b)
      jobs.push_back({d, b});
  for (std::size_t d = 0; d < tables.positions().datasets().size(); ++d)
    for (std::uint64_t b = 0; b * kBlockBytes < tables.datasets()[d].bytes(); ++b)
      jobs.push_back({d, b});
  std::atomic<std::uint64_t> decided = 0;
  each_on_all_cores(
      jobs.size(),
      [&](std::size_t i) {
        if (jobs[i].dataset < tables.positions().datasets().size()) {
          write_positions(file, tables, jobs[i].dataset, jobs[i].block);
        } else {
          decided += write_tables(file, tables, jobs[i].dataset, jobs[i].block).decided;
        }
      },
      threads);
  LargeResult out{{0, decided}, few.agreed};
  for (std::size_t d = tables.positions().datasets().size(); d < tables.datasets().size(); ++d)
    out.count.values += tables.rows() * tables.entries();
  return out;
}

LargeFindings verify_large(const CaseView& stored, const Case& c, unsigned threads) {
  const LargeTables tables(c, threads);
  std::vector<Comparison> found;
  for (const LaterDataset& wanted : tables.datasets()) {
    const auto view = stored.datasets.find(wanted.path);
    if (view == stored.datasets.end() || view->second.dtype != wanted.dtype ||
        view->second.shape != wanted.shape)
      throw Refused("dataset /cases/" + stored.id + "/" + wanted.path +
                    " is missing, or of another shape than its case");
    found.emplace_back(view->second);
  }
  std::mutex mutex;
  std::uint64_t decided = 0;
  const auto note = [&](std::size_t dataset, const Comparison& part, std::uint64_t more) {
    const std::lock_guard lock(mutex);
    found[dataset].merge(part);
    decided += more;
  };
  // The positions first, in pieces; then runs of rows of cos and sin together.
  const std::uint64_t row_bytes = tables.entries() * sizeof(double);
  const std::uint64_t rows = std::max<std::uint64_t>(1, kBlockBytes / row_bytes);
  struct Job {
    std::size_t dataset;
    std::uint64_t begin, end;  // bytes of positions, or rows
  };
  std::vector<Job> jobs;
  for (std::size_t d = 0; d < tables.datasets().size();
       d += d < tables.positions().datasets().size() ? 1 : 2) {
    const bool table = d >= tables.positions().datasets().size();
    const std::uint64_t size = table ? tables.rows() : tables.datasets()[d].bytes();
    const std::uint64_t step = table ? rows : kBlockBytes;
    for (std::uint64_t at = 0; at < size; at += step)
      jobs.push_back({d, at, std::min(at + step, size)});
  }
  each_on_all_cores(
      jobs.size(),
      [&](std::size_t i) {
        const Job& job = jobs[i];
        if (job.dataset < tables.positions().datasets().size()) {
          std::vector<std::byte> piece(job.end - job.begin);
          tables.positions().bytes(job.dataset, job.begin, piece);
          Comparison part(found[job.dataset].view());
          part.take(job.begin, piece);
          return note(job.dataset, part, 0);
        }
        const std::uint64_t some = std::max<std::uint64_t>(1, kPieceBytes / row_bytes);
        const std::uint64_t bytes =
            tables.entries() * info(tables.datasets()[job.dataset].dtype).bytes;
        std::vector<std::byte> cos(some * bytes), sin(some * bytes);
        Comparison c_part(found[job.dataset].view()), s_part(found[job.dataset + 1].view());
        std::uint64_t more = 0;
        for (std::uint64_t row = job.begin; row < job.end; row += some) {
          const std::uint64_t count = std::min(some, job.end - row);
          more +=
              tables
                  .tables(tables.datasets()[job.dataset].dtype, row, count, cos.data(), sin.data())
                  .decided;
          c_part.take(row * bytes, std::span(cos).first(count * bytes));
          s_part.take(row * bytes, std::span(sin).first(count * bytes));
        }
        note(job.dataset, c_part, more);
        note(job.dataset + 1, s_part, 0);
      },
      threads);

  LargeFindings out{{0, decided}, 0, {}};
  std::set<std::string> named;
  for (std::size_t d = 0; d < found.size(); ++d) {
    const std::string& path = tables.datasets()[d].path;
    out.count.values += found[d].values();
    const std::string line = found[d].line(path);
    if (line.empty()) continue;
    out.differs.push_back(line);
    named.insert(path);
  }
  const bool exact = tables.positions().exact();
  for (const std::string_view name : kExactPositions) {
    const std::string path(name);
    if (exact || !stored.datasets.contains(path)) continue;
    out.differs.push_back(fmt::format("{}: is stored though a coordinate does not fit", path));
    named.insert(path);
  }
  for (const std::uint64_t row : sampled_rows(tables.rows())) {
    StoredCase one = rows_of(stored, row, 1, tables.rows());
    if (!exact) add_exact_positions(one, tables.positions(), row);
    one.text["case"] = case_to_json(rows_of(c, row, 1)).dump();
    const oracle::Report report = oracle::recompute(one);
    out.sampled += report.values;
    for (const std::string& line : report.differs) {
      // A line begins with what it is about, and perhaps an index.
      if (named.insert(line.substr(0, line.find_first_of(":["))).second)
        out.differs.push_back(fmt::format("row {}: {}", row, line));
    }
  }
  return out;
}

Case shard_of(const Case& c, std::uint64_t i, std::uint64_t n) {
  if (!LargeTables::fits(c))
    throw std::invalid_argument("--shard: case " + c.id +
                                ": only tables with exact positions come in parts");
  const std::uint64_t rows = rows_in(c);
  if (n > rows)
    throw std::invalid_argument(
        fmt::format("--shard: {} parts of case {}, which has {} rows", n, c.id, rows));
  const auto edge = [&](std::uint64_t k) { return rows / n * k + std::min(k, rows % n); };
  return rows_of(c, edge(i), edge(i + 1) - edge(i));
}

}  // namespace plumbline
