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
from plumbline.command_line import CommandError, command
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


class Declined(Exception):
    """Why a function under test has no outputs for a case."""


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
    # Changes to the declared recipe, "inv_freq=bf16", each of which alone would make it conform; the one that leaves
    # least room first. Empty where it conforms, or where the error is none of rounding.
    explained_by: list = dataclasses.field(default_factory=list)

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
        """Of failures() the one at the smallest position, lanes that turn before those that do not; None where nothing
        fails."""
        return min(self.failures(), key=lambda p: (p.pair < 0, abs(p.position)), default=None)

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
        if not math.isnan(self.worst_ratio):
            lines[0] += f": worst error {self.worst_ratio:.3g} of its budget"
        if self.first_bad:
            lines.append(f"first bad position: {self.first_bad}")
        if absent := sum(len(case.get("missing", [])) for case in self.report["cases"]):
            lines.append(f"not judged, no outputs: {absent} datasets")
        if unknown := self.report.get("not_in_golden"):
            lines.append(f"not judged, not in the golden file: {', '.join(unknown[:4])}"
                         + (f" and {len(unknown) - 4} more" if len(unknown) > 4 else ""))
        if self.explained_by:
            lines.append("as if " + ", or ".join(self.explained_by))
        for case in self.report["cases"]:
            if "bug" in case:
                lines.append(f"{case['id']}: {case['bug']['class']}: {case['bug']['diagnosis']}")
        for entry in self.report.get("certified_context_length", []):
            length = entry["length"]
            if entry["measurable"]:
                words = f"{length:.9g} ({entry['tested']})" if length is not None else "none"
            elif entry["exceeded_at"] is not None:
                words = f"below {entry['exceeded_at']:.9g}"
            elif entry["tested"] == "nothing":
                words = "not measured"
            else:
                words = f"not measurable: rounding hides phases below {entry['resolution']:.1e} rad"
            lines.append(f"certified context length, {entry['grade']}: {words}")
        for name, why in self.refused.items():
            lines.append(f"refused: {name}: {why}")
        return "\n".join(lines)


def cases_of(model, dtype, contents=("rotated",)):
    """A text case and a case with images and videos of a preset, with the tensors of `contents`."""
    names = [row["name"] for row in json.loads(command("list", "models", "--json"))]
    if model not in names:
        raise ValueError(f"model = {model!r}: must be one of {', '.join(names)}")
    out = []
    for name, part in (("text", _TEXT), ("media", _MEDIA)):
        out.append({"id": f"{model}.{name}", "model": model, "dtypes": [dtype], "tensors": list(contents), **part})
    return out


@dataclasses.dataclass
class Call:
    """How a function under test is called: its arrays, and what it declares."""

    dtype: str = "f32"
    framework: str = "numpy"
    device: str = "cpu"
    positions: str = "int64"
    recipe: str | None = None

    def __post_init__(self):
        if self.recipe is not None and not isinstance(self.recipe, str):
            raise TypeError(f"recipe = {self.recipe!r}: must be text")
        if self.framework == "numpy" and self.device != "cpu":
            raise ValueError(f"device = {self.device!r}: must be cpu with framework = 'numpy'")
        for name, allowed in [("dtype", tuple(arrays.NUMPY)), ("framework", ("numpy", "torch")),
                              ("positions", ("int32", "int64"))]:
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} = {getattr(self, name)!r}: must be one of {', '.join(allowed)}")
        if self.framework == "torch" and arrays.torch() is None:
            raise ModuleNotFoundError("framework = 'torch': torch is not installed")

    @property
    def store(self):
        """The 8-bit format of the outputs that the recipe declares, or None."""
        words = [w.removeprefix("store=") for w in (self.recipe or "").split(",") if w.startswith("store=")]
        return words[-1] if words else None

    def _ids(self, case):
        ids = case.position_ids
        if ids.dtype == numpy.int64:  # fractions stay float64
            if self.positions == "int32" and numpy.abs(ids).max(initial=0) >= 2**31:
                raise Declined("positions = 'int32': a position of this case does not fit")
            ids = ids.astype(self.positions)
        return arrays.torch().from_numpy(ids.copy()).to(self.device) if self.framework == "torch" else ids.copy()

    def _array(self, array):
        if self.framework == "torch":
            return arrays.to_torch(array, self.dtype, self.device)
        return array.copy()

    def _pair(self, fn, answer, names, shapes, store):
        if answer is NotImplemented:
            raise Declined("the function returned NotImplemented")
        try:
            if isinstance(answer, (str, bytes, dict)):
                raise TypeError
            first, second = answer
        except (TypeError, ValueError):
            raise TypeError(f"{getattr(fn, '__name__', 'fn')} returned {type(answer).__name__}: must be a pair "
                            f"({', '.join(names)}), or NotImplemented") from None
        return [arrays.to_numpy(value, self.dtype, shape, name, store)
                for value, shape, name in zip((first, second), shapes((first, second)), names)]

    def turn(self, fn, case):
        """Outputs of fn(q, k, position_ids, case) by their paths below the case. Raises Declined."""
        q, k = (case.tensors[f"{self.dtype}/{name}_in"] for name in "qk")
        answer = fn(self._array(q), self._array(k), self._ids(case), case)
        out = self._pair(fn, answer, ("q", "k"), lambda pair: (q.shape, k.shape), self.store)
        return {f"{self.dtype}/q_out": out[0], f"{self.dtype}/k_out": out[1]}

    def table(self, fn, case):
        """Tables of fn(position_ids, case) likewise."""
        shape = case.tensors[f"{self.dtype}/cos"].shape

        def shapes(pair):
            flat = shape[1] == 1 and getattr(pair[0], "ndim", 0) == 2
            return ((shape[0], shape[2]) if flat else shape,) * 2

        out = self._pair(fn, fn(self._ids(case), case), ("cos", "sin"), shapes, None)
        return {f"{self.dtype}/cos": out[0], f"{self.dtype}/sin": out[1]}


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

        def under(*more):
            return Verdict(json.loads(command("validate", golden, "--candidate", path, "--json", *more,
                                              legal=(0, 1, 5))))
        if not recipe:
            return under()
        verdict = under("--recipe", recipe)
        if verdict.report["exit_code"] == 1:
            verdict.explained_by = _explanations(lambda change: under("--recipe", f"{recipe},{change}"))
        return verdict


def _explanations(under):
    found = []
    steps = ("inv_freq", "position", "angle", "table")
    for change in (f"{step}={dtype}" for step in steps for dtype in ("f16", "bf16")):
        try:
            verdict = under(change)
        except CommandError:
            continue  # no such step in this recipe
        if verdict.conforms:
            found.append((verdict.worst_ratio, change))
    return [change for _, change in sorted(found, reverse=True)]


def _check(answer, model, golden, call, needs, contents):
    if (model is None) == (golden is None):
        raise ValueError("check takes one of model= and golden=")
    with tempfile.TemporaryDirectory(prefix="plumbline.") as folder:
        path = golden
        if golden is None:
            path = generate(cases_of(model, call.dtype, contents), pathlib.Path(folder) / "golden.h5")
        answers, refused = {}, {}
        for case in load(path):
            if f"{call.dtype}/{needs}" not in case.tensors:
                continue
            try:
                answers[case.id] = answer(case)
            except Declined as why:
                refused[case.id] = str(why)
        verdict = judge(path, answers, call.recipe)
        verdict.refused = refused
        return verdict


def check(fn, model=None, golden=None, **how):
    """Verdict on `fn(q, k, position_ids, case)`.

    q [tokens][heads][head_dim] and k [tokens][kv_heads][head_dim] are arrays of `dtype` (f64, f32, f16, bf16; bf16
    is uint16 bits in NumPy, bfloat16 in torch), position_ids [axes][tokens] are integers where they can be, `case` is
    a GoldenCase whose `case` holds shape, spectrum, pairing and parameters. fn returns rotated (q, k) of the same
    shape and dtype, or NotImplemented for a case that it does not support.

    One of `model`, a preset of `plumbline list models`, and `golden`, a golden file. `how`: recipe=, the arithmetic
    that fn declares, such as "hf_f32,table=bf16" (by default the deployed pipeline of the dtype; with store=e4m3fn or
    store=e5m2 fn may return 8-bit floats); dtype="f32"; framework="numpy" or "torch"; device="cpu";
    positions="int64" or "int32".
    """
    call = Call(**how)
    return _check(lambda case: call.turn(fn, case), model, golden, call, "q_in", ["rotated"])


def check_table(fn, model=None, golden=None, **how):
    """Verdict on `fn(position_ids, case)`, which returns (cos, sin), the attention factor included, as
    [tokens][maps][rotary_dim / 2], or [tokens][rotary_dim / 2] where one map serves all heads. The rest as check."""
    call = Call(**how)
    return _check(lambda case: call.table(fn, case), model, golden, call, "cos", ["tables", "own_tables"])
