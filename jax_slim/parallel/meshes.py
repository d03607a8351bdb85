"""Meshes for data parallelism: every device holds the variables and a slice of the batch."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec, Sharding

DATA_AXIS = "data"


def data_mesh(devices: Sequence[jax.Device] | None = None) -> Mesh:
    """A mesh with one axis, 'data', over `devices`: by default every local one."""
    devices = jax.local_devices() if devices is None else devices
    return Mesh(np.asarray(devices), (DATA_AXIS,))


def split_by_example(mesh: Mesh) -> NamedSharding:
    """The sharding of a batch: its first axis is cut over the mesh's 'data' axis."""
    return NamedSharding(mesh, PartitionSpec(DATA_AXIS))


def everywhere(mesh: Mesh) -> NamedSharding:
    """The sharding of variables: whole on every device."""
    return NamedSharding(mesh, PartitionSpec())


def place_batch(batch: Any, mesh: Mesh) -> Any:
    """Puts a batch on the mesh, its examples split over the devices; copies, so the source may reuse its buffers.

    Args:
      batch: a tree of arrays (JAX, NumPy, or what `numpy.asarray` takes), all with the examples along axis
        0; scalars go whole to every device.

    Raises:
      ValueError: the number of examples is not a multiple of the number of devices.
    """
    count = mesh.shape[DATA_AXIS]

    def place(array: Any) -> jax.Array:
        if not isinstance(array, jax.Array):
            array = np.asarray(array)
        sharding: Sharding = everywhere(mesh) if array.ndim == 0 else split_by_example(mesh)
        if array.ndim and array.shape[0] % count:
            raise ValueError(
                f"train: a batch of {array.shape[0]} examples cannot be split over {count} devices. Use a batch size "
                f"that is a multiple of {count}, or drop the last incomplete batch."
            )
        return jax.device_put(array, sharding, may_alias=False)

    return jax.tree.map(place, batch)
