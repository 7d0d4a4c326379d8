// SPDX-License-Identifier: Apache-2.0
#include "tools/spectrum/series.h"

#include <fmt/format.h>

#include <cstring>

#include "golden/file.h"

namespace plumbline::spectrum {
namespace {

template <class T>
std::vector<double> doubles(const std::vector<T>& list) {
  std::vector<double> out;
  for (const T& value : list) out.push_back(static_cast<double>(value));
  return out;
}

std::vector<double> doubles(const std::vector<Coordinate>& list) {
  std::vector<double> out;
  for (const Coordinate& value : list) out.push_back(to_double(value));
  return out;
}

// Without what separates columns and groups.
std::string name_of(std::string text) {
  std::erase(text, ',');
  for (char& letter : text) {
    if (letter == ' ') letter = '_';
    if (letter == '/') letter = '.';
  }
  return text;
}

class Collector {
 public:
  explicit Collector(const Report& report) : report_(report), offsets_(doubles(report.offsets)) {
    add("report", "offsets", offsets_);
    for (const ClaimCurve& claim : report.claims) {
      add("report", claim.title + ".spread_embedded", claim.spread_embedded, offsets_);
      add("report", claim.title + ".spread_restricted", claim.spread_restricted, offsets_);
    }
    for (std::size_t b = 0; b < large_blocks().size(); ++b) {
      std::vector<double> rows, values;
      for (std::size_t i = 0; i < report.rows.size(); ++i) {
        if (!report.rows[i].growth[b]) continue;
        rows.push_back(static_cast<double>(i));
        values.push_back(*report.rows[i].growth[b]);
      }
      add("report", "growth." + large_blocks()[b].name, values, rows);
    }
    for (std::size_t m = 0; m < report.maps.size(); ++m)
      map(fmt::format("map-{}", m), report.maps[m]);
    for (std::size_t l = 0; l < report.layouts.size(); ++l)
      layout(fmt::format("layout-{}", l), report.layouts[l]);
  }
  std::vector<Series> take() { return std::move(out_); }

 private:
  void add(const std::string& group, const std::string& name, std::vector<double> values,
           std::vector<double> x = {}, std::vector<std::uint64_t> shape = {}) {
    if (values.empty()) return;
    if (shape.empty()) shape = {values.size()};
    out_.push_back({group, name_of(name), std::move(x), std::move(values), std::move(shape)});
  }

  void map(const std::string& group, const MapClass& m) {
    for (const AxisReport& a : m.axes) {
      const std::string axis = std::string(1, a.coverage.letter) + ".";
      const auto channels = doubles(a.coverage.channels);
      add(group, axis + "wavelength", a.coverage.wavelengths, channels);
      for (std::size_t k = 0; k < horizon_kinds().size(); ++k) {
        std::vector<double> horizons;
        for (const Channel& one : a.channels)
          horizons.push_back(static_cast<double>(one.horizons[k]));
        add(group, axis + "horizon." + horizon_kinds()[k].name, horizons, channels);
      }
      const AxisCoverage& c = a.coverage;
      add(group, axis + "hole", {static_cast<double>(c.hole)});
      add(group, axis + "lambda_min", {c.shortest});
      add(group, axis + "lambda_max", {c.longest});
      add(group, axis + "exponent_coverage", {c.exponent_coverage});
      add(group, axis + "mean_channel", {c.mean_channel});
      add(group, axis + "monotone_range", {c.monotone_range});
      add(group, axis + "longer_than_context", {static_cast<double>(a.longer_than_context)});
      if (a.first_negative)
        add(group, axis + "first_negative", {static_cast<double>(*a.first_negative)});
      add(group, axis + "embedded", a.decay.embedded, offsets_);
      add(group, axis + "restricted", a.decay.restricted, offsets_);
      add(group, axis + "kernel", a.decay.kernel, offsets_);
      add(group, axis + "preference", a.decay.preference, offsets_);
    }
    add(group, "preference", m.preference, offsets_);
    add(group, "spread_embedded", m.spread_embedded, offsets_);
    add(group, "spread_restricted", m.spread_restricted, offsets_);
    if (m.widest_at) add(group, "widest", {m.widest}, {static_cast<double>(*m.widest_at)});
    if (m.mean_channel_difference)
      add(group, "mean_channel_difference", {*m.mean_channel_difference});
    for (const Stretch& s : m.stretches) add(group, "stretch." + s.method, s.ratio);
  }

  void layout(const std::string& group, const LayoutClass& l) {
    for (const Picture& p : l.pictures) {
      std::vector<double> ids;
      for (std::size_t a = 0; a < l.letters.size(); ++a) {
        for (const Token& t : p.tokens) ids.push_back(t.position[a]);
      }
      add(group, p.name + ".position_ids", ids, {}, {l.letters.size(), p.tokens.size()});
    }
    for (const auto& [name, m] : l.metrics) {
      add(group, name + ".growth", {to_double(m.growth)});
      add(group, name + ".gap_before", doubles(m.gap_before));
      add(group, name + ".gap_after", doubles(m.gap_after));
      add(group, name + ".asymmetry", doubles(m.asymmetry));
      add(group, name + ".overlap", doubles(m.overlap));
      add(group, name + ".injectivity_defect", {static_cast<double>(m.injectivity_defect)});
      add(group, name + ".token_distance", {m.token_distance});
    }
    for (const Motion& m : l.motion) {
      add(group, "motion." + m.name + ".still", m.still);
      add(group, "motion." + m.name + ".moving", m.moving);
    }
  }

  const Report& report_;
  std::vector<double> offsets_;
  std::vector<Series> out_;
};

}  // namespace

std::vector<Series> all_series(const Report& report) { return Collector(report).take(); }

std::string report_csv(const Report& report) {
  std::string out = "group,quantity,index,x,value\n";
  for (const Series& s : all_series(report)) {
    for (std::size_t i = 0; i < s.values.size(); ++i) {
      out += fmt::format("{},{},{},{},{}\n", s.group, s.name, i,
                         s.x.empty() ? static_cast<double>(i) : s.x[i], s.values[i]);
    }
  }
  return out;
}

void write_report_hdf5(const Report& report, const std::string& path) {
  RootAttributes root;
  root.text["plumbline"] = "spectrum";
  root.text["generator"] = "plumbline " PLUMBLINE_VERSION;
  root.numbers["schema_version"] = 1;
  FileWriter writer(path, root);
  StoredCase one;
  const auto flush = [&] {
    if (!one.id.empty()) writer.add(one);
  };
  for (const Series& s : all_series(report)) {
    if (s.group != one.id) {
      flush();
      one = StoredCase{s.group, {}, {}, {}};
    }
    Tensor tensor{Dtype::f64, s.shape, {}};
    tensor.bytes.resize(s.values.size() * sizeof(double));
    std::memcpy(tensor.bytes.data(), s.values.data(), tensor.bytes.size());
    one.tensors["f64/" + s.name] = std::move(tensor);
  }
  flush();
  writer.finish();
}

}  // namespace plumbline::spectrum
