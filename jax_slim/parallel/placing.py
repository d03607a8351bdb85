"""Arrays on a mesh: each process puts what its own devices hold, and nothing is compared or sent on the way."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec, Sharding

from jax_slim.data.parts import PartOfBatch
from jax_slim.parallel.meshes import DATA_AXIS


def split_by_example(mesh: Mesh) -> NamedSharding:
    """The sharding of a batch: its first axis is cut over the mesh's 'data' axis."""
    return NamedSharding(mesh, PartitionSpec(DATA_AXIS))


def everywhere(mesh: Mesh) -> NamedSharding:
    """The sharding of variables: whole on every device."""
    return NamedSharding(mesh, PartitionSpec())


def put(array: Any, sharding: Sharding) -> jax.Array:
    """An array that every process has whole, as one by a sharding, in memory that nothing else holds.

    Also a random key. Each process copies what its devices hold; that all have the same is not checked.
    """
    if sharding.is_fully_addressable:
        return jax.device_put(array, sharding, may_alias=False)
    if isinstance(array, jax.Array):
        if not array.is_fully_addressable:
            return jax.device_put(array, sharding)
        if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
            kind = str(jax.random.key_impl(array))
            return jax.random.wrap_key_data(put(jax.random.key_data(array), sharding), impl=kind)
    host = np.asarray(array)
    return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])


def put_tree(tree: Any, shardings: Any) -> Any:
    """A tree of such arrays by a tree of shardings, or by one for all of them."""
    if isinstance(shardings, Sharding):
        return jax.tree.map(lambda array: put(array, shardings), tree)
    return jax.tree.map(put, tree, shardings)


def rows_needed(mesh: Mesh) -> Callable[[int], np.ndarray] | None:
    """Which rows of a batch of so many examples this process's devices hold; None where there is one process.

    Processes whose devices differ only along other axes than 'data' hold replicas, and need the same rows. All need a
    batch whole that cannot be cut evenly.
    """
    if jax.process_count() == 1:
        return None

    def rows(size: int) -> np.ndarray:
        if size % mesh.shape[DATA_AXIS]:
            return np.arange(size)
        slices = split_by_example(mesh).addressable_devices_indices_map((size,)).values()
        return np.unique(np.concatenate([np.arange(size)[index] for index in slices]))

    return rows


def place_batch(batch: Any, mesh: Mesh, function: str = "train", uneven_everywhere: bool = False) -> Any:
    """Puts a batch on the mesh, its examples split over the devices; copies, so the source may reuse its buffers.

    Args:
      batch: a tree of arrays (JAX, NumPy, or what `numpy.asarray` takes), all with the examples along axis
        0; scalars go whole to every device. Of several processes each brings the whole batch, the same one, or a
        `PartOfBatch` with those rows that it needs.
      function: who asks, for the message.
      uneven_everywhere: whether a batch that cannot be cut evenly goes whole to every device, instead of an error. (All
        of them then compute the same: right, not fast. For the last batch of an evaluation.)

    Raises:
      ValueError: the number of examples is not a multiple of the number of devices.
      TypeError: an entry is no array of numbers.
    """
    count = mesh.shape[DATA_AXIS]
    part = batch if isinstance(batch, PartOfBatch) else None

    def place(path: Any, array: Any) -> jax.Array:
        if not isinstance(array, jax.Array):
            array = _copied(function, f"batch{jax.tree_util.keystr(path)}", array)
        size = 0 if array.ndim == 0 else array.shape[0] if part is None else part.size
        sharding: Sharding = split_by_example(mesh)
        if array.ndim == 0 or (size % count and uneven_everywhere):
            sharding = everywhere(mesh)
        elif size % count:
            raise ValueError(
                f"{function}: a batch of {size} examples cannot be split over {count} devices. Use a batch "
                f"size that is a multiple of {count}, or drop the last incomplete batch."
            )
        if sharding.is_fully_addressable:
            return jax.device_put(array, sharding)
        if part is None or array.ndim == 0:
            return put(array, sharding)
        return _from_rows(np.asarray(array), part, sharding)

    return jax.tree_util.tree_map_with_path(place, batch if part is None else part.arrays)


def _from_rows(array: np.ndarray, part: PartOfBatch, sharding: Sharding) -> jax.Array:
    """The whole array, of which this process has some rows."""

    def held(index: Any) -> np.ndarray:
        rows = np.searchsorted(part.rows, np.arange(part.size)[index[0]])
        return array[rows[0] : rows[-1] + 1] if len(rows) else array[:0]

    return jax.make_array_from_callback((part.size, *array.shape[1:]), sharding, held)


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
