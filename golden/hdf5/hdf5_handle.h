// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hdf5.h>

#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

// Private to golden/: HDF5 identifiers that close themselves, and errors that say why.
namespace plumbline {

struct Hdf5Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The operating system's message from the library's error stack, else the library's own deepest
// one; clears the stack.
std::string hdf5_reason();

// Closed by `Close` at the end of its life. Construction from a failed call throws Hdf5Error.
template <herr_t (*Close)(hid_t)>
class Hdf5Handle {
 public:
  explicit Hdf5Handle(hid_t id) : id_(id) {
    if (id_ < 0) throw Hdf5Error(hdf5_reason());
  }
  ~Hdf5Handle() {
    if (id_ >= 0) Close(id_);
  }
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  hid_t get() const { return id_; }
  void close() {
    if (Close(std::exchange(id_, -1)) < 0) throw Hdf5Error(hdf5_reason());
  }

 private:
  hid_t id_;
};

using FileHandle = Hdf5Handle<H5Fclose>;
using GroupHandle = Hdf5Handle<H5Gclose>;
using DatasetHandle = Hdf5Handle<H5Dclose>;
using ObjectHandle = Hdf5Handle<H5Oclose>;
using AttributeHandle = Hdf5Handle<H5Aclose>;
using TypeHandle = Hdf5Handle<H5Tclose>;
using SpaceHandle = Hdf5Handle<H5Sclose>;
using PropertyHandle = Hdf5Handle<H5Pclose>;

// H5S_ALL, whose macro is an old-style cast.
inline constexpr hid_t kWholeSpace = 0;

// For calls that return a status or a truth value.
template <class Status>
Status hdf5_check(Status status) {
  if (status < 0) throw Hdf5Error(hdf5_reason());
  return status;
}

// Held during every call of a writer and while a process forks: the library is not thread-safe
// everywhere, and a child must not inherit it in the middle of another thread's call.
std::mutex& hdf5_mutex();

}  // namespace plumbline
