"""Meshes: the devices of all processes along named axes, 'data' among them."""

import math
import operator
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh

DATA_AXIS = "data"


def data_mesh(devices: Sequence[Any] | None = None) -> Mesh:
    """A mesh with one axis, 'data', over `devices`: by default all of them, those of other processes too."""
    devices = jax.devices() if devices is None else devices
    return Mesh(np.asarray(devices), (DATA_AXIS,))


def mesh(devices: Sequence[Any] | None = None, **sizes: int) -> Mesh:
    """A mesh by the names and sizes of its axes, over the devices of all processes.

        slim.learning.train(..., mesh=slim.parallel.mesh(data=-1, model=2),
                            sharding_rules=[("fc1/weights", P(None, "model"))])

    Batches are cut over the axis 'data'. Devices that differ along the last axis are neighbours: of one process, where
    it has as many.

    Args:
      devices: which ones; by default all, of all processes, in the order that suits their connections.
      **sizes: axis -> how many devices along it; -1, for one of them, takes what is left.

    Raises:
      ValueError: the sizes do not multiply to the number of devices, or there is no axis 'data'.
    """
    count = len(jax.devices() if devices is None else devices)
    lengths = {axis: operator.index(size) for axis, size in sizes.items()}
    open_axes = [axis for axis, length in lengths.items() if length == -1]
    known = math.prod(length for length in lengths.values() if length != -1)
    if DATA_AXIS not in lengths:
        raise ValueError(f"mesh: sizes must have the axis {DATA_AXIS!r}, got {sizes}. It may be of size 1.")
    if len(open_axes) > 1 or known < 1 or any(length < 1 for length in lengths.values() if length != -1):
        raise ValueError(f"mesh: sizes must be at least 1, and one of them may be -1, got {sizes}.")
    if open_axes and count % known == 0:
        lengths[open_axes[0]] = count // known
    if math.prod(lengths.values()) != count:
        raise ValueError(f"mesh: sizes must multiply to the {count} devices, got {sizes}. -1 takes what is left.")
    shape, names = tuple(lengths.values()), tuple(lengths)
    if devices is not None:
        return Mesh(np.asarray(devices).reshape(shape), names)
    return jax.make_mesh(shape, names, axis_types=(AxisType.Auto,) * len(names))


def checked_mesh(mesh: Mesh) -> Mesh:
    """`mesh`, if batches can be cut over it and this process has a part in it; else ValueError.

    Its axes become those along which the compiler finds out how results lie (`AxisType.Auto`): `jax.make_mesh` makes
    explicit ones by default, on which each sum over the batch would have to say it.
    """
    if DATA_AXIS not in mesh.axis_names:
        raise ValueError(
            f"train: mesh must have an axis {DATA_AXIS!r}, over which batches are cut, got the axes {mesh.axis_names}. "
            "It may be of size 1."
        )
    idle = sorted(set(range(jax.process_count())) - {device.process_index for device in mesh.devices.flat})
    if idle:
        raise ValueError(
            f"train: mesh must have devices of every process, got none of {idle}. slim.parallel.mesh(data=-1) has all."
        )
    automatic = (AxisType.Auto,) * len(mesh.axis_names)
    return mesh if mesh.axis_types == automatic else Mesh(mesh.devices, mesh.axis_names, axis_types=automatic)
