// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <random>

#include "golden/file.h"

// What the tests of the file room share.
namespace plumbline {

namespace fs = std::filesystem;

// A folder of its own for each test, removed at the end.
class FileRoom : public testing::Test {
 protected:
  FileRoom() {
    std::string pattern = fs::temp_directory_path() / "plumbline.XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
  }
  ~FileRoom() override { fs::remove_all(folder_); }
  fs::path at(const std::string& name) const { return folder_ / name; }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

 private:
  fs::path folder_;
};

// A full disk, as a writer meets it while this lives, here and in processes that are started:
// writes beyond so many bytes of a file fail.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit tight{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit old_{};
  void (*handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

inline std::mt19937_64 generator(std::uint64_t seed) {
  std::cout << "seed " << seed << "\n";
  return std::mt19937_64(seed);
}

// PLUMBLINE_TEST_SCALE multiplies the iterations of the random tests.
inline int scaled(int iterations) {
  const char* scale = std::getenv("PLUMBLINE_TEST_SCALE");
  return scale == nullptr ? iterations : iterations * std::atoi(scale);
}

inline std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void spill(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Changes one byte in place.
inline void poke(const fs::path& path, std::size_t offset, char byte) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(offset)).put(byte);
}

// The line of the refusal; empty if there is none.
inline std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Refused& why) {
    EXPECT_EQ(std::string(why.what()).find('\n'), std::string::npos);
    return why.what();
  }
  return "";
}

inline void load_all(const fs::path& path) {
  const FileReader reader(path);
  for (const std::string& id : reader.ids()) reader.load(id);
}

inline std::string refusal_of_reading(const fs::path& path) {
  return refusal([&] { load_all(path); });
}

inline std::string refusal_of_checking(const fs::path& path) {
  return refusal([&] { check_manifest(path); });
}

inline Tensor random_tensor(Dtype dtype, std::vector<std::uint64_t> shape,
                            std::mt19937_64& random) {
  std::size_t bytes = info(dtype).bytes;
  for (const std::uint64_t extent : shape) bytes *= extent;
  Tensor tensor{dtype, std::move(shape), {}};
  while (tensor.bytes.size() < bytes) tensor.bytes.push_back(std::byte(random() & 255));
  return tensor;
}

inline RootAttributes header(const std::string& kind) {
  return {{{"plumbline", kind}, {"generator", "test \xc3\xa9"}}, {{"schema_version", 1}}};
}

inline void write(const fs::path& path, const std::vector<StoredCase>& cases) {
  FileWriter writer(path, header("golden"));
  for (const StoredCase& one : cases) writer.add(one);
  writer.finish();
}

// Small enough to try every byte.
inline StoredCase small_case(const std::string& id) {
  std::mt19937_64 random(1);
  StoredCase one{id, {{"case", "{}"}}, {}, {}};
  one.tensors["f32/cos"] = random_tensor(Dtype::f32, {5}, random);
  one.tensors["axis_map"] = random_tensor(Dtype::u8, {3}, random);
  one.tensors["rung"] = Tensor{Dtype::i32, {0}, {}};
  return one;
}

}  // namespace plumbline
