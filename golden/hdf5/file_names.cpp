// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/file_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "golden/plain_text.h"

namespace plumbline {

bool is_plain_name(std::string_view name) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+@=,-";
  return !name.empty() && name.size() <= 120 && name != "." &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::optional<Dtype> format_group(std::string_view name) {
  for (const Dtype dtype : {Dtype::f64, Dtype::f32, Dtype::bf16, Dtype::f16}) {
    if (info(dtype).name == name) return dtype;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> byte_count(std::span<const std::uint64_t> shape,
                                        std::size_t element_bytes) {
  if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) return 0;
  std::uint64_t bytes = element_bytes;
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

Refused refused(const std::filesystem::path& file, std::string_view why) {
  return Refused(in_one_line(fmt::format("{}: {}", file.string(), why)));
}

}  // namespace plumbline
