// SPDX-License-Identifier: Apache-2.0
// What the commands share: cases from options and files.
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <thread>

#include "golden/hdf5/file_output.h"
#include "reference/model.h"
#include "tools/plumbline.h"
#include "tools/report/text_forms.h"

namespace plumbline {
namespace {

void warn(const Case& c, const std::string& where) {
  for (const std::string& line : c.warnings)
    print_line(stderr, "plumbline: warning: {}{}", where, line);
}

// "16,24,24" is a list, "true" a flag, everything else the text of a number or a word.
Json value_of(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  return text_or_list(text);
}

// What is written at the path, which may be a link; nothing for a device or a pipe. Throws Refused.
std::unique_ptr<OutputFile> regular_output(const std::string& path) {
  std::error_code ignored;
  const std::filesystem::path file = std::filesystem::weakly_canonical(path, ignored);
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_other(status)) return nullptr;
  return std::make_unique<OutputFile>(file.empty() ? std::filesystem::path(path) : file);
}

}  // namespace

std::string read_text(const std::string& path) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  if (std::filesystem::is_directory(path)) throw Refused(path + ": is a directory");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Refused(path + ": cannot be read");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw Refused(path + ": cannot be read");
  return text;
}

std::vector<Json> json_list(const std::string& path, const std::string& wrapper) {
  Json document;
  try {
    document = parse_json(read_text(path));
  } catch (const std::invalid_argument& e) {
    throw std::invalid_argument(path + ": " + e.what());
  }
  if (!wrapper.empty() && document.is_object() && document.contains(wrapper)) {
    Json inner = document[wrapper];
    document = std::move(inner);
  }
  if (document.is_array()) return {document.begin(), document.end()};
  return {document};
}

void CaseOptions::add(CLI::App& app, bool with_sequence) {
  auto* one = app.add_option("--scheme", scheme, "scheme, as in `plumbline list schemes`");
  auto* preset = app.add_option("--model", model, "model preset, as in `plumbline list models`");
  auto* file = app.add_option("--cases", cases,
                              "JSON file with one case or a list of cases; - for standard input");
  auto* knobs = app.add_option("--set", set,
                               "parameter, shape or spectrum knob: key=value, lists with commas")
                    ->take_all();
  knobs->expected(1)->allow_extra_args(false);
  if (with_sequence) {
    auto* text = app.add_option("--sequence", sequence,
                                "such as \"t5 v1x4x6 t3\", or a JSON list of segments");
    file->excludes(text);
  }
  file->excludes(one)->excludes(preset)->excludes(knobs);
}

std::vector<Case> CaseOptions::read() const {
  std::vector<Case> out;
  if (batch()) {
    const auto list = json_list(cases);
    for (std::size_t i = 0; i < list.size(); ++i)
      out.push_back(in_case(i, [&] { return case_from_json(list[i]); }));
    for (std::size_t i = 0; i < out.size(); ++i) warn(out[i], "case " + std::to_string(i) + ": ");
    return out;
  }
  if (scheme.empty() && model.empty())
    throw std::invalid_argument("needs --scheme, --model or --cases");
  Json object = Json::object();
  if (!scheme.empty()) object["scheme"] = scheme;
  if (!model.empty()) object["model"] = model;
  object["sequence"] = sequence.starts_with("[") ? parse_json(sequence) : Json(sequence);
  for (const std::string& knob : set) {
    const auto equals = knob.find('=');
    if (equals == std::string::npos || equals == 0)
      throw std::invalid_argument("--set " + knob + ": must be key=value");
    const std::string key = knob.substr(0, equals);
    const Json value = value_of(knob.substr(equals + 1));
    const bool shape = key == "head_dim" || key == "rotary_dim" || key == "num_heads" ||
                       key == "num_key_value_heads",
               base = key == "base" || key == "rope_theta",
               own = key == "pairing" || key == "arithmetic" || key == "window";
    Json& place = shape  ? object["shape"][key]
                  : base ? object["spectrum"]["base"]
                  : own  ? object[key]
                         : object["params"][key];
    if (!place.is_null())
      throw std::invalid_argument("--set " + knob + ": must set each knob once");
    place = value;
  }
  out.push_back(case_from_json(object));
  warn(out.front(), "");
  return out;
}

void flush_output() {
  std::cout.flush();
  // A flush after a failed write has nothing left to fail at.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw Refused("standard output cannot be written");
}

void write_text(const std::string& path, const std::string& text) {
  if (path.empty() || path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    flush_output();
    return;
  }
  if (const auto out = regular_output(path)) {
    out->write(0, std::as_bytes(std::span(text)), false);
    out->sync();
    out->publish();
    return;
  }
  std::ofstream out(path, std::ios::binary);  // a device or a pipe
  out << text;
  out.close();
  if (!out) throw Refused(path + ": cannot be written");
}

void require_apart(const std::vector<NamedPath>& written, const std::vector<NamedPath>& read) {
  std::error_code absent;
  const auto same = [&](const std::string& a, const std::string& b) {
    return a == b || std::filesystem::equivalent(a, b, absent) ||
           std::filesystem::weakly_canonical(a, absent) ==
               std::filesystem::weakly_canonical(b, absent);
  };
  for (std::size_t i = 0; i < written.size(); ++i) {
    const NamedPath& to = written[i];
    if (to.path.empty()) continue;
    for (const NamedPath& from : read) {
      if (to.path == "-" || from.path == "-" ||
          !std::filesystem::equivalent(to.file(), from.file(), absent))
        continue;
      throw std::invalid_argument(
          fmt::format("{} = '{}': would replace '{}', which is read: must name another file",
                      to.knob, to.path.substr(0, 200), from.file().substr(0, 200)));
    }
    for (std::size_t j = 0; j < i; ++j)
      if (same(to.file(), written[j].file()))
        throw std::invalid_argument(fmt::format("{} and {} = '{}': must name two files",
                                                written[j].knob, to.knob, to.path.substr(0, 200)));
  }
}

void need_golden(const RootAttributes& root, const std::string& path) {
  const auto kind = root.text.find("plumbline");
  if (kind == root.text.end() || kind->second != "golden") {
    throw Refused(path + ": not a golden file");
  }
}

void refuse_spectrum(const RootAttributes& root, const std::string& path) {
  if (root.text.at("plumbline") == "spectrum")
    throw Refused(path + ": is a spectrum file: must be a candidate or a golden file");
}

void JsonOption::add(CLI::App& app) {
  const auto read = [this](const std::string& text) { path_ = text.empty() ? "-" : text; };
  app.add_option_function<std::string>("--json", read,
                                       "JSON to a file; alone or - to standard output")
      ->expected(0, 1)
      ->default_str("-");
}

void JsonOption::require_writable() const {
  if (wanted() && !to_stdout()) regular_output(path_);
}

void JsonOption::write(const Json& value) const { write_text(path_, json_text(value)); }

template <class Integer>
void add_integer(CLI::App& app, const std::string& name, Integer& to, Integer least, Integer most,
                 const std::string& what) {
  // The parser's own reading takes -1 for the largest unsigned number.
  const auto read = [=, &to](const std::string& text) {
    Integer number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number < least || number > most)
      throw std::invalid_argument(fmt::format("{} = '{}': must be an integer from {} to {}", name,
                                              text.substr(0, 60), least, most));
    to = number;
  };
  app.add_option_function<std::string>(name, read, what);
}
template void add_integer(CLI::App&, const std::string&, int&, int, int, const std::string&);

void add_seed(CLI::App& app, std::uint64_t& to, const std::string& what) {
  add_integer(app, "--seed", to, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(), what);
}

unsigned threads() { return std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace plumbline
