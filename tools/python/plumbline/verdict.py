# SPDX-License-Identifier: Apache-2.0
"""A function under test, run on golden cases and judged by the command line."""
import dataclasses
import json
import math
import pathlib
import tempfile

import h5py
import numpy

from plumbline import arrays
from plumbline.command_line import command
from plumbline.golden import generate, load

# Tokens where a long context shows, and where the axes of a multimodal scheme differ.
_TEXT = {"sequence": "t1048576",
         "window": [[0, 8], [127, 2], [1023, 2], [4095, 2], [32767, 2], [131071, 2], [1048574, 2]]}
_MEDIA = {"sequence": "t5000 v3x60x97 t9 v1x4x6 t3",
          "window": [[0, 4], [7, 2], [5000, 3], [8272, 3], [5284, 2], [22460, 6]]}


@dataclasses.dataclass
class Place:
    """Where a value is wrong, as the command line says it."""

    case: str
    dataset: str
    token: int
    head: int
    lane: int
    pair: int
    axis: str
    position: float
    golden: float
    candidate: float
    budget: float

    def __str__(self):
        turned = f", pair {self.pair} (axis {self.axis}, position {self.position:.9g})" if self.pair >= 0 else ""
        return (f"{self.case} {self.dataset}: token {self.token}, head {self.head}, lane {self.lane}{turned}: "
                f"got {self.candidate:.9g}, want {self.golden:.9g}, budget {self.budget:.3g}")


class NonConforming(AssertionError):
    """Raised by Verdict.expect(); `verdict` is the whole of it."""

    def __init__(self, verdict):
        super().__init__(str(verdict))
        self.verdict = verdict


@dataclasses.dataclass
class Verdict:
    """What the judge found. `report` is the command line's JSON, schema plumbline-validate-1."""

    report: dict
    refused: dict = dataclasses.field(default_factory=dict)  # case id -> why the function would not

    @property
    def conforms(self):
        return self.report["exit_code"] == 0

    def __bool__(self):
        return self.conforms

    def context_length(self, grade):
        """Longest position up to which the phase error stays below the limit of `grade` (f32, f16, bf16), or
        None: not measurable with this rounding, or none."""
        for entry in self.report.get("certified_context_length", []):
            if entry["grade"] == grade:
                return entry["length"]
        raise ValueError(f"grade = {grade!r}: must be f32, f16 or bf16")

    def _place(self, case, dataset, entry):
        number = {name: float(entry[name]) for name in ("position", "golden", "candidate", "budget")}
        return Place(case["id"], dataset["dataset"], entry["token"], entry["head"], entry["lane"], entry["pair"],
                     entry["axis"], **number)

    def failures(self):
        """The first failing place of each dataset, in the order of the file."""
        return [self._place(case, dataset, dataset["first_failure"]) for case in self.report["cases"]
                for dataset in case["datasets"] if "first_failure" in dataset]

    @property
    def first_bad(self):
        """The failing place at the smallest position; None where nothing fails."""
        return min(self.failures(), key=lambda p: abs(p.position), default=None)

    @property
    def worst_ratio(self):
        """Largest error as a share of its budget; at most 1 where everything conforms."""
        return max((d["worst_ratio"] for c in self.report["cases"] for d in c["datasets"]), default=math.nan)

    def expect(self):
        """Itself; raises NonConforming where it does not conform."""
        if not self.conforms:
            raise NonConforming(self)
        return self

    def __str__(self):
        lines = [{0: "conforms", 5: "inconclusive: nothing was judged"}.get(self.report["exit_code"],
                                                                            "does not conform")]
        lines[0] += f": worst error {self.worst_ratio:.3g} of its budget"
        if self.first_bad:
            lines.append(f"first bad position: {self.first_bad}")
        for case in self.report["cases"]:
            if "bug" in case:
                lines.append(f"{case['id']}: {case['bug']['class']}: {case['bug']['diagnosis']}")
        for entry in self.report.get("certified_context_length", []):
            length = entry["length"]
            if entry["measurable"]:
                words = f"{length:.9g} ({entry['tested']})" if length is not None else "none"
            elif entry["exceeded_at"] is not None:
                words = f"below {entry['exceeded_at']:.9g}"
            else:
                words = f"not measurable: rounding hides phases below {entry['resolution']:.1e} rad"
            lines.append(f"certified context length, {entry['grade']}: {words}")
        for name, why in self.refused.items():
            lines.append(f"refused: {name}: {why}")
        return "\n".join(lines)


def _cases(model, dtype):
    """A text case and a case with images and videos of a preset, at few heads of its own shape."""
    head = json.loads(command("list", "models", "--json"))
    names = [row["name"] for row in head]
    if model not in names:
        raise ValueError(f"model = {model!r}: must be one of {', '.join(names)}")
    out = []
    for name, part in (("text", _TEXT), ("media", _MEDIA)):
        out.append({"id": f"{model}.{name}", "model": model, "dtypes": [dtype], "tensors": ["rotated"], **part})
    return out


def _turn(fn, case, dtype, framework, device):
    q, k = (case.tensors[f"{dtype}/{name}_in"] for name in "qk")
    ids = case.position_ids
    if framework == "torch":
        module = arrays.torch()
        if module is None:
            raise ModuleNotFoundError("framework = 'torch': torch is not installed")
        given = [arrays.to_torch(q, dtype, device), arrays.to_torch(k, dtype, device),
                 module.from_numpy(ids.copy()).to(device)]
    elif framework == "numpy":
        given = [q.copy(), k.copy(), ids.copy()]
    else:
        raise ValueError(f"framework = {framework!r}: must be numpy or torch")
    answer = fn(*given, case)
    if answer is NotImplemented:
        return None
    try:
        q_out, k_out = answer
    except (TypeError, ValueError):
        raise TypeError(f"{getattr(fn, '__name__', 'fn')} returned {type(answer).__name__}: must be a pair "
                        "(q, k), or NotImplemented") from None
    return {f"{dtype}/q_out": arrays.to_numpy(q_out, dtype, q.shape, "q"),
            f"{dtype}/k_out": arrays.to_numpy(k_out, dtype, k.shape, "k")}


def judge(golden, answers, recipe=None):
    """Verdict on `answers`, case id -> path below the case -> array, against the golden file `golden`."""
    with tempfile.TemporaryDirectory(prefix="plumbline.") as folder:
        path = pathlib.Path(folder) / "candidate.h5"
        with h5py.File(path, "w") as file:
            file.attrs["plumbline"] = numpy.bytes_("candidate")
            file.attrs["schema_version"] = numpy.int64(1)
            for name, tensors in answers.items():
                for dataset, array in tensors.items():
                    file.create_dataset(f"cases/{name}/{dataset}", data=array)
            file.require_group("cases")
        words = ["validate", golden, "--candidate", path, "--json"] + (["--recipe", recipe] if recipe else [])
        return Verdict(json.loads(command(*words, legal=(0, 1, 5))))


def check(fn, model=None, golden=None, recipe=None, dtype="f32", framework="numpy", device="cpu"):
    """Verdict on `fn(q, k, position_ids, case)`.

    q [tokens][heads][head_dim] and k [tokens][kv_heads][head_dim] are arrays of `dtype` (f64, f32, f16, bf16; bf16
    is uint16 bits in NumPy, bfloat16 in torch), position_ids [axes][tokens] are integers where they can be, `case` is
    a GoldenCase whose `case` holds shape, spectrum, pairing and parameters. fn returns rotated (q, k) of the same
    shape and dtype, or NotImplemented for a case that it does not support.

    One of `model`, a preset of `plumbline list models`, and `golden`, a golden file. `recipe` declares the
    arithmetic, such as "hf_f32,table=bf16"; by default the deployed pipeline of the dtype.
    """
    if (model is None) == (golden is None):
        raise ValueError("check() takes one of model= and golden=")
    if dtype not in arrays.NUMPY:
        raise ValueError(f"dtype = {dtype!r}: must be one of {', '.join(arrays.NUMPY)}")
    with tempfile.TemporaryDirectory(prefix="plumbline.") as folder:
        path = golden or generate(_cases(model, dtype), pathlib.Path(folder) / "golden.h5")
        answers, refused = {}, {}
        for case in load(path):
            if f"{dtype}/q_in" not in case.tensors:
                continue
            turned = _turn(fn, case, dtype, framework, device)
            if turned is None:
                refused[case.id] = "the function returned NotImplemented"
            else:
                answers[case.id] = turned
        verdict = judge(path, answers, recipe)
        verdict.refused = refused
        return verdict
