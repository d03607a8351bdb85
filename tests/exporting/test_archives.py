"""`export_model` and the file it writes: opened here, and in a process that has no jax-slim."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim import exporting
from jax_slim.exporting import loader

RNG = np.random.default_rng(0)
VARIABLES = {
    "net/weights": RNG.normal(size=(3, 4)).astype(np.float32),
    "net/scale": np.asarray(2, jnp.bfloat16),
    "net/empty": np.zeros((0, 4), np.float32),
}


def scaled(variables, inputs):
    return {"y": inputs["x"] @ variables["net/weights"] * variables["net/scale"].astype(jnp.float32)}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "scaled.zip"
    about = {"labels": ["a", "b", "c", "d"]}
    return exporting.export_model(path, scaled, VARIABLES, {"x": ("batch, 3", jnp.float32)}, about)


@pytest.mark.parametrize("batch", [1, 5])
def test_gives_the_same_numbers_for_any_batch(file, batch):
    model = exporting.load_exported(file)
    x = RNG.normal(size=(batch, 3)).astype(np.float32)
    np.testing.assert_allclose(model(x=x)["y"], x @ VARIABLES["net/weights"] * 2, rtol=1e-5, atol=1e-6)
    assert model.labels == ["a", "b", "c", "d"]
    assert model.description["platforms"] == ["cpu", "cuda", "tpu"]


def test_a_program_of_a_newer_jax_names_both_versions(file, tmp_path):
    newer = tmp_path / "newer.zip"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(newer, "w") as archive:
        for name in old.namelist():
            content = old.read(name)
            if name == "program.jax_export":
                assert content.count(b"ML\xefR\r") == 1
                content = content.replace(b"ML\xefR\r", b"ML\xefR\xff")  # the number of MLIR's format
            if name == "model.json":
                content = json.dumps(json.loads(content) | {"jax": "0.99.1"})
            archive.writestr(name, content)
    message = rf"newer\.zip: its program was written by jax 0\.99\.1 and cannot be read by jax {jax.__version__}"
    with pytest.raises((loader.LoadError, exporting.ExportError), match=message):
        exporting.load_exported(newer)(x=np.ones((2, 3), np.float32))


def test_the_file_holds_the_whole_reader_of_photographs(file, tmp_path):
    with zipfile.ZipFile(file) as archive:
        names = {name for name in archive.namelist() if name.startswith("slim_photographs/")}
        texts = {name: archive.read(name).decode() for name in names}
    assert {"slim_photographs/__init__.py", "slim_photographs/photographs.py", "slim_photographs/_jpeg.py"} <= names
    assert not [name for name, text in texts.items() if "jax_slim" in text]
    for imported in re.findall(r"from slim_photographs(?:\.| import )([\w, ]+)", "\n".join(texts.values())):
        for name in imported.removesuffix(" import").split(" import ")[0].split(", "):
            assert f"slim_photographs/{name}.py" in names


ALONE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("jax_slim", "optax", "orbax"):
            raise ImportError(name)

sys.meta_path.insert(0, Refuse())
site = [path for path in sys.path if path != sys.argv[1]]
sys.path[:] = [sys.argv[1], *site]
import json, numpy, loader, flatbuffers
assert flatbuffers.__file__.startswith(sys.argv[1])
print(json.dumps(numpy.asarray(loader.load(sys.argv[1])(x=numpy.ones((2, 3), "float32"))["y"]).tolist()))
"""


def test_runs_in_a_process_that_has_only_jax(file, tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", ALONE, str(file)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    expected = np.ones((2, 3), np.float32) @ VARIABLES["net/weights"] * 2
    np.testing.assert_allclose(json.loads(run.stdout), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"z": np.zeros((1, 3), np.float32)}, r"inputs must be \['x'\], got \['z'\]"),
        ({"x": np.zeros((1, 3))}, r"x must have shape \[batch, 3\] and dtype float32, got \[1, 3\] and float64"),
        ({"x": np.zeros(3, np.float32)}, r"x must have shape \[batch, 3\]"),
    ],
)
def test_refuses_other_inputs(file, inputs, message):
    with pytest.raises(TypeError, match=message):
        exporting.load_exported(file)(**inputs)


def test_refuses_what_is_no_exported_model(file, tmp_path):
    with pytest.raises(exporting.ExportError, match="there is no such file"):
        exporting.load_exported(tmp_path / "none.zip")
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(exporting.ExportError, match="no exported model, or is damaged"):
        exporting.load_exported(tmp_path / "text.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("model.json", "{}")
    with pytest.raises(exporting.ExportError, match="no exported model, or is damaged"):
        exporting.load_exported(tmp_path / "other.zip")
    whole = file.read_bytes()
    for cut in range(0, len(whole), len(whole) // 40):
        (tmp_path / "cut.zip").write_bytes(whole[:cut])
        with pytest.raises(exporting.ExportError):
            exporting.load_exported(tmp_path / "cut.zip")


def test_refuses_what_cannot_be_exported_and_keeps_the_old_file(file):
    before = file.read_bytes()

    def needs_size(variables, inputs):
        return {"y": inputs["x"].reshape(2, -1)}

    with pytest.raises(exporting.ExportError, match=r"cannot be exported for x: batch, 3 on cpu, cuda, tpu"):
        exporting.export_model(file, needs_size, VARIABLES, {"x": ("batch, 3", jnp.float32)})
    with pytest.raises(exporting.ExportError, match="numbers and names between commas"):
        exporting.export_model(file, scaled, VARIABLES, {"x": ("batch; 3", jnp.float32)})
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_cannot_write(tmp_path):
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(exporting.ExportError, match=r"cannot write .*scaled\.zip"):
        exporting.export_model(
            tmp_path / "folder" / "scaled.zip", scaled, VARIABLES, {"x": ("batch, 3", jnp.float32)}, platforms=["cpu"]
        )


def test_what_is_no_file_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")  # a device would do too: /dev/null was replaced by a file
    for name in ("folder", "pipe"):
        with pytest.raises(exporting.ExportError, match=rf"path must be a file, got .*{name}, which is a folder or"):
            exporting.export_model(
                tmp_path / name, scaled, VARIABLES, {"x": ("batch, 3", jnp.float32)}, platforms=["cpu"]
            )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe"]


@pytest.mark.parametrize("platforms", [[], ["cpu", "gpu"]])
def test_unknown_platforms(tmp_path, platforms):
    with pytest.raises(exporting.ExportError, match="platforms must be one or more of cpu, cuda, rocm, tpu, got"):
        exporting.export_model(
            tmp_path / "x.zip", scaled, VARIABLES, {"x": ("batch, 3", jnp.float32)}, platforms=platforms
        )
    assert not list(tmp_path.iterdir())


def test_reading_a_file_runs_nothing_that_it_brings(file, tmp_path, monkeypatch):
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(tmp_path / "evil.zip", "w") as evil:
        for name in archive.namelist():
            if name != "flatbuffers/__init__.py":
                evil.writestr(name, archive.read(name))
        evil.writestr("flatbuffers/__init__.py", f"open({str(tmp_path / 'ran')!r}, 'w')")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "flatbuffers" else found(name))
    for name in [name for name in sys.modules if name.partition(".")[0] == "flatbuffers"]:
        monkeypatch.delitem(sys.modules, name)
    before = list(sys.path)
    with pytest.raises(exporting.ExportError, match=r"needs the package flatbuffers: .* if you trust the file"):
        exporting.load_exported(tmp_path / "evil.zip")
    assert sys.path == before
    assert not (tmp_path / "ran").exists()
