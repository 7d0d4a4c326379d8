// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/hdf5_output.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <new>

namespace plumbline {
namespace {

// One open file of the driver; the library sees the first member only.
struct DriverFile {
  H5FD_t shared;
  OutputFile* output;
  haddr_t end_of_allocation;
};

DriverFile& of(H5FD_t* file) { return *reinterpret_cast<DriverFile*>(file); }
const DriverFile& of(const H5FD_t* file) { return *reinterpret_cast<const DriverFile*>(file); }

H5FD_t* open_file(const char*, unsigned, hid_t access, haddr_t) {
  const void* info = H5Pget_driver_info(access);
  if (info == nullptr) return nullptr;
  auto* file = new (std::nothrow) DriverFile{};
  if (file == nullptr) return nullptr;
  file->output = *static_cast<OutputFile* const*>(info);
  return &file->shared;
}

herr_t close_file(H5FD_t* file) {
  delete &of(file);
  return 0;
}

int compare(const H5FD_t* a, const H5FD_t* b) {
  return std::less<>()(of(a).output, of(b).output) ? -1 : of(a).output != of(b).output;
}

herr_t features(const H5FD_t*, unsigned long* flags) {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t end_of_allocation(const H5FD_t* file, H5FD_mem_t) { return of(file).end_of_allocation; }

herr_t set_end_of_allocation(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  of(file).end_of_allocation = address;
  return 0;
}

haddr_t end_of_file(const H5FD_t* file, H5FD_mem_t) { return of(file).output->size(); }

herr_t read_bytes(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t offset, std::size_t size, void* to) {
  of(file).output->read(offset, {static_cast<std::byte*>(to), size});
  return 0;
}

herr_t write_bytes(H5FD_t* file, H5FD_mem_t kind, hid_t, haddr_t offset, std::size_t size,
                   const void* from) {
  of(file).output->write(offset, {static_cast<const std::byte*>(from), size},
                         kind != H5FD_MEM_DRAW);
  return 0;
}

herr_t truncate_file(H5FD_t* file, hid_t, hbool_t) {
  OutputFile& output = *of(file).output;
  if (output.size() != of(file).end_of_allocation) output.resize(of(file).end_of_allocation);
  return 0;
}

H5FD_class_t driver() {
  H5FD_class_t one{};
  one.name = "plumbline";
  one.maxaddr = static_cast<haddr_t>(std::numeric_limits<off_t>::max());
  one.fc_degree = H5F_CLOSE_WEAK;
  one.fapl_size = sizeof(OutputFile*);
  one.open = open_file;
  one.close = close_file;
  one.cmp = compare;
  one.query = features;
  one.get_eoa = end_of_allocation;
  one.set_eoa = set_end_of_allocation;
  one.get_eof = end_of_file;
  one.read = read_bytes;
  one.write = write_bytes;
  one.truncate = truncate_file;
  constexpr H5FD_mem_t kKinds[H5FD_MEM_NTYPES] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(kKinds), std::end(kKinds), one.fl_map);
  return one;
}

// Registered for good: H5FD_close() of 1.10.8 gives up its hold on the driver before it calls the
// driver's close, so a driver that lives only through its files is called after it was freed. A
// library that was shut down forgets it.
hid_t registered_driver() {
  static hid_t id = H5I_INVALID_HID;
  if (H5Iget_type(id) != H5I_VFL) {
    const H5FD_class_t one = driver();
    id = hdf5_check(H5FDregister(&one));
  }
  return id;
}

}  // namespace

PropertyHandle access_through(OutputFile& output) {
  PropertyHandle list(H5Pcreate(H5P_FILE_ACCESS));
  OutputFile* const info = &output;
  hdf5_check(H5Pset_driver(list.get(), registered_driver(), &info));
  return list;
}

}  // namespace plumbline
