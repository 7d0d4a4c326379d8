// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "tools/plumbline_kernel.h"

// What plumbline and the process that holds a plug-in say to each other: one block at the start of
// a shared file, and one byte each way over a socket when the other's turn begins.
namespace plumbline::plugin {

inline constexpr std::uint64_t kPage = 4096;
inline constexpr std::uint64_t kGuard = 16 * kPage;  // inaccessible, before and after each buffer
inline constexpr int kSocket = 3, kFile = 4;         // descriptors in the child
inline constexpr int kLeash =
    5;  // held by its supervisor: the child's wait status, see supervise.h

enum class Slot : std::uint8_t {
  axis_map,
  rung,
  inv_freq,
  scaling,
  json,
  position_ids,
  cu_seqlens,
  q_in,
  q_out,
  k_in,
  k_out,
  cos,
  sin
};
inline constexpr int kSlots = 13;

// Pages [file_offset, file_offset + length) of the shared file; the buffer is `bytes` bytes from
// `offset` on, inside them. Absent where length is 0.
struct Buffer {
  std::uint64_t file_offset = 0, length = 0, offset = 0, bytes = 0;
  std::uint64_t writable = 0;
};

enum class Task : std::uint32_t { describe, rotate, table };
enum class Reply : std::uint32_t { none, done, cannot_load, no_symbol, other_abi };

struct Fault {
  std::int32_t signal = 0;     // 0: none
  std::int32_t slot = -1;      // the buffer that it happened beside or in
  std::int32_t is_write = -1;  // -1: the processor does not say
  std::int32_t reserved = 0;
  std::int64_t before = 0;       // bytes before the first byte, where positive
  std::int64_t past = 0;         // 1: the byte after the last one
  std::uint64_t memory_mib = 0;  // address space in use
};

// What a call wrote that it only reads, or past the end of its message.
enum class Trespass : std::uint32_t { none, its_case, its_call, its_message };

struct Control {
  Task task = Task::describe;
  Reply reply = Reply::none;
  // Pointers are filled in by the child.
  plumbline_case c{};
  plumbline_call call{};
  std::uint32_t in_place = 0;
  std::int32_t status = 0;
  Buffer buffers[kSlots];
  Fault fault;
  Trespass trespass = Trespass::none;
  std::uint32_t abi_version = 0, alignment = 0, rotates = 0, tables = 0;
  std::uint64_t kernel_size = 0;
  char name[64] = {};
  char recipe[PLUMBLINE_DTYPES][256] = {};
  std::uint32_t offers[PLUMBLINE_DTYPES] = {};
  char message[256] = {};
};

inline constexpr std::uint64_t kControlBytes = (sizeof(Control) + kPage - 1) / kPage * kPage;

}  // namespace plumbline::plugin
