#!/bin/bash
# jax.scipy.ndimage.map_coordinates takes the names of SciPy's modes, and two mean other things: its "constant" is what SciPy
# calls grid-constant, fading into cval over one pixel outside of the border, where SciPy's "constant" is cval at once; its
# "wrap" is SciPy's grid-wrap, with a period of n pixels, where SciPy's "wrap" has n - 1 and takes the last pixel for the
# first. "constant" is the default. The names that would be right, it refuses. So a warp, a rotation or a shift that is checked
# against SciPy differs at the edges, by up to the whole range, and panoramas and other periodic fields all over the seam.
# The modes nearest, mirror and reflect agree (order 1).
# Seen with jax 0.10.2, SciPy 1.17.1, order 1, the pixels 10, 20, 30, 40 at -1, -0.5, 0.5, 3.25, 4:
#   constant: JAX [0, 5, 15, 30, 0], SciPy [0, 0, 15, 0, 0], SciPy's grid-constant [0, 5, 15, 30, 0]
#   wrap: JAX [40, 25, 15, 32.5, 10], SciPy [30, 35, 15, 12.5, 20], SciPy's grid-wrap [40, 25, 15, 32.5, 10]
#   grid-wrap by JAX: NotImplementedError
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q jax==0.10.2 jaxlib==0.10.2 scipy==1.17.1 numpy==2.4.6
JAX_PLATFORMS=cpu "$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata
import sys

import jax.scipy.ndimage
import numpy as np
import scipy.ndimage

for package in ("jax", "scipy"):
    print(package, importlib.metadata.version(package))
pixels = np.array([10, 20, 30, 40], np.float32)
places = np.array([[-1, -0.5, 0.5, 3.25, 4]], np.float32)


def by_jax(mode):
    return np.asarray(jax.scipy.ndimage.map_coordinates(pixels, list(places), order=1, mode=mode))


def by_scipy(mode):
    return scipy.ndimage.map_coordinates(pixels, places, order=1, mode=mode)


def listed(values):
    return "[" + ", ".join(f"{value:g}" for value in values) + "]"


as_seen = []
for mode in ("constant", "wrap"):
    ours, same, grid = by_jax(mode), by_scipy(mode), by_scipy("grid-" + mode)
    print(f"{mode}: JAX {listed(ours)}, SciPy {listed(same)}, SciPy's grid-{mode} {listed(grid)}")
    as_seen += [np.allclose(ours, grid), not np.allclose(ours, same)]
as_seen += [np.allclose(by_jax(mode), by_scipy(mode)) for mode in ("nearest", "mirror", "reflect")]
try:
    by_jax("grid-wrap")
    as_seen.append(False)
except NotImplementedError as error:
    print("grid-wrap by JAX:", type(error).__name__)
sys.exit(not all(as_seen))
PYTHON
