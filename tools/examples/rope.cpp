// SPDX-License-Identifier: Apache-2.0
// A rotary kernel as a plug-in, in C++: the common float32 pipeline, which forms its own
// frequencies, keeps a table of cosines and sines for float32 and bfloat16 tensors, and offers the
// table as well. It refuses what it does not know.
//
//   c++ -std=c++17 -O2 -shared -fPIC -ffp-contract=off -I path/to/plumbline -o rope.so rope.cpp
//   plumbline validate smoke.h5 --plugin ./rope.so
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "tools/plumbline_kernel.h"

namespace {

float load(const float* p) { return *p; }
float load(const std::uint16_t* p) {
  const std::uint32_t bits = std::uint32_t{*p} << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
void store(float* p, float value) { *p = value; }
void store(std::uint16_t* p, float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  if (value != value) {
    *p = static_cast<std::uint16_t>((bits >> 16) | 0x40);  // stays a NaN
  } else {
    *p = static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
}

float position(const plumbline_call& call, int axis, std::int64_t token) {
  const std::int64_t i = axis * call.tokens + token;
  if (call.position_dtype == PLUMBLINE_POSITION_I32)
    return static_cast<float>(static_cast<const std::int32_t*>(call.position_ids)[i]);
  if (call.position_dtype == PLUMBLINE_POSITION_I64)
    return static_cast<float>(static_cast<const std::int64_t*>(call.position_ids)[i]);
  return static_cast<float>(static_cast<const double*>(call.position_ids)[i]);
}

struct Table {
  std::vector<float> cos, sin;  // [tokens][maps][pairs]
};

Table make_table(const plumbline_call& call) {
  const plumbline_case& c = *call.c;
  const int pairs = c.rotary_dim / 2;
  Table out;
  for (std::int64_t token = 0; token < call.tokens; ++token) {
    for (int slot = 0; slot < c.maps * pairs; ++slot) {
      const float exponent =
          static_cast<float>(2 * c.rung[slot]) / static_cast<float>(c.rotary_dim);
      const float inv_freq = 1.0f / std::pow(static_cast<float>(c.base), exponent);
      const int axis = c.axis_map[slot];
      const float angle = axis == PLUMBLINE_NO_AXIS ? 0.0f : position(call, axis, token) * inv_freq;
      out.cos.push_back(std::cos(angle));
      out.sin.push_back(std::sin(angle));
    }
  }
  return out;
}

template <class T>
void turn(const plumbline_call& call, const Table& table, const plumbline_tensor& t) {
  const plumbline_case& c = *call.c;
  const int pairs = c.rotary_dim / 2, group = t.heads / c.num_key_value_heads;
  const bool neox = c.pairing == PLUMBLINE_NEOX;
  for (std::int64_t token = 0; token < call.tokens; ++token) {
    for (int head = 0; head < t.heads; ++head) {
      const T* in =
          static_cast<const T*>(t.in) + token * t.in_token_stride + head * t.in_head_stride;
      T* out = static_cast<T*>(t.out) + token * t.out_token_stride + head * t.out_head_stride;
      const int map = c.maps == 1 ? 0 : head / group;
      for (int i = 0; i < pairs; ++i) {
        const auto at = static_cast<std::size_t>((token * c.maps + map) * pairs + i);
        const float cosine = table.cos[at], sine = call.adjoint ? -table.sin[at] : table.sin[at];
        const int a = neox ? i : 2 * i, b = neox ? i + pairs : 2 * i + 1;
        const float x = load(in + a), y = load(in + b);
        store(out + a, x * cosine - y * sine);
        store(out + b, y * cosine + x * sine);
      }
      const int rest = c.head_dim - 2 * pairs;
      std::memmove(out + 2 * pairs, in + 2 * pairs, sizeof(T) * static_cast<std::size_t>(rest));
    }
  }
}

int refuse(const plumbline_call& call, const char* why) {
  std::snprintf(call.message, call.message_size, "%s", why);
  return PLUMBLINE_UNSUPPORTED;
}

// A frequency that the pipeline cannot form is refused by comparing it with the caller's.
const char* unknown(const plumbline_call& call) {
  const plumbline_case& c = *call.c;
  if (std::strcmp(c.scaling, "default") != 0 || c.attention_factor != 1)
    return "scaled frequencies";
  for (int slot = 0; slot < c.maps * (c.rotary_dim / 2); ++slot) {
    const double mine = std::pow(c.base, -2.0 * c.rung[slot] / c.rotary_dim);
    if (c.axis_map[slot] != PLUMBLINE_NO_AXIS && std::abs(mine - c.inv_freq[slot]) > 1e-6 * mine)
      return "a ladder of its own for an axis";
  }
  return nullptr;
}

int rotate(const plumbline_call* call) {
  if (const char* why = unknown(*call)) return refuse(*call, why);
  const Table table = make_table(*call);
  for (const plumbline_tensor* t : {&call->q, &call->k}) {
    if (call->dtype == PLUMBLINE_F32)
      turn<float>(*call, table, *t);
    else
      turn<std::uint16_t>(*call, table, *t);
  }
  return PLUMBLINE_DONE;
}

int write_table(const plumbline_call* call, void* cos, void* sin) {
  if (const char* why = unknown(*call)) return refuse(*call, why);
  const Table table = make_table(*call);
  for (std::size_t i = 0; i < table.cos.size(); ++i) {
    if (call->dtype == PLUMBLINE_F32) {
      store(static_cast<float*>(cos) + i, table.cos[i]);
      store(static_cast<float*>(sin) + i, table.sin[i]);
    } else {
      store(static_cast<std::uint16_t*>(cos) + i, table.cos[i]);
      store(static_cast<std::uint16_t*>(sin) + i, table.sin[i]);
    }
  }
  return PLUMBLINE_DONE;
}

}  // namespace

extern "C" const plumbline_kernel* plumbline_kernel_v1(void) {
  static const plumbline_kernel kernel = [] {
    plumbline_kernel k{};
    k.size = sizeof k;
    k.abi_version = PLUMBLINE_KERNEL_ABI;
    k.name = "rope-cpp";
    k.recipe[PLUMBLINE_F32] = "hf_f32";
    // Float32 tables and products, one rounding into bfloat16 at the end.
    k.recipe[PLUMBLINE_BF16] = "cache_f32";
    k.rotate = rotate;
    k.table = write_table;
    return k;
  }();
  return &kernel;
}
