"""What a type checker says of programs that use the installed package: nothing if they are right, and every mistake."""

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import jax_slim

HERE = Path(__file__).parent
ROOT = HERE.parent


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An environment with the package installed, as users have it: checkers look at such packages more strictly."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    shutil.copytree(ROOT / "jax_slim", site / "jax_slim", ignore=shutil.ignore_patterns("__pycache__"))
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


def reports(python, tmp_path, *files):
    """(file name, line) -> message, for what pyright reports of copies of the files, away from the project."""
    for file in files:
        shutil.copy(file, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", str(python), *(f.name for f in files)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=250,
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {
        (Path(d["file"]).name, d["range"]["start"]["line"] + 1): d["message"] for d in found if d["severity"] == "error"
    }


@pytest.mark.slow
def test_right_programs_are_right_and_every_mistake_is_found(python, tmp_path):
    examples = [p for p in sorted((ROOT / "examples").glob("*.py")) if p.name != "tf1_training.py"]
    found = reports(python, tmp_path, HERE / "typing" / "right.py", HERE / "typing" / "wrong.py", *examples)
    lines = (HERE / "typing" / "wrong.py").read_text().splitlines()
    wanted = {("wrong.py", number) for number, line in enumerate(lines, 1) if "# wrong:" in line}
    assert set(found) == wanted, found


def test_every_room_is_known_to_checkers():
    source = (ROOT / "jax_slim" / "__init__.py").read_text()
    rooms = {p.stem for p in (ROOT / "jax_slim").iterdir() if not p.stem.startswith("_") and p.name != "py.typed"}
    exported = vars(__import__("jax_slim._exports")._exports)
    missing = [r for r in sorted(rooms) if f"from jax_slim import {r} as {r}\n" not in source and r not in exported]
    assert missing == [], f"add them below `if TYPE_CHECKING` in {jax_slim.__file__}"
