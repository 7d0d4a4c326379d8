// SPDX-License-Identifier: Apache-2.0
#ifndef PLUMBLINE_KERNEL_H
#define PLUMBLINE_KERNEL_H

// The contract between plumbline and a rotary kernel in a shared library, in plain C. The library
// exports
//
//   const plumbline_kernel* plumbline_kernel_v1(void);
//
// and is run as `plumbline validate FILE.h5 --plugin LIB.so`, in a process of its own. Structs
// begin with their size in bytes as the caller knows it; later versions only append, so that a
// reader looks at `size` before it reads a field that came later. Integers are of the machine's
// byte order, tensors little endian.

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PLUMBLINE_KERNEL_ABI 1u

// Storage of tensors and tables.
enum {
  PLUMBLINE_F64 = 0,
  PLUMBLINE_F32 = 1,
  PLUMBLINE_BF16 = 2,
  PLUMBLINE_F16 = 3,
};
#define PLUMBLINE_DTYPES 4

// Storage of position_ids. F64 appears only where a position is a fraction or beyond 2^62.
enum {
  PLUMBLINE_POSITION_I32 = 0,
  PLUMBLINE_POSITION_I64 = 1,
  PLUMBLINE_POSITION_F64 = 2,
};

enum {
  PLUMBLINE_NEOX = 0,  // pair i joins lanes (i, i + rotary_dim / 2)
  PLUMBLINE_GPTJ = 1,  // pair i joins lanes (2i, 2i + 1)
};

#define PLUMBLINE_NO_AXIS 255u

// What `rotate` and `table` return. Any other value is a failure of the kernel.
enum {
  PLUMBLINE_DONE = 0,
  PLUMBLINE_UNSUPPORTED = 1,  // refused before anything was written; says why in `message`
};

// What turns how. KV head g uses map g if maps > 1, else map 0; query head j uses the map of KV
// head floor(j / (num_heads / num_key_value_heads)). Arrays are [maps][rotary_dim / 2].
typedef struct plumbline_case {
  uint64_t size;
  int32_t head_dim, rotary_dim;
  int32_t num_heads, num_key_value_heads;
  int32_t pairing;
  int32_t axes, maps;
  int32_t reserved;
  const uint8_t* axis_map;  // axis that drives the pair; PLUMBLINE_NO_AXIS: it does not turn
  const int32_t* rung;      // index of its frequency on the ladder of that axis
  const double* inv_freq;   // radians per position, rounded to binary64; 0 where it does not turn
  double attention_factor;  // A, on both cos and sin
  double base;              // rope_theta, before any scaling
  const char* scaling;      // "default", "linear", "yarn", "llama3", ...
  const char* json;         // the resolved case of golden/FORMAT.md, section 4
} plumbline_case;

// q or k, [tokens][heads][head_dim]; strides in elements; the last index has stride 1. in == out:
// in place, with equal strides. Element (t, h, d) lies at in + (t * in_token_stride +
// h * in_head_stride + d) elements. Nothing else of `out` may be written, and nothing of `in`
// unless in place.
typedef struct plumbline_tensor {
  const void* in;
  void* out;
  int64_t in_token_stride, in_head_stride, out_token_stride, out_head_stride;
  int32_t heads;
  int32_t reserved;
} plumbline_tensor;

// One call. Per pair (x, y) of a head, phi = position * inv_freq on the pair's axis:
//   forward (x A cos phi - y A sin phi, y A cos phi + x A sin phi)
//   adjoint (x A cos phi + y A sin phi, y A cos phi - x A sin phi)
// and lanes rotary_dim to head_dim - 1 are copied. Equal calls give equal bits, whatever was called
// before, and so do the same rows with other strides, in place, with other integer positions types,
// alone, among other rows or packed, and the same heads among more heads. A kernel that knows one
// way only, in place or not, returns PLUMBLINE_UNSUPPORTED for the other.
typedef struct plumbline_call {
  uint64_t size;
  const plumbline_case* c;
  int64_t tokens;
  int32_t dtype;
  int32_t adjoint;
  int32_t position_dtype;
  int32_t sequences;
  const void* position_ids;   // [axes][tokens]; a table of cos and sin may be as long as it likes
  const int32_t* cu_seqlens;  // [sequences + 1]: row s of a packed batch is tokens cu_seqlens[s] on
  plumbline_tensor q, k;
  char* message;  // room for a line, NUL-terminated, of message_size bytes
  uint64_t message_size;
} plumbline_call;

typedef struct plumbline_kernel {
  uint64_t size;
  uint32_t abi_version;  // PLUMBLINE_KERNEL_ABI
  uint32_t alignment;  // of every tensor's first byte, a power of two up to 4096; 0: of an element
  const char* name;    // letters, digits and ._+-
  // By dtype, text of golden/recipe.h such as "hf_f32,trig_ulp=2". Null: that dtype is not offered.
  const char* recipe[PLUMBLINE_DTYPES];
  // Rotates q and k. Null: the library offers tables only.
  int (*rotate)(const plumbline_call* call);
  // Writes cos and sin, [tokens][maps][rotary_dim / 2] of call->dtype, A included; q and k of the
  // call are empty. May be null.
  int (*table)(const plumbline_call* call, void* cos, void* sin);
} plumbline_kernel;

// The one symbol that is looked up. What it returns must live as long as the library.
const plumbline_kernel* plumbline_kernel_v1(void);

#ifdef __cplusplus
}
#endif

#endif
