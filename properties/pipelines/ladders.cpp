// SPDX-License-Identifier: Apache-2.0
// Spectra as deployed code forms them. T is the type of tensors; scalars are binary64, as Python's
// are. Every cast to T or float is a rounding of the pipeline.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "properties/pipelines/pipeline.h"

namespace plumbline::pipelines {
namespace {

using std::numbers::pi;

float fl(double x) { return static_cast<float>(x); }
double wide(float x) { return static_cast<double>(x); }
double of(const Rational& r) { return to_double(r); }

struct Shape {
  Shape(const FrequencySpectrum& s, const Ladder& ladder)
      : base(of(ladder.rope_theta.value_or(s.rope_theta))),
        dim(ladder.dim == 0 ? s.rotary_dim : ladder.dim) {}
  double stretched(double ratio) const {
    return base * std::pow(ratio, static_cast<double>(dim) / (dim - 2));
  }
  std::size_t rungs() const { return static_cast<std::size_t>(dim / 2); }
  double base;
  int dim;
};

double growth(const DynamicNtk& d) {
  const double f = of(d.factor), most = of(d.max_position_embeddings);
  return f * std::max(of(d.seq_len), most) / most - (f - 1);
}

// inv_freq of one ladder by the rules of huggingface/transformers.
template <class T>
class Transformers {
 public:
  explicit Transformers(const Shape& shape) : shape_(shape) {}
  std::vector<T> operator()(const Unscaled&) const { return inverse(powers(shape_.base)); }
  std::vector<T> operator()(const Linear& s) const {
    return divided(inverse(powers(shape_.base)), T(of(s.factor)));
  }
  std::vector<T> operator()(const Proportional& s) const {
    std::vector<T> out = inverse(powers(shape_.base));
    std::fill(out.begin() + s.angles, out.end(), T(0));
    return divided(std::move(out), T(of(s.factor)));
  }
  std::vector<T> operator()(const NtkAware& s) const {
    return inverse(powers(shape_.stretched(of(s.alpha))));
  }
  std::vector<T> operator()(const DynamicNtk& s) const {
    return inverse(powers(shape_.stretched(growth(s))));
  }
  std::vector<T> operator()(const NtkFixed& s) const {
    const double f = of(s.factor);
    if (!s.mixed_b)
      return divided(inverse(powers(shape_.base * f)), T(std::pow(f, 2.0 / shape_.dim)));
    const double beta = of(*s.mixed_b), half = static_cast<double>(shape_.rungs());
    const T a = std::log(T(f)) / T(std::pow(half, beta));
    std::vector<T> out = inverse(powers(shape_.base));
    for (std::size_t k = 0; k < out.size(); ++k)
      out[k] = out[k] / std::exp(a * std::pow(static_cast<T>(k + 1), T(beta)));
    return out;
  }
  std::vector<T> operator()(const LongRope& s) const {
    std::vector<T> p = powers(shape_.base);
    for (std::size_t k = 0; k < p.size(); ++k) p[k] = T(of(s.factors[k])) * p[k];
    return inverse(std::move(p));
  }
  std::vector<T> operator()(const Yarn& y) const {
    const double length = of(y.original_max_position_embeddings);
    const auto correction = [&](const Rational& beta) {
      return shape_.dim * std::log(length / (of(beta) * 2 * pi)) / (2 * std::log(shape_.base));
    };
    double low = correction(y.beta_fast), high = correction(y.beta_slow);
    if (y.truncate) low = std::floor(low), high = std::ceil(high);
    low = std::max(low, 0.0);
    high = std::min(high, shape_.dim - 1.0);
    if (low == high) high += 0.001;
    const std::vector<T> p = powers(shape_.base);
    std::vector<T> out;
    for (std::size_t k = 0; k < p.size(); ++k) {
      const T ramp = std::clamp((static_cast<T>(k) - T(low)) / T(high - low), T(0), T(1));
      const T kept = T(1) - ramp, slow = T(1) / (T(of(y.factor)) * p[k]);
      out.push_back(slow * (T(1) - kept) + T(1) / p[k] * kept);
    }
    return out;
  }
  std::vector<T> operator()(const Llama3& l) const {
    const double length = of(l.original_max_position_embeddings), low = of(l.low_freq_factor),
                 high = of(l.high_freq_factor);
    const T factor(of(l.factor));
    std::vector<T> out = inverse(powers(shape_.base));
    for (T& f : out) {
      const T wavelength = T(1) / f * T(2 * pi);
      if (wavelength > T(length / low)) {
        f = f / factor;
      } else if (!(wavelength < T(length / high)) && high > low) {
        const T smooth = (T(1) / wavelength * T(length) - T(low)) / T(high - low);
        f = (T(1) - smooth) * f / factor + smooth * f;
      }
    }
    return out;
  }

 private:
  std::vector<T> powers(double base) const {
    std::vector<T> out;
    for (std::size_t k = 0; k < shape_.rungs(); ++k)
      out.push_back(std::pow(T(base), static_cast<T>(2 * k) / static_cast<T>(shape_.dim)));
    return out;
  }
  static std::vector<T> inverse(std::vector<T> x) {
    for (T& v : x) v = T(1) / v;
    return x;
  }
  static std::vector<T> divided(std::vector<T> x, T by) {
    for (T& v : x) v = v / by;
    return x;
  }
  Shape shape_;
};

template <class T>
Angles products(std::vector<T> inv_freq) {
  return [f = std::move(inv_freq)](double position) {
    std::vector<double> out;
    for (const T w : f) out.push_back(static_cast<double>(static_cast<T>(position) * w));
    return out;
  };
}

template <class T>
Angles transformers(const FrequencySpectrum& s, const Ladder& ladder) {
  std::vector<T> f = std::visit(Transformers<T>(Shape(s, ladder)), s.scaling);
  for (T& w : f) {
    if (ladder.exponent != 1) w = std::pow(w, T(of(ladder.exponent)));
    if (ladder.turns) w = w * T(2 * pi);
  }
  return products(std::move(f));
}

// What ggml is given besides the base: a factor on every angle, a divisor of each, a ramp.
struct GgmlKnobs {
  float base = 0, freq_scale = 1;
  std::vector<float> divisors;  // empty: none
  bool ramp = false;
  float low = 0, high = 0;
};

float ggml_correction(const Shape& shape, float length, float turns, float base) {
  return static_cast<float>(shape.dim) * std::log(length / (turns * 2 * fl(pi))) /
         (2 * std::log(base));
}

// Band by band, as llama.cpp's converter writes the divisors into the model file.
std::vector<float> llama3_divisors(const Shape& shape, const Llama3& l) {
  const double length = of(l.original_max_position_embeddings), low = of(l.low_freq_factor),
               high = of(l.high_freq_factor), factor = of(l.factor);
  std::vector<float> out;
  for (const float f : Transformers<float>(shape)(Unscaled{})) {
    const double wavelength = 2 * pi / wide(f), smooth = (length / wavelength - low) / (high - low);
    out.push_back(wavelength < length / high  ? 1.0F
                  : wavelength > length / low ? fl(factor)
                                              : fl(1 / ((1 - smooth) / factor + smooth)));
  }
  return out;
}

GgmlKnobs ggml_knobs(const FrequencySpectrum& s, const Shape& shape) {
  GgmlKnobs out;
  out.base = fl(shape.base);
  if (const auto* linear = std::get_if<Linear>(&s.scaling))
    out.freq_scale = 1.0F / fl(of(linear->factor));
  if (const auto* ntk = std::get_if<NtkAware>(&s.scaling))
    out.base = fl(shape.stretched(of(ntk->alpha)));
  if (const auto* l = std::get_if<Llama3>(&s.scaling)) out.divisors = llama3_divisors(shape, *l);
  if (const auto* l = std::get_if<LongRope>(&s.scaling)) {
    for (const Rational& f : l->factors) out.divisors.push_back(fl(of(f)));
  }
  if (const auto* y = std::get_if<Yarn>(&s.scaling)) {
    const float length = fl(of(y->original_max_position_embeddings));
    out.freq_scale = 1.0F / fl(of(y->factor));
    out.ramp = true;
    out.low =
        std::max(0.0F, std::floor(ggml_correction(shape, length, fl(of(y->beta_fast)), out.base)));
    out.high = std::min(static_cast<float>(shape.dim - 1),
                        std::ceil(ggml_correction(shape, length, fl(of(y->beta_slow)), out.base)));
  }
  return out;
}

float ggml_angle(const GgmlKnobs& knobs, float theta, std::size_t k) {
  const float extrapolated = knobs.divisors.empty() ? theta : theta / knobs.divisors[k];
  const float interpolated = knobs.freq_scale * extrapolated;
  if (!knobs.ramp) return interpolated;
  const float y = (static_cast<float>(k) - knobs.low) / std::max(0.001F, knobs.high - knobs.low);
  const float mix = 1 - std::min(1.0F, std::max(0.0F, y));
  return interpolated * (1 - mix) + extrapolated * mix;
}

}  // namespace

Angles transformers_angles(const FrequencySpectrum& s, const Ladder& ladder, bool in_binary64) {
  return in_binary64 ? transformers<double>(s, ladder) : transformers<float>(s, ladder);
}

Angles ggml_angles(const FrequencySpectrum& s, const Ladder& ladder, bool powers) {
  const Shape shape(s, ladder);
  const GgmlKnobs knobs = ggml_knobs(s, shape);
  const float step = std::pow(knobs.base, -2.0F / static_cast<float>(shape.dim));
  return [=, rungs = shape.rungs()](double position) {
    std::vector<double> out;
    float theta = fl(position);
    for (std::size_t k = 0; k < rungs; ++k) {
      if (powers) theta = fl(position) * std::pow(step, static_cast<float>(k));
      out.push_back(wide(ggml_angle(knobs, theta, k)));
      if (!powers) theta = theta * step;
    }
    return out;
  };
}

Angles mlx_angles(const FrequencySpectrum& s, const Ladder& ladder) {
  const Shape shape(s, ladder);
  const float step = fl(-std::log(shape.base) / (shape.dim / 2.0));
  std::vector<float> inv_freq;
  for (std::size_t k = 0; k < shape.rungs(); ++k)
    inv_freq.push_back(std::exp(static_cast<float>(k) * step));
  const auto* linear = std::get_if<Linear>(&s.scaling);
  const float scale = linear == nullptr ? 1.0F : fl(1 / of(linear->factor));
  return [angles = products(std::move(inv_freq)), scale](double position) {
    return angles(wide(fl(position) * scale));
  };
}

namespace {

std::optional<std::string> plain_ladders(const Case& c, std::string_view who) {
  for (const Ladder& ladder : allocation(c).ladders) {
    if (ladder.exponent != 1 || ladder.turns)
      return std::string(who) + " has no ladder of powers or turns";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ggml_lacks(const Case& c) {
  if (std::holds_alternative<DynamicNtk>(c.spectrum.scaling) ||
      std::holds_alternative<NtkFixed>(c.spectrum.scaling) ||
      std::holds_alternative<Proportional>(c.spectrum.scaling))
    return "ggml has no such scaling";
  return plain_ladders(c, "ggml");
}

std::optional<std::string> mlx_lacks(const Case& c) {
  if (!std::holds_alternative<Unscaled>(c.spectrum.scaling) &&
      !std::holds_alternative<Linear>(c.spectrum.scaling))
    return "mlx takes other scalings as a list of periods";
  return plain_ladders(c, "mlx");
}

double attention_factor(const FrequencySpectrum& s) {
  if (const auto* y = std::get_if<Yarn>(&s.scaling)) {
    if (y->attention_factor) return of(*y->attention_factor);
    const double f = of(y->factor);
    const auto g = [f](double m) { return f <= 1 ? 1 : 0.1 * m * std::log(f) + 1; };
    const double m = y->mscale ? of(*y->mscale) : 0,
                 all = y->mscale_all_dim ? of(*y->mscale_all_dim) : 0;
    return m != 0 && all != 0 ? g(m) / g(all) : g(1);
  }
  if (const auto* l = std::get_if<LongRope>(&s.scaling)) {
    if (l->attention_factor) return of(*l->attention_factor);
    const double f = of(l->extension);
    return f <= 1 ? 1
                  : std::sqrt(1 + std::log(f) / std::log(of(l->original_max_position_embeddings)));
  }
  return 1;
}

}  // namespace plumbline::pipelines
