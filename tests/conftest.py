"""What every test run shares: programs compiled fast and kept, and hypothesis without clocks or chance."""

import gc
import os
from pathlib import Path

import hypothesis

# As variables of the environment, before jax is imported: the processes that tests start share the cache too.
CACHE = Path(__file__).parents[1] / ".cache" / "jax"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
# Keep all: the tests compile many small programs, few of which take the second that jax asks for by default.
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
# Compile for little time: most of these programs run once, on a handful of numbers, and are forgotten. This halves the
# processor time of the fast tests. XLA's passes and libraries are those that users get; only its loops are made with
# less effort (a context of MLIR with all its dialects for each, otherwise).
QUICKLY = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true --xla_cpu_use_fusion_emitters=false"
)
# Whole tracebacks: jax-slim takes its own frames out of them, as jax does.
os.environ.setdefault("JAX_TRACEBACK_FILTERING", "off")

# No deadline: the first call of an example may compile. Derandomized: a test that passed yesterday passes today.
hypothesis.settings.register_profile("jax_slim", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("jax_slim")

# Collecting 8,000 tests makes only what stays; looking for garbage in it took a fifth of the time.
gc.disable()


def pytest_configure(config):
    """Slow tests, as `make test-slow` runs them, compile as users do: their nets are large."""
    if config.option.markexpr != "slow":
        os.environ.setdefault("XLA_FLAGS", QUICKLY)


def pytest_collection_finish():
    """Garbage is collected while tests run; what came before is not looked at again."""
    gc.freeze()
    gc.enable()
