"""`python -m jax_slim.cli`."""

import sys

from jax_slim.cli.main import start

sys.exit(start())
