"""`python -m jax_slim.tf1 PROGRAM ARGS`, `-m MODULE ARGS`."""

import sys

from jax_slim.tf1 import launching

if __name__ == "__main__":
    sys.exit(launching.main(sys.argv[1:]))
