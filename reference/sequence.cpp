// SPDX-License-Identifier: Apache-2.0
#include "reference/sequence.h"

#include <charconv>
#include <sstream>
#include <stdexcept>

namespace plumbline {
namespace {

constexpr std::int64_t kCountLimit = std::int64_t{1} << 62;
constexpr std::int64_t kMostFrames = std::int64_t{1} << 16;

std::int64_t multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product) || product > kCountLimit) {
    throw std::invalid_argument("sequence: more than 2^62 tokens");
  }
  return product;
}

std::int64_t number(std::string_view digits, std::string_view word) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    throw std::invalid_argument("sequence: '" + std::string(word) +
                                "' is not tN, vTxHxW or fTxHxW");
  }
  return value;
}

Grid grid_of(std::string_view word) {
  const auto first = word.find('x'), second = word.find('x', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) {
    throw std::invalid_argument("sequence: '" + std::string(word) +
                                "' is not tN, vTxHxW or fTxHxW");
  }
  return {number(word.substr(1, first - 1), word),
          number(word.substr(first + 1, second - first - 1), word),
          number(word.substr(second + 1), word)};
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
  return multiply(multiply(g.t, g.h), g.w);
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
    if (word.front() == 't') {
      sequence.push_back(Text{number(std::string_view(word).substr(1), word), {}});
    } else if (word.front() == 'v') {
      const Grid grid = grid_of(word);
      sequence.push_back(Visual{grid, grid.t == 1 ? Medium::image : Medium::video, 0});
    } else if (word.front() == 'f') {
      const Grid grid = grid_of(word);
      tokens(Visual{grid, Medium::video_frame, 0});
      if (grid.t > kMostFrames) {
        throw std::invalid_argument("sequence: '" + word + "' splits into more than 2^16 frames");
      }
      for (std::int64_t t = 0; t < grid.t; ++t) {
        sequence.push_back(Visual{{1, grid.h, grid.w}, Medium::video_frame, videos});
      }
      ++videos;
    } else {
      throw std::invalid_argument("sequence: '" + word + "' is not tN, vTxHxW or fTxHxW");
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
      out += "t" + std::to_string(text->length);
      continue;
    }
    const auto& block = std::get<Visual>(sequence[i]);
    if (block.medium != Medium::video_frame) {
      out += "v" + text_of(block.grid);
      continue;
    }
    Grid frames = block.grid;
    while (i + 1 < sequence.size() && sequence[i + 1] == sequence[i]) ++frames.t, ++i;
    out += "f" + text_of(frames);
  }
  return out;
}

}  // namespace plumbline
