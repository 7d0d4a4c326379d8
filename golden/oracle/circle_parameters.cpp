// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <string>
#include <string_view>

#include "golden/oracle/circle.h"
#include "golden/oracle/scheme_parameters.h"

namespace plumbline::oracle {
namespace {

using Radius = CircleParameters::Radius;

// A number, "auto", "auto-k", "auto-l2" or "auto-l2-k".
void read_radius(const Json& value, CircleParameters& p) {
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  std::string_view rest = text;
  if (!rest.starts_with("auto")) {
    p.rule = Radius::number;
    p.radius = number(value);
    return;
  }
  rest.remove_prefix(4);
  p.rule = rest.starts_with("-l2") ? Radius::farthest_token : Radius::farthest_coordinate;
  if (p.rule == Radius::farthest_token) rest.remove_prefix(3);
  if (!rest.empty() && !rest.starts_with('-')) {
    throw std::invalid_argument("radius: \"" + text + "\" is not known");
  }
  p.radius = rest.empty() ? Rational(1) : parse_rational(rest.substr(1));
}

// A number; false is 0 and true is 1.
Rational number_or_switch(const Json& value) {
  return value.is_boolean() ? Rational(value.get<bool>() ? 1 : 0) : number(value);
}

void read(const Case& c, Design& design, CircleParameters p) {
  if (has(c.params, "radius")) read_radius(c.params.at("radius"), p);
  p.alpha = number(c.params, "alpha", p.alpha);
  if (has(c.params, "dff_rate")) p.blend = number_or_switch(c.params.at("dff_rate"));
  const std::string method = c.params.value("method", std::string("circle"));
  if (method != "circle" && method != "no_circle") {
    throw std::invalid_argument("method: must be circle or no_circle");
  }
  p.planar = method == "no_circle";
  p.centred = c.params.value("move_to_origin", p.centred);
  if (has(c.params, "move_to_positive") && c.params.at("move_to_positive") != false) {
    const Json& value = c.params.at("move_to_positive");
    p.positive = value == "auto" ? Rational(0) : number_or_switch(value);
  }
  design.circles = std::make_shared<Circles>(p);
}

CircleParameters published() {
  CircleParameters p;
  p.radius = 10;
  p.alpha = Rational(1) / Rational(2);
  p.centred = true;
  return p;
}

}  // namespace

void read_circle(const Case& c, Design& design) { read(c, design, {}); }

void read_circle_published(const Case& c, Design& design) { read(c, design, published()); }

void read_circle_paper(const Case& c, Design& design) {
  CircleParameters p = published();
  p.rule = Radius::farthest_token;
  p.radius = 1;
  read(c, design, p);
}

void read_circle_original(const Case& c, Design& design) {
  const std::string layer = c.params.value("age_layer", std::string("circle"));
  if (layer == "mrope") {
    design.layout = kSeconds;
    design.delta = DeltaRule::every_axis;
    read_seconds(c, design);
    return;
  }
  if (layer != "circle") throw std::invalid_argument("age_layer: must be circle or mrope");
  CircleParameters p;  // the code's literal defaults, as of the other row
  p.stacked = false;
  read(c, design, p);
}

}  // namespace plumbline::oracle
