// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <stdexcept>

#include "tools/report/report.h"

namespace plumbline {
namespace {

std::string field(const Json& waiver, std::size_t index, const char* name) {
  const std::string where = fmt::format("waiver {}: {}", index, name);
  if (!waiver.is_object())
    throw std::invalid_argument(fmt::format("waiver {}: must be an object", index));
  if (!waiver.contains(name) || !waiver[name].is_string() || waiver[name] == "")
    throw std::invalid_argument(where + ": must be a text that is not empty");
  return waiver[name].get<std::string>();
}

// Days of one form, so that their texts compare as they do.
void check_day(const std::string& day, std::size_t index) {
  bool good = day.size() == 10;
  for (std::size_t i = 0; good && i < day.size(); ++i)
    good = i == 4 || i == 7 ? day[i] == '-' : day[i] >= '0' && day[i] <= '9';
  if (good) {
    const std::chrono::year_month_day parsed{
        std::chrono::year(std::stoi(day)),
        std::chrono::month(static_cast<unsigned>(std::stoi(day.substr(5)))),
        std::chrono::day(static_cast<unsigned>(std::stoi(day.substr(8))))};
    good = parsed.ok();
  }
  if (!good)
    throw std::invalid_argument(fmt::format("waiver {}: expiry = '{}': must be a day as YYYY-MM-DD",
                                            index, day.substr(0, 60)));
}

}  // namespace

void apply_waivers(Report& report, const Json& waivers, const std::string& today) {
  if (!waivers.is_array()) throw std::invalid_argument("waivers: must be a list");
  std::map<std::string, std::size_t> first;
  for (std::size_t i = 0; i < waivers.size(); ++i) {
    const std::string id = field(waivers[i], i, "id"), reason = field(waivers[i], i, "reason"),
                      expiry = field(waivers[i], i, "expiry");
    for (const auto& [key, value] : waivers[i].items()) {
      if (key != "id" && key != "reason" && key != "expiry")
        throw std::invalid_argument(
            fmt::format("waiver {}: unknown field '{}': must be id, reason or expiry", i, key));
    }
    check_day(expiry, i);
    if (const auto [before, alone] = first.try_emplace(id, i); !alone)
      throw std::invalid_argument(
          fmt::format("waiver {}: id = '{}': is waived by waiver {} too: must be waived once", i,
                      id.substr(0, 120), before->second));
    const auto found = std::find_if(report.cases.begin(), report.cases.end(),
                                    [&](const ReportCase& c) { return c.id == id; });
    if (found == report.cases.end()) {
      report.waiver_problems.push_back(
          fmt::format("waiver {}: {} is no case of {}", i, id, report.golden));
    } else if (expiry < today) {
      report.waiver_problems.push_back(
          fmt::format("waiver {}: of {} expired on {}: {}", i, id, expiry, reason));
    } else {
      found->waived = reason;
    }
  }
}

std::string today_utc() {
  const std::chrono::year_month_day day{
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now())};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

}  // namespace plumbline
