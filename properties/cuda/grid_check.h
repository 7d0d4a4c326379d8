// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "fast/cuda/grid.h"
#include "fast/cuda/rotate.h"
#include "properties/cuda/call.h"
#include "properties/cuda/watched.h"

// One drawn call through the whole grid of a kernel body, against the scalar kernel, bit for bit,
// with a book of every byte that was touched.
namespace plumbline::test {

// Addresses are multiples of 256 bytes, as a device allocates.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes) : size_(bytes), store_(bytes + 512, std::byte{0x5a}) {
    const auto at = reinterpret_cast<std::uintptr_t>(store_.data());
    data_ = store_.data() + (256 - at % 256) % 256;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::byte* data() { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  std::vector<std::byte> store_;
  std::byte* data_;
};

inline const fast::Kernel& scalar_kernel() {
  for (const fast::Kernel& kernel : fast::kernels()) {
    if (kernel.name == "scalar") return kernel;
  }
  throw std::logic_error("no scalar kernel");
}

// Equal bits; NaNs are one class, since the device makes others than this processor.
inline bool same(const std::byte* a, const std::byte* b, fast::Storage storage) {
  const auto nan = [storage](const std::byte* x) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, x, static_cast<std::size_t>(cuda::element_bytes(storage)));
    switch (storage) {
      case fast::Storage::f64:
        return (bits & 0x7fffffffffffffffU) > 0x7ff0000000000000U;
      case fast::Storage::f32:
        return (bits & 0x7fffffffU) > 0x7f800000U;
      case fast::Storage::bf16:
        return (bits & 0x7fffU) > 0x7f80U;
      case fast::Storage::f16:
        return (bits & 0x7fffU) > 0x7c00U;
    }
    return false;
  };
  if (nan(a) || nan(b)) return nan(a) && nan(b);
  return std::memcmp(a, b, static_cast<std::size_t>(cuda::element_bytes(storage))) == 0;
}

// The table, positions and tensors of a drawn call.
struct PreparedCall {
  fast::RotaryPlan plan;
  std::vector<cuda::Turn> turns;
  std::vector<std::int64_t> positions;  // [axes][tokens]
  std::unique_ptr<Buffer> table, turn_rows, position_ids, q_in, k_in, q_out, k_out;
};

inline std::unique_ptr<Buffer> copied(const void* data, std::size_t bytes) {
  auto out = std::make_unique<Buffer>(bytes);
  if (bytes != 0) std::memcpy(out->data(), data, bytes);
  return out;
}

inline PreparedCall prepare(const DrawnCall& call) {
  Draw draw(call.seed * 7919 + call.row + 1);
  PreparedCall out;
  const auto entries = static_cast<std::size_t>(call.maps) * static_cast<std::size_t>(call.pairs);
  const auto tokens = static_cast<std::size_t>(call.tokens);
  fast::RotaryPlan& plan = out.plan;
  plan.tokens = call.tokens;
  plan.head_dim = call.head_dim();
  plan.rotary_dim = 2 * call.pairs;
  plan.num_heads = call.kv_heads * call.group;
  plan.num_key_value_heads = call.kv_heads;
  plan.maps = call.maps;
  plan.neox = call.entry().neox;
  const fast::Storage storage = call.entry().storage;
  plan.table = storage == fast::Storage::f64 ? storage : fast::Storage::f32;
  plan.attention_factor = call.attention_factor;
  for (std::size_t i = 0; i < entries; ++i) {
    out.turns.push_back(i % 7 == 3 ? cuda::Turn{} : draw_turn(draw));
    out.turns.back().axis = static_cast<std::uint32_t>(draw.number(0, call.axes - 1));
  }
  for (std::size_t i = 0; i < tokens * static_cast<std::size_t>(call.axes); ++i) {
    const std::int64_t position = draw_position(draw);
    out.positions.push_back(call.wide ? position : std::min<std::int64_t>(position, INT32_MAX));
  }
  for (std::size_t token = 0; token < tokens; ++token) {
    for (std::size_t map = 0; map < entries; map += static_cast<std::size_t>(call.pairs)) {
      for (const bool sine : {false, true}) {
        for (std::size_t i = map; i < map + static_cast<std::size_t>(call.pairs); ++i) {
          if (plan.table == fast::Storage::f64) {
            plan.cos_sin_cache_f64.push_back(std::ldexp(draw.number(-(1 << 30), 1 << 30), -30));
          } else if (call.entry().source == cuda::Source::table) {
            plan.cos_sin_cache.push_back(
                static_cast<float>(std::ldexp(draw.number(-(1 << 30), 1 << 30), -30)));
          } else {
            const auto factor = static_cast<float>(call.attention_factor);
            const cuda::CosSin value = cuda::cos_sin<cuda::Machine>(
                out.positions[out.turns[i].axis * tokens + token], out.turns[i], factor,
                static_cast<float>(call.attention_factor - factor));
            plan.cos_sin_cache.push_back(sine ? value.sin : value.cos);
          }
        }
      }
    }
  }
  if (plan.table == fast::Storage::f64) {
    out.table = copied(plan.cos_sin_cache_f64.data(), plan.cos_sin_cache_f64.size() * 8);
  } else {
    out.table = copied(plan.cos_sin_cache.data(), plan.cos_sin_cache.size() * 4);
  }
  out.turn_rows = copied(out.turns.data(), out.turns.size() * sizeof(cuda::Turn));
  const std::vector<std::int32_t> narrow(out.positions.begin(), out.positions.end());
  out.position_ids = call.wide ? copied(out.positions.data(), out.positions.size() * 8)
                               : copied(narrow.data(), narrow.size() * 4);
  const auto tensor = [&](const Tensor3& t) { return std::make_unique<Buffer>(t.bytes); };
  out.q_in = tensor(call.q_in);
  out.k_in = tensor(call.k_in);
  fill(out.q_in->data(), out.q_in->size(), storage, call.special, draw);
  fill(out.k_in->data(), out.k_in->size(), storage, call.special, draw);
  if (!call.in_place) {
    out.q_out = tensor(call.q_out);
    out.k_out = tensor(call.k_out);
  }
  return out;
}

inline cuda::Rotated rotated(const DrawnCall& call, const Tensor3& in, const Tensor3& out,
                             Buffer& in_buffer, Buffer* out_buffer) {
  const auto element = static_cast<std::size_t>(cuda::element_bytes(call.entry().storage));
  std::byte* to = (out_buffer == nullptr ? in_buffer : *out_buffer).data();
  return {in.heads,
          {in_buffer.data() + in.base * element, in.token_stride, in.head_stride},
          {to + out.base * element, out.token_stride, out.head_stride}};
}

inline cuda::Launch launch_of(const DrawnCall& call, PreparedCall& p, std::int64_t threads) {
  const cuda::Rotated q = rotated(call, call.q_in, call.q_out, *p.q_in, p.q_out.get());
  const cuda::Rotated k =
      call.fused ? rotated(call, call.k_in, call.k_out, *p.k_in, p.k_out.get()) : cuda::Rotated{};
  const auto direction = call.adjoint ? fast::Direction::adjoint : fast::Direction::forward;
  const fast::Storage storage = call.entry().storage;
  cuda::Launch launch =
      call.entry().source == cuda::Source::table
          ? plan_launch(p.plan, storage, q, k, direction, p.table->data(), threads)
          : plan_launch(p.plan, storage, q, k, direction,
                        cuda::Phases{reinterpret_cast<const cuda::Turn*>(p.turn_rows->data()),
                                     p.position_ids->data(), call.wide, call.attention_factor},
                        threads);
  if (call.grid.blocks_of_tokens != 0) launch.grid = call.grid;
  return launch;
}

// What the scalar kernel makes of one tensor; the whole allocation.
inline std::vector<std::byte> expected(const DrawnCall& call, const fast::RotaryPlan& plan,
                                       const Tensor3& in, const Tensor3& out, Buffer& input,
                                       Buffer* output) {
  std::vector<std::byte> result(output == nullptr ? input.size() : output->size());
  std::memcpy(result.data(), (output == nullptr ? input : *output).data(), result.size());
  const auto element = static_cast<std::size_t>(cuda::element_bytes(call.entry().storage));
  std::byte* to = result.data() + out.base * element;
  const std::byte* from = output == nullptr ? to : input.data() + in.base * element;
  fast::rotate(scalar_kernel(), plan, call.entry().storage, in.heads,
               {from, in.token_stride, in.head_stride}, {to, out.token_stride, out.head_stride},
               call.adjoint ? fast::Direction::adjoint : fast::Direction::forward);
  return result;
}

// Each byte of a head that the call concerns is read once and written once, no other byte at all.
inline std::string accesses(const DrawnCall& call, const Tensor3& t, const Region& region,
                            bool read, bool write, bool used) {
  const auto element = static_cast<std::size_t>(cuda::element_bytes(call.entry().storage));
  std::vector<std::uint16_t> wanted(region.size);
  const int lanes = call.in_place ? 2 * call.pairs : call.head_dim();
  for (int token = 0; used && token < call.tokens; ++token) {
    for (int head = 0; head < t.heads; ++head) {
      const std::size_t first =
          (t.base + static_cast<std::size_t>(token * t.token_stride + head * t.head_stride)) *
          element;
      std::fill_n(wanted.begin() + static_cast<std::ptrdiff_t>(first),
                  static_cast<std::size_t>(lanes) * element, std::uint16_t{1});
    }
  }
  const std::vector<std::uint16_t> never(region.size);
  if (region.reads != (read ? wanted : never)) return region.name + ": not read exactly once";
  if (region.writes != (write ? wanted : never)) return region.name + ": not written exactly once";
  return {};
}

// Every byte of a table row is read once for each thread along the heads that has a head of its
// map.
inline std::string table_reads(const Region& region, int times) {
  for (const std::uint16_t reads : region.reads) {
    if (reads != times)
      return region.name + ": a byte is read " + std::to_string(reads) + " times instead of " +
             std::to_string(times);
  }
  return {};
}

// Executes a launch under a book of its accesses; false: this runner lacks the entry.
using Runner = std::function<bool(const cuda::Launch&, Watch&)>;

// The bodies of the given rows, compiled for this processor.
template <std::size_t... row>
Runner host_runner(std::index_sequence<row...> /*rows*/) {
  return [](const cuda::Launch& launch, Watch& watch) {
    Watched::watch = &watch;
    const auto run = [&]<std::size_t one>(std::integral_constant<std::size_t, one> /*row*/) {
      if (launch.entry != one) return false;
      cuda::for_each_thread(launch.grid, [&](const cuda::Thread& thread) {
        cuda::Body<Watched, cuda::kEntry<one>>::run(launch.parameters, thread);
      });
      return true;
    };
    return (run(std::integral_constant<std::size_t, row>()) || ...);
  };
}

// Runs the call drawn for `row`, which may turn out to fit a wider entry. Empty, or what went
// wrong; `ran` is the row that ran, kEntries.size() if the runner lacks it.
inline std::string check_call(const Runner& runner, std::size_t row, std::uint64_t seed,
                              std::size_t& ran) {
  const DrawnCall call = draw_call(row, seed);
  PreparedCall p = prepare(call);
  const fast::Storage storage = call.entry().storage;
  const auto want_q = expected(call, p.plan, call.q_in, call.q_out, *p.q_in, p.q_out.get());
  const auto want_k = expected(call, p.plan, call.k_in, call.k_out, *p.k_in, p.k_out.get());
  const cuda::Launch launch = launch_of(call, p, static_cast<std::int64_t>(seed % 3) * 100);
  ran = launch.entry;
  const int width = cuda::kEntries[ran].width;
  if (width < call.entry().width)
    return "access of " + std::to_string(width) + " bytes was chosen for " + call.text();

  Watch watch;
  watch.add("q in", p.q_in->data(), p.q_in->size(), call.in_place, width);
  watch.add("k in", p.k_in->data(), p.k_in->size(), call.in_place, width);
  if (!call.in_place) {
    watch.add("q out", p.q_out->data(), p.q_out->size(), true, width);
    watch.add("k out", p.k_out->data(), p.k_out->size(), true, width);
  }
  const bool from_table = call.entry().source == cuda::Source::table;
  if (from_table) {
    watch.add("table", p.table->data(), p.table->size(), false, 0);
  } else {
    watch.add("turns", p.turn_rows->data(), p.turn_rows->size(), false, 16);
    watch.add("position_ids", p.position_ids->data(), p.position_ids->size(), false,
              call.wide ? 8 : 4);
  }
  if (!runner(launch, watch)) {
    ran = cuda::kEntries.size();
    return {};
  }
  if (!watch.fault().empty()) return watch.fault() + " " + call.text();

  std::string fault;
  const auto note = [&](const std::string& what) {
    if (fault.empty() && !what.empty()) fault = what + " " + call.text();
  };
  const auto compare = [&](const char* name, Buffer& got, const std::vector<std::byte>& want) {
    const auto element = static_cast<std::size_t>(cuda::element_bytes(storage));
    for (std::size_t i = 0; i + element <= want.size(); i += element) {
      if (same(got.data() + i, want.data() + i, storage)) continue;
      note(std::string(name) + ": element " + std::to_string(i / element) + " differs");
    }
  };
  compare("q", call.in_place ? *p.q_in : *p.q_out, want_q);
  if (call.fused) compare("k", call.in_place ? *p.k_in : *p.k_out, want_k);
  note(accesses(call, call.q_in, watch.region("q in"), true, call.in_place, true));
  note(accesses(call, call.k_in, watch.region("k in"), true, call.in_place, call.fused));
  if (!call.in_place) {
    note(accesses(call, call.q_out, watch.region("q out"), false, true, true));
    note(accesses(call, call.k_out, watch.region("k out"), false, true, call.fused));
  }
  if (from_table) note(table_reads(watch.region("table"), launch.grid.blocks_of_heads));
  return fault;
}

}  // namespace plumbline::test
