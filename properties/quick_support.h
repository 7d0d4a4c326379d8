// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "golden/oracle/table.h"
#include "golden/quick/rows.h"
#include "reference/evaluate.h"
#include "reference/model.h"

namespace plumbline::test {

inline constexpr Dtype kFloats[] = {Dtype::f64, Dtype::f32, Dtype::bf16, Dtype::f16};

struct SpectrumJob {
  std::string name;
  FrequencySpectrum spectrum;
  std::string json;                // the same for the second oracle
  std::vector<std::string> names;  // of all the presets that have it, `name` first
};

// The distinct spectra of the presets, spectra whose number of channels fills no group, and the
// scalings that no preset has.
inline std::vector<SpectrumJob> spectrum_jobs() {
  std::vector<SpectrumJob> out;
  const auto take = [&](const std::string& name, const Json& json) {
    const Case c = case_from_json(json);
    const std::string text = c.spectrum_json.dump();
    for (SpectrumJob& job : out)
      if (job.json == text) return job.names.push_back(name);
    out.push_back({name, c.spectrum, text, {name}});
  };
  for (const Model& m : models())
    take(m.name, Json{{"id", m.name}, {"model", m.name}, {"sequence", "t1"}});
  const auto vanilla = [&](const std::string& name, int rotary_dim, const Json& spectrum) {
    take(name, Json{{"id", "b"},
                    {"scheme", "vanilla"},
                    {"shape", Json{{"head_dim", rotary_dim},
                                   {"rotary_dim", rotary_dim},
                                   {"num_heads", 1},
                                   {"num_key_value_heads", 1}}},
                    {"spectrum", spectrum},
                    {"sequence", "t1"}});
  };
  vanilla("one pair", 2, Json{{"rope_theta", "10000"}});
  vanilla("nine pairs", 18, Json{{"rope_theta", "500000"}});
  return out;
}

// Rows of one format with a gap after each row that nothing may touch.
class RowBuffer {
 public:
  RowBuffer(Dtype dtype, int rows, int channels)
      : dtype_(dtype),
        stride_(channels + 3),
        cos_(static_cast<std::size_t>(rows * stride_) * info(dtype).bytes, std::byte{0xa5}),
        sin_(cos_) {}
  quick::RowsOut out() { return {dtype_, cos_.data(), sin_.data(), stride_}; }
  oracle::TableRows table() const { return {dtype_, cos_.data(), sin_.data(), stride_}; }
  // Gaps included.
  friend bool operator==(const RowBuffer& a, const RowBuffer& b) {
    return a.cos_ == b.cos_ && a.sin_ == b.sin_;
  }
  friend void PrintTo(const RowBuffer& rows, std::ostream* os) {
    *os << "rows of " << info(rows.dtype_).format;
  }

 private:
  Dtype dtype_;
  std::ptrdiff_t stride_;
  std::vector<std::byte> cos_, sin_;
};

inline std::vector<oracle::TableRows> tables(const std::vector<RowBuffer>& rows) {
  std::vector<oracle::TableRows> out;
  for (const RowBuffer& r : rows) out.push_back(r.table());
  return out;
}

}  // namespace plumbline::test
