// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_files.h"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include "fast/limits.h"
#include "golden/case_file.h"
#include "golden/hdf5/file_descriptor.h"
#include "golden/hdf5/file_digest.h"
#include "golden/hdf5/mapped_file.h"
#include "golden/large_case.h"
#include "golden/large_compare.h"
#include "reference/parallel.h"
#include "tools/bench_median.h"
#include "tools/plumbline.h"

namespace plumbline {
namespace {

namespace fs = std::filesystem;

// Of the wall, and of the processors for this process: the second says more where others work too.
struct Time {
  double wall = 0, processor = 0;
  friend Time operator+(Time a, Time b) { return {a.wall + b.wall, a.processor + b.processor}; }
};

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Time time_of(const std::function<void()>& body) {
  const double before = processor_seconds();
  const auto begin = std::chrono::steady_clock::now();
  body();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  return {wall.count(), processor_seconds() - before};
}

// Removes what a round leaves.
class Scratch {
 public:
  Scratch(const std::string& folder, const std::string& name)
      : path_(fs::path(folder) / fmt::format("plumbline-bench-{}-{}", ::getpid(), name)) {}
  ~Scratch() { clear(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }
  void clear() const {
    std::error_code ignored;
    fs::remove(path_, ignored);
    fs::remove(path_.string() + ".manifest", ignored);
  }

 private:
  fs::path path_;
};

// Each thread digests and writes its own part of a fresh file from one hot buffer: nothing that
// leaves these bytes on the disk with a digest does less.
class PlainFile {
 public:
  PlainFile(const fs::path& path, std::uint64_t bytes) : bytes_(bytes) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd_ < 0) throw Refused(path.string() + ": cannot be written");
  }
  ~PlainFile() { ::close(fd_); }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  void write(std::size_t piece) const {
    const std::uint64_t part = bytes_ / threads();
    each_on_all_cores(threads(), [&](std::size_t thread) {
      std::vector<std::byte> buffer(piece, std::byte{0x5a});
      Sha256 hash;
      std::uint64_t at = part * thread;
      const std::uint64_t end = thread + 1 == threads() ? bytes_ : at + part;
      while (at < end) {
        const std::span<const std::byte> some(buffer.data(),
                                              std::min<std::uint64_t>(piece, end - at));
        hash.update(some);
        const ssize_t put = ::pwrite(fd_, some.data(), some.size(), static_cast<off_t>(at));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) throw Refused("the plain file cannot be written");
        at += static_cast<std::uint64_t>(put);
      }
      hash.finish();
    });
  }
  void sync() const {
    if (::fsync(fd_) != 0) throw Refused("the plain file cannot be written");
  }

 private:
  std::uint64_t bytes_;
  int fd_ = -1;
};

// What one way took, round by round.
struct Row {
  std::string what;
  std::vector<Time> times = {};
  double wall() const {
    std::vector<double> all;
    for (const Time& t : times) all.push_back(t.wall);
    return median_of(all).value;
  }
};

std::vector<double> ratios(const Row& plain, const Row& row, double Time::*kind) {
  std::vector<double> out;
  for (std::size_t i = 0; i < row.times.size(); ++i)
    out.push_back(plain.times[i].*kind / row.times[i].*kind);
  return out;
}

// `plain`: the row that the same round is compared with.
void print(const Row& row, std::uint64_t bytes, const Row* plain) {
  std::vector<double> processor;
  for (const Time& t : row.times) processor.push_back(t.processor);
  const double middle = row.wall();
  fmt::print("{:46} {:8.3f} s {:7.2f} GB/s {:8.3f} s", row.what, middle,
             static_cast<double>(bytes) / middle * 1e-9, median_of(processor).value);
  if (plain != nullptr) {
    const Median ratio = median_of(ratios(*plain, row, &Time::wall)),
                 work = median_of(ratios(*plain, row, &Time::processor));
    fmt::print("  {:.3f} [{:.3f}, {:.3f}] of plain, {:.3f} [{:.3f}, {:.3f}] by processor time",
               ratio.value, ratio.low, ratio.high, work.value, work.low, work.high);
  }
  fmt::print("\n");
}

// Takes memory and gives it back, so that a file in memory finds pages that this machine really
// has: under a hypervisor the first use of a page may cost more than all that is measured.
// In a process of its own, because the memory of this one is reported.
void claim_memory(std::uint64_t bytes) {
  const pid_t child = ::fork();
  if (child < 0) return;
  if (child == 0) {
    ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
           0);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

// Looks at every byte of some files, where they are mapped, or read into a buffer that stays in
// cache.
class PlainRead {
 public:
  explicit PlainRead(const std::vector<fs::path>& paths) {
    for (const fs::path& path : paths) {
      files_.push_back(std::make_unique<Descriptor>(path));
      maps_.push_back(std::make_unique<MappedFile>(*files_.back()));
    }
    for (const fast::Limit& limit : fast::limits())
      if (limit.supported() && limit.traffic == fast::Traffic::read) ways_.push_back(&limit);
  }
  std::size_t ways() const { return ways_.size(); }
  void mapped(std::size_t way) const {
    each_part([&](std::size_t file, std::uint64_t from, std::uint64_t end) {
      look(way, maps_[file]->bytes().subspan(from, end - from));
    });
  }
  void copied(std::size_t way) const {
    each_part([&](std::size_t file, std::uint64_t from, std::uint64_t end) {
      files_[file]->each_piece(
          from, end, [&](std::uint64_t, std::span<const std::byte> piece) { look(way, piece); });
    });
  }

 private:
  void each_part(const std::function<void(std::size_t, std::uint64_t, std::uint64_t)>& use) const {
    constexpr std::uint64_t kParts = 64;
    each_on_all_cores(kParts, [&](std::size_t part) {
      for (std::size_t i = 0; i < files_.size(); ++i) {
        const std::uint64_t size = files_[i]->size() / kParts / kWhole * kWhole;
        use(i, size * part, size * (part + 1));
      }
    });
  }
  void look(std::size_t way, std::span<const std::byte> bytes) const {
    // The loop reads only, but is one of a table whose others write.
    auto* from = reinterpret_cast<float*>(const_cast<std::byte*>(bytes.data()));
    const std::size_t floats = bytes.size() / kWhole * (kWhole / 4);
    benchmark::DoNotOptimize(ways_[way]->run(from, {floats, floats, 1}));
  }

  static constexpr std::uint64_t kWhole = 4096;  // bytes that such a loop takes at once
  std::vector<std::unique_ptr<Descriptor>> files_;
  std::vector<std::unique_ptr<MappedFile>> maps_;
  std::vector<const fast::Limit*> ways_;
};

void clear_times(std::initializer_list<Row*> rows) {
  for (Row* row : rows) row->times.clear();
}

// Calls plain() for each way, and leaves the fastest one in `way`: only that one is raced.
template <class Way>
void settle(Way& way, const std::vector<Way>& ways, const std::function<double()>& plain) {
  std::vector<std::pair<double, Way>> tried;
  for (const Way& some : ways) {
    way = some;
    tried.emplace_back(plain(), some);
  }
  way = std::min_element(tried.begin(), tried.end())->second;
}

// One round of each in turn, in both orders.
void race(int rounds, const std::function<void()>& plain, const std::function<void()>& ours) {
  for (int round = 0; round < rounds; ++round) {
    if (round % 2 == 0) plain();
    ours();
    if (round % 2 != 0) plain();
  }
}

// Leaves the golden file.
void bench_write(const GoldenCase& golden, const Scratch& file, const Scratch& plain, int rounds,
                 const std::string& where) {
  std::uint64_t bytes = 0;
  quick::Count count;
  Row plain_data{"plain: write(2) and SHA-256 of the same bytes"},
      golden_data{"golden file: made, digested, written"}, plain_synced{"plain, synced"},
      golden_synced{"golden file, synced and renamed"};
  const auto write_golden = [&] {
    file.clear();
    claim_memory(bytes);
    std::unique_ptr<FileWriter> writer;
    const Time data = time_of([&] {
      writer = std::make_unique<FileWriter>(file.path(), golden_root("cases"));
      count = add_large(*writer, golden, threads()).count;
    });
    golden_data.times.push_back(data);
    golden_synced.times.push_back(data + time_of([&] { writer->finish(); }));
    bytes = fs::file_size(file.path());
  };
  std::size_t piece = 0;
  const auto write_plain = [&] {
    plain.clear();
    claim_memory(bytes);
    const PlainFile out(plain.path(), bytes);
    const Time written = time_of([&] { out.write(piece); });
    plain_data.times.push_back(written);
    plain_synced.times.push_back(written + time_of([&] { out.sync(); }));
    plain.clear();
    return written.wall;
  };
  write_golden();
  settle<std::size_t>(piece, {std::size_t{128} << 10, std::size_t{1} << 20}, write_plain);
  clear_times({&plain_data, &plain_synced, &golden_data, &golden_synced});
  race(rounds, write_plain, write_golden);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  print_line(stdout,
             "{}, {} bytes in {}, {} rounds, {} threads, {} values certified, {} by enclosures",
             golden.c.id, bytes, where, rounds, threads(), count.values, count.decided);
  fmt::print("{:46} {:>10} {:>12} {:>10}\n", "", "wall", "", "processor");
  print(plain_data, bytes, nullptr);
  print(golden_data, bytes, &plain_data);
  print(plain_synced, bytes, nullptr);
  print(golden_synced, bytes, &plain_synced);
  fmt::print("{:46} {:8} MiB\n", "memory at most", usage.ru_maxrss / 1024);
}

// Whether the two files were found to agree.
bool bench_read(const std::string& id, const std::vector<fs::path>& both, int rounds) {
  Row mapped{"plain: both files mapped and read"}, copied{"plain: both files read(2) and read"},
      resident{"plain: the same memory, read again"},
      verdict{"validate: gate, comparison, verdict"};
  std::size_t way = 0;
  // From opening to closing, as the verdict.
  const auto read_plain = [&] {
    copied.times.push_back(time_of([&] { PlainRead(both).copied(way); }));
    mapped.times.push_back(time_of([&] { PlainRead(both).mapped(way); }));
    const PlainRead read(both);
    read.mapped(way);
    resident.times.push_back(time_of([&] { read.mapped(way); }));
    return copied.times.back().wall + mapped.times.back().wall;
  };
  bool conforms = true;
  const auto judge = [&] {
    verdict.times.push_back(time_of([&] {
      std::optional<CaseFile> files[2];
      each_on_all_cores(2, [&](std::size_t i) { files[i].emplace(both[i]); });
      const auto found = compare_large(
          files[0]->view(id), files[1]->view(id),
          [](const Format& format) { return default_recipe(format); }, threads());
      conforms = conforms && found && found->conforms() && !context_lengths(found->phases).empty();
    }));
  };
  std::vector<std::size_t> ways(PlainRead({}).ways());
  std::iota(ways.begin(), ways.end(), 0);
  judge();
  settle<std::size_t>(way, ways, read_plain);
  clear_times({&mapped, &copied, &resident, &verdict});
  race(rounds, read_plain, judge);
  const std::uint64_t bytes = fs::file_size(both[0]) + fs::file_size(both[1]);
  for (const Row* row : {&mapped, &copied, &resident}) print(*row, bytes, nullptr);
  print(verdict, bytes, mapped.wall() < copied.wall() ? &mapped : &copied);
  fmt::print("{:46} {:.3f}\n", "  of the memory read again",
             median_of(ratios(resident, verdict, &Time::wall)).value);
  return conforms;
}

}  // namespace

int bench_files(const std::string& model, const std::string& folder, int rounds) {
  const GoldenCase golden{case_from_json(Json{{"id", model},
                                              {"model", model},
                                              {"sequence", "t1048576"},
                                              {"dtypes", {"f64"}},
                                              {"tensors", {"own_tables"}}}),
                          ""};
  if (!is_large(golden.c))
    throw std::invalid_argument("--model " + model + ": has no large tables");
  const Scratch file(folder, "golden.h5"), plain(folder, "plain"),
      candidate(folder, "candidate.h5");
  bench_write(golden, file, plain, rounds, folder);
  fs::copy_file(file.path(), candidate.path());
  return bench_read(model, {file.path(), candidate.path()}, rounds) ? kConforms : kDoesNotConform;
}

}  // namespace plumbline
