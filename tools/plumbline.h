// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "golden/golden.h"
#include "golden/plain_text.h"
#include "tools/subject.h"

namespace plumbline {

// Exit codes of every command; results go to stdout, diagnostics to stderr.
enum Exit : int {
  kConforms = 0,
  kDoesNotConform = 1,
  kUsage = 2,
  kFileRefused = 3,
  kPluginFailed = 4,
  kInconclusive = 5,
  kSkipped = 77,
};

// Each command adds its options to `app` and leaves the work to `run`, whose result is the exit
// code.
using Run = std::function<int()>;
struct Command {
  const char* name;
  const char* summary;
  Run (*add)(CLI::App& app);
};

Run add_list(CLI::App&);
Run add_positions(CLI::App&);
Run add_allocation(CLI::App&);
Run add_frequencies(CLI::App&);
Run add_conformance(CLI::App&);
Run add_generate(CLI::App&);
Run add_verify(CLI::App&);
Run add_validate(CLI::App&);
Run add_diff(CLI::App&);
Run add_spectrum(CLI::App&);
Run add_properties(CLI::App&);
Run add_bench(CLI::App&);
Run add_diagnose(CLI::App&);
Run add_identify(CLI::App&);
Run add_mutants(CLI::App&);

// Reads a whole file, "-" for standard input. Throws Refused where it cannot be read.
std::string read_text(const std::string& path);
// One case from options: --scheme, --model, --sequence, --set k=v; or the list of --cases.
struct CaseOptions {
  std::string scheme, model, sequence, cases;
  std::vector<std::string> set;
  void add(CLI::App& app, bool with_sequence);
  bool batch() const { return !cases.empty(); }
  // Throws std::invalid_argument; in a batch the line names the case's index. Prints warnings to
  // stderr.
  std::vector<Case> read() const;
};
// What `work` on an entry of a list refuses is refused by the entry's index.
template <class Work>
auto in_case(std::size_t index, const Work& work) {
  try {
    return work();
  } catch (const std::invalid_argument& e) {
    throw std::invalid_argument(fmt::format("case {}: {}", index, e.what()));
  }
}
// A JSON list of objects, or one object, as a list. `wrapper` names a field that may hold the list.
std::vector<Json> json_list(const std::string& path, const std::string& wrapper = {});
// Throws Refused unless the file says that it is a golden one.
void need_golden(const RootAttributes& root, const std::string& path);
// Throws Refused for a file of numbers that are no kernel's.
void refuse_spectrum(const RootAttributes& root, const std::string& path);
// A line of text, plain whatever names it quotes.
template <class... Args>
void print_line(std::FILE* to, fmt::format_string<Args...> format, Args&&... args) {
  fmt::print(to, "{}\n", in_one_line(fmt::format(format, std::forward<Args>(args)...)));
}
// What was printed goes out. Throws Refused where standard output takes no more.
void flush_output();
// Text to the file, whole or not at all, or to stdout for "" and "-". Throws Refused naming the
// path.
void write_text(const std::string& path, const std::string& text);
// Throws std::invalid_argument where two options write to one place, or one to what is read, under
// whatever name. "" is no place, "-" a stream.
struct NamedPath {
  std::string knob, path;   // as they were given
  std::string suffix = {};  // of the file that goes with it
  std::string file() const { return path + suffix; }
};
void require_apart(const std::vector<NamedPath>& written, const std::vector<NamedPath>& read);
// --json [FILE]: whether it was asked for, and where it goes. Must live as long as the option.
class JsonOption {
 public:
  void add(CLI::App& app);
  bool wanted() const { return !path_.empty(); }
  const std::string& path() const { return path_; }  // "" where it was not, "-" for stdout
  bool to_stdout() const { return path_ == "-"; }
  // Throws Refused, and leaves nothing behind, where no file can be written at the path.
  void require_writable() const;
  void write(const Json& value) const;

 private:
  std::string path_;
};
// NAME N, from `least` to `most`, for int. Other text is refused with std::invalid_argument. `to`
// must live as long as the option.
template <class Integer>
void add_integer(CLI::App& app, const std::string& name, Integer& to, Integer least, Integer most,
                 const std::string& what);
// --seed N, of any 64 bits. `to` must live as long as the option.
void add_seed(CLI::App& app, std::uint64_t& to, const std::string& what);
// Threads to use: all cores.
unsigned threads();

}  // namespace plumbline
