# SPDX-License-Identifier: Apache-2.0
"""The Python package as its users meet it: imported, given right and wrong functions, and as a pytest plug-in.

    PLUMBLINE_BINARY=build/release/tools/plumbline PYTHONPATH=tools/python python3 -m pytest properties/python_package.py
"""
import importlib.util
import math
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import numpy
import pytest

import plumbline
from plumbline import arrays

ROOT = pathlib.Path(__file__).resolve().parents[1]


def example():
    spec = importlib.util.spec_from_file_location("rope", ROOT / "tools" / "examples" / "rope.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.rope


rope = example()


def to_bf16(x):
    bits = numpy.asarray(x, numpy.float32).view(numpy.uint32).astype(numpy.uint64)
    return (((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) << 16).astype(numpy.uint32).view(numpy.float32)


def narrow_rope(q, k, position_ids, case):
    return rope(q, k, position_ids, case, narrow=to_bf16)


MODELS = ["qwen3-8b", "qwen2-vl-7b", "qwen3-vl-8b"]


@pytest.mark.parametrize("model", MODELS)
def test_a_right_float32_function_conforms_and_gets_its_context_length(model):
    verdict = plumbline.check(rope, model=model, recipe="hf_f32").expect()
    assert verdict.first_bad is None and 0.1 < verdict.worst_ratio <= 1
    assert not verdict.refused
    # A float32 angle at position p is off by about p 2^-24: good for bf16's 2^-9 below 2^15, not at 2^20.
    assert 4095 <= verdict.context_length("bf16") < 1048574
    assert verdict.context_length("f16") <= verdict.context_length("bf16")


@pytest.mark.parametrize("model", MODELS)
def test_bf16_inv_freq_is_caught_at_a_small_position_and_legal_where_declared(model):
    verdict = plumbline.check(narrow_rope, model=model, recipe="hf_f32")
    assert not verdict.conforms and not verdict
    bad = verdict.first_bad
    # Pair 0 has frequency 1, which bf16 holds; the smallest position that moves is the first one.
    assert bad.position == 1 and bad.pair != 0
    assert str(bad) in str(verdict)
    assert verdict.explained_by[0] == "inv_freq=bf16" and "as if inv_freq=bf16" in str(verdict)
    with pytest.raises(plumbline.NonConforming):
        verdict.expect()
    assert plumbline.check(narrow_rope, model=model, recipe="hf_f32,inv_freq=bf16").conforms


def test_a_swap_of_rows_is_placed_on_the_spatial_axes():
    def swapped(q, k, position_ids, case):
        return rope(q, k, position_ids[[0, 2, 1]], case)

    verdict = plumbline.check(swapped, model="qwen3-vl-8b", recipe="hf_f32")
    assert not verdict
    assert {p.axis for p in verdict.failures()} <= {"H", "W"} and {p.case for p in verdict.failures()} == {
        "qwen3-vl-8b.media"}
    assert verdict.explained_by == []


# NumPy's vector sine and cosine of binary64 promise 4 ulp only; those of the C library keep 1.
@pytest.mark.parametrize("dtype,library,recipe", [("f64", numpy, "f64,trig_ulp=4"), ("f64", math, "f64"),
                                                  ("f16", numpy, "f64,trig_ulp=4")])
def test_other_dtypes(dtype, library, recipe):
    def wide(q, k, position_ids, case):
        head = case.case
        inv_freq = 1.0 / float(head["spectrum"]["params"]["base"]) ** (
            numpy.arange(0, head["shape"]["rotary_dim"], 2) / head["shape"]["rotary_dim"])
        angle = position_ids[case.tensors["axis_map"][0]].T * inv_freq
        cos, sin = (numpy.vectorize(f)(angle)[:, None] for f in (library.cos, library.sin))

        def turn(x):
            a, b = numpy.split(x.astype(numpy.float64), 2, axis=-1)
            return numpy.concatenate([a * cos - b * sin, b * cos + a * sin], -1).astype(x.dtype)

        return turn(q), turn(k)

    assert plumbline.check(wide, model="qwen3-8b", dtype=dtype, recipe=recipe).expect()


def test_bf16_crosses_as_bits():
    def wide(q, k, position_ids, case):
        up = lambda x: (x.astype(numpy.uint32) << 16).view(numpy.float32)
        down = lambda x: (to_bf16(x).view(numpy.uint32) >> 16).astype(numpy.uint16)
        a, b = rope(up(q), up(k), position_ids, case)
        return down(a), down(b)

    assert plumbline.check(wide, model="qwen3-8b", dtype="bf16", recipe="cache_f32").expect()


def test_a_function_may_decline_and_may_not_answer_wrongly_shaped():
    assert plumbline.check(lambda *_: NotImplemented, model="qwen3-8b").report["exit_code"] == 5
    for wrong, error, words in [
            (lambda q, k, p, c: q, TypeError, "pair"),
            (lambda q, k, p, c: (q[1:], k), ValueError, "q has shape"),
            (lambda q, k, p, c: (q, k.astype("f8")), TypeError, "k is float64"),
            (lambda q, k, p, c: (q, k.astype("f2")), TypeError, "k is float16")]:
        with pytest.raises(error, match=words):
            plumbline.check(wrong, model="qwen3-8b")


def test_wrong_arguments_name_what_is_allowed():
    with pytest.raises(ValueError, match="qwen3-8b"):
        plumbline.check(rope, model="qwen4")
    with pytest.raises(ValueError, match="one of model= and golden="):
        plumbline.check(rope)
    with pytest.raises(ValueError, match="f64, f32, f16, bf16"):
        plumbline.check(rope, model="qwen3-8b", dtype="f8")
    with pytest.raises(ValueError, match="numpy, torch"):
        plumbline.check(rope, model="qwen3-8b", framework="abacus")
    with pytest.raises(plumbline.CommandError, match="hf_f33") as refused:
        plumbline.check(rope, model="qwen3-8b", recipe="hf_f33")
    assert refused.value.code == 2
    with pytest.raises(TypeError, match="recipe = 3"):
        plumbline.check(rope, model="qwen3-8b", recipe=3)
    with pytest.raises(ValueError, match="device = 'cuda'"):
        plumbline.check(rope, model="qwen3-8b", device="cuda")
    with pytest.raises(plumbline.CommandError, match="PLUMBLINE_BINARY = /nowhere"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PLUMBLINE_BINARY", "/nowhere")
            plumbline.check(rope, model="qwen3-8b")


def tiny(tmp_path, **more):
    shape = {"head_dim": 16, "rotary_dim": 8, "num_heads": 1, "num_key_value_heads": 1}
    return plumbline.generate([{"id": "tiny", "scheme": "vanilla", "sequence": "t9", "dtypes": ["f32"],
                                "shape": shape, **more}], tmp_path / "tiny.h5")


def test_what_is_not_judged_is_said(tmp_path):
    far = tiny(tmp_path, sequence="t4000000000", window=[[3999999998, 2]], tensors=["rotated"])
    verdict = plumbline.check(rope, golden=far, positions="int32")
    assert "int32" in verdict.refused["tiny"]
    assert str(verdict).startswith("inconclusive: nothing was judged\n") and "rounding hides" not in str(verdict)
    near = tiny(tmp_path, tensors=["rotated"])
    case = plumbline.load(near)[0]
    right = {"f32/q_out": case.tensors["f32/q_out"]}
    assert "not judged, no outputs: " in str(plumbline.judge(near, {"tiny": right}))
    beside = plumbline.judge(near, {"tiny": right, "other": right})
    assert beside.conforms and "not in the golden file: other" in str(beside)
    with pytest.raises(plumbline.CommandError, match="f32/q_outt"):
        plumbline.judge(near, {"tiny": {"f32/q_outt": right["f32/q_out"]}})


def test_the_first_bad_place_turns_where_one_does(tmp_path):
    def wrong(q, k, p, c):
        q, k = rope(q, k, p, c)
        q[3, 0, 0] += 1
        k[-1, 0, 8] += 1  # beyond rotary_dim: at no position
        return q, k

    bad = plumbline.check(wrong, golden=tiny(tmp_path)).first_bad
    assert (bad.dataset, bad.token, bad.lane) == ("f32/q_out", 3, 0)


@pytest.mark.parametrize("answer", [None, 3, (), {}, "ab", iter(())])
def test_tables_and_tensors_that_are_no_pair_are_called_so(tmp_path, answer):
    golden = tiny(tmp_path)
    for check in (lambda: plumbline.check(lambda *_: answer, golden=golden),
                  lambda: plumbline.check_table(lambda *_: answer, golden=golden)):
        with pytest.raises(TypeError, match="must be a pair"):
            check()


def test_a_masked_array_is_refused(tmp_path):
    with pytest.raises(TypeError, match="q is a masked array"):
        plumbline.check(lambda q, k, p, c: (numpy.ma.masked_array(q, q > 0), k), golden=tiny(tmp_path))


@pytest.mark.parametrize("params", [{"scheme": "abl-base"}, {"scheme": "rope-2d"}, {"scheme": "vision-pixtral"}])
def test_the_example_declines_other_ladders(tmp_path, params):
    golden = plumbline.generate([{"id": "tiny", "sequence": "t3 v1x2x4 t2", "dtypes": ["f32"], **params,
                                  "shape": {"head_dim": 128, "num_heads": 2, "num_key_value_heads": 1}}],
                                tmp_path / "other.h5")
    assert "NotImplemented" in plumbline.check(rope, golden=golden).refused["tiny"]


@pytest.mark.parametrize("mark, words", [('dtypo="f32"', "dtypo"), ('dtype="bf16"', "no case of")])
def test_a_mark_that_tests_nothing_is_an_error(tmp_path, mark, words):
    golden = tiny(tmp_path)
    (tmp_path / "test_it.py").write_text(f"""
import pytest
@pytest.mark.plumbline(golden={str(golden)!r}, {mark})
def test_it(plumbline_case):
    pass
""")
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "plumbline.pytest_plugin", "-p",
                          "no:cacheprovider", str(tmp_path)], capture_output=True, text=True,
                         env=os.environ | {"PYTHONPATH": str(ROOT / "tools" / "python")})
    assert run.returncode not in (0, 5) and words in run.stdout + run.stderr, run.stdout


def test_golden_files_are_loaded_as_the_command_line_wrote_them(tmp_path):
    path = plumbline.generate([{"id": "tiny", "scheme": "mrope", "sequence": "t1 v1x1x2",
                                "params": {"mrope_section": [2, 1, 1]}, "dtypes": ["f32", "bf16"],
                                "shape": {"head_dim": 8, "rotary_dim": 8, "num_heads": 1, "num_key_value_heads": 1}}],
                              tmp_path / "tiny.h5")
    [case] = plumbline.load(path, verify=True)
    assert case.id == "tiny" and case.dtypes == ["f32", "bf16"]
    assert case.position_ids.tolist() == [[0, 1, 1], [0, 1, 1], [0, 1, 2]]
    assert case.tensors["bf16/cos"].dtype == numpy.uint16
    # cos of the first token is 1 everywhere: 0x3f80.
    assert (case.tensors["bf16/cos"][0] == 0x3F80).all() and (case.tensors["f32/cos"][0] == 1).all()
    (tmp_path / "bad.h5").write_bytes(b"nothing")
    with pytest.raises(Exception):
        plumbline.load(tmp_path / "bad.h5")


def table_of(position_ids, case):
    spectrum = case.case["spectrum"]["params"]
    d = spectrum["rotary_dim"]
    inv_freq = 1.0 / float(spectrum["base"]) ** (numpy.arange(0, d, 2) / d)
    angle = position_ids[case.tensors["axis_map"][0]].T * inv_freq
    return numpy.cos(angle).astype("f4"), numpy.sin(angle).astype("f4")


def test_a_table_alone_is_a_candidate():
    recipe = "f64_table,trig_ulp=4"  # NumPy's sine and cosine
    verdict = plumbline.check_table(table_of, model="qwen3-vl-8b", recipe=recipe).expect()
    assert verdict.context_length("f16") == verdict.context_length("bf16") == 1048575
    assert {d["dataset"] for c in verdict.report["cases"] for d in c["datasets"]} == {"f32/cos", "f32/sin"}
    with_maps = lambda p, c: tuple(x[:, None] for x in table_of(p, c))
    assert plumbline.check_table(with_maps, model="qwen3-vl-8b", recipe=recipe).conforms
    for wrong in (lambda p, c: table_of(p + 1, c), lambda p, c: table_of(p, c)[::-1],
                  lambda p, c: table_of(to_bf16(p).astype("f8"), c),
                  lambda p, c: tuple(to_bf16(x) for x in table_of(p, c))):
        assert not plumbline.check_table(wrong, model="qwen3-vl-8b", recipe=recipe).conforms
    with pytest.raises(ValueError, match="cos has shape"):
        plumbline.check_table(lambda p, c: tuple(x[:-1] for x in table_of(p, c)), model="qwen3-8b")


@pytest.mark.parametrize("positions", ["int32", "int64"])
def test_positions_come_as_they_were_asked_for(positions):
    seen = set()

    def looks(q, k, position_ids, case):
        seen.add(str(position_ids.dtype))
        return rope(q, k, position_ids, case)

    assert plumbline.check(looks, model="qwen3-8b", recipe="hf_f32", positions=positions).conforms
    assert seen == {positions}


def test_torch_8_bit_outputs():
    torch = pytest.importorskip("torch", reason="torch is not installed: its 8-bit floats are not tried")
    for kind, store in [("float8_e4m3fn", "e4m3fn"), ("float8_e5m2", "e5m2")]:
        def turn(q, k, p, c):
            return tuple(torch.from_numpy(x).to(getattr(torch, kind)) for x in rope(q.numpy(), k.numpy(), p.numpy(), c))

        how = {"model": "qwen3-8b", "framework": "torch"}
        assert plumbline.check(turn, recipe=f"hf_f32,store={store}", **how).expect()
        with pytest.raises(TypeError, match=f"must declare store={store}"):
            plumbline.check(turn, recipe="hf_f32", **how)
        bad = lambda q, k, p, c: tuple(-x.float() for x in turn(q, k, p, c))
        assert not plumbline.check(bad, recipe=f"hf_f32,store={store}", **how).conforms


def test_torch_tensors():
    torch = pytest.importorskip("torch", reason="torch is not installed: its tensors are not tried")

    def turn(q, k, position_ids, case):
        head = case.case
        d = head["shape"]["rotary_dim"]
        inv_freq = 1.0 / (float(head["spectrum"]["params"]["base"]) ** (torch.arange(0, d, 2).float() / d))
        rows = position_ids[torch.from_numpy(case.tensors["axis_map"][0].astype("i8"))].T
        angle = rows.float() * inv_freq
        cos, sin = (torch.cat([f(angle)] * 2, -1)[:, None] for f in (torch.cos, torch.sin))
        half = lambda x: torch.cat([-x[..., d // 2:], x[..., :d // 2]], -1)
        return tuple((x.float() * cos + half(x.float()) * sin).to(x.dtype) for x in (q, k))

    for dtype, recipe in [("f32", "hf_f32"), ("bf16", "cache_f32"), ("f16", "cache_f32")]:
        assert plumbline.check(turn, model="qwen3-vl-8b", dtype=dtype, recipe=recipe, framework="torch").expect()
    wrong = lambda q, k, p, c: (q.double(), k)
    with pytest.raises(TypeError, match="q is float64"):
        plumbline.check(wrong, model="qwen3-8b", framework="torch")


def test_arrays_of_the_protocol_are_taken():
    class Wrapped:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None):
            return self.array

    class Exchanged:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **_):
            return self.array.__dlpack__()

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    for wrap in (Wrapped, Exchanged):
        wrapped = lambda q, k, p, c: tuple(wrap(x) for x in rope(q, k, p, c))
        assert plumbline.check(wrapped, model="qwen3-8b", recipe="hf_f32").conforms


def test_the_pytest_plugin_makes_each_case_a_test(tmp_path):
    golden = plumbline.generate([
        {"id": name, "model": "qwen3-8b", "sequence": "t9", "dtypes": ["f32"],
         "shape": {"head_dim": 128, "rotary_dim": 128, "num_heads": 1, "num_key_value_heads": 1}}
        for name in ("one", "two")], tmp_path / "golden.h5")
    (tmp_path / "test_it.py").write_text(f"""
import sys
sys.path.insert(0, {str(ROOT / 'tools' / 'examples')!r})
import pytest
from rope import rope
MARK = pytest.mark.plumbline(golden={str(golden)!r}, recipe="hf_f32")
@MARK
def test_right(plumbline_case):
    plumbline_case.check(rope)
@MARK
def test_wrong(plumbline_case):
    plumbline_case.check(lambda q, k, p, c: (q, k))
@MARK
def test_declined(plumbline_case):
    plumbline_case.check(lambda q, k, p, c: NotImplemented)
@pytest.mark.plumbline(model="qwen3-vl-8b", recipe="hf_f32")
def test_model(plumbline_case):
    plumbline_case.check(rope)
""")
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-rA", "-p", "plumbline.pytest_plugin", "-p",
                          "no:cacheprovider", str(tmp_path)], capture_output=True, text=True,
                         env=os.environ | {"PYTHONPATH": str(ROOT / "tools" / "python")})
    assert "4 passed" in run.stdout and "2 failed" in run.stdout and "2 skipped" in run.stdout, run.stdout
    for name in ("test_right[one]", "test_right[two]", "test_model[qwen3-vl-8b.text]", "test_model[qwen3-vl-8b.media]"):
        assert f"PASSED {pathlib.Path('test_it.py')}::{name}" in run.stdout or f"::{name}" in run.stdout
    assert "first bad position: one f32/" in run.stdout


def test_the_wheel_holds_the_package_and_equal_trees_give_equal_bytes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools" / "python"))
    import backend

    names = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        names.append(backend.build_wheel(tmp_path / folder))
    assert (tmp_path / "a" / names[0]).read_bytes() == (tmp_path / "b" / names[1]).read_bytes()
    with zipfile.ZipFile(tmp_path / "a" / names[0]) as wheel:
        held = wheel.namelist()
        entry = wheel.read(next(n for n in held if n.endswith("entry_points.txt"))).decode()
    modules = {f"plumbline/{p.name}" for p in (ROOT / "tools" / "python" / "plumbline").glob("*.py")}
    assert modules <= set(held)
    assert "[pytest11]\nplumbline = plumbline.pytest_plugin" in entry


def test_pip_installs_it_without_a_network(tmp_path):
    made = subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", str(tmp_path / "venv")],
                          capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip("python3-venv is not installed: pip install is not tried")
    python = tmp_path / "venv" / "bin" / "python"
    source = tmp_path / "source"
    shutil.copytree(ROOT / "tools" / "python", source, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([python, "-m", "pip", "install", "--no-index", "--disable-pip-version-check", str(source)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    told = subprocess.run([python, "-c", "import plumbline; print(plumbline.__file__)"], cwd=tmp_path,
                          capture_output=True, text=True, env={"PATH": "/usr/bin"})
    assert str(tmp_path / "venv") in told.stdout, told.stderr


def test_the_readme_example_runs():
    text = (ROOT / "README.md").read_text()
    [block] = [b.split("```")[0] for b in text.split("```python\n")[1:] if "plumbline.check" in b]
    assert len([line for line in block.splitlines() if line.strip()]) == 5
    run = subprocess.run([sys.executable, "-c", block], cwd=ROOT / "tools" / "examples", capture_output=True, text=True,
                         env=os.environ | {"PYTHONPATH": str(ROOT / "tools" / "python")})
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("conforms: ") and "certified context length, bf16: " in run.stdout
