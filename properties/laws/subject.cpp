// SPDX-License-Identifier: Apache-2.0
#include "properties/laws/subject.h"

#include <cstring>
#include <stdexcept>

#include "fast/fast.h"
#include "golden/golden.h"
#include "properties/laws/tuple.h"
#include "tools/subject.h"

namespace plumbline::laws {
namespace {

std::optional<Recipe> no_recipe(const Format&) { return std::nullopt; }
std::optional<std::string> never(const Case&) { return std::nullopt; }

template <class Body>
void for_each_element(const Call& call, int heads, const Strides& strides, const Body& body) {
  const auto width = static_cast<std::ptrdiff_t>(call.c.shape.head_dim);
  std::size_t flat = 0;
  for (std::size_t row = 0; row < call.ids.rows(); ++row) {
    for (int head = 0; head < heads; ++head) {
      const std::ptrdiff_t base =
          static_cast<std::ptrdiff_t>(row) * strides.token + head * strides.head;
      for (std::ptrdiff_t lane = 0; lane < width; ++lane)
        body(flat++, (base + lane) * call.format.bytes);
    }
  }
}

std::vector<std::uint64_t> gather(const Call& call, const HeadView& view, int heads) {
  std::vector<std::uint64_t> bits(call.ids.rows() * static_cast<std::size_t>(heads) *
                                  static_cast<std::size_t>(call.c.shape.head_dim));
  for_each_element(call, heads, view.in_strides, [&](std::size_t i, std::ptrdiff_t at) {
    std::memcpy(&bits[i], view.in + at, static_cast<std::size_t>(call.format.bytes));
  });
  return bits;
}

void scatter(const Call& call, const HeadView& view, int heads,
             const std::vector<std::uint64_t>& bits) {
  for_each_element(call, heads, view.out_strides, [&](std::size_t i, std::ptrdiff_t at) {
    std::memcpy(view.out + at, &bits[i], static_cast<std::size_t>(call.format.bytes));
  });
}

void rotate_certified(const Call& call) {
  const HeadShape& s = call.c.shape;
  const Heads in{call.format, gather(call, call.q, s.num_heads),
                 gather(call, call.k, s.num_key_value_heads)};
  const Tensors out = evaluate(call.c, call.ids, {}, {in}, call.adjoint, 1);
  const Heads& wanted = call.adjoint ? out.rotated[0].adjoint : out.rotated[0].out;
  scatter(call, call.q, s.num_heads, wanted.q);
  scatter(call, call.k, s.num_key_value_heads, wanted.k);
}

fast::Storage storage_of(const Format& f) {
  return f == binary64   ? fast::Storage::f64
         : f == bfloat16 ? fast::Storage::bf16
         : f == binary16 ? fast::Storage::f16
                         : fast::Storage::f32;
}

void rotate_fast(const fast::Kernel& kernel, const Call& call) {
  std::vector<double> ids;
  for (const Coordinate& x : call.ids.position_ids) ids.push_back(nearest_double(x));
  const HeadShape& s = call.c.shape;
  const auto rotary = rotary_case(call.c, allocation(call.c), call.ids.axes);
  const fast::Storage storage = storage_of(call.format);
  const auto plan =
      fast::make_plan(rotary, ids, static_cast<int>(call.ids.rows()), kernel.phase, storage);
  const auto direction = call.adjoint ? fast::Direction::adjoint : fast::Direction::forward;
  for (const auto& [view, heads] :
       {std::pair(&call.q, s.num_heads), std::pair(&call.k, s.num_key_value_heads)}) {
    fast::rotate(kernel, plan, storage, heads,
                 {view->in, view->in_strides.token, view->in_strides.head},
                 {view->out, view->out_strides.token, view->out_strides.head}, direction);
  }
}

// The embedding that an engine keeps: q and k in one pass, rows from its table or made on the fly.
void rotate_embedding(const Call& call) {
  std::vector<double> ids;
  const std::size_t tokens = call.ids.rows();
  for (const Coordinate& x : call.ids.position_ids) ids.push_back(nearest_double(x));
  const fast::RotaryEmbedding embedding(rotary_case(call.c, allocation(call.c), call.ids.axes),
                                        {.ready_positions = 256, .kernel = nullptr});
  const auto in_out = [](const HeadView& v) {
    return fast::InOut{{v.in, v.in_strides.token, v.in_strides.head},
                       {v.out, v.out_strides.token, v.out_strides.head}};
  };
  embedding.rotate(storage_of(call.format), std::span<const double>(ids), static_cast<int>(tokens),
                   in_out(call.q), in_out(call.k),
                   call.adjoint ? fast::Direction::adjoint : fast::Direction::forward);
}

std::vector<Subject> all_subjects() {
  std::vector<Subject> out;
  out.push_back({"reference", plumbline::positions, rotate_certified, no_recipe, never, true});
  for (const fast::Kernel& kernel : fast::kernels()) {
    if (!kernel.supported()) continue;
    const std::string name(kernel.name);
    out.push_back({name, plumbline::positions,
                   [&kernel](const Call& call) { rotate_fast(kernel, call); },
                   [name](const Format& f) {
                     return std::optional(parse_recipe(kernel_recipe(name, dtype_of(f))));
                   },
                   not_by_pairs, false});
  }
  // Its kernel is the best of phase exact: the first.
  out.push_back(
      {"embedding", plumbline::positions, rotate_embedding, out[1].recipe, not_by_pairs, false});
  return out;
}

}  // namespace

std::span<const Subject> subjects() {
  static const std::vector<Subject> kAll = all_subjects();
  return kAll;
}

const Subject& find_subject(std::span<const Subject> among, std::string_view name,
                            std::string_view knob) {
  std::string known;
  for (const Subject& s : among) {
    if (s.name == name) return s;
    known += (known.empty() ? "" : ", ") + s.name;
  }
  throw std::invalid_argument(std::string(knob) + " = '" + std::string(name.substr(0, 60)) +
                              "': must be one of " + known);
}

}  // namespace plumbline::laws
