// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "golden/file.h"
#include "golden/tensor.h"

// The words and limits of FORMAT.md that the writer and the gate must agree on.
namespace plumbline {

inline constexpr std::int64_t kSchemaVersion = 1;
inline constexpr std::size_t kMaxObjects = 65536;
inline constexpr std::size_t kMaxNameBytes = 255;
inline constexpr std::size_t kMaxAttributeBytes = std::size_t{16} << 20;
inline constexpr int kMaxRank = 32;

// What a file says it is, in its root attribute `plumbline`.
inline constexpr std::string_view kFileKinds[] = {"golden", "candidate", "spectrum"};
inline constexpr std::string_view kRootText[] = {"plumbline", "generator", "libraries",
                                                 "suite",     "recipe",    "order"};
inline constexpr std::string_view kRootNumbers[] = {"schema_version"};
inline constexpr std::string_view kCaseText[] = {
    "case", "rope_delta", "rope_delta_cursor", "attention_factor", "flags", "source", "oracle"};
inline constexpr std::string_view kCaseNumbers[] = {"precision"};

// Storage type of the datasets that stand outside the format groups.
struct PlainDataset {
  std::string_view name;
  Dtype dtype;
};
inline constexpr PlainDataset kPlainDatasets[] = {
    {"token_index", Dtype::i64},
    {"position_ids", Dtype::f64},
    {"position_numerator", Dtype::i64},
    {"position_denominator", Dtype::i64},
    {"axis_map", Dtype::u8},
    {"rung", Dtype::i32},
    {"inv_freq", Dtype::f64},
    {"logits_index", Dtype::i32},
};

// Of a case whose coordinates all fit 63 bits.
inline constexpr std::string_view kExactPositions[] = {"position_numerator",
                                                       "position_denominator"};

// [A-Za-z0-9._+@=,-]{1,120} and not ".", which HDF5 reads as the group itself.
bool is_plain_name(std::string_view name);

// The storage type that a group below a case stands for; none unless the name is f64, f32, bf16 or
// f16.
std::optional<Dtype> format_group(std::string_view name);

// product(shape) * element_bytes; none on overflow.
std::optional<std::uint64_t> byte_count(std::span<const std::uint64_t> shape,
                                        std::size_t element_bytes);

// A refusal of `file` as one printable line, whatever bytes a stranger put into a name.
Refused refused(const std::filesystem::path& file, std::string_view why);

}  // namespace plumbline
