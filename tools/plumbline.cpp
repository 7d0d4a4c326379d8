// SPDX-License-Identifier: Apache-2.0
#include "tools/plumbline.h"

#include <fmt/core.h>

#include <cfenv>
#include <cstdio>
#include <new>
#include <system_error>

#include "golden/file.h"
#include "tools/plugin/process.h"

namespace plumbline {
namespace {

constexpr Command kCommands[] = {
    {"list", "schemes, models, golden cases, kernels and mutants that this build knows", add_list},
    {"positions", "position_ids and rope deltas of a sequence", add_positions},
    {"allocation", "which axis drives which pair", add_allocation},
    {"frequencies", "inv_freq and attention factor, to any number of digits", add_frequencies},
    {"conformance", "which scheme keeps which criterion, each violation with its counterexample",
     add_conformance},
    {"generate", "write a golden file", add_generate},
    {"verify", "check a golden file: digests, schema, and recomputation by the second oracle",
     add_verify},
    {"validate", "judge a kernel or a candidate file against a golden file", add_validate},
    {"diagnose", "name the operator that a kernel really applies", add_diagnose},
    {"identify", "which schemes and parameters of the registry a kernel implements", add_identify},
    {"mutants", "which check kills which wrong kernel, and what it is called", add_mutants},
    {"spectrum", "which part of the frequency spectrum each axis gets", add_spectrum},
    {"diff", "compare two golden files", add_diff},
    {"bench", "the fast kernels against this machine's own limits", add_bench},
    {"properties", "try the laws of rotary embeddings on the reference and on every kernel",
     add_properties},
};

int complain(int code, const std::string& what) {
  // One line, whatever the input that it quotes: no control characters reach the terminal.
  print_line(stderr, "plumbline: {}", what);
  return code;
}

// An option that was given without text, as by a variable that is not set, is not one left out;
// of sequences there is an empty one.
void refuse_empty(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_expected_min() == 0 || option->check_lname("sequence")) continue;
    option->check([](const std::string& text) {
      return text.empty() ? std::string("must not be empty") : std::string();
    });
  }
  for (CLI::App* part : app.get_subcommands({})) refuse_empty(*part);
}

int run(int argc, char** argv) {
  CLI::App app{"plumbline: the reference for rotary position embeddings"};
  app.set_version_flag("--version", "plumbline " PLUMBLINE_VERSION);
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Run>> runs;
  for (const Command& command : kCommands) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    runs.emplace_back(sub, command.add(*sub));
    refuse_empty(*sub);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) {
      const int code = app.exit(e);
      flush_output();
      return code;
    }
    // The parser would only say that a subcommand is required.
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty()) {
      std::string known;
      for (const Command& command : kCommands)
        known += (known.empty() ? "" : ", ") + std::string(command.name);
      return complain(
          kUsage, "command '" + std::string(argv[1]).substr(0, 60) + "': must be one of " + known);
    }
    return complain(kUsage, e.what());
  }
  for (const auto& [sub, work] : runs) {
    if (!sub->parsed()) continue;
    const int code = work();
    flush_output();
    return code;
  }
  return kUsage;
}

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  using namespace plumbline;
  try {
    // Every bound and every rounding in the tree is stated for round to nearest.
    if (std::fegetround() != FE_TONEAREST)
      return complain(kUsage, "the rounding mode is not to nearest");
    return run(argc, argv);
  } catch (const std::invalid_argument& e) {
    return complain(kUsage, e.what());
  } catch (const Refused& e) {
    return complain(kFileRefused, e.what());
  } catch (const plugin::PluginFailed& e) {
    return complain(kPluginFailed, e.what());
  } catch (const Disagreement& e) {
    return complain(kDoesNotConform, e.what());
  } catch (const std::bad_alloc&) {
    return complain(kUsage, "out of memory; ask for a window of the sequence");
  } catch (const std::system_error& e) {
    return complain(kFileRefused, e.what());
  } catch (const std::exception& e) {
    return complain(kInconclusive, e.what());
  }
}
