// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Plain numbers between the reference, the file, the second oracle and the judge. Includes nothing
// of the project, so that both oracles can speak it without sharing any mathematics.
namespace plumbline {

// Storage types of a dataset. The float types hold raw encodings; nothing ever converts between
// them on the way.
enum class Dtype : std::uint8_t { f64, f32, bf16, f16, i64, i32, u8 };

struct DtypeInfo {
  Dtype dtype;
  std::string_view name;    // directory name of FORMAT.md, section 3
  std::string_view format;  // value of the `dtype` attribute
  std::size_t bytes;
};
inline constexpr DtypeInfo kDtypes[] = {
    {Dtype::f64, "f64", "binary64", 8},   {Dtype::f32, "f32", "binary32", 4},
    {Dtype::bf16, "bf16", "bfloat16", 2}, {Dtype::f16, "f16", "binary16", 2},
    {Dtype::i64, "i64", "int64", 8},      {Dtype::i32, "i32", "int32", 4},
    {Dtype::u8, "u8", "uint8", 1},
};
constexpr const DtypeInfo& info(Dtype d) { return kDtypes[static_cast<std::size_t>(d)]; }
// The type of a `dtype` attribute. Throws std::logic_error for any other text.
inline Dtype dtype_with(std::string_view format) {
  for (const DtypeInfo& d : kDtypes)
    if (d.format == format) return d.dtype;
  throw std::logic_error("no storage type for " + std::string(format));
}

// A dense row-major array, last index fastest; bytes.size() == product(shape) * info(dtype).bytes,
// little endian.
struct Tensor {
  Dtype dtype = Dtype::u8;
  std::vector<std::uint64_t> shape;
  std::vector<std::byte> bytes;
};

// One group /cases/<id> of FORMAT.md: attributes (text and integers) and datasets by path below the
// group ("f32/cos").
struct StoredCase {
  std::string id;
  std::map<std::string, std::string> text;
  std::map<std::string, std::int64_t> numbers;
  std::map<std::string, Tensor> tensors;
};

}  // namespace plumbline
