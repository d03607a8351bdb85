"""What every test run shares: programs compiled fast and kept, and hypothesis without clocks or chance."""

import gc
import os
from pathlib import Path

import hypothesis
import pytest

import quick_compiling

# As variables of the environment, before jax is imported: the processes that tests start share the cache too.
CACHE = Path(__file__).parents[1] / ".cache" / "jax"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
# Keep all: the tests compile many small programs, few of which take the second that jax asks for by default.
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
# Whole tracebacks: jax-slim takes its own frames out of them, as jax does.
os.environ.setdefault("JAX_TRACEBACK_FILTERING", "off")

# No deadline: the first call of an example may compile. Derandomized: a test that passed yesterday passes today.
hypothesis.settings.register_profile("jax_slim", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("jax_slim")

# Of slow tests, more than half a minute each.
LONGEST = {
    "checkpoints/peers/test_mapping.py", "checkpoints/tensorflow/test_corruption.py", "cli/test_detecting.py",
    "cli/test_segmenting.py", "cli/test_whole_way.py", "kernels/native/test_fused.py",
    "kernels/native/test_sanitized.py", "learning/test_killed_runs.py", "nets/test_goldens.py", "test_documents.py",
    "tf1/test_recorded_programs.py",
}  # fmt: skip

# Collecting 8,000 tests makes only what stays; looking for garbage in it took a fifth of the time.
gc.disable()


def pytest_configure(config):
    """Fast tests compile quickly, for half of the work. Slow ones compile as users do, if not told else."""
    if config.option.markexpr != "slow":
        os.environ.setdefault("XLA_FLAGS", quick_compiling.FLAGS)


@pytest.fixture
def compiled_quickly(monkeypatch):
    """For a slow test whose numbers are loose: `slim.jit` compiles quickly there, too."""
    from jax_slim.kernels import compiling  # not before jax is to be loaded

    quick = {name: str(value) for name, value in quick_compiling.OPTIONS.items()}
    monkeypatch.setattr(compiling, "_WANTED", {**compiling._WANTED, **quick})


def pytest_collection_modifyitems(config, items):
    """Of slow tests, the files of `LONGEST` come first: workers with many short ones left end together."""
    if config.option.markexpr == "slow":
        folder = Path(__file__).parent
        items.sort(key=lambda item: item.path.relative_to(folder).as_posix() not in LONGEST)


def pytest_collection_finish():
    """Garbage is collected while tests run, seldom; what came before is not looked at again.

    By Python's usual thresholds a twelfth of the time goes there: JAX keeps the traced programs of all tests, and these
    are looked through each time.
    """
    gc.freeze()
    gc.set_threshold(5000, 10, 50)
    gc.enable()
