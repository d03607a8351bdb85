"""`import jax_slim` loads nothing, its first name jax and our own code: no heavy package, no backend.

Looked up in `sys.modules`, not timed.
"""

import json
import subprocess
import sys
from pathlib import Path

HEAVY = {"PIL", "etils", "grain", "google", "matplotlib", "optax", "orbax", "rich", "tensorboard", "tensorstore"}

# jax may import some of these itself: what counts is what we add. Its public interface cannot tell whether a backend
# runs without starting one, hence the private table.
REPORT = """
import json, sys
import jax
from jax._src import xla_bridge
before = set(sys.modules)
{statement}
print(json.dumps([sorted({{name.split(".")[0] for name in set(sys.modules) - before}}), len(xla_bridge._backends)]))
"""


def after(statement):
    """The top-level modules that `statement` adds to those of jax, and how many backends it has started."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", REPORT.format(statement=statement)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    added, backends = json.loads(run.stdout)
    return set(added), backends


def test_importing_adds_no_heavy_package_and_starts_no_backend():
    added, backends = after("import jax_slim; jax_slim.conv2d")
    assert "jax_slim" in added
    assert not added & HEAVY
    assert backends == 0


def test_importing_alone_does_not_even_load_jax():
    statement = "import sys, jax_slim; assert jax_slim.__version__; assert not {'jax', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-W", "error", "-c", statement], cwd=Path(__file__).parents[1], check=True)


def test_the_check_sees_what_it_looks_for():
    added, backends = after("import rich.progress, jax; jax.devices()")
    assert added & HEAVY == {"rich"}
    assert backends > 0
