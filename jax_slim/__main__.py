"""`python -m jax_slim`: the command `jax-slim`."""

import sys

from jax_slim.cli.main import start

sys.exit(start())
