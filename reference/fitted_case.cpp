// SPDX-License-Identifier: Apache-2.0
#include "reference/case.h"

namespace plumbline {
Json text_or_list(const std::string& text) {
  if (text.find(',') == std::string::npos) return text;
  Json list = Json::array();
  for (std::size_t first = 0; first <= text.size();) {
    const auto comma = std::min(text.find(',', first), text.size());
    list.push_back(text.substr(first, comma - first));
    first = comma + 1;
  }
  return list;
}

Json fitted_case(const Scheme& scheme, HeadShape shape) {
  const int step = scheme.lane_multiple;
  shape.rotary_dim = (shape.rotary_dim + step - 1) / step * step;
  shape.head_dim = std::max(shape.head_dim, shape.rotary_dim);
  const bool by_head = Parameters(scheme.parameters).find("num_key_value_heads") != nullptr;
  if (by_head && shape.num_key_value_heads < 5) shape.num_heads = shape.num_key_value_heads = 5;
  Json params = Json::object();
  for (const ParameterSpec& spec : scheme.parameters) {
    if (spec.fit != nullptr) {
      params[std::string(spec.name)] = text_or_list(spec.fit(shape));
    } else if (!spec.example.empty()) {
      params[std::string(spec.name)] = text_or_list(std::string(spec.example));
    }
  }
  return Json{{"scheme", std::string(scheme.name)},
              {"params", params},
              {"shape",
               {{"head_dim", shape.head_dim},
                {"rotary_dim", shape.rotary_dim},
                {"num_heads", shape.num_heads},
                {"num_key_value_heads", shape.num_key_value_heads}}}};
}

}  // namespace plumbline
