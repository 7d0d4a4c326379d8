# SPDX-License-Identifier: Apache-2.0
"""Golden files, read and made."""
import dataclasses
import json
import pathlib

import numpy

try:
    import h5py
except ImportError as missing:
    raise ImportError("plumbline needs h5py: apt install python3-h5py, or pip install h5py") from missing

from plumbline.arrays import NUMPY
from plumbline.command_line import command


@dataclasses.dataclass
class GoldenCase:
    """One case of golden/FORMAT.md. `tensors` maps the paths below the case to arrays; 16-bit floats are
    uint16 bits where NumPy has no such type (bf16)."""

    id: str
    case: dict
    attributes: dict
    tensors: dict

    @property
    def dtypes(self):
        return [name for name in NUMPY if f"{name}/q_in" in self.tensors]

    @property
    def position_ids(self):
        """[axes][tokens], int64 where every coordinate is an integer, else float64."""
        ids = self.tensors["position_ids"]
        whole = ids.astype(numpy.int64)
        return whole if numpy.array_equal(whole, ids) else ids

    @property
    def text(self):
        """One axis, or the same coordinates on all: position_ids[0] says everything."""
        return bool((self.tensors["position_ids"] == self.tensors["position_ids"][:1]).all())


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def _read(dataset):
    name = _text(dataset.attrs["dtype"]) if "dtype" in dataset.attrs else ""
    if name != "bfloat16":
        return dataset[()]
    # h5py widens bfloat16 to float32; every bfloat16 is one exactly.
    return (dataset[()].astype("<f4").view("<u4") >> 16).astype("<u2")


def _case(name, group):
    tensors = {}
    group.visititems(lambda path, item: tensors.__setitem__(path, _read(item))
                     if isinstance(item, h5py.Dataset) else None)
    attributes = {key: _text(value) if isinstance(value, (bytes, str)) else value
                  for key, value in group.attrs.items()}
    return GoldenCase(name, json.loads(attributes.get("case", "{}")), attributes, tensors)


def load(path, verify=False):
    """The cases of a golden file, in its order. `verify` recomputes it by the second oracle first.
    Raises CommandError for a file that it refuses, before h5py opens it; OSError for what is no HDF5 file,
    ValueError for what is no golden file."""
    if verify:
        command("verify", path)
    with h5py.File(path, "r") as file:
        if _text(file.attrs.get("plumbline", "")) != "golden" or "cases" not in file:
            raise ValueError(f"{path}: not a golden file")
        order = _text(file.attrs.get("order", "")).split() or sorted(file["cases"])
        return [_case(name, file["cases"][name]) for name in order]


def generate(cases, path):
    """Writes a golden file of case objects (dicts) and returns its path."""
    command("generate", "--cases", "-", "--out", path, text=json.dumps(cases))
    return pathlib.Path(path)
