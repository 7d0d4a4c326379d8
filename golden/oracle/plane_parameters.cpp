// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <functional>
#include <stdexcept>

#include "golden/oracle/planes.h"

namespace plumbline::oracle {
namespace {

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

std::int64_t count(const Case& c, const char* key, std::int64_t otherwise, std::int64_t most) {
  const std::int64_t value = integer(c.params, key, otherwise);
  if (value < 1 || value > most) throw std::invalid_argument(fmt::format("{}: out of range", key));
  return value;
}

void flatten(const Json& value, std::vector<Rational>& out) {
  if (!value.is_array()) return out.push_back(number(value));
  for (const Json& entry : value) flatten(entry, out);
}

// [planes][width] of learned numbers, or those that initial(plane, lane) gives.
std::vector<std::vector<Rational>> rows_of(
    const Case& c, const std::string& key, std::int64_t planes, std::int64_t width,
    const std::function<bool(std::int64_t, std::int64_t)>& initial) {
  std::vector<Rational> flat;
  if (has(c.params, key.c_str())) {
    flatten(c.params.at(key), flat);
  } else {
    for (std::int64_t j = 0; j < planes; ++j) {
      for (std::int64_t k = 0; k < width; ++k) flat.push_back(initial(j, k) ? 1 : 0);
    }
  }
  if (flat.size() != size(planes * width)) {
    throw std::invalid_argument(fmt::format("{}: needs {} x {} numbers", key, planes, width));
  }
  std::vector<std::vector<Rational>> rows;
  for (auto row = flat.begin(); row != flat.end(); row += width) {
    rows.emplace_back(row, row + width);
  }
  return rows;
}

Rational dot(const std::vector<Rational>& x, const std::vector<Rational>& y) {
  Rational sum;
  for (std::size_t i = 0; i < x.size(); ++i) sum = sum + x[i] * y[i];
  return sum;
}

// The place among `frequencies` equidistant ones of plane j of `planes`; ties to even.
std::int64_t spread(std::int64_t j, std::int64_t planes, std::int64_t frequencies) {
  if (planes == frequencies) return j;
  if (planes == 1) return 0;
  const std::int64_t above = 2 * j * (frequencies - 1), below = 2 * (planes - 1);
  const std::int64_t down = above / below, rest = above % below;
  const bool up = 2 * rest > below || (2 * rest == below && down % 2 == 1);
  return up ? down + 1 : down;
}

// Planes on `width` lanes each, `planes` to a block of so many lanes.
Bank bank_of(const Case& c, const std::string& prefix, std::int64_t blocks, std::int64_t planes,
             std::int64_t width) {
  const std::int64_t all = blocks * planes, n = c.pairs();
  const auto lane = [&](std::int64_t j, std::int64_t which) {
    return (2 * (j % planes) + which) % width;
  };
  auto a = rows_of(c, prefix + "a", all, width, [&](auto j, auto k) { return k == lane(j, 0); });
  auto b = rows_of(c, prefix + "b", all, width, [&](auto j, auto k) { return k == lane(j, 1); });
  Bank bank;
  for (std::int64_t j = 0; j < all; ++j) {
    Plane plane;
    plane.first = size(j / planes * width);
    plane.rung =
        size(n % blocks == 0 ? j / planes * (n / blocks) + spread(j % planes, planes, n / blocks)
                             : spread(j, all, n));
    plane.a = std::move(a[size(j)]);
    plane.b = std::move(b[size(j)]);
    const Rational aa = dot(plane.a, plane.a);
    if (aa.sign() == 0) throw std::invalid_argument(prefix + "a: a plane has no direction");
    const Rational along = dot(plane.a, plane.b) / aa;
    for (std::size_t k = 0; k < plane.b.size(); ++k) {
      plane.b[k] = plane.b[k] - along * plane.a[k];
    }
    if (dot(plane.b, plane.b).sign() == 0) {
      throw std::invalid_argument(prefix + "b: is parallel to a");
    }
    bank.push_back(std::move(plane));
  }
  return bank;
}

void direct(const Case& c, Bank& bank) {
  const auto weights = rows_of(c, "axis_weight", static_cast<std::int64_t>(bank.size()), 3,
                               [](std::int64_t j, std::int64_t axis) { return axis == j % 3; });
  for (std::size_t j = 0; j < bank.size(); ++j) {
    if (dot(weights[j], weights[j]).sign() == 0) {
      throw std::invalid_argument("axis_weight: a direction is zero");
    }
    bank[j].axis_weight = weights[j];
  }
}

}  // namespace

std::vector<std::vector<Bank>> mixed_banks(const Case& c) {
  const auto absent = [](std::int64_t, std::int64_t) -> bool {
    throw std::invalid_argument("frequencies: is missing");
  };
  const std::int64_t n = c.pairs();
  auto rows = rows_of(c, "frequencies", c.num_key_value_heads * n, 2, absent);
  std::vector<std::vector<Bank>> banks(size(c.num_key_value_heads), std::vector<Bank>(1));
  for (std::int64_t j = 0; j < c.num_key_value_heads * n; ++j) {
    std::vector<Rational>& row = rows[size(j)];
    Plane plane{.first = size(2 * (j % n)), .a = {1, 0}, .b = {0, 1}};
    plane.axis_weight = {std::move(row[1]), std::move(row[0])};
    banks[size(j / n)][0].push_back(std::move(plane));
  }
  return banks;
}

std::vector<Bank> learned_banks(const Case& c) {
  const std::string mode = c.params.at("mode");
  const std::int64_t lanes = c.rotary_dim;
  std::vector<Bank> banks;
  if (mode == "axis") {
    const std::int64_t planes = count(c, "num_planes", c.pairs(), c.pairs());
    for (const char axis : {'t', 'h', 'w'}) {
      banks.push_back(bank_of(c, fmt::format("{}_grape.", axis), 1, planes, lanes));
      for (Plane& plane : banks.back()) {
        plane.axis_weight = {axis == 't' ? 1 : 0, axis == 'h' ? 1 : 0, axis == 'w' ? 1 : 0};
      }
    }
  } else if (mode == "mixed") {
    banks.push_back(bank_of(c, "", 1, count(c, "num_planes", c.pairs(), c.pairs()), lanes));
    direct(c, banks.back());
  } else if (mode == "block_mixed") {
    const std::int64_t width = count(c, "block_size", 16, lanes);
    if (lanes % width != 0) throw std::invalid_argument("block_size: must divide rotary_dim");
    const std::int64_t planes = count(c, "planes_per_block", width / 2, width / 2);
    banks.push_back(bank_of(c, "", lanes / width, planes, width));
    direct(c, banks.back());
  } else {
    throw std::invalid_argument(fmt::format("mode: \"{}\" is not known", mode));
  }
  return banks;
}

}  // namespace plumbline::oracle
