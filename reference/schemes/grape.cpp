// SPDX-License-Identifier: Apache-2.0
// GRAPE: canonical planes are pairs of lanes; learned planes are given as parameters.
#include <stdexcept>
#include <string>

#include "reference/frequency_maps.h"
#include "reference/planes.h"
#include "reference/scheme.h"

namespace plumbline {
namespace {

// Frequencies are base^(-2 i / d) raised to 1 / log_freq_scale.
Rational exponent_of(const Parameters& parameters) {
  return 1 / parameters.number("log_freq_scale");
}

FrequencyAllocation grape(const HeadShape& shape, const Parameters& parameters) {
  if (parameters.word("mode") != "canonical") return one_map(shape, [](int) { return Axis::none; });
  auto map = parameters.word("frequency_allocation") == "chunked" ? chunked(shape, parameters)
                                                                  : round_robin(shape, parameters);
  map.ladders.front().exponent = exponent_of(parameters);
  return map;
}

// round(j (n - 1) / (count - 1)), ties to even: which of n frequencies the j-th of `count` planes
// gets.
int spread(std::int64_t j, std::int64_t count, std::int64_t n) {
  if (count == n) return static_cast<int>(j);
  if (count == 1) return 0;
  const std::int64_t twice = 2 * j * (n - 1), step = count - 1;
  std::int64_t nearest = (twice + step) / (2 * step);
  if ((twice + step) % (2 * step) == 0 && nearest % 2 != 0) --nearest;
  return static_cast<int>(nearest);
}

std::int64_t count_of(const Parameters& parameters, std::string_view knob, std::int64_t fallback,
                      std::int64_t most) {
  if (!parameters.has(knob)) return fallback;
  const Rational& value = parameters.number(knob);
  if (denominator(value) != 1 || value > most) {
    throw std::invalid_argument(std::string(knob) + " = " + to_text(value) +
                                ": must be an integer from 1 to " + std::to_string(most));
  }
  return numerator(value).convert_to<std::int64_t>();
}

// `width` numbers from row `row` of the knob, which holds `rows` of them; nothing where it is not
// given.
std::optional<std::vector<Rational>> learned(const Parameters& parameters, std::string_view knob,
                                             std::int64_t rows, std::int64_t row,
                                             std::int64_t width) {
  if (!parameters.has(knob)) return std::nullopt;
  const auto& all = parameters.numbers(knob);
  if (static_cast<std::int64_t>(all.size()) != rows * width) {
    throw std::invalid_argument(std::string(knob) + " has " + std::to_string(all.size()) +
                                " numbers: must have " + std::to_string(rows) + " x " +
                                std::to_string(width));
  }
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(row * width);
  return std::vector<Rational>(first, first + static_cast<std::ptrdiff_t>(width));
}

std::vector<Rational> one_hot(std::int64_t width, std::int64_t at) {
  std::vector<Rational> out(static_cast<std::size_t>(width));
  out[static_cast<std::size_t>(at)] = 1;
  return out;
}

// Plane j of `count` in `width` lanes: learned where given, else lanes (2j mod width, 2j + 1 mod
// width), as the source's rope_init sets it.
Plane plane(const Parameters& parameters, const std::string& prefix, std::int64_t rows,
            std::int64_t row, std::int64_t j, std::int64_t width) {
  Plane out;
  const auto a = learned(parameters, prefix + "a", rows, row, width),
             b = learned(parameters, prefix + "b", rows, row, width);
  out.a = a ? *a : one_hot(width, 2 * j % width);
  out.b = b ? *b : one_hot(width, (2 * j + 1) % width);
  out.exponent = exponent_of(parameters);
  return out;
}

std::vector<PlaneBank> along_axes(const HeadShape& shape, const Parameters& parameters) {
  const int n = shape.pairs();
  const std::int64_t count = count_of(parameters, "num_planes", n, n);
  std::vector<PlaneBank> banks;
  for (const char* axis : {"t", "h", "w"}) {
    PlaneBank& bank = banks.emplace_back();
    for (std::int64_t j = 0; j < count; ++j) {
      bank.planes.push_back(
          plane(parameters, std::string(axis) + "_grape.", count, j, j, shape.rotary_dim));
      bank.planes.back().direction = one_hot(3, static_cast<std::int64_t>(banks.size()) - 1);
      bank.planes.back().rung = spread(j, count, n);
    }
  }
  return banks;
}

void aim(Plane& plane, const Parameters& parameters, std::int64_t rows, std::int64_t row) {
  const auto given = learned(parameters, "axis_weight", rows, row, 3);
  plane.direction = given ? *given : one_hot(3, row % 3);
  plane.unit_direction = true;
}

std::vector<PlaneBank> mixed(const HeadShape& shape, const Parameters& parameters) {
  const int n = shape.pairs();
  const std::int64_t count = count_of(parameters, "num_planes", n, n);
  PlaneBank bank;
  for (std::int64_t j = 0; j < count; ++j) {
    bank.planes.push_back(plane(parameters, "", count, j, j, shape.rotary_dim));
    aim(bank.planes.back(), parameters, count, j);
    bank.planes.back().rung = spread(j, count, n);
  }
  return {bank};
}

std::vector<PlaneBank> block_mixed(const HeadShape& shape, const Parameters& parameters) {
  const std::int64_t n = shape.pairs(), d = shape.rotary_dim;
  const std::int64_t size = count_of(parameters, "block_size", 16, d);
  if (size < 2 || d % size != 0) {
    throw std::invalid_argument(
        "block_size = " + std::to_string(size) +
        ": must be at least 2 and divide rotary_dim = " + std::to_string(d));
  }
  const std::int64_t per_block = count_of(parameters, "planes_per_block", size / 2, size / 2);
  const std::int64_t blocks = d / size;
  PlaneBank bank;
  for (std::int64_t k = 0; k < blocks; ++k) {
    for (std::int64_t j = 0; j < per_block; ++j) {
      const std::int64_t row = k * per_block + j, rows = blocks * per_block;
      Plane next = plane(parameters, "", rows, row, j, size);
      next.first_lane = static_cast<int>(k * size);
      aim(next, parameters, rows, row);
      next.rung = n % blocks == 0
                      ? static_cast<int>(k * (n / blocks)) + spread(j, per_block, n / blocks)
                      : spread(row, rows, n);
      bank.planes.push_back(std::move(next));
    }
  }
  return {bank};
}

std::vector<PlaneBank> learned_planes(const HeadShape& shape, const Parameters& parameters, int) {
  const std::string_view mode = parameters.word("mode");
  if (mode == "axis") return along_axes(shape, parameters);
  if (mode == "mixed") return mixed(shape, parameters);
  if (mode == "block_mixed") return block_mixed(shape, parameters);
  return {};
}

constexpr ParameterSpec matrix(std::string_view name) { return {name, Kind::numbers, {}}; }
constexpr ParameterSpec kKnobs[] = {
    temporal_stride("1"),
    mrope_section("16,24,24"),
    {"frequency_allocation", Kind::word, "chunked", "chunked,interleaved"},
    {"log_freq_scale", Kind::positive, "1"},
    {"mode", Kind::word, "canonical", "canonical,axis,mixed,block_mixed"},
    {.name = "num_planes", .kind = Kind::positive, .fallback = {}, .domain = "1;2"},
    {.name = "block_size", .kind = Kind::positive, .fallback = "16", .domain = "4;16"},
    {.name = "planes_per_block", .kind = Kind::positive, .fallback = {}, .domain = "1;2"},
    matrix("t_grape.a"),
    matrix("t_grape.b"),
    matrix("h_grape.a"),
    matrix("h_grape.b"),
    matrix("w_grape.a"),
    matrix("w_grape.b"),
    matrix("a"),
    matrix("b"),
    matrix("axis_weight"),
    kIntegerOutput};

constexpr std::string_view kChunkedPairs =
    "TEXT0?base_frequencies TEXT1?base_frequencies INJ?steps_at_least_one RINJ?steps_at_least_one "
    "DECF! SYM?equal_extents FULL! GRAN!";
constexpr std::string_view kRoundPairs =
    "TEXT0?base_frequencies TEXT1?base_frequencies INJ?steps_at_least_one RINJ?steps_at_least_one "
    "DECF! SYM?equal_extents FULL?base_frequencies GRAN!";
// At their initial values all three banks turn the same planes: by t + h + w.
constexpr std::string_view kAxisPlanes =
    "REL?orthogonal_planes ISO?orthogonal_planes TEXT0! TEXT1! INJ?steps_at_least_one RINJ! DECF! "
    "SYM?equal_extents FULL. GRAN.";
constexpr std::string_view kMixedPlanes =
    "REL?orthogonal_planes ISO?orthogonal_planes TEXT0?initial_planes TEXT1?initial_planes "
    "INJ?steps_at_least_one RINJ?steps_at_least_one&initial_planes DECF! SYM?equal_extents FULL. "
    "GRAN.";
// Two planes that share a direction; banks that do not commute.
constexpr Profile kProfiles[] = {
    {"interleaved", "mode=canonical;frequency_allocation=interleaved", kRoundPairs},
    {"axis", "mode=axis", kAxisPlanes, false,
     "rotary_dim=4;t_grape.a=1,0,0,0,1,0,0,0;t_grape.b=0,1,0,0,0,0,1,0|"
     "rotary_dim=4;h_grape.a=1,0,0,0,0,1,0,0;h_grape.b=0,0,1,0,0,0,0,1"},
    {"mixed", "mode=mixed", kMixedPlanes, false,
     "rotary_dim=4;a=1,0,0,0,1,0,0,0;b=0,1,0,0,0,0,1,0"},
    {"block_mixed", "mode=block_mixed", kMixedPlanes, false,
     "rotary_dim=8;block_size=4;a=1,0,0,0,1,0,0,0,1,0,0,0,0,0,1,0;"
     "b=0,1,0,0,0,0,1,0,0,1,0,0,0,0,0,1"},
};

constexpr Scheme kSchemes[] = {
    {.name = "grape",
     .source = "GRAPE, arXiv 2512.07805; JJJYmmm/Multimodal-RoPEs, freq_allocation/grape.py",
     .design = {.layout = layout_of<GridLayout>(), .advance = advance_of<PastExtent>()},
     .allocation = {"grape", grape},
     .parameters = kKnobs,
     .rope_theta = "1000000",
     .planes = learned_planes,
     .verdicts = kChunkedPairs,
     .profiles = kProfiles},
};

}  // namespace

std::span<const Scheme> grape_schemes() { return kSchemes; }

}  // namespace plumbline
