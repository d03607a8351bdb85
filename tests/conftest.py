"""What every test run shares: programs compiled fast and kept, and hypothesis without clocks or chance."""

import gc
import os
from pathlib import Path

import hypothesis

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

# Collecting 8,000 tests makes only what stays; looking for garbage in it took a fifth of the time.
gc.disable()


def pytest_configure(config):
    """Fast tests compile quickly, for half of the work. Slow ones compile as users do, if not told else."""
    if config.option.markexpr != "slow":
        os.environ.setdefault("XLA_FLAGS", quick_compiling.FLAGS)


def pytest_collection_finish():
    """Garbage is collected while tests run, seldom; what came before is not looked at again.

    By Python's usual thresholds a twelfth of the time goes there: JAX keeps the traced programs of all tests, and these
    are looked through each time.
    """
    gc.freeze()
    gc.set_threshold(5000, 10, 50)
    gc.enable()
