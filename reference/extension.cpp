// SPDX-License-Identifier: Apache-2.0
#include "reference/extension.h"

namespace plumbline {

std::vector<ExtensionMethod> extension_methods(const Rational& factor, std::int64_t trained) {
  const Rational length(trained);
  return {{"linear", Linear{factor}},
          {"ntk", NtkAware{factor}},
          {"dynamic-ntk", DynamicNtk{factor, Rational(factor * length), length}},
          {"yarn", Yarn{.factor = factor,
                        .original_max_position_embeddings = length,
                        .attention_factor = {},
                        .mscale = {},
                        .mscale_all_dim = {}}}};
}

std::vector<double> stretched(const FrequencySpectrum& spectrum, const Ladder& ladder,
                              const RopeScaling& scaling) {
  FrequencySpectrum plain = spectrum, scaled = spectrum;
  plain.scaling = Unscaled{};
  scaled.scaling = scaling;
  const ResolvedSpectrum from(plain, ladder), to(scaled, ladder);
  std::vector<double> out;
  for (int rung = 0; rung < from.rungs(); ++rung) {
    if (from.never_turns(rung)) {
      out.push_back(1);
      continue;
    }
    out.push_back(
        decode_double(certify([&] { return Interval(to.inv_freq(rung) / from.inv_freq(rung)); },
                              binary64, "a stretched frequency")
                          .bits,
                      binary64));
  }
  return out;
}

}  // namespace plumbline
