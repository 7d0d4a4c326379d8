// SPDX-License-Identifier: Apache-2.0
#include "tools/mutants/library.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <stdexcept>

#include "properties/laws/tuple.h"
#include "properties/mutants/mutant.h"

namespace plumbline::mutants {
namespace {

static_assert(PLUMBLINE_DTYPES == std::size(kFormats));

// A kernel object for each id, kept as a library keeps its state.
struct Kernel {
  explicit Kernel(std::string_view id)
      : mutant(id == "faultless" ? nullptr : &find_mutant(id)),
        subject(mutant == nullptr ? faultless() : subject_of(*mutant)),
        name("mutant-" + std::string(id)) {
    for (const Format& f : kFormats) recipes.push_back(subject.recipe(f).value().name);
  }
  const Mutant* mutant;
  laws::Subject subject;
  std::string name;
  std::vector<std::string> recipes;
};

// Throws std::invalid_argument for an id that there is not.
Kernel& kernel_of(const std::string& id) {
  static std::mutex mutex;
  static std::map<std::string, Kernel> all;
  const std::lock_guard lock(mutex);
  const auto found = all.find(id);
  return found != all.end() ? found->second : all.emplace(id, Kernel(id)).first->second;
}

const Case& case_of(const char* json) {
  thread_local std::pair<std::string, Case> last;
  if (last.first != json) last = {json, case_from_json(parse_json(json))};
  return last.second;
}

double position_at(const plumbline_call& call, std::size_t i) {
  switch (call.position_dtype) {
    case PLUMBLINE_POSITION_I32:
      return static_cast<const std::int32_t*>(call.position_ids)[i];
    case PLUMBLINE_POSITION_I64:
      return static_cast<double>(static_cast<const std::int64_t*>(call.position_ids)[i]);
    case PLUMBLINE_POSITION_F64:
      return static_cast<const double*>(call.position_ids)[i];
    default:
      throw std::invalid_argument("position_dtype: must be int32, int64 or float64");
  }
}

PositionTable table_of(const Case& c, const plumbline_call& call) {
  PositionTable out = laws::table_of(c, {});
  out.axes = call.c->axes;
  for (std::int64_t row = 0; row < call.tokens; ++row) out.token_index.push_back(row);
  const auto count = static_cast<std::size_t>(call.tokens) * static_cast<std::size_t>(out.axes);
  for (std::size_t i = 0; i < count; ++i)
    out.position_ids.emplace_back(from_double(position_at(call, i)));
  return out;
}

// A mutant of the position ids is an engine that makes its own: wherever it is given those of the
// case's own prompt, once or several times packed, it takes what it would have made.
PositionTable placed_by(const Mutant& mutant, const Case& c, const PositionTable& given) {
  const PositionTable right = positions(c);
  const std::size_t rows = right.rows(), all = given.rows();
  if (rows == 0 || all == 0 || all % rows != 0 || right.axes != given.axes) return given;
  for (int a = 0; a < given.axes; ++a) {
    for (std::size_t n = 0; n < all; ++n) {
      if (laws::nearest_double(given.at(a, n)) != laws::nearest_double(right.at(a, n % rows)))
        return given;
    }
  }
  const PositionTable made = mutant.place(c);
  PositionTable out = given;
  for (int a = 0; a < given.axes; ++a) {
    for (std::size_t n = 0; n < all; ++n)
      out.position_ids[static_cast<std::size_t>(a) * all + n] = made.at(a, n % rows);
  }
  return out;
}

laws::HeadView view_of(const plumbline_tensor& t) {
  return {static_cast<const std::byte*>(t.in),
          static_cast<std::byte*>(t.out),
          {t.in_token_stride, t.in_head_stride},
          {t.out_token_stride, t.out_head_stride}};
}

void rotate(const Kernel& kernel, const plumbline_call& call) {
  const Case& c = case_of(call.c->json);
  if (const auto why = kernel.subject.skips(c)) throw std::invalid_argument(*why);
  if (call.dtype < 0 || call.dtype >= PLUMBLINE_DTYPES)
    throw std::invalid_argument("dtype: must be one of the header's");
  PositionTable ids = table_of(c, call);
  if (kernel.mutant != nullptr && kernel.mutant->place != nullptr)
    ids = placed_by(*kernel.mutant, c, ids);
  kernel.subject.rotate(
      {c, ids, kFormats[call.dtype], call.adjoint != 0, view_of(call.q), view_of(call.k)});
}

void say(const plumbline_call& call, const char* why) {
  if (call.message != nullptr && call.message_size > 0)
    std::snprintf(call.message, call.message_size, "%s", why);
}

}  // namespace
}  // namespace plumbline::mutants

using plumbline::mutants::kernel_of;

int plumbline_mutant_describe(const char* id, plumbline_kernel* kernel) {
  try {
    const auto& mutant = kernel_of(id);
    kernel->name = mutant.name.c_str();
    for (std::size_t i = 0; i < mutant.recipes.size(); ++i)
      kernel->recipe[i] = mutant.recipes[i].c_str();
    return 1;
  } catch (const std::exception&) {
    return 0;
  }
}

int plumbline_mutant_rotate(const char* id, const plumbline_call* call) {
  constexpr int kFailed = 2;
  try {
    plumbline::mutants::rotate(kernel_of(id), *call);
    return PLUMBLINE_DONE;
  } catch (const std::invalid_argument& refused) {
    plumbline::mutants::say(*call, refused.what());
    return PLUMBLINE_UNSUPPORTED;
  } catch (const std::exception& failed) {
    plumbline::mutants::say(*call, failed.what());
    return kFailed;
  }
}
