// SPDX-License-Identifier: Apache-2.0
#include "golden/case_rows.h"

namespace plumbline {
namespace {

bool for_all_rows(const std::string& path) {
  return path == "axis_map" || path == "rung" || path == "inv_freq" || path == "logits_index" ||
         path.ends_with("/logits");
}

bool axes_first(const std::string& path) { return path.starts_with("position_"); }

}  // namespace

std::uint64_t row_count(const CaseView& golden) {
  const auto found = golden.datasets.find("token_index");
  if (found == golden.datasets.end() || found->second.shape.size() != 1)
    throw Refused("dataset /cases/" + golden.id + "/token_index is missing");
  return found->second.shape[0];
}

StoredCase rows_of(const CaseView& all, std::uint64_t first, std::uint64_t count,
                   std::uint64_t rows) {
  StoredCase out{all.id, all.text, all.numbers, {}};
  for (const auto& [path, view] : all.datasets) {
    Tensor& tensor = out.tensors[path];
    tensor.dtype = view.dtype;
    tensor.shape = view.shape;
    if (for_all_rows(path)) {
      tensor.bytes.assign(view.bytes.begin(), view.bytes.end());
      continue;
    }
    const std::size_t along = axes_first(path) ? 1 : 0;
    if (view.shape.size() <= along || view.shape[along] != rows || rows == 0)
      throw Refused("dataset /cases/" + all.id + "/" + path + " does not fit its case");
    const std::uint64_t outer = along == 1 ? view.shape[0] : 1;
    if (outer == 0) continue;
    tensor.shape[along] = count;
    const std::uint64_t row_bytes = view.bytes.size() / outer / rows;
    for (std::uint64_t i = 0; i < outer; ++i) {
      const auto some = view.bytes.subspan((i * rows + first) * row_bytes, count * row_bytes);
      tensor.bytes.insert(tensor.bytes.end(), some.begin(), some.end());
    }
  }
  return out;
}

}  // namespace plumbline
