"""What a type checker says of programs that use the installed package: nothing if they are right, and every mistake."""

import json
import os
import re
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


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A folder away from the project: programs that are right, those in documents too, and one full of mistakes."""
    folder = tmp_path_factory.mktemp("programs")
    examples = [p for p in sorted((ROOT / "examples").glob("*.py")) if p.name != "tf1_training.py"]  # TensorFlow's
    for file in (HERE / "typing" / "right.py", HERE / "typing" / "wrong.py", *examples):
        shutil.copy(file, folder)
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        snippets = re.findall(r"^```python\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)
        if any("import jax_slim" in snippet for snippet in snippets):  # the others have excerpts
            (folder / f"{document.stem.replace('-', '_')}_md.py").write_text("\n".join(snippets))
    return folder


def found_by(name, arguments, folder):
    """What a checker prints, run in `folder`; the test is skipped where it is not installed."""
    places = [sysconfig.get_path("scripts"), os.environ.get("PATH", "")]
    tool = shutil.which(name, path=os.pathsep.join(places))
    if tool is None:
        pytest.skip(f"{name} is not installed: `make setup` does it")
    return subprocess.run([tool, *arguments], cwd=folder, capture_output=True, text=True).stdout


def check(folder, messages):
    """`messages`: (file name, line, text) of all errors. Packages that need not be installed are no mistake of ours."""
    absent = re.compile(r"could not be resolved|Cannot resolve imported module|Cannot find implementation")
    found = {(file, line): text for file, line, text in messages if not absent.search(text)}
    lines = (folder / "wrong.py").read_text().splitlines()
    wanted = {("wrong.py", number) for number, line in enumerate(lines, 1) if "# wrong:" in line}
    assert set(found) == wanted, found


def in_lines(output):
    """(file name, line, text) from lines such as 'wrong.py:7:1: error: ...'."""
    places = (re.match(r"([^:]+):(\d+):(?:\d+:)? error\b(.*)", line) for line in output.splitlines())
    return [(Path(place[1]).name, int(place[2]), place[3]) for place in places if place]


def test_ty_finds_every_mistake_and_no_other(python, programs):
    arguments = ["check", "--python", str(python.parents[1]), "--output-format", "concise", "."]
    check(programs, in_lines(found_by("ty", arguments, programs)))


@pytest.mark.slow
def test_mypy_finds_every_mistake_and_no_other(python, programs, tmp_path):
    arguments = ["--python-executable", str(python), "--ignore-missing-imports", "--cache-dir", str(tmp_path), "."]
    check(programs, in_lines(found_by("mypy", arguments, programs)))


@pytest.mark.slow
def test_pyright_finds_every_mistake_and_no_other(python, programs):
    output = found_by("pyright", ["--outputjson", "--pythonpath", str(python), "."], programs)
    found = [d for d in json.loads(output)["generalDiagnostics"] if d["severity"] == "error"]
    check(programs, [(Path(d["file"]).name, d["range"]["start"]["line"] + 1, d["message"]) for d in found])


def test_every_room_is_known_to_checkers():
    source = (ROOT / "jax_slim" / "__init__.py").read_text()
    rooms = {p.stem for p in (ROOT / "jax_slim").iterdir() if not p.stem.startswith("_") and p.name != "py.typed"}
    exported = vars(__import__("jax_slim._exports")._exports)
    missing = [r for r in sorted(rooms) if f"from jax_slim import {r} as {r}\n" not in source and r not in exported]
    assert missing == [], f"add them below `if TYPE_CHECKING` in {jax_slim.__file__}"
