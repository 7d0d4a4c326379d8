// SPDX-License-Identifier: Apache-2.0
// The line that replays a failure, and tests made from it.
#include <fmt/format.h>

#include <stdexcept>

#include "properties/laws/run.h"

namespace plumbline::laws {
namespace {

constexpr std::string_view kHead = "plumbline-replay 1 ";

[[noreturn]] void refuse(const std::string& why) {
  throw std::invalid_argument("replay line: " + why);
}

// Cuts "key=" and what follows it off the front: a word, or a JSON object with its strings.
std::string_view take(std::string_view& rest, std::string_view key) {
  const std::string prefix = std::string(key) + "=";
  if (!rest.starts_with(prefix)) refuse("must continue with " + prefix);
  rest.remove_prefix(prefix.size());
  std::size_t end = 0;
  if (rest.starts_with("{")) {
    int depth = 0;
    bool quoted = false;
    for (; end < rest.size(); ++end) {
      const char letter = rest[end];
      if (quoted) {
        if (letter == '\\') ++end;
        if (letter == '"') quoted = false;
      } else if (letter == '"') {
        quoted = true;
      } else if (letter == '{') {
        ++depth;
      } else if (letter == '}' && --depth == 0) {
        ++end;
        break;
      }
    }
    if (depth != 0) refuse("the object after " + prefix + " does not end");
  } else {
    end = std::min(rest.find(' '), rest.size());
  }
  const std::string_view value = rest.substr(0, end);
  rest.remove_prefix(end);
  if (!rest.empty() && rest.front() != ' ') refuse("unexpected text after " + prefix);
  if (!rest.empty()) rest.remove_prefix(1);
  return value;
}

// The sequence in notation where that says everything.
Json compact(const Json& object, const Case& c) {
  Json out = object;
  const Json resolved = case_to_json(c);
  out["params"] = resolved["params"];
  out["spectrum"] = resolved["spectrum"];
  out["shape"] = resolved["shape"];
  out["pairing"] = resolved["pairing"];
  try {
    const std::string words = notation(c.sequence);
    if (sequence_from_json(words) == c.sequence) out["sequence"] = words;
  } catch (const std::invalid_argument&) {
    // Segments that the notation has no word for stay as they are.
  }
  return out;
}

// A name for a test that depends on the line alone.
std::string test_name(const Replay& r, std::string_view line) {
  std::string name = std::string(r.law->name) + "_" + r.subject->name;
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return fmt::format("{}_{:016x}", name, Random(0).stream(line).next());
}

std::string python_text(std::string_view line) {
  std::string out = "'";
  for (const char letter : line) {
    if (letter == '\'' || letter == '\\') out += '\\';
    out += letter;
  }
  return out + "'";
}

}  // namespace

std::string replay_line(const Law& law, const Subject& subject, const Json& object,
                        const Json& aux) {
  return fmt::format("{}law={} subject={} case={} aux={}", kHead, law.name, subject.name,
                     compact(object, case_from_json(object)).dump(), aux.dump());
}

Replay parse_replay(std::string_view line, std::span<const Subject> among) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' '))
    line.remove_suffix(1);
  if (line.find('\n') != std::string_view::npos) refuse("must be one line");
  if (!line.starts_with("plumbline-replay ")) refuse("must begin with 'plumbline-replay 1'");
  if (!line.starts_with(kHead)) refuse("only version 1 is known");
  std::string_view rest = line.substr(kHead.size());
  Replay out;
  out.law = &find_law(take(rest, "law"));
  out.subject = &find_subject(among, take(rest, "subject"));
  const std::string_view object = take(rest, "case"), aux = take(rest, "aux");
  if (!rest.empty()) refuse("unexpected text at the end");
  out.c = case_from_json(parse_json(object));
  out.aux = parse_json(aux);
  if (!out.aux.is_object()) refuse("aux must be an object");
  return out;
}

Outcome replay(std::string_view line) { return judge(parse_replay(line, subjects())); }

std::string emit_cpp(std::string_view line) {
  const Replay r = parse_replay(line, subjects());
  // The hash is apart, so that nothing takes the text for an include of this file.
  return fmt::format(R"text(// Link plumbline_laws and GTest::gtest_main.
{0}include <gtest/gtest.h>

{0}include "properties/laws/run.h"

TEST(PlumblineReplay, {1}) {{
  const auto outcome = plumbline::laws::replay(
      R"line({2})line");
  EXPECT_EQ(outcome.verdict, plumbline::laws::Verdict::holds) << outcome.why;
}}
)text",
                     '#', test_name(r, line), line);
}

std::string emit_pytest(std::string_view line) {
  const Replay r = parse_replay(line, subjects());
  return fmt::format(R"text(import subprocess


def test_{}():
    line = {}
    done = subprocess.run(["plumbline", "properties", "--replay", line], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
)text",
                     test_name(r, line), python_text(line));
}

}  // namespace plumbline::laws
