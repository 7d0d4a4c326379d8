// SPDX-License-Identifier: Apache-2.0
// What a kernel is told of a case.
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "golden/file.h"
#include "tools/plugin/run.h"

namespace plumbline::plugin {
namespace {

template <class T>
std::vector<std::byte> bytes_of(const std::vector<double>& ids) {
  std::vector<std::byte> out(ids.size() * sizeof(T));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const T value = static_cast<T>(ids[i]);
    std::memcpy(out.data() + i * sizeof(T), &value, sizeof value);
  }
  return out;
}

bool all_integers(const std::vector<double>& ids, double limit) {
  return std::all_of(ids.begin(), ids.end(), [&](double x) {
    return std::isfinite(x) && x == std::trunc(x) && std::abs(x) < limit;
  });
}

}  // namespace

CallBytes arguments(const Case& c, const FrequencyAllocation& map, int axes,
                    std::vector<double> inv_freq, double attention_factor) {
  CallBytes out;
  out.c.head_dim = c.shape.head_dim;
  out.c.rotary_dim = c.shape.rotary_dim;
  out.c.num_heads = c.shape.num_heads;
  out.c.num_key_value_heads = c.shape.num_key_value_heads;
  out.c.pairing = c.pairing == Pairing::neox ? PLUMBLINE_NEOX : PLUMBLINE_GPTJ;
  out.c.axes = axes;
  out.c.maps = map.maps;
  out.c.attention_factor = attention_factor;
  out.c.base = to_double(c.spectrum.rope_theta);
  for (const Assignment& a : map.of) {
    out.axis_map.push_back(a.axis == Axis::none ? std::uint8_t{PLUMBLINE_NO_AXIS}
                                                : static_cast<std::uint8_t>(a.axis));
    out.rung.push_back(a.rung);
  }
  out.inv_freq = std::move(inv_freq);
  out.scaling = c.spectrum_json.value("scaling", std::string("default"));
  out.json = case_to_json(c).dump();
  return out;
}

bool set_positions(CallBytes& call, const std::vector<double>& ids, bool narrow) {
  if (narrow) {
    if (!all_integers(ids, 0x1p31)) return false;
    call.position_dtype = PLUMBLINE_POSITION_I32;
    call.position_ids = bytes_of<std::int32_t>(ids);
    return true;
  }
  const bool integers = all_integers(ids, 0x1p62);
  call.position_dtype = integers ? PLUMBLINE_POSITION_I64 : PLUMBLINE_POSITION_F64;
  call.position_ids = integers ? bytes_of<std::int64_t>(ids) : bytes_of<double>(ids);
  return true;
}

std::optional<Recipe> recipe_of(const PluginProcess& plugin, Dtype dtype) {
  const auto index = static_cast<std::size_t>(dtype);
  if (index >= PLUMBLINE_DTYPES) return std::nullopt;
  const auto& text = plugin.description().recipe[index];
  if (!text) return std::nullopt;
  try {
    return parse_recipe(*text);
  } catch (const std::invalid_argument& e) {
    throw Refused(plugin.library() + ": " + e.what());
  }
}

}  // namespace plumbline::plugin
