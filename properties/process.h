// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "properties/file_support.h"

// The command-line tool as its users see it: arguments in; exit code, standard output and standard
// error out.
namespace plumbline {

struct Ended {
  int code = -1;  // 1000 + n after signal n
  std::string out, err;
};

using Arguments = std::vector<std::string>;

inline std::string shown(const Arguments& arguments) {
  std::string line = "plumbline";
  for (const std::string& word : arguments) line += " " + word.substr(0, 200);
  return line;
}

// Runs PLUMBLINE_BINARY with standard input from `input`, and standard output to a device where
// `device` names one. A child that spins is stopped by its own
// limit of processor time, so that a hang is a failure of the one check that met it.
inline Ended run(const Arguments& arguments, const std::string& input = {},
                 const char* device = nullptr) {
  using Stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  const auto stream = [] { return Stream(std::tmpfile(), std::fclose); };
  const Stream in = stream(), out = stream(), err = stream();
  std::fwrite(input.data(), 1, input.size(), in.get());
  std::rewind(in.get());
  std::string binary = PLUMBLINE_BINARY;
  Arguments words = arguments;
  std::vector<char*> argv{binary.data()};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    constexpr rlimit kSeconds{60, 60};
    setrlimit(RLIMIT_CPU, &kSeconds);
    dup2(fileno(in.get()), STDIN_FILENO);
    dup2(device == nullptr ? fileno(out.get()) : open(device, O_WRONLY), STDOUT_FILENO);
    dup2(fileno(err.get()), STDERR_FILENO);
    execv(argv.front(), argv.data());
    _exit(127);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  const auto text = [](std::FILE* file) {
    std::string bytes(static_cast<std::size_t>(lseek(fileno(file), 0, SEEK_END)), '\0');
    const ssize_t got = pread(fileno(file), bytes.data(), bytes.size(), 0);
    EXPECT_EQ(got, static_cast<ssize_t>(bytes.size()));
    return bytes;
  };
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  return {code, text(out.get()), text(err.get())};
}

inline bool one_line(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n') == 1 && text.back() == '\n';
}

// The promise for everything that is refused: the exit code, one line on standard error that holds
// every one of `words`, and nothing on standard output.
inline void expect_refusal(const Arguments& arguments, int code,
                           const std::vector<std::string>& words, const std::string& input = {}) {
  SCOPED_TRACE(shown(arguments));
  const Ended ended = run(arguments, input);
  EXPECT_EQ(ended.code, code) << ended.err;
  EXPECT_TRUE(one_line(ended.err)) << ended.err;
  EXPECT_TRUE(ended.err.starts_with("plumbline: ")) << ended.err;
  EXPECT_EQ(ended.out, "");
  for (const std::string& word : words)
    EXPECT_NE(ended.err.find(word), std::string::npos) << "no '" << word << "' in: " << ended.err;
}

// Standard output of a run that must succeed; what it says on standard error must be `err`.
inline std::string output(const Arguments& arguments, const std::string& input = {},
                          const std::string& err = {}) {
  SCOPED_TRACE(shown(arguments));
  const Ended ended = run(arguments, input);
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.err, err);
  return ended.out;
}

// One small case with every kind of tensor that a kernel answers.
inline constexpr const char* kTinyCase =
    R"({"id": "tiny", "scheme": "mrope", "sequence": "t1 v1x1x2", "params": {"mrope_section":
    [2, 1, 1]}, "shape": {"head_dim": 8, "rotary_dim": 8, "num_heads": 1, "num_key_value_heads": 1},
    "dtypes": ["f32"], "tensors": ["tables", "rotated"]})";

class CommandLine : public FileRoom {
 protected:
  std::string spilled(const std::string& name, const std::string& text) const {
    spill(at(name), text);
    return at(name);
  }
  std::string tiny_golden(const std::string& name = "tiny.h5") const {
    const std::string path = at(name);
    output_of_generate({"generate", "--cases", "-", "--out", path}, kTinyCase);
    return path;
  }
  // The line with size and speed differs from run to run.
  static void output_of_generate(const Arguments& arguments, const std::string& input = {}) {
    EXPECT_NE(output(arguments, input), "");
  }
};

}  // namespace plumbline
