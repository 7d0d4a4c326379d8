// SPDX-License-Identifier: Apache-2.0
// plumbline bench: every kernel beside the limits of this machine, measured in the same rounds.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <regex>
#include <sstream>
#include <thread>

#include "fast/limits.h"
#include "tools/bench_cases.h"
#include "tools/bench_certified.h"
#include "tools/bench_files.h"
#include "tools/bench_median.h"
#include "tools/plumbline.h"

namespace plumbline {
namespace {

using fast::Limit;
using fast::Storage;
using fast::Stretches;
using fast::Traffic;

struct BenchOptions {
  std::string kernel, filter, files, model;
  JsonOption json;
  bool certified = false;
  int rounds = 15, threads = 1;
};

double seconds_of(const std::function<void()>& body, int repetitions) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < repetitions; ++i) body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() /
         repetitions;
}

// A buffer that nothing else uses, on its own cache lines, with a valid value in every element.
struct Buffer {
  Buffer(std::size_t bytes, Storage storage) : floats((bytes + 4096 + 64) / 4096 * 1024) {
    data = static_cast<float*>(
        std::aligned_alloc(std::size_t{1} << 21, (floats * 4 + (1U << 21) + 4096) >> 21 << 21));
    if (data == nullptr) throw std::bad_alloc();
    std::fill(data, data + floats, 0.75F);
    auto* words = reinterpret_cast<std::uint16_t*>(data);
    if (storage == Storage::bf16 || storage == Storage::f16)
      std::fill(words, words + 2 * floats, storage == Storage::bf16 ? 0x3f40 : 0x3a00);
  }
  ~Buffer() { std::free(data); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::size_t floats;
  float* data;
};

// One case ready to run on its own buffer.
class Subject {
 public:
  Subject(const BenchCase& c, const fast::Kernel* kernel, int threads)
      : c_(c),
        embedding_(bench_rotary(c), {.kernel = kernel}),
        positions_(bench_positions(c)),
        threads_(threads) {
    const std::ptrdiff_t head = c.form->head_dim + c.form->head_gap;
    const int token_heads = c.num_heads + (c.form->fused ? 2 : 1) * c.num_key_value_heads;
    const std::ptrdiff_t elements = head * token_heads * c.tokens;
    unit_ = c.storage == Storage::f32 ? 4 : 2;
    bytes_ = static_cast<std::size_t>(elements) * unit_;
    moved_ = static_cast<double>(c.form->rotary_dim * (c.num_heads + c.num_key_value_heads)) *
             c.tokens * static_cast<double>(unit_) * 2;
    buffer_ = std::make_unique<Buffer>(bytes_, c.storage);
    const auto view = [&](std::ptrdiff_t from, int heads) {
      void* data =
          reinterpret_cast<std::byte*>(buffer_->data) + from * static_cast<std::ptrdiff_t>(unit_);
      const std::ptrdiff_t token = head * (c.form->fused ? token_heads : heads);
      return fast::InOut{{data, token, head}, {data, token, head}};
    };
    q_ = view(0, c.num_heads);
    k_ = view(head * c.num_heads * (c.form->fused ? 1 : c.tokens), c.num_key_value_heads);
  }
  void rotate() const {
    embedding_.rotate(c_.storage, std::span<const std::int64_t>(positions_), c_.tokens, q_, k_,
                      c_.form->adjoint ? fast::Direction::adjoint : fast::Direction::forward,
                      threads_);
  }
  float* data() const { return buffer_->data; }
  // Lanes in a float of the buffer, each of which is multiplied as a float32.
  double lanes_per_float() const { return 4.0 / static_cast<double>(unit_); }
  std::size_t bytes() const { return bytes_; }
  // What is rotated, in floats: all of it, or as much of every head, or the q and k of every token.
  Stretches stretches() const {
    const BenchForm& form = *c_.form;
    const std::size_t heads = static_cast<std::size_t>(c_.num_heads + c_.num_key_value_heads),
                      tokens = static_cast<std::size_t>(c_.tokens);
    const auto floats = [&](std::ptrdiff_t elements) {
      return static_cast<std::size_t>(elements) * unit_ / 4;
    };
    const std::ptrdiff_t head = form.head_dim + form.head_gap;
    if (form.rotary_dim < head) return {floats(form.rotary_dim), floats(head), heads * tokens};
    if (form.fused) {
      const std::size_t k = static_cast<std::size_t>(c_.num_key_value_heads);
      return {heads * floats(head), (heads + k) * floats(head), tokens};
    }
    return {bytes_ / 4, bytes_ / 4, 1};
  }
  // Bytes read and written at least.
  double moved() const { return moved_; }

 private:
  const BenchCase& c_;
  fast::RotaryEmbedding embedding_;
  std::vector<std::int64_t> positions_;
  int threads_;
  std::size_t unit_, bytes_;
  double moved_;
  std::unique_ptr<Buffer> buffer_;
  fast::InOut q_, k_;
};

// Seconds of one pass of a limit over what the subject rotates, each thread over its own part of
// it.
double limit_seconds(const Limit& limit, const Subject& subject, int threads, int repetitions) {
  const Stretches all = subject.stretches();
  const auto parts = static_cast<std::size_t>(threads);
  const bool whole = all.count == 1;
  // Rounded down to what the loops take, and the time counted up again.
  const std::size_t unit = whole ? 1024 : 4, units = (whole ? all.floats : all.count) / parts;
  const std::size_t size = std::max(units / unit, std::size_t{1}) * unit;
  const Stretches part = whole ? Stretches{size, size, 1} : Stretches{all.floats, all.stride, size};
  const auto work = [&](int thread) {
    float* from =
        subject.data() + static_cast<std::size_t>(thread) * size * (whole ? 1 : all.stride);
    return seconds_of([&] { benchmark::DoNotOptimize(limit.run(from, part)); }, repetitions);
  };
  double slowest = 0;
  if (threads == 1) {
    slowest = work(0);
  } else {
    std::vector<double> seconds(parts);
    std::vector<std::jthread> pool;
    for (int t = 0; t < threads; ++t)
      pool.emplace_back([&, t] { seconds[static_cast<std::size_t>(t)] = work(t); });
    pool.clear();
    slowest = *std::max_element(seconds.begin(), seconds.end());
  }
  return slowest * static_cast<double>(whole ? all.floats : all.count) /
         static_cast<double>(size * parts);
}

void run_case(benchmark::State& state, const BenchCase& c, const fast::Kernel* kernel,
              int threads) {
  const Subject subject(c, kernel, threads);
  const BenchForm plain{.name = "neox"};
  const BenchCase plain_case{&plain, c.storage, c.num_heads, c.num_key_value_heads, c.tokens};
  const std::unique_ptr<Subject> yardstick =
      c.form->core ? nullptr : std::make_unique<Subject>(plain_case, kernel, threads);
  const int repetitions =
      std::max(1, static_cast<int>(1.2e8 / static_cast<double>(subject.bytes())));
  const auto time_of = [&](const Limit* limit) {
    return limit_seconds(*limit, subject, threads, repetitions);
  };
  // The two best ways to update are raced in every round; the others would only take time.
  std::vector<const Limit*> updates, reads, products;
  for (const Limit& limit : fast::limits()) {
    if (!limit.supported()) continue;
    if (limit.traffic == Traffic::update) updates.push_back(&limit);
    if (limit.traffic == Traffic::read) reads.push_back(&limit);
    if (limit.traffic == Traffic::multiply) products.push_back(&limit);
  }
  std::vector<std::pair<double, const Limit*>> order;
  for (const Limit* limit : updates)
    order.emplace_back(std::min(time_of(limit), time_of(limit)), limit);
  std::sort(order.begin(), order.end());
  if (order.size() > 2) order.resize(2);

  subject.rotate();
  std::vector<double> of_limit, of_products, to_read, of_plain, times;
  for (auto _ : state) {
    const auto none = [](const auto& ways) { return ways.empty() ? NAN : HUGE_VAL; };
    double limit = none(order), read = none(reads), multiplied = none(products);
    for (const auto& [first, way] : order) limit = std::min(limit, time_of(way));
    const double seconds = seconds_of([&] { subject.rotate(); }, repetitions);
    for (const Limit* way : products) multiplied = std::min(multiplied, time_of(way));
    for (const Limit* way : reads) read = std::min(read, time_of(way));
    of_limit.push_back(limit / seconds);
    of_products.push_back(multiplied * subject.lanes_per_float() / seconds);
    to_read.push_back(seconds / read);
    times.push_back(seconds);
    if (yardstick != nullptr) {
      yardstick->rotate();  // as warm as the subject was left by the limits
      const double plain_seconds = seconds_of([&] { yardstick->rotate(); }, repetitions);
      of_plain.push_back(plain_seconds / yardstick->moved() * subject.moved() / seconds);
    }
    state.SetIterationTime(seconds);
  }
  const double seconds = median_of(times).value;
  state.counters["ns_per_token"] = seconds / c.tokens * 1e9;
  state.counters["GB_per_s"] = subject.moved() / seconds * 1e-9;
  const auto count = [&](const std::string& name, const std::vector<double>& sample) {
    // Not a number: no loop for this machine.
    if (sample.empty() || std::isnan(sample.front())) return;
    const Median m = median_of(sample);
    state.counters[name] = m.value;
    state.counters[name + "_low"] = m.low;
    state.counters[name + "_high"] = m.high;
  };
  count("of_limit", of_limit);
  count("of_products", of_products);
  count("times_read", to_read);
  count("of_plain", of_plain);
}

class Table : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& /*context*/) override {
    fmt::print("{:46} {:>9} {:>7}  {:<22} {:<18} {:<20} {}\n", "kernel/storage/heads/T/form",
               "ns/token", "GB/s", "of the in-place limit", "of its products", "times one read",
               "of plain neox, per byte");
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      const auto at = [&](const std::string& name) { return double(run.counters.at(name)); };
      const auto range = [&](const std::string& name, double scale, std::string_view unit = "") {
        if (run.counters.count(name) == 0) return std::string();
        return fmt::format("{:.3g} [{:.3g}, {:.3g}]{}", scale * at(name), scale * at(name + "_low"),
                           scale * at(name + "_high"), unit);
      };
      std::string name = run.benchmark_name();
      name = name.substr(0, name.find("/iterations"));
      fmt::print("{:46} {:9.1f} {:7.1f}  {:<22} {:<18} {:<20} {}\n", name, at("ns_per_token"),
                 at("GB_per_s"), range("of_limit", 100, " %"), range("of_products", 100, " %"),
                 range("times_read", 1), range("of_plain", 100));
      std::fflush(stdout);
    }
  }
};

// The table as it comes, the document at its end: either, or both.
class Reports : public benchmark::BenchmarkReporter {
 public:
  Reports(bool with_table, bool with_json) {
    if (with_table) all_.push_back(&table_);
    if (with_json) all_.push_back(&json_);
    json_.SetOutputStream(&text_);
  }
  bool ReportContext(const Context& context) override {
    bool ready = true;
    for (benchmark::BenchmarkReporter* one : all_) ready = one->ReportContext(context) && ready;
    return ready;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (benchmark::BenchmarkReporter* one : all_) one->ReportRuns(runs);
  }
  void Finalize() override {
    for (benchmark::BenchmarkReporter* one : all_) one->Finalize();
  }
  std::string json() const { return text_.str(); }

 private:
  Table table_;
  benchmark::JSONReporter json_;
  std::vector<benchmark::BenchmarkReporter*> all_;
  std::ostringstream text_;
};

int run_bench(const BenchOptions& o) {
  const std::string model = o.model.empty() ? "qwen3-vl-8b" : o.model;
  if (o.certified)
    return model == "all" ? bench_certified_presets() : bench_certified(model, o.rounds);
  if (!o.files.empty()) return bench_files(model, o.files, o.rounds);
  if (!o.model.empty()) throw std::invalid_argument("--model: goes with --certified or --files");
  std::regex filter;
  try {
    filter = std::regex(o.filter);
  } catch (const std::regex_error&) {
    throw std::invalid_argument(fmt::format("--filter = '{}': is no regular expression", o.filter));
  }
  const std::vector<BenchCase> cases = bench_cases();
  int matched = 0;
  bool known = false, skipped = false;
  std::string names;
  for (const fast::Kernel& kernel : fast::kernels()) {
    if (kernel.phase != fast::Phase::exact) continue;
    names += (names.empty() ? "" : ", ") + std::string(kernel.name);
    if (!o.kernel.empty() && o.kernel != kernel.name) continue;
    known = true;
    if (!kernel.supported()) {
      fmt::print(stderr, "plumbline: skipped: kernel {} needs {}\n", kernel.name, kernel.isa);
      skipped = true;
      continue;
    }
    for (const BenchCase& c : cases) {
      const std::string name = std::string(kernel.name) + "/" + c.name();
      if (!std::regex_search(name, filter)) continue;
      ++matched;
      benchmark::RegisterBenchmark(
          name.c_str(),
          [&c, &kernel, &o](benchmark::State& state) { run_case(state, c, &kernel, o.threads); })
          ->UseManualTime()
          ->Iterations(o.rounds);
    }
  }
  if (!known) throw std::invalid_argument("--kernel = '" + o.kernel + "': must be one of " + names);
  if (skipped && !o.kernel.empty()) return kSkipped;
  if (matched == 0) throw std::invalid_argument("--filter = '" + o.filter + "': matches no case");
  // Before the minutes that the figures take.
  o.json.require_writable();
  std::string name = "plumbline bench";
  char* argv[] = {name.data(), nullptr};
  int argc = 1;
  benchmark::Initialize(&argc, argv);
  Reports reports(!o.json.to_stdout(), o.json.wanted());
  benchmark::RunSpecifiedBenchmarks(&reports);
  if (o.json.wanted()) write_text(o.json.path(), reports.json());
  return 0;
}

}  // namespace

Run add_bench(CLI::App& app) {
  auto o = std::make_shared<BenchOptions>();
  app.add_option("--kernel", o->kernel, "one kernel instead of all");
  app.add_option("--filter", o->filter, "regular expression over kernel/storage/heads/T/form");
  add_integer(app, "--rounds", o->rounds, 5, 1000, "paired measurements a case (15)");
  add_integer(app, "--threads", o->threads, 1, static_cast<int>(threads()),
              "of the kernels and of the limits (1)");
  o->json.add(app);
  auto* certified = app.add_flag("--certified", o->certified,
                                 "certified cos and sin instead: quick rows, Arb and MPFI");
  auto* files = app.add_option("--files", o->files,
                               "golden files of 2^20 positions in this folder instead: written "
                               "beside write(2) and SHA-256, judged beside a plain read");
  for (const char* other : {"--kernel", "--filter", "--threads", "--json"}) {
    certified->excludes(app.get_option(other));
    files->excludes(app.get_option(other));
  }
  certified->excludes(files);
  app.add_option(
      "--model", o->model,
      "preset of --certified and --files (qwen3-vl-8b); all, with --certified: every preset's "
      "2^20 positions, a line each");
  return [o] { return run_bench(*o); };
}

}  // namespace plumbline
