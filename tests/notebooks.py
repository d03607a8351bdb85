"""The code of tutorials and notebooks, as the site runs it: top to bottom, in a process and a folder of its own.

Where EXECUTED_NOTEBOOKS names a folder, those that `make docs` ran of the same sources are in it, and not run again:
`.ci/run` says so, which has just built the site. Elsewhere what is kept there may be of an older package.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_CELL = re.compile(r"^```\{code-cell\} python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def code(path):
    """All code cells of a `.ipynb` or of a MyST Markdown notebook, as one program."""
    if path.suffix == ".ipynb":
        return "\n\n".join("".join(cell["source"]) for cell in _code_cells(path))
    return "\n\n".join(_CELL.findall(path.read_text()))


def _code_cells(path):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def printed_for_the_site(path, folder):
    """What a notebook printed when the site was built, from MyST-NB's cache in `folder`; None where it is not there."""
    for executed in folder.glob("executed/*/*.ipynb"):
        if "".join(code(executed).split()) == "".join(code(path).split()):  # lines between cells are not kept
            outputs = [output for cell in _code_cells(executed) for output in cell["outputs"]]
            return "".join("".join(output["text"]) for output in outputs if output.get("name") == "stdout")
    return None


def run(path, folder):
    """Runs a notebook in `folder`; returns what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    program = folder / "notebook.py"
    program.write_text(code(path))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", program], cwd=folder, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
