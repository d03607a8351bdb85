"""`tf.contrib.image`: images distorted by a flow or by points that move, splines through points, components of pixels."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, gathering, joining, linalg, math, reductions


def dense_image_warp(image: Any, flow: Any, name: str | None = "dense_image_warp") -> Tensor:
    """Images whose pixel (y, x) is that at (y, x) - flow[y, x], between pixels in proportion; the nearest where that is outside.

    Args:
      image: [batch, height, width, channels], at least 2 by 2.
      flow: [batch, height, width, 2], in pixels.

    Returns:
      [batch, height, width, channels].
    """
    with graphs.name_scope(name, "dense_image_warp", [image, flow]):
        image = conversion.convert_to_tensor(image, name="image")
        flow = conversion.convert_to_tensor(flow, name="flow")
        if image.shape.with_rank(4)[1].value == 1 or image.shape[2].value == 1:
            raise ValueError(f"dense_image_warp: image must be at least 2 by 2, got {image.shape}.")
        sizes = array.shape(image)
        batch, sides = sizes[0], [sizes[1], sizes[2]]
        rows = constant_op.meshgrid(*(constant_op.range(0, side) for side in sides), indexing="ij")
        whole = joining.stack(rows, -1)
        places = math.cast(whole, flow.dtype)[None] - flow
        lows, parts = [], []
        for axis, side in enumerate(sides):
            place = places[..., axis]
            low = math.minimum(math.maximum(math.floor(place), 0.0), math.cast(side - 2, flow.dtype))
            parts.append(math.cast(math.minimum(math.maximum(place - low, 0.0), 1.0), image.dtype)[..., None])
            lows.append(math.cast(low, dtypes.int32))
        first = array.reshape(constant_op.range(0, batch), [-1, 1, 1]) + constant_op.zeros_like(lows[0])

        def at(down: int, right: int) -> Tensor:
            return gathering.gather_nd(image, joining.stack([first, lows[0] + down, lows[1] + right], -1))

        top = at(0, 0) + parts[1] * (at(0, 1) - at(0, 0))
        bottom = at(1, 0) + parts[1] * (at(1, 1) - at(1, 0))
        return top + parts[0] * (bottom - top)


def _squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """[batch, n, m]: between each of x [batch, n, d] and each of y [batch, m, d]."""
    squares = [reductions.reduce_sum(math.square(v), 2) for v in (x, y)]
    return squares[0][:, :, None] - 2 * linalg.matmul(x, y, adjoint_b=True) + squares[1][:, None, :]


def _radial(distances: Tensor, order: int) -> Tensor:
    """r, r^2 log r and their kin, of squared distances."""
    squared = math.maximum(distances, 1e-10)
    if order == 1:
        return math.sqrt(squared)
    if order % 2:
        return math.pow(squared, 0.5 * order)
    power = squared if order == 2 else math.pow(squared, 0.5 * order)
    return 0.5 * power * math.log(squared)


def interpolate_spline(train_points: Any, train_values: Any, query_points: Any, order: int, regularization_weight: float = 0.0,
                       name: str | None = "interpolate_spline") -> Tensor:  # fmt: skip
    """Values at any points of the polyharmonic spline through points whose values are known.

    Args:
      train_points: [batch, points, dimensions]; train_values: [batch, points, values].
      query_points: [batch, asked, dimensions].
      order: 1 (linear), 2 (thin plates), 3 (cubic) or more.
      regularization_weight: how smooth it is: 0 goes through all points.

    Returns:
      [batch, asked, values].
    """
    with graphs.name_scope(name, "interpolate_spline"):
        points, values, asked = (
            conversion.convert_to_tensor(v, dtypes.float32 if isinstance(v, list | tuple) else None)
            for v in (train_points, train_values, query_points)
        )
        if points.shape[-1].value is None or values.shape[-1].value is None:
            raise ValueError("interpolate_spline: the last axes of train_points and train_values must be known.")
        inner = _radial(_squared_distances(points, points), order)
        batch, count, axes = array.shape(points)[0], array.shape(points)[1], points.shape[-1].value + 1
        if regularization_weight > 0:
            inner = inner + constant_op.eye(count, dtype=inner.dtype)[None] * regularization_weight
        linear = joining.concat([points, constant_op.ones_like(points[:, :, :1])], 2)
        corner = constant_op.zeros(joining.stack([batch, axes, axes]), inner.dtype)
        left = joining.concat([joining.concat([inner, linear], 2), joining.concat([array.matrix_transpose(linear), corner], 2)], 1)  # fmt: skip
        nothing = constant_op.zeros(joining.stack([batch, axes, values.shape[-1].value]), inner.dtype)
        solved = linalg.matrix_solve(left, joining.concat([values, nothing], 1))
        far = linalg.matmul(_radial(_squared_distances(asked, points), order), solved[:, :count])
        near = linalg.matmul(joining.concat([asked, constant_op.ones_like(asked[:, :, :1])], 2), solved[:, count:])
        return far + near


def sparse_image_warp(image: Any, source_control_point_locations: Any, dest_control_point_locations: Any, interpolation_order: int = 2,
                      regularization_weight: float = 0.0, num_boundary_points: int = 0,
                      name: str | None = "sparse_image_warp") -> tuple[Tensor, Tensor]:  # fmt: skip
    """Images in which some points move to other places, and what is between them along.

    Args:
      image: [batch, height, width, channels], the sides known.
      source_control_point_locations, dest_control_point_locations: [batch, points, 2], (y, x) in pixels.
      interpolation_order, regularization_weight: of the spline of the flow.
      num_boundary_points: so many points on each edge, the corners and more, stay where they are; 0: edges may move.

    Returns:
      The images, and the flow [batch, height, width, 2].
    """
    with graphs.name_scope(name, "sparse_image_warp"):
        image = conversion.convert_to_tensor(image)
        source, target = (
            conversion.convert_to_tensor(v, dtypes.float32)
            for v in (source_control_point_locations, dest_control_point_locations)
        )
        batch, height, width, _ = image.shape.as_list()
        flows = target - source
        if num_boundary_points > 0:
            edge = _edge_points(height, width, num_boundary_points - 1)
            still = constant_op.ones_like(target[:, :1, :1]) * edge[None]
            target, flows = joining.concat([target, still], 1), joining.concat([flows, still * 0.0], 1)
        grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), -1).reshape(1, -1, 2).astype(np.float32)  # fmt: skip
        asked = constant_op.ones_like(target[:, :1, :1]) * grid
        found = interpolate_spline(target, flows, asked, interpolation_order, regularization_weight)
        dense = array.reshape(found, [-1 if batch is None else batch, height, width, 2])
        return dense_image_warp(image, dense), dense


def _edge_points(height: int, width: int, inner: int) -> np.ndarray:
    """The corners, and so many points between them on each edge: [points, 2], (y, x)."""
    ys, xs = np.meshgrid(np.linspace(0, height - 1, inner + 2), np.linspace(0, width - 1, inner + 2), indexing="ij")
    outer = (xs == 0) | (xs == width - 1) | (ys == 0) | (ys == height - 1)
    return np.stack([ys[outer], xs[outer]], -1).astype(np.float32)


def connected_components(images: Any) -> Tensor:
    """Numbers of components: pixels of one value, side by side or one above the other. 0 is for pixels that are 0 (False, "").

    Args:
      images: [height, width] or [images, height, width], of any type.

    Returns:
      int64 of the same shape: components are numbered from 1 on, in the order of their first pixels.
    """
    with graphs.name_scope(None, "connected_components"):
        images = conversion.convert_to_tensor(images, name="images")
        rank = images.shape.ndims
        if rank not in (2, 3):
            raise TypeError(f"images should have rank 2 (HW) or 3 (NHW). Static shape is {images.shape}")
        batch = images[None] if rank == 2 else images
        found = building.make("ImageConnectedComponents", batch)
        ids, numbers = building.make("Unique", array.reshape(found, [-1]))
        zero = math.cast(math.equal(ids, 0), dtypes.int64)
        order = reductions.cumsum(1 - zero) * (1 - zero)
        return array.reshape(gathering.gather(order, numbers), array.shape(images))
