// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace plumbline {

// SHA-256 of a stream of bytes.
class Sha256 {
 public:
  using Digest = std::array<std::byte, 32>;
  Sha256();
  ~Sha256();
  void update(std::span<const std::byte> bytes);
  Digest finish();  // ends the stream; the object is spent

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string hex(const Sha256::Digest& digest);  // lower case

// The digest of a dataset in FORMAT.md, section 8: of its blocks of kBlockBytes.
std::string tree_digest(std::span<const Sha256::Digest> blocks);
std::string tree_digest(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);

}  // namespace plumbline
