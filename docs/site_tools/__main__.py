"""`python -m site_tools FOLDER`: writes every page that is made from the package, not by hand."""

import shutil
import sys
from pathlib import Path

from site_tools import charts, commands, families, reference

ROOT = Path(__file__).parents[2]

folder = Path(sys.argv[1])
reference.write(folder / "reference")
commands.write(folder / "command.md")
cards = families.write(folder / "nets")
charts.write(folder / "charts", cards, ROOT / "benchmarks" / "results")
# Notebooks lie among the examples, where they are run by hand.
(folder / "notebooks").mkdir(exist_ok=True)
for notebook in (ROOT / "examples").glob("*.ipynb"):
    shutil.copy2(notebook, folder / "notebooks")
