// SPDX-License-Identifier: Apache-2.0
#include "tools/spectrum/html.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

namespace plumbline::spectrum {

std::string plain(double x) {
  if (std::isinf(x)) return "∞";
  if (x == 0) return "0";
  const double size = std::abs(x);
  if (size >= 1e6) {
    const int exponent = static_cast<int>(std::floor(std::log10(size)));
    return fmt::format("{:.2f}·10<sup>{}</sup>", x / std::pow(10, exponent), exponent);
  }
  if (size >= 1000) return fmt::format("{:.0f}", x);
  if (size < 1e-3) return fmt::format("{:.1e}", x);
  std::string out = fmt::format("{:.{}f}", x, size >= 100 ? 1 : size >= 10 ? 2 : 3);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  return out;
}

std::string exact(double x) { return fmt::format("{}", x); }

char axis_class(char letter) {
  switch (letter) {
    case 'T':
    case '0':
      return 't';
    case 'H':
    case '1':
      return 'h';
    case 'W':
    case '2':
      return 'w';
    case '3':
      return 'x';
    default:
      return 'n';
  }
}

std::string rows_attribute(const std::vector<std::size_t>& rows) {
  std::string out;
  for (const std::size_t row : rows) out += fmt::format("{}{}", out.empty() ? "" : " ", row);
  return out;
}

std::string names(const Report& report, const std::vector<std::size_t>& rows) {
  std::string out;
  for (const std::size_t row : rows)
    out += fmt::format("<span data-rows=\"{}\">{}</span>", row, escaped(report.rows[row].title));
  return out;
}

std::string strip(const std::vector<std::string>& axis_maps, int width, int row_height) {
  std::vector<std::string> distinct;
  for (const std::string& one : axis_maps) {
    if (distinct.empty() || distinct.back() != one) distinct.push_back(one);
  }
  if (distinct.empty()) return {};
  std::map<char, std::string> paths;
  for (std::size_t row = 0; row < distinct.size(); ++row) {
    const std::string& letters = distinct[row];
    for (std::size_t i = 0; i < letters.size();) {
      std::size_t end = i;
      while (end < letters.size() && letters[end] == letters[i]) ++end;
      paths[axis_class(letters[i])] += fmt::format("M{} {}h{}v.86h-{}z", i, row, end - i, end - i);
      i = end;
    }
  }
  std::string out = fmt::format(
      "<svg class=strip width={} height={} viewBox=\"0 0 {} {}\" preserveAspectRatio=none "
      "role=img><title>axis of each pair, fastest first: {}</title>",
      width, row_height * static_cast<int>(distinct.size()), distinct.front().size(),
      distinct.size(), escaped(distinct.size() == 1 ? distinct.front() : "by KV head"));
  for (const auto& [axis, path] : paths)
    out += fmt::format("<path class=\"f a{}\" d=\"{}\"/>", axis, path);
  return out + "</svg>";
}

}  // namespace plumbline::spectrum
