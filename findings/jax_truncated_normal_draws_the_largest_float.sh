#!/bin/bash
# jax.random.truncated_normal of a tail that is open to one side, lower=2 and upper=inf, draws the largest number of float32,
# 3.4e38, once in a million draws or two, and the more often the further out: one of two thousand from 4 on, all from 6 on.
# It draws a number between the error functions of the bounds, which near 1 is as coarse as float32 there, so the upper one
# itself comes up; its inverse is infinite, and that is cut to the bound. So the mean of a large draw, or the one step that
# meets it, is infinite, and no small test shows it. Between two bounds it is the outer one: from 6 to 10 all draws are 10,
# where SciPy has a median of 6.1. The other side, upper=-2, gives -3.4e38.
# Initializers, which cut at -2 and 2, are far from it.
# Seen with jax 0.10.2, SciPy 1.17.1, jax.random.key(1), 8000000 draws in float32 (SciPy: 100000):
#   from 2 to inf: largest 3.4e+38, 6 above 9, mean inf; SciPy: largest 5.05, mean 2.373
#   from 4 to inf: largest 3.4e+38, 3728 above 9, mean inf; SciPy: largest 6.19, mean 4.225
#   from 6 to 10: largest 10, 8000000 above 9, mean 10; SciPy: largest 7.66, mean 6.158
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 scipy==1.17.1 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import sys

import jax
import numpy as np
import scipy
import scipy.stats

print("jax", jax.__version__, "scipy", scipy.__version__)
draws = 8_000_000
wrong = []
for lower, upper in ((2, np.inf), (4, np.inf), (6, 10.0)):
    drawn = jax.random.truncated_normal(jax.random.key(1), lower, upper, (draws,))
    wanted = scipy.stats.truncnorm.rvs(lower, upper, size=100_000, random_state=1)
    wrong.append(int((drawn > 9).sum()))
    print(
        f"from {lower} to {upper:g}: largest {drawn.max():.3g}, {wrong[-1]} above 9, mean {drawn.mean():.4g}; "
        f"SciPy: largest {wanted.max():.3g}, mean {wanted.mean():.4g}"
    )
sys.exit(not (wrong[0] > 0 and wrong[1] > draws / 5000 and wrong[2] == draws))
PYTHON
