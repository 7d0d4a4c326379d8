// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "golden/quick/lane_logits.h"

namespace plumbline::quick {

template <class V>
constexpr Kernels kernels_of(std::string_view name, bool (*supported)() noexcept) {
  return {name,
          supported,
          {product_rows<Dtype::f64, V>, product_rows<Dtype::f32, V>, product_rows<Dtype::bf16, V>,
           product_rows<Dtype::f16, V>},
          {phase_rows<Dtype::f64, V>, phase_rows<Dtype::f32, V>, phase_rows<Dtype::bf16, V>,
           phase_rows<Dtype::f16, V>},
          {rotate_heads<Dtype::f64, V>, rotate_heads<Dtype::f32, V>, rotate_heads<Dtype::bf16, V>,
           rotate_heads<Dtype::f16, V>},
          product_turns<V>,
          phase_turns<V>,
          logit_sums<V>};
}

}  // namespace plumbline::quick
