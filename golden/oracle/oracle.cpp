// SPDX-License-Identifier: Apache-2.0
#include "golden/oracle/oracle.h"

#include <arb.h>
#include <fmt/format.h>

#include <stdexcept>

#include "golden/oracle/recomputation.h"

namespace plumbline::oracle {

Report recompute(const StoredCase& stored) {
  free_caches_at_thread_end();
  try {
    const auto text = stored.text.find("case");
    if (text == stored.text.end()) throw std::invalid_argument("the attribute `case` is absent");
    const Case given = parse_case(text->second);
    return Recomputation(stored, given).run();
  } catch (const Json::exception& error) {
    throw std::invalid_argument(fmt::format("case {}: {}", stored.id, error.what()));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("case {}: {}", stored.id, error.what()));
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(fmt::format("case {}: {}", stored.id, error.what()));
  }
}

std::string version() { return fmt::format("arb {}", arb_version); }

}  // namespace plumbline::oracle
