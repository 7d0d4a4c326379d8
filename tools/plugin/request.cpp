// SPDX-License-Identifier: Apache-2.0
#include "tools/plugin/request.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace plumbline::plugin {
namespace {

constexpr std::byte kPoison{0xc7};
constexpr std::string_view kNames[kSlots] = {
    "axis_map", "rung",       "inv_freq", "scaling",    "json", "position_ids", "cu_seqlens",
    "q",        "q's output", "k",        "k's output", "cos",  "sin"};

std::string count(std::uint64_t n) { return fmt::format("{} byte{}", n, n == 1 ? "" : "s"); }

std::uint64_t element_bytes(std::int32_t dtype) {
  return dtype == PLUMBLINE_F64 ? 8 : dtype == PLUMBLINE_F32 ? 4 : 2;
}

std::size_t slot_of(Slot s) { return static_cast<std::size_t>(s); }

}  // namespace

Layout::Layout(const CallBytes& call, std::uint64_t alignment) : call_(call) {
  const std::uint64_t element = element_bytes(call.dtype), aligned = std::max(alignment, element);
  const auto vector = [&](Slot slot, const auto& v) {
    add(slot, v.data(), v.size() * sizeof v[0], false, 8);
  };
  vector(Slot::axis_map, call.axis_map);
  vector(Slot::rung, call.rung);
  vector(Slot::inv_freq, call.inv_freq);
  add(Slot::scaling, call.scaling.c_str(), call.scaling.size() + 1, false, 1);
  add(Slot::json, call.json.c_str(), call.json.size() + 1, false, 1);
  add(Slot::position_ids, call.position_ids.data(), call.position_ids.size(), false,
      call.position_dtype == PLUMBLINE_POSITION_I32 ? 4 : 8);
  add(Slot::cu_seqlens, call.cu_seqlens.data(), call.cu_seqlens.size() * 4, false, 4);
  if (call.is_table) {
    add(Slot::cos, call.cos.data(), call.cos.size(), true, aligned);
    add(Slot::sin, call.sin.data(), call.sin.size(), true, aligned);
    return;
  }
  add_tensor(Slot::q_in, call.q.in, call.q.far_in, call.in_place, aligned);
  add_tensor(Slot::k_in, call.k.in, call.k.far_in, call.in_place, aligned);
  if (call.in_place) return;
  add_tensor(Slot::q_out, call.q.out, call.q.far_out, true, aligned);
  add_tensor(Slot::k_out, call.k.out, call.k.far_out, true, aligned);
}

void Layout::add_tensor(Slot slot, const std::vector<std::byte>& dense,
                        const std::vector<Piece>& pieces, bool writable, std::uint64_t alignment) {
  if (pieces.empty()) {
    add(slot, dense.data(), dense.size(), writable, alignment);
    return;
  }
  add(slot, nullptr, pieces.back().offset + pieces.back().bytes.size(), writable, alignment);
  Part& part = parts_[slot_of(slot)];
  part.pieces = &pieces;
  far_bytes_ += part.buffer.length;
}

void Layout::add(Slot slot, const void* data, std::uint64_t bytes, bool writable,
                 std::uint64_t alignment) {
  Part& part = parts_[slot_of(slot)];
  part.data = data;
  part.bytes = bytes;
  // An empty buffer keeps a page of its own: its address is valid, its first byte is not its own.
  part.buffer.length = std::max<std::uint64_t>((bytes + kPage - 1) / kPage, 1) * kPage;
  part.buffer.file_offset = end_;
  part.buffer.bytes = bytes;
  part.buffer.writable = writable;
  if (call_.at_end) part.buffer.offset = (part.buffer.length - bytes) / alignment * alignment;
  end_ += part.buffer.length;
}

void Layout::write(std::byte* memory) const {
  Control& control = *reinterpret_cast<Control*>(memory);
  control.task = call_.is_table ? Task::table : Task::rotate;
  control.reply = Reply::none;
  control.c = call_.c;
  control.call = {};
  control.call.tokens = call_.tokens;
  control.call.dtype = call_.dtype;
  control.call.adjoint = call_.adjoint ? 1 : 0;
  control.call.position_dtype = call_.position_dtype;
  control.call.sequences = static_cast<std::int32_t>(call_.cu_seqlens.size()) - 1;
  control.call.q = call_.q.shape;
  control.call.k = call_.k.shape;
  control.in_place = call_.in_place ? 1 : 0;
  control.status = 0;
  control.fault = {};
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    control.buffers[i] = part.buffer;
    if (part.buffer.length == 0) continue;
    std::byte* pages = memory + part.buffer.file_offset;
    if (part.pieces != nullptr) {
      // A hole costs nothing; what an earlier call left there goes.
      if (madvise(pages, part.buffer.length, MADV_REMOVE) != 0)
        throw std::runtime_error("no holes in the shared memory of a plug-in");
      const std::uint64_t end = part.buffer.offset + part.bytes;
      std::fill_n(pages, part.buffer.offset, kPoison);
      std::fill_n(pages + end, part.buffer.length - end, kPoison);
      for (const Piece& p : *part.pieces)
        std::copy(p.bytes.begin(), p.bytes.end(), pages + part.buffer.offset + p.offset);
      continue;
    }
    std::fill_n(pages, part.buffer.length, kPoison);
    if (part.bytes != 0) std::memcpy(pages + part.buffer.offset, part.data, part.bytes);
  }
}

Result Layout::check(const std::byte* memory) const {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Buffer& b = parts_[i].buffer;
    const std::byte* pages = memory + b.file_offset;
    const auto changed = [&](std::uint64_t first, std::uint64_t last) {
      return std::find_if(pages + first, pages + last, [](std::byte x) { return x != kPoison; }) -
             pages;
    };
    if (const auto at = static_cast<std::uint64_t>(changed(b.offset + b.bytes, b.length));
        at < b.length)
      return {
          Trouble::wrote_outside,
          fmt::format("wrote {} past the end of {}", count(at - b.offset - b.bytes + 1), kNames[i]),
          false};
    if (const auto at = static_cast<std::uint64_t>(changed(0, b.offset)); at < b.offset)
      return {Trouble::wrote_outside,
              fmt::format("wrote {} before the start of {}", count(b.offset - at), kNames[i]),
              false};
  }
  return {};
}

void Layout::read(const std::byte* memory, CallBytes& call) const {
  const auto take = [&](Slot slot, std::vector<std::byte>& to) {
    const Buffer& b = parts_[slot_of(slot)].buffer;
    if (b.length != 0 && b.bytes != 0)
      std::memcpy(to.data(), memory + b.file_offset + b.offset, b.bytes);
  };
  const auto take_pieces = [&](Slot slot, std::vector<Piece>& to) {
    const Buffer& b = parts_[slot_of(slot)].buffer;
    for (Piece& p : to)
      std::copy_n(memory + b.file_offset + b.offset + p.offset, p.bytes.size(), p.bytes.begin());
  };
  const auto take_tensor = [&](Slot slot, std::vector<std::byte>& dense,
                               std::vector<Piece>& pieces) {
    pieces.empty() ? take(slot, dense) : take_pieces(slot, pieces);
  };
  take(Slot::cos, call.cos);
  take(Slot::sin, call.sin);
  take_tensor(Slot::q_in, call.q.in, call.q.far_in);
  take_tensor(Slot::k_in, call.k.in, call.k.far_in);
  if (call.in_place) return;
  take_tensor(Slot::q_out, call.q.out, call.q.far_out);
  take_tensor(Slot::k_out, call.k.out, call.k.far_out);
}

Result describe_fault(const Fault& fault) {
  const char* short_name = sigabbrev_np(fault.signal);
  const std::string name = short_name == nullptr ? fmt::format("signal {}", fault.signal)
                                                 : fmt::format("SIG{}", short_name);
  if (fault.slot < 0) return {Trouble::crashed, "crashed with " + name, false};
  const std::string_view what = kNames[fault.slot];
  const char* verb = fault.is_write == 1 ? "wrote" : fault.is_write == 0 ? "read" : "touched";
  const Trouble outside = fault.is_write == 0 ? Trouble::read_outside : Trouble::wrote_outside;
  if (fault.past > 0) {
    return {outside,
            fmt::format("{} at byte {} past the end of {} ({})", verb, fault.past, what, name),
            false};
  }
  if (fault.before > 0) {
    return {
        outside,
        fmt::format("{} at byte {} before the start of {} ({})", verb, fault.before, what, name),
        false};
  }
  return {Trouble::wrote_input, fmt::format("wrote to {}, which is an input ({})", what, name),
          false};
}

}  // namespace plumbline::plugin
