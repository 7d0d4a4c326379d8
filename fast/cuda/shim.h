// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "fast/half.h"

#if defined(__CUDACC__)
#define PLUMBLINE_BOTH __host__ __device__ __forceinline__
#else
#define PLUMBLINE_BOTH inline
#endif
#if defined(__CUDA_ARCH__)
#define PLUMBLINE_UNROLL _Pragma("unroll")
#else
#define PLUMBLINE_UNROLL
#endif

// What the kernel bodies ask of the machine. No other file may ask which target it is compiled for,
// so what runs on the host is what runs on the device. Each arithmetic function rounds once, to
// nearest; plain operators would let the compiler fuse a product with a sum, and do: nvcc fuses one
// of the two expressions of a rotation and not the other. The host needs -ffp-contract=off.
namespace plumbline::fast::cuda {

// `bytes` of memory as one access. Lane j of 16 bits is the low half of words[j / 2] where j is
// even.
template <int bytes>
struct [[gnu::may_alias]] Chunk {
  using Word = std::conditional_t<bytes == 2, std::uint16_t, std::uint32_t>;
  static constexpr int kWords = bytes / static_cast<int>(sizeof(Word));
  alignas(bytes) Word words[kWords];
};

struct Machine {
#if defined(__CUDA_ARCH__)
  static __device__ __forceinline__ float multiply(float a, float b) { return __fmul_rn(a, b); }
  static __device__ __forceinline__ float add(float a, float b) { return __fadd_rn(a, b); }
  static __device__ __forceinline__ float subtract(float a, float b) { return __fsub_rn(a, b); }
  static __device__ __forceinline__ float fused(float a, float b, float c) {
    return __fmaf_rn(a, b, c);
  }
  static __device__ __forceinline__ double multiply(double a, double b) { return __dmul_rn(a, b); }
  static __device__ __forceinline__ double add(double a, double b) { return __dadd_rn(a, b); }
  static __device__ __forceinline__ double subtract(double a, double b) { return __dsub_rn(a, b); }
  static __device__ __forceinline__ float real(std::int64_t a) { return __ll2float_rn(a); }
  static __device__ __forceinline__ std::int64_t whole(float a) { return __float2ll_rz(a); }
  static __device__ __forceinline__ float as_float(std::uint32_t a) { return __uint_as_float(a); }
  static __device__ __forceinline__ std::uint32_t bits(float a) { return __float_as_uint(a); }
  static __device__ __forceinline__ double as_double(std::uint32_t low, std::uint32_t high) {
    return __hiloint2double(static_cast<int>(high), static_cast<int>(low));
  }
  static __device__ __forceinline__ std::uint64_t bits(double a) {
    return static_cast<std::uint64_t>(__double_as_longlong(a));
  }
  static __device__ __forceinline__ float from_f16(std::uint16_t a) {
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(a));
    return result;
  }
  static __device__ __forceinline__ std::uint16_t to_f16(float a) {
    std::uint16_t result;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result) : "f"(a));
    return result;
  }
  static __device__ __forceinline__ std::uint16_t to_bf16(float a) {
    std::uint16_t result;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result) : "f"(a));
    return result;
  }
  static __device__ __forceinline__ std::uint32_t to_f16(float low, float high) {
    std::uint32_t result;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
  }
  static __device__ __forceinline__ std::uint32_t to_bf16(float low, float high) {
    std::uint32_t result;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
  }
  // One access instruction for a whole chunk.
  template <class Bytes>
  static __device__ __forceinline__ Bytes load(const void* from) {
    Bytes chunk;
    if constexpr (sizeof(Bytes) == 16) {
      const uint4 v = *static_cast<const uint4*>(from);
      chunk.words[0] = v.x, chunk.words[1] = v.y, chunk.words[2] = v.z, chunk.words[3] = v.w;
    } else if constexpr (sizeof(Bytes) == 8) {
      const uint2 v = *static_cast<const uint2*>(from);
      chunk.words[0] = v.x, chunk.words[1] = v.y;
    } else {
      chunk.words[0] = *static_cast<const typename Bytes::Word*>(from);
    }
    return chunk;
  }
  template <class Bytes>
  static __device__ __forceinline__ void store(void* to, const Bytes& chunk) {
    if constexpr (sizeof(Bytes) == 16) {
      *static_cast<uint4*>(to) =
          make_uint4(chunk.words[0], chunk.words[1], chunk.words[2], chunk.words[3]);
    } else if constexpr (sizeof(Bytes) == 8) {
      *static_cast<uint2*>(to) = make_uint2(chunk.words[0], chunk.words[1]);
    } else {
      *static_cast<typename Bytes::Word*>(to) = chunk.words[0];
    }
  }
#else
  static float multiply(float a, float b) { return a * b; }
  static float add(float a, float b) { return a + b; }
  static float subtract(float a, float b) { return a - b; }
  static float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
  static double multiply(double a, double b) { return a * b; }
  static double add(double a, double b) { return a + b; }
  static double subtract(double a, double b) { return a - b; }
  static float real(std::int64_t a) { return static_cast<float>(a); }
  static std::int64_t whole(float a) { return static_cast<std::int64_t>(a); }
  static float as_float(std::uint32_t a) { return std::bit_cast<float>(a); }
  static std::uint32_t bits(float a) { return std::bit_cast<std::uint32_t>(a); }
  static double as_double(std::uint32_t low, std::uint32_t high) {
    return std::bit_cast<double>(std::uint64_t{high} << 32 | low);
  }
  static std::uint64_t bits(double a) { return std::bit_cast<std::uint64_t>(a); }
  static float from_f16(std::uint16_t a) { return fast::from_f16(a); }
  // The device's conversions give the NaN 0x7fff.
  static std::uint16_t to_f16(float a) { return a != a ? 0x7fff : fast::to_f16(a); }
  static std::uint16_t to_bf16(float a) { return a != a ? 0x7fff : fast::to_bf16(a); }
  static std::uint32_t to_f16(float low, float high) {
    return to_f16(low) | std::uint32_t{to_f16(high)} << 16;
  }
  static std::uint32_t to_bf16(float low, float high) {
    return to_bf16(low) | std::uint32_t{to_bf16(high)} << 16;
  }
  template <class Bytes>
  static Bytes load(const void* from) {
    return *static_cast<const Bytes*>(from);
  }
  template <class Bytes>
  static void store(void* to, const Bytes& chunk) {
    *static_cast<Bytes*>(to) = chunk;
  }
#endif
};

}  // namespace plumbline::fast::cuda
