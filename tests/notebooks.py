"""The code of tutorials and notebooks, as the site runs it: top to bottom, in a process and a folder of its own."""

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
        cells = json.loads(path.read_text())["cells"]
        return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return "\n\n".join(_CELL.findall(path.read_text()))


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
