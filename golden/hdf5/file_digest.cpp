// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/file_digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "golden/hdf5/file_descriptor.h"

namespace plumbline {
namespace {

void require(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL has no SHA-256");
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  require(context_->evp != nullptr && EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()));
}

Sha256::Digest Sha256::finish() {
  Digest digest{};
  require(
      EVP_DigestFinal_ex(context_->evp, reinterpret_cast<unsigned char*>(digest.data()), nullptr));
  return digest;
}

std::string hex(const Sha256::Digest& digest) {
  std::string text;
  for (const std::byte b : digest) text += fmt::format("{:02x}", std::to_integer<unsigned>(b));
  return text;
}

std::string tree_digest(std::span<const Sha256::Digest> blocks) {
  Sha256 tree;
  for (const Sha256::Digest& block : blocks) tree.update(block);
  return hex(tree.finish());
}

std::string tree_digest(std::span<const std::byte> bytes) {
  std::vector<Sha256::Digest> blocks;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(kBlockBytes, bytes.size()))) {
    Sha256 block;
    block.update(bytes.first(std::min(kBlockBytes, bytes.size())));
    blocks.push_back(block.finish());
  }
  return tree_digest(blocks);
}

std::string sha256_hex(std::string_view text) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(text)));
  return hex(hash.finish());
}

}  // namespace plumbline
