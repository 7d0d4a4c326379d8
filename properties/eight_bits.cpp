// SPDX-License-Identifier: Apache-2.0
// 8-bit outputs: a kernel that rounds to e4m3fn or e5m2 at the end conforms under that store and
// under no tighter recipe, and its bugs still show. The encodings are decoded here from the tables
// of OCP's specification, so that the judge's own constants are not trusted.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "golden/compare.h"
#include "golden/golden.h"
#include "properties/file_support.h"

namespace plumbline::test {
namespace {

// Every finite value of an encoding of 1 + exponent + mantissa bits, ascending.
std::vector<double> values(int exponent_bits, int mantissa_bits, int bias, int last_code) {
  std::vector<double> out;
  for (int code = 0; code <= last_code; ++code) {
    const int exponent = code >> mantissa_bits, mantissa = code & ((1 << mantissa_bits) - 1);
    const double fraction = std::ldexp(mantissa, -mantissa_bits);
    const double x =
        exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias);
    out.push_back(x);
    out.push_back(-x);
  }
  EXPECT_LT(last_code, 1 << (exponent_bits + mantissa_bits));
  std::sort(out.begin(), out.end());
  return out;
}

struct Eight {
  const char* name;
  std::vector<double> values;
  bool has_infinity;
};
const std::vector<Eight>& formats() {
  // S.1111.111 is e4m3fn's NaN, S.11111.00 e5m2's infinity: the code before is the largest value.
  static const std::vector<Eight> kAll{{"e4m3fn", values(4, 3, 7, 0x7e), false},
                                       {"e5m2", values(5, 2, 15, 0x7b), true}};
  return kAll;
}

// The nearest value; ties do not matter to a bound. Saturates.
double nearest(const Eight& f, double x) {
  if (std::isnan(x)) return x;
  const auto above = std::lower_bound(f.values.begin(), f.values.end(), x);
  if (above == f.values.end()) return f.values.back();
  if (above == f.values.begin()) return f.values.front();
  return *above - x < x - *(above - 1) ? *above : *(above - 1);
}

GoldenCase subject(bool special = false) {
  Json object{
      {"id", "eight"},
      {"scheme", "mrope"},
      {"sequence", "t40 v1x5x7 t3"},
      {"params", Json{{"mrope_section", Json::array({8, 4, 4})}}},
      {"shape",
       Json{{"head_dim", 40}, {"rotary_dim", 32}, {"num_heads", 4}, {"num_key_value_heads", 2}}},
      {"dtypes", Json::array({"f32"})},
      {"tensors", Json::array({"rotated", "adjoint"})}};
  GoldenCase out{case_from_json(object), ""};
  out.c.special_inputs = special;
  return out;
}

template <class Change>
StoredCase changed(const StoredCase& golden, const Change& change) {
  StoredCase out;
  out.id = golden.id;
  for (const char* name : {"f32/q_out", "f32/k_out", "f32/q_adj", "f32/k_adj"}) {
    const Tensor& truth = golden.tensors.at(name);
    std::vector<float> numbers;
    for (const double x : values_of(truth)) numbers.push_back(static_cast<float>(change(x)));
    Tensor& tensor = out.tensors[name] = truth;
    std::memcpy(tensor.bytes.data(), numbers.data(), tensor.bytes.size());
  }
  return out;
}

CaseResult judge(const StoredCase& golden, const StoredCase& candidate, const std::string& recipe) {
  return compare(golden, candidate, [&](const Format&) { return parse_recipe(recipe); });
}

TEST(EightBits, TheJudgesConstantsAreThoseOfTheEncodings) {
  for (std::size_t i = 0; i < formats().size(); ++i) {
    const Store8& s = kStores8[i];
    const Eight& f = formats()[i];
    EXPECT_EQ(s.name, f.name);
    EXPECT_EQ(s.largest, f.values.back());
    EXPECT_EQ(s.has_infinity, f.has_infinity);
    // The bound holds at the middle of every two neighbours, where rounding errs most, and is
    // attained just above each power of two and between subnormals.
    double tightest = 1e9;
    for (std::size_t k = 1; k < f.values.size(); ++k) {
      const double middle = (f.values[k - 1] + f.values[k]) / 2, error = f.values[k] - middle;
      EXPECT_LE(error, store8_error(s, middle)) << middle;
      if (error > 0) tightest = std::min(tightest, store8_error(s, middle) / error);
    }
    EXPECT_EQ(tightest, 1);
  }
}

TEST(EightBits, ARoundedOutputConformsUnderItsStoreAlone) {
  for (const bool special : {false, true}) {
    const StoredCase golden = generate(subject(special), 1).stored;
    for (const Eight& f : formats()) {
      SCOPED_TRACE(f.name);
      const StoredCase candidate = changed(golden, [&](double x) { return nearest(f, x); });
      const std::string store = std::string("hf_f32,store=") + f.name;
      const CaseResult right = judge(golden, candidate, store);
      for (const ClassResult& d : right.classes) {
        EXPECT_EQ(d.failures, 0U) << d.dataset << " " << d.worst.golden << " " << d.worst.candidate;
        if (!special) {
          EXPECT_GT(d.worst_ratio, 0.9) << "the budget is tight";
        }
      }
      EXPECT_FALSE(judge(golden, candidate, "hf_f32").conforms());
      EXPECT_FALSE(judge(golden, candidate, "hf_bf16").conforms());
      // e5m2 has fewer digits than e4m3fn, so its errors are too large for it.
      if (f.has_infinity) {
        EXPECT_FALSE(judge(golden, candidate, "hf_f32,store=e4m3fn").conforms());
      }
    }
  }
}

TEST(EightBits, ABugShowsThroughTheRounding) {
  const StoredCase golden = generate(subject(), 1).stored;
  for (const Eight& f : formats()) {
    SCOPED_TRACE(f.name);
    const std::string store = std::string("hf_f32,store=") + f.name;
    const auto broken = [&](const auto& change) {
      return judge(golden, changed(golden, [&](double x) { return nearest(f, change(x)); }), store);
    };
    EXPECT_FALSE(broken([](double x) { return -x; }).conforms());
    EXPECT_FALSE(broken([](double x) { return 1.3 * x; }).conforms());
    EXPECT_FALSE(broken([](double) { return 0.0; }).conforms());
    // Pass-through lanes are held to one rounding too.
    StoredCase moved = changed(golden, [&](double x) { return nearest(f, x); });
    Tensor& q = moved.tensors.at("f32/q_out");
    float lane = 0;
    std::memcpy(&lane, q.bytes.data() + 4 * 39, 4);
    lane = 2 * lane + 1;
    std::memcpy(q.bytes.data() + 4 * 39, &lane, 4);
    const CaseResult r = judge(golden, moved, store);
    EXPECT_EQ(r.classes[0].failures, 1U);
    EXPECT_EQ(r.classes[0].worst.lane, 39);
  }
}

TEST(EightBits, OverflowSaturatesOrIsWhatTheConversionStores) {
  StoredCase golden = generate(subject(), 1).stored;
  for (const Eight& f : formats()) {
    SCOPED_TRACE(f.name);
    const std::string store = std::string("hf_f32,store=") + f.name;
    const double top = f.values.back(), nan = std::nan(""), infinity = INFINITY;
    // One pass-through lane far beyond the largest value.
    StoredCase high = golden;
    const auto put = [](StoredCase& c, const char* name, float x) {
      std::memcpy(c.tensors.at(name).bytes.data() + 4 * 39, &x, 4);
    };
    put(high, "f32/q_in", 1e6F);
    put(high, "f32/q_out", 1e6F);
    const auto accepts = [&](double x) {
      StoredCase candidate = changed(high, [&](double y) { return nearest(f, y); });
      put(candidate, "f32/q_out", static_cast<float>(x));
      return judge(high, candidate, store).classes[0].failures == 0;
    };
    EXPECT_TRUE(accepts(top));
    EXPECT_FALSE(accepts(-top));
    EXPECT_FALSE(accepts(f.values[f.values.size() - 3]));
    EXPECT_EQ(accepts(infinity), f.has_infinity);
    EXPECT_FALSE(accepts(-infinity));
    EXPECT_EQ(accepts(nan), !f.has_infinity);
  }
}

TEST(EightBits, AnUnknownStoreIsNamed) {
  try {
    parse_recipe("hf_f32,store=e4m3");
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_NE(std::string(e.what()).find("e4m3fn or e5m2"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace plumbline::test
