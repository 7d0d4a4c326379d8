// SPDX-License-Identifier: Apache-2.0
// GRAPE as the authors' own code turns it: planes with given directions, and the canonical planes
// at several frequency scales.
#include <Eigen/Dense>

#include "properties/vectors.h"
#include "reference/planes.h"

namespace plumbline::test {
namespace {

using Vector = Eigen::VectorXd;

std::vector<Interval> rotate_planes(const Case& c, const std::vector<Rational>& position,
                                    const std::vector<Rational>& x) {
  std::vector<Interval> place, lanes;
  for (const Rational& p : position) place.push_back(enclose(p));
  for (const Rational& lane : x) lanes.push_back(enclose(lane));
  return PlaneRotation(planes_of(c, 0), place, c.spectrum).apply(lanes, false);
}

// The innermost lists of a nested list, in order.
void flatten(const Json& list, std::vector<Vector>& out) {
  if (list[0].is_array()) {
    for (const Json& entry : list) flatten(entry, out);
    return;
  }
  Vector row(static_cast<Eigen::Index>(list.size()));
  for (Eigen::Index i = 0; i < row.size(); ++i)
    row[i] = recorded_double(list[static_cast<std::size_t>(i)]);
  out.push_back(row);
}
std::vector<Vector> flat(const Json& list) {
  std::vector<Vector> out;
  flatten(list, out);
  return out;
}

// What the error of a plane depends on: its directions, |b| over the length of b's part orthogonal
// to a, and a bound of its angle.
struct Plane {
  Vector u, w;
  double condition, angle;
};
using Bank = std::vector<Plane>;

Bank bank_of(const Json& a, const Json& b, const Json& frequencies, double distance) {
  const auto as = flat(a), bs = flat(b), rows = flat(frequencies);
  std::vector<double> omega;
  for (const Vector& row : rows) omega.insert(omega.end(), row.begin(), row.end());
  Bank bank;
  for (std::size_t j = 0; j < as.size(); ++j) {
    const Vector u = as[j].normalized(), rest = bs[j] - bs[j].dot(u) * u;
    bank.push_back(
        {u, rest.normalized(), bs[j].norm() / rest.norm(), std::abs(omega.at(j) * distance)});
  }
  return bank;
}

// The banks that turn a vector one after the other. A mixed plane's direction has length 1, so its
// angle is at most its frequency times the length of the position.
std::vector<Bank> banks_of(const Json& record, const Vector& position) {
  const Json &params = record["case"]["params"], &frequencies = record["frequencies"];
  if (params["mode"] != "axis")
    return {bank_of(params["a"], params["b"], frequencies["inv_freq"], position.norm())};
  std::vector<Bank> out;
  for (Eigen::Index axis = 0; axis < 3; ++axis) {
    const std::string bank = std::string(1, "thw"[axis]) + "_grape.";
    out.push_back(bank_of(params[bank + "a"], params[bank + "b"], frequencies[bank + "inv_freq"],
                          position[axis]));
  }
  return out;
}

// The largest factor by which a bank can stretch a vector: the norm of I + sum_j (R_j - I).
double gain_of(const Bank& bank) {
  const Eigen::Index lanes = bank.front().u.size();
  Eigen::MatrixXd m = Eigen::MatrixXd::Identity(lanes, lanes);
  for (const Plane& p : bank) {
    m += (std::cos(p.angle) - 1) * (p.u * p.u.transpose() + p.w * p.w.transpose()) +
         std::sin(p.angle) * (p.w * p.u.transpose() - p.u * p.w.transpose());
  }
  return m.jacobiSvd().singularValues()[0];
}

// A bound to first order of the float32 error of v + sum_j (R_j v - v) over d lanes, bank after
// bank, in units of roundings u = 2^-24. R_j v - v = k_u u_j + k_w w_j has length at most g |v|,
// g = min(2, angle).
//   u_j, w_j: d products and sums for |a|^2, one root, one division: (d + 4) u; b's orthogonal part
//     is good to (3 d + 10) u |b|, which the condition magnifies. Call their sum D. It enters
//     through both inner products and both vectors: 3 g D.
//   inner products: d products and sums each: 2 g d u.  k_u, k_w, their vectors, the sum: 8 g u.
//   cos - 1 and sin: 1e-7 + u, and the angle, at most 16 roundings from the frequency, its power,
//     the direction and their product: 16 u angle. Each enters twice.
//   accumulation: one rounding a plane of a vector no longer than (1 + sum g) |v|.
double float32_error(const std::vector<Bank>& banks, double length, int lanes) {
  constexpr double u = 0x1p-24;
  const double d = lanes;
  double error = 0;
  for (const Bank& bank : banks) {
    double reach = 1, relative = 0;
    for (const Plane& p : bank) {
      const double g = std::min(2.0, p.angle);
      const double directions = (d + 4) * u + p.condition * (3 * d + 10) * u;
      relative += g * (3 * directions + (2 * d + 8) * u) + 2 * (1e-7 + u + 16 * u * p.angle);
      reach += g;
    }
    relative += static_cast<double>(bank.size() + 1) * u * reach;
    const double gain = gain_of(bank);
    error = gain * error + relative * length;
    length *= gain;
  }
  return error;
}

TEST(Vectors, LearnedPlanesTurnAsTheAuthorsDo) {
  std::size_t records = 0, components = 0;
  const Json file = read_vectors("planes.json");
  for (const Json& record : file["records"]) {
    if (!record.contains("x")) continue;
    ++records;
    const Case c = case_from_json(record["case"]);
    for (std::size_t row = 0; row < record["position"].size(); ++row) {
      std::vector<Rational> position, x;
      for (const Json& number : record["position"][row]) position.push_back(recorded(number));
      for (const Json& number : record["x"][row]) x.push_back(recorded(number));
      const double bound =
          float32_error(banks_of(record, flat(record["position"][row]).front()),
                        flat(record["x"][row]).front().norm(), static_cast<int>(x.size()));
      const WorkingPrecision scope(kFirstPrecision);
      const std::vector<Interval> ours = rotate_planes(c, position, x);
      ASSERT_EQ(ours.size(), record["y"][row].size());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        const Interval difference = ours[i] - enclose(recorded(record["y"][row][i])),
                       limit = enclose(from_double(bound));
        EXPECT_TRUE(sign(limit - difference) >= 0 && sign(limit + difference) >= 0)
            << record["case"]["params"]["mode"] << " " << record["label"] << " record "
            << records - 1 << " row " << row << " lane " << i << ": " << to_digits(ours[i], 12)
            << " against " << to_decimal(recorded(record["y"][row][i])) << " +- " << bound;
        ++components;
      }
    }
  }
  EXPECT_EQ(records, 12U);
  EXPECT_EQ(components, 12U * 5U * 8U);
}

TEST(Vectors, ScaledCanonicalPlanesTurnAsTheAuthorsDo) {
  std::size_t records = 0;
  const Json file = read_vectors("planes.json");
  for (const Json& record : file["records"]) {
    if (!record.contains("cos")) continue;
    ++records;
    std::vector<std::vector<Rational>> tuple;
    for (const Json& number : record["position"]) tuple.push_back({recorded(number)});
    const Tables tables(case_from_json(record["case"]), tuple);
    ASSERT_EQ(record["cos"].size(), static_cast<std::size_t>(tables.map().pairs));
    ASSERT_EQ(record["sin"].size(), record["cos"].size());
    for (int pair = 0; pair < tables.map().pairs; ++pair) {
      const auto i = static_cast<std::size_t>(pair);
      tables.expect_pair(0, 0, pair, recorded_double(record["cos"][i]),
                         recorded_double(record["sin"][i]),
                         id_of(record) + " scale " + std::to_string(records));
    }
  }
  EXPECT_EQ(records, 3U);
}

}  // namespace
}  // namespace plumbline::test
