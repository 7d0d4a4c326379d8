// SPDX-License-Identifier: Apache-2.0
#include "golden/differing_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "golden/flags.h"
#include "golden/golden.h"
#include "golden/hdf5/file_names.h"
#include "golden/plain_text.h"
#include "reference/planes.h"

namespace plumbline {
namespace {

using Lines = std::vector<std::string>;

std::string text_of(const std::map<std::string, std::string>& attributes, const char* name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? "" : found->second;
}

// A word of a stranger, short enough for a line.
std::string said(const std::string& word) { return "'" + in_one_line(word.substr(0, 80)) + "'"; }

std::string folder(const Format& f) { return std::string(info(dtype_of(f)).name) + "/"; }

bool has_inputs(const Case& c) {
  return c.contents.rotated || c.contents.adjoint || c.contents.logits;
}

// By golden/FORMAT.md, section 3; the exact positions are optional.
std::set<std::string> datasets_of(const Case& c) {
  std::set<std::string> out{"token_index", "position_ids"};
  const bool dense = has_planes(c);
  if (!dense) out.insert({"axis_map", "rung", "inv_freq"});
  for (const Format& f : table_formats(c)) out.insert({folder(f) + "cos", folder(f) + "sin"});
  const bool logits = c.contents.logits && !dense;
  if (logits) out.insert("logits_index");
  for (const Format& f : c.dtypes) {
    if (has_inputs(c)) out.insert({folder(f) + "q_in", folder(f) + "k_in"});
    if (c.contents.rotated) out.insert({folder(f) + "q_out", folder(f) + "k_out"});
    if (c.contents.adjoint) out.insert({folder(f) + "q_adj", folder(f) + "k_adj"});
    if (logits) out.insert(folder(f) + "logits");
  }
  return out;
}

void compare_datasets(const CaseView& stored, const Case& c, Lines& out) {
  const std::set<std::string> wanted = datasets_of(c);
  for (const std::string& path : wanted) {
    if (!stored.datasets.contains(path))
      throw Refused("dataset /cases/" + stored.id + "/" + path + " is missing");
  }
  for (const auto& [path, view] : stored.datasets) {
    const bool exact = std::find(std::begin(kExactPositions), std::end(kExactPositions), path) !=
                       std::end(kExactPositions);
    if (!wanted.contains(path) && !exact)
      out.push_back(in_one_line(path) +
                    ": is stored, though the case's tensors and dtypes do not ask for it");
  }
}

void compare_composition(const CaseView& stored, const Case& c, Lines& out) {
  const Json given = Json::parse(text_of(stored.text, "case")).value("composition", Json::object()),
             wanted = case_to_json(c)["composition"];
  const auto line = [&](const std::string& key, const Json& a, const Json& b) {
    const auto word = [](const Json& x) { return x.is_null() ? "nothing" : x.dump(); };
    return fmt::format("composition: {} is {}, scheme {} has {}", in_one_line(key.substr(0, 80)),
                       in_one_line(word(a).substr(0, 80)), c.scheme->name, word(b));
  };
  for (const auto& [key, value] : wanted.items()) {
    const Json there = given.is_object() ? given.value(key, Json()) : Json();
    if (there != value) out.push_back(line(key, there, value));
  }
  for (const auto& [key, value] : given.items()) {
    if (!wanted.contains(key)) out.push_back(line(key, value, Json()));
  }
}

void compare_inputs(const CaseView& stored, const Case& c, Lines& out) {
  if (!has_inputs(c)) return;
  for (const Format& f : c.dtypes) {
    for (const char* tensor : {"q", "k"}) {
      const std::string path = folder(f) + tensor + "_in";
      const DatasetView& view = stored.datasets.at(path);
      const auto width = static_cast<std::size_t>(f.bytes);
      const std::vector<std::uint64_t> drawn =
          draw_inputs(c.seed, tensor, f, view.bytes.size() / width, c.special_inputs);
      std::size_t differ = 0, first = 0;
      for (std::size_t i = drawn.size(); i-- > 0;) {
        if (std::memcmp(view.bytes.data() + i * width, &drawn[i], width) != 0) ++differ, first = i;
      }
      if (differ > 0)
        out.push_back(fmt::format(
            "{}: {} of {} values are not what seed {} and {} inputs draw, first at index {}", path,
            differ, drawn.size(), c.seed, c.special_inputs ? "special" : "ordinary", first));
    }
  }
}

// What a case gives, whatever the suite; `prompt` are one case or its two.
bool may_be(const std::string& suite_name, const std::vector<std::string>& ids) {
  if (suite_name == "cases") return true;
  return suite_name == "prompt" &&
         (ids.size() == 1 || (ids.size() == 2 && ids[1] == ids[0] + ".seams"));
}

}  // namespace

bool is_of_this_version(const RootAttributes& root) {
  return text_of(root.text, "generator") == golden_root("").text.at("generator");
}

std::string words_of_another_version(const RootAttributes& root) {
  return said(text_of(root.text, "generator")) + " wrote the file, and this is " +
         golden_root("").text.at("generator");
}

Lines differing_words(const CaseView& stored, const Case& c, bool own_words) {
  Lines out;
  if (c.id != stored.id) out.push_back("case: its id is " + said(c.id));
  compare_composition(stored, c, out);
  compare_datasets(stored, c, out);
  compare_inputs(stored, c, out);
  if (!own_words) return out;
  const std::string flags = flags_of(c, stored.datasets.at("position_ids"));
  if (text_of(stored.text, "flags") != flags)
    out.push_back(fmt::format("flags: {}, the case and its positions have '{}'",
                              said(text_of(stored.text, "flags")), flags));
  if (text_of(stored.text, "source") != c.scheme->source)
    out.push_back(fmt::format("source: {}, scheme {} has '{}'",
                              said(text_of(stored.text, "source")), c.scheme->name,
                              c.scheme->source));
  return out;
}

Lines differing_suite(const CaseFile& file, bool own_words) {
  const std::string name = text_of(file.root().text, "suite");
  const bool listed = name == "smoke" || name == "minimal" || name == "full";
  if (!listed) {
    if (may_be(name, file.ids())) return {};
    return {fmt::format("suite: {}, must be {}", said(name),
                        name == "prompt" ? "of one case, or of ID and ID.seams"
                                         : "smoke, minimal, full, cases or prompt")};
  }
  Lines out;
  if (!own_words) return out;
  std::set<std::string> known;
  for (const GoldenCase& g : suite(name)) {
    known.insert(g.c.id);
    if (std::find(file.ids().begin(), file.ids().end(), g.c.id) == file.ids().end()) {
      out.push_back(fmt::format("suite: {} has a case {}, the file has not", name, g.c.id));
    } else if (text_of(file.view(g.c.id).text, "case") != case_to_json(g.c).dump()) {
      out.push_back(fmt::format("suite: the file's case {} is not that of {}", g.c.id, name));
    }
  }
  for (const std::string& id : file.ids()) {
    if (!known.contains(id)) out.push_back(fmt::format("suite: {} has no case {}", name, id));
  }
  return out;
}

}  // namespace plumbline
