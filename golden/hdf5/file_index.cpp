// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/file_index.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace plumbline {
namespace {

using nlohmann::json;

json to_json(const StoredDataset& one) {
  std::vector<std::uint8_t> bytes;
  for (const std::byte b : one.bytes) bytes.push_back(std::to_integer<std::uint8_t>(b));
  return {{"dtype", static_cast<unsigned>(one.dtype)},
          {"shape", one.shape},
          {"offset", one.offset},
          {"size", one.size},
          {"compact", one.compact},
          {"bytes", json::binary(std::move(bytes))}};
}

StoredDataset dataset_from(const json& value) {
  const auto dtype = value.at("dtype").get<unsigned>();
  if (dtype >= std::size(kDtypes)) throw std::runtime_error("dtype out of range");
  StoredDataset one{static_cast<Dtype>(dtype),
                    value.at("shape").get<std::vector<std::uint64_t>>(),
                    value.at("offset").get<std::uint64_t>(),
                    value.at("size").get<std::uint64_t>(),
                    value.at("compact").get<bool>(),
                    {}};
  for (const std::uint8_t b : value.at("bytes").get_binary()) one.bytes.push_back(std::byte{b});
  return one;
}

}  // namespace

std::vector<std::uint8_t> encode(const FileIndex& index) {
  json cases = json::object();
  for (const auto& [id, group] : index.cases) {
    json datasets = json::object();
    for (const auto& [path, one] : group.datasets) datasets[path] = to_json(one);
    cases[id] = {{"text", group.text}, {"numbers", group.numbers}, {"datasets", datasets}};
  }
  return json::to_cbor(
      {{"text", index.root.text}, {"numbers", index.root.numbers}, {"cases", cases}});
}

std::vector<std::uint8_t> encode_refusal(const std::string& line) {
  return json::to_cbor({{"refused", line}});
}

FileIndex decode(std::span<const std::uint8_t> message) {
  const json all = json::from_cbor(message.begin(), message.end());
  if (all.contains("refused")) throw Refused(all.at("refused").get<std::string>());
  FileIndex index;
  all.at("text").get_to(index.root.text);
  all.at("numbers").get_to(index.root.numbers);
  for (const auto& [id, group] : all.at("cases").items()) {
    StoredGroup& stored = index.cases[id];
    group.at("text").get_to(stored.text);
    group.at("numbers").get_to(stored.numbers);
    for (const auto& [path, one] : group.at("datasets").items()) {
      stored.datasets[path] = dataset_from(one);
    }
  }
  return index;
}

}  // namespace plumbline
