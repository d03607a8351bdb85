"""Meshes for data parallelism: every device holds the variables and a slice of the batch."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec, Sharding

DATA_AXIS = "data"


def data_mesh(devices: Sequence[Any] | None = None) -> Mesh:
    """A mesh with one axis, 'data', over `devices`: by default every local one."""
    devices = jax.local_devices() if devices is None else devices
    return Mesh(np.asarray(devices), (DATA_AXIS,))


def checked_mesh(mesh: Mesh) -> Mesh:
    """`mesh`, if batches can be cut over it; else ValueError."""
    if DATA_AXIS not in mesh.axis_names:
        raise ValueError(
            f"train: mesh must have an axis {DATA_AXIS!r}, over which batches are cut, got the axes {mesh.axis_names}. "
            "It may be of size 1."
        )
    return mesh


def split_by_example(mesh: Mesh) -> NamedSharding:
    """The sharding of a batch: its first axis is cut over the mesh's 'data' axis."""
    return NamedSharding(mesh, PartitionSpec(DATA_AXIS))


def everywhere(mesh: Mesh) -> NamedSharding:
    """The sharding of variables: whole on every device."""
    return NamedSharding(mesh, PartitionSpec())


def place_batch(batch: Any, mesh: Mesh, function: str = "train", uneven_everywhere: bool = False) -> Any:
    """Puts a batch on the mesh, its examples split over the devices; copies, so the source may reuse its buffers.

    Args:
      batch: a tree of arrays (JAX, NumPy, or what `numpy.asarray` takes), all with the examples along axis
        0; scalars go whole to every device.
      function: who asks, for the message.
      uneven_everywhere: whether a batch that cannot be cut evenly goes whole to every device, instead of an error. (All
        of them then compute the same: right, not fast. For the last batch of an evaluation.)

    Raises:
      ValueError: the number of examples is not a multiple of the number of devices.
      TypeError: an entry is no array of numbers.
    """
    count = mesh.shape[DATA_AXIS]

    def place(path: Any, array: Any) -> jax.Array:
        if not isinstance(array, jax.Array):
            array = _copied(function, f"batch{jax.tree_util.keystr(path)}", array)
        uneven = array.ndim > 0 and array.shape[0] % count > 0
        sharding: Sharding = split_by_example(mesh)
        if array.ndim == 0 or (uneven and uneven_everywhere):
            sharding = everywhere(mesh)
        elif uneven:
            raise ValueError(
                f"{function}: a batch of {array.shape[0]} examples cannot be split over {count} devices. Use a batch "
                f"size that is a multiple of {count}, or drop the last incomplete batch."
            )
        return jax.device_put(array, sharding)

    return jax.tree_util.tree_map_with_path(place, batch)


def _copied(function: str, entry: str, value: Any) -> np.ndarray:
    """A copy of our own: JAX may read the memory later, or go on using it, when the source has new data there.

    It has the machine's byte order, which files of other machines may not have.
    """
    array = np.array(value)
    if array.dtype.kind in "OSUMm":
        first = array.reshape(-1)[:1].tolist()
        what = f"{first[0]!r:.60}" if first else f"{array.dtype}"
        kind = "objects" if array.dtype.kind == "O" else "times" if array.dtype.kind in "Mm" else "texts"
        raise TypeError(
            f"{function}: {entry} must be an array of numbers, got {kind} such as {what}. Number the labels, and leave "
            "out what the loss does not use."
        )
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
