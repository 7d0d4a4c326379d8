// SPDX-License-Identifier: Apache-2.0
#include "reference/sequence.h"

#include <charconv>
#include <sstream>
#include <stdexcept>

namespace plumbline {
namespace {

constexpr std::int64_t kCountLimit = std::int64_t{1} << 62;
constexpr std::int64_t kMostFrames = std::int64_t{1} << 16;
constexpr std::string_view kForms = "' is not tN, vTxHxW, fTxHxW, aN, kNxM, lHxW or sTxHxW+N";

std::int64_t multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product) || product > kCountLimit) {
    throw std::invalid_argument("sequence: more than 2^62 tokens");
  }
  return product;
}

[[noreturn]] void refuse(std::string_view word) {
  throw std::invalid_argument("sequence: '" + std::string(word.substr(0, 60)) +
                              std::string(kForms));
}

std::int64_t number(std::string_view digits, std::string_view word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) refuse(word);
  return value;
}

// The numbers between the first letter and the end, `separators` between them.
std::vector<std::int64_t> numbers(std::string_view word, std::string_view separators) {
  std::vector<std::int64_t> out;
  std::string_view rest = word.substr(1);
  for (const char separator : separators) {
    const auto end = rest.find(separator);
    if (end == std::string_view::npos) break;
    out.push_back(number(rest.substr(0, end), word));
    rest.remove_prefix(end + 1);
  }
  out.push_back(number(rest, word));
  if (out.size() != separators.size() + 1) refuse(word);
  return out;
}

Grid grid_of(std::string_view word) {
  const auto n = numbers(word, "xx");
  return {n[0], n[1], n[2]};
}

std::string text_of(const Grid& g) {
  return std::to_string(g.t) + "x" + std::to_string(g.h) + "x" + std::to_string(g.w);
}

}  // namespace

std::int64_t tokens(const Segment& segment) {
  if (const auto* text = std::get_if<Text>(&segment)) {
    if (text->length < 0) {
      throw std::invalid_argument("sequence: text length " + std::to_string(text->length) +
                                  " is below 0");
    }
    return text->length;
  }
  const Grid& g = std::get<Visual>(segment).grid;
  if (g.t < 1 || g.h < 1 || g.w < 1) {
    throw std::invalid_argument("sequence: grid " + text_of(g) + " has an entry below 1");
  }
  const auto& visual = std::get<Visual>(segment);
  const std::int64_t cells = multiply(multiply(g.t, g.h), row_tokens(visual));
  if (visual.medium != Medium::spoken_video) return cells;
  if (visual.audio < 0 || visual.audio > kCountLimit - cells - 4) {
    throw std::invalid_argument("sequence: audio " + std::to_string(visual.audio) +
                                " must be 0 to 2^62 tokens");
  }
  return cells + visual.audio + 4;
}

std::int64_t row_tokens(const Visual& visual) {
  return visual.medium == Medium::lumos_frame ? visual.grid.w + 1 : visual.grid.w;
}

std::int64_t tokens(const Sequence& sequence) {
  std::int64_t sum = 0;
  for (const Segment& segment : sequence) {
    const std::int64_t more = tokens(segment);
    if (more > kCountLimit - sum) throw std::invalid_argument("sequence: more than 2^62 tokens");
    sum += more;
  }
  return sum;
}

Sequence parse_notation(std::string_view text) {
  Sequence sequence;
  std::int64_t videos = 0;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (word.front() == 't' || word.front() == 'a') {
      sequence.push_back(Text{numbers(word, "").front(), {}, word.front() == 'a'});
    } else if (word.front() == 'k') {
      const auto n = numbers(word, "x");
      sequence.push_back(Visual{{1, n[0], n[1]}, Medium::tiles});
    } else if (word.front() == 'l') {
      const auto n = numbers(word, "x");
      sequence.push_back(Visual{{1, n[0], n[1]}, Medium::lumos_frame});
    } else if (word.front() == 's') {
      const auto n = numbers(word, "xx+");
      sequence.push_back(Visual{{n[0], n[1], n[2]}, Medium::spoken_video, 0, n[3]});
    } else if (word.front() == 'v') {
      const Grid grid = grid_of(word);
      sequence.push_back(Visual{grid, grid.t == 1 ? Medium::image : Medium::video, 0});
    } else if (word.front() == 'f') {
      const Grid grid = grid_of(word);
      tokens(Visual{grid, Medium::video_frame, 0});
      if (grid.t > kMostFrames) {
        throw std::invalid_argument("sequence: '" + word.substr(0, 60) +
                                    "' splits into more than 2^16 frames");
      }
      for (std::int64_t t = 0; t < grid.t; ++t) {
        sequence.push_back(Visual{{1, grid.h, grid.w}, Medium::video_frame, videos});
      }
      ++videos;
    } else {
      refuse(word);
    }
    tokens(sequence.back());
  }
  return sequence;
}

std::string notation(const Sequence& sequence) {
  std::string out;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    if (!out.empty()) out += ' ';
    if (const auto* text = std::get_if<Text>(&sequence[i])) {
      out += (text->audio ? "a" : "t") + std::to_string(text->length);
      continue;
    }
    const auto& block = std::get<Visual>(sequence[i]);
    const std::string plane = std::to_string(block.grid.h) + "x" + std::to_string(block.grid.w);
    switch (block.medium) {
      case Medium::image:
      case Medium::video:
        out += "v" + text_of(block.grid);
        continue;
      case Medium::tiles:
        out += "k" + plane;
        continue;
      case Medium::lumos_frame:
        out += "l" + plane;
        continue;
      case Medium::spoken_video:
        out += "s" + text_of(block.grid) + "+" + std::to_string(block.audio);
        continue;
      case Medium::video_frame:
        break;
    }
    Grid frames = block.grid;
    while (i + 1 < sequence.size() && sequence[i + 1] == sequence[i]) ++frames.t, ++i;
    out += "f" + text_of(frames);
  }
  return out;
}

}  // namespace plumbline
