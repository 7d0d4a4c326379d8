# SPDX-License-Identifier: Apache-2.0
"""Builds the wheel of this folder: pure Python, zipped. Source: PEP 517, PEP 427."""
import base64
import hashlib
import pathlib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent


def _project():
    import tomllib

    return tomllib.loads((HERE / "pyproject.toml").read_text())["project"]


def _metadata(project):
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}",
             f"Summary: {project['description']}", f"License: {project['license']['text']}",
             f"Requires-Python: {project['requires-python']}"]
    lines += [f"Requires-Dist: {name}" for name in project["dependencies"]]
    for extra, names in project.get("optional-dependencies", {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {name}; extra == "{extra}"' for name in names]
    return "\n".join(lines) + "\n"


def _entry_points(project):
    out = ""
    for group, entries in project.get("entry-points", {}).items():
        out += f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
    return out


def _write(path, files):
    """A wheel of `files`, name -> bytes, with equal bytes for equal files."""
    record = ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(data)}\n"
            wheel.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
        name = next(n for n in files if n.endswith("/WHEEL")).replace("/WHEEL", "/RECORD")
        wheel.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), record + f"{name},,\n")


def _wheel(wheel_directory, modules):
    project = _project()
    stem = f"{project['name']}-{project['version']}"
    info = f"{stem}.dist-info"
    files = dict(modules)
    # The package finds the command line of the tree that it was installed from.
    files["plumbline/_tree.py"] = f"TREE = {str(HERE.parent.parent)!r}\n".encode()
    files[f"{info}/METADATA"] = _metadata(project).encode()
    files[f"{info}/WHEEL"] = (b"Wheel-Version: 1.0\nGenerator: plumbline\n"
                              b"Root-Is-Purelib: true\nTag: py3-none-any\n")
    files[f"{info}/entry_points.txt"] = _entry_points(project).encode()
    path = pathlib.Path(wheel_directory) / f"{stem}-py3-none-any.whl"
    _write(path, files)
    return path.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    modules = {f"plumbline/{path.name}": path.read_bytes()
               for path in sorted((HERE / "plumbline").glob("*.py")) if path.name != "_tree.py"}
    return _wheel(wheel_directory, modules)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, {"plumbline.pth": f"{HERE}\n".encode()})


def build_sdist(sdist_directory, config_settings=None):
    import tarfile

    project = _project()
    stem = f"{project['name']}-{project['version']}"
    path = pathlib.Path(sdist_directory) / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file in ["pyproject.toml", "backend.py"] + [
                f"plumbline/{p.name}" for p in sorted((HERE / "plumbline").glob("*.py"))]:
            archive.add(HERE / file, f"{stem}/{file}")
        import io

        text = _metadata(project).encode()
        entry = tarfile.TarInfo(f"{stem}/PKG-INFO")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return path.name
