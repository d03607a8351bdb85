"""`python -m jax_slim.cli`."""

import sys

from jax_slim.cli.main import main

sys.exit(main())
