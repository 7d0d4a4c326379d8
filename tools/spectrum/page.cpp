// SPDX-License-Identifier: Apache-2.0
#include "tools/spectrum/report.h"

namespace plumbline::spectrum {
std::string report_html(const Report&) { return ""; }
}  // namespace plumbline::spectrum
