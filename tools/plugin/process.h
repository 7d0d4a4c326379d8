// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "tools/plugin/protocol.h"

// A plug-in, held in a process of its own.
namespace plumbline::plugin {

struct Limits {
  double seconds = 20;              // of one call, and of loading
  std::uint64_t memory_mib = 8192;  // address space of the process; 0: no cap
};

// What a kernel says of itself.
struct Description {
  std::string name;
  std::optional<std::string> recipe[PLUMBLINE_DTYPES];
  std::uint64_t alignment = 0;  // 0: that of an element
  bool rotates = false, tables = false;
};

// How a call went wrong in a way that ends the process, or that the memory around it shows.
enum class Trouble : std::uint8_t {
  none,
  crashed,
  timed_out,
  read_outside,
  wrote_outside,
  wrote_input,
  failed,        // returned neither done nor unsupported
  refused_late,  // returned unsupported, but had written to an output
};

// The plug-in crashed or hung where there is no verdict to put it into: while it was loaded. Exit
// code 4.
struct PluginFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Result {
  Trouble trouble = Trouble::none;
  std::string why;       // of the trouble, or of the refusal
  bool refused = false;  // unsupported, said the kernel
};

// A run of the bytes of a tensor.
struct Piece {
  std::uint64_t offset = 0;
  std::vector<std::byte> bytes;
};

// A tensor of a call. `in` and `out` hold every byte from the first element to the last, gaps too;
// `out` is what lies there before the call, and afterwards. In place, `out` is not used and `in` is
// replaced. A tensor whose rows lie too far apart to be held whole is given by pieces instead, in
// order, the last of which ends it; the kernel sees zeros between them, and nobody looks there.
struct TensorBytes {
  std::vector<std::byte> in, out;
  std::vector<Piece> far_in, far_out;
  plumbline_tensor shape{};  // strides and heads
};

struct CallBytes {
  plumbline_case c{};  // scalars; the arrays follow
  std::vector<std::uint8_t> axis_map;
  std::vector<std::int32_t> rung, cu_seqlens;
  std::vector<double> inv_freq;
  std::string scaling, json;
  std::int32_t dtype = PLUMBLINE_F32, position_dtype = PLUMBLINE_POSITION_I64;
  std::int64_t tokens = 0;
  std::vector<std::byte> position_ids;
  TensorBytes q, k;
  std::vector<std::byte> cos, sin;  // tables
  bool adjoint = false, in_place = false, is_table = false;
  // Buffers end at the guard page, as far as the alignment allows; otherwise they begin at one. The
  // bytes between buffer and guard hold poison.
  bool at_end = true;
};

// Starts the process at once. It ends with the object and with this process, and so does whatever
// it started. After a call with trouble the next one starts another process.
class PluginProcess {
 public:
  // Throws Refused where the library is missing, cannot be loaded, or is not of this contract;
  // PluginFailed where it crashes or hangs while being loaded.
  PluginProcess(std::string library, Limits limits);
  ~PluginProcess();
  PluginProcess(const PluginProcess&) = delete;
  PluginProcess& operator=(const PluginProcess&) = delete;

  const Description& description() const { return description_; }
  const std::string& library() const { return library_; }
  const Limits& limits() const { return limits_; }
  // One call; outputs replace the bytes of `call`.
  Result run(CallBytes& call);
  // Forgets whatever the kernel kept: the next call meets a process that made none.
  void restart();

 private:
  void start();
  void stop();
  int bury();
  void reserve(std::uint64_t bytes);
  bool wait_for_answer(bool& late);
  Result ended(bool late);
  Description read_description();

  std::string library_;
  Limits limits_;
  Description description_;
  pid_t supervisor_ = -1;  // parent of the process that holds the plug-in
  int socket_ = -1, file_ = -1;
  int leash_ = -1;  // tells how that process ended; once closed, nothing of it is left alive
  std::byte* memory_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint64_t far_mib_ = 0;  // address space that tensors in pieces take, beside the cap
  bool fresh_ = false;
};

}  // namespace plumbline::plugin
