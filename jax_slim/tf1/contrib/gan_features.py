"""`tf.contrib.gan.features` and the pictures of `tf.contrib.gan.eval`."""

import math as numbers
from typing import Any

from jax_slim.tf1.contrib import layers_dense
from jax_slim.tf1.graph import building, graphs, shapes
from jax_slim.tf1.python import (
    array,
    control_flow,
    joining,
    losses,
    nest,
    nn_embedding,
    padding,
    queues,
    random,
    reductions,
    summary,
    variable_scope,
)


def condition_tensor(tensor: Any, conditioning: Any) -> Any:
    """A tensor plus a linear map of the conditions."""
    shapes.TensorShape(tensor.shape[1:]).assert_is_fully_defined()
    size = shapes.TensorShape(tensor.shape[1:]).num_elements()
    mapped = layers_dense.fully_connected(layers_dense.flatten(conditioning), size, activation_fn=None)
    if not mapped.shape.is_compatible_with(tensor.shape):
        mapped = array.reshape(mapped, [-1, *tensor.shape.as_list()[1:]])
    return tensor + mapped


def condition_tensor_from_onehot(tensor: Any, one_hot_labels: Any, embedding_size: int = 256) -> Any:
    """`condition_tensor` by learned vectors of classes, the variable `embedding`."""
    one_hot_labels.shape.assert_has_rank(2)
    ids = reductions.argmax(one_hot_labels, axis=1)
    table = variable_scope.get_variable("embedding", [one_hot_labels.shape[1].value, embedding_size])
    return condition_tensor(tensor, nn_embedding.embedding_lookup(table, ids, name="token_to_embedding"))


def tensor_pool(
    input_values: Any, pool_size: int = 50, pooling_probability: float = 0.5, name: str = "tensor_pool"
) -> Any:
    """What is given, or, once there are `pool_size` earlier values, with a probability one of those.

    Raises:
      ValueError: the size is negative.
    """
    pool_size = int(pool_size)
    if pool_size < 0:
        raise ValueError("`pool_size` is negative.")
    if pool_size == 0:
        return input_values
    given = nest.flatten(input_values)
    with graphs.name_scope(f"{name}_pool_queue"):
        pool = queues.RandomShuffleQueue(pool_size, 0, [v.dtype for v in given])

        def filling() -> list[Any]:
            with graphs.control_dependencies([pool.enqueue(given)]):
                return [array.identity(v) for v in given]

        def drawing() -> list[Any]:
            drawn = pool.dequeue()
            drawn = list(drawn) if isinstance(drawn, list | tuple) else [drawn]
            with graphs.control_dependencies(drawn):
                put = pool.enqueue(given)
            with graphs.control_dependencies([put]):
                chosen = building.make("Less", random.random_uniform((), 0.0, 1.0), pooling_probability)
                found = control_flow.cond(
                    chosen, lambda: [array.identity(v) for v in drawn], lambda: [array.identity(v) for v in given]
                )
            return list(found) if isinstance(found, list | tuple) else [found]

        found = control_flow.cond(building.make("Less", pool.size(), pool_size), filling, drawing)
        found = list(found) if isinstance(found, list | tuple) else [found]
        for value, like in zip(found, given, strict=True):
            value.set_shape(like.get_shape())
    return nest.pack_sequence_as(input_values, found)


def image_grid(input_tensor: Any, grid_shape: Any, image_shape: Any = (32, 32), num_channels: int = 3) -> Any:
    """Images [batch, ...] as one picture [1, rows * height, columns * width, channels].

    Raises:
      ValueError: there are not as many as the grid has places.
    """
    rows, columns = grid_shape
    height, width = image_shape
    count = input_tensor.get_shape().as_list()[0]
    if count is not None and rows * columns != count:
        raise ValueError(f"Grid shape {grid_shape} incompatible with minibatch size {count}.")
    grid = array.reshape(input_tensor, [rows, columns, height, width, num_channels])
    return array.reshape(array.transpose(grid, [0, 2, 1, 3, 4]), [1, rows * height, columns * width, num_channels])


def image_reshaper(images: Any, num_cols: int | None = None) -> Any:
    """Images side by side as one picture, black where there are too few.

    Args:
      images: [batch, height, width, channels] of known sizes, or a list of images.
      num_cols: how many in a row; as many as rows by default.
    """
    if isinstance(images, list | tuple):
        images = joining.stack(images)
    images.shape.with_rank(4)
    count, height, width, channels = images.shape.as_list()
    columns = int(num_cols or numbers.ceil(numbers.sqrt(count)))
    rows = numbers.ceil(count / columns)
    if rows * columns > count:
        images = padding.pad(images, [[0, rows * columns - count], [0, 0], [0, 0], [0, 0]])
    return image_grid(images, (rows, columns), (height, width), channels)


def add_gan_model_image_summaries(gan_model: Any, grid_size: int = 4, model_summaries: bool = True) -> None:
    """Pictures of real and of generated data, `grid_size` times `grid_size` of them."""
    count = grid_size**2
    for name, data in (("real_data", gan_model.real_data), ("generated_data", gan_model.generated_data)):
        _, height, width, channels = data.shape.as_list()
        summary.image(name, image_grid(data[:count], (grid_size, grid_size), (height, width), channels), max_outputs=1)
    if model_summaries:
        add_gan_model_summaries(gan_model)


def add_gan_model_summaries(gan_model: Any) -> None:
    """Histograms of all variables, and of what the discriminator says."""
    with graphs.name_scope("generator_variables"):
        for variable in gan_model.generator_variables:
            summary.histogram(variable.name, variable)
    with graphs.name_scope("discriminator_variables"):
        for variable in gan_model.discriminator_variables:
            summary.histogram(variable.name, variable)


def add_image_comparison_summaries(gan_model: Any, num_comparisons: int = 2, display_diffs: bool = False) -> None:
    """Inputs, generated and real pictures side by side."""
    shown = [gan_model.generator_inputs, gan_model.generated_data, gan_model.real_data]
    if display_diffs:
        shown.append(gan_model.generated_data - gan_model.real_data)
    rows = [image for i in range(num_comparisons) for image in (data[i] for data in shown)]
    summary.image("image_comparison", image_reshaper(rows, num_cols=len(shown)), max_outputs=1)


def add_cyclegan_image_summaries(cyclegan_model: Any) -> None:
    """For both directions: what goes there, what comes, and what comes back."""
    parts = (
        ("x_image_comparison", cyclegan_model.model_x2y, cyclegan_model.reconstructed_x),
        ("y_image_comparison", cyclegan_model.model_y2x, cyclegan_model.reconstructed_y),
    )
    for name, model, again in parts:
        pictures = [model.generator_inputs[0], model.generated_data[0], again[0]]
        summary.image(name, image_reshaper(pictures, num_cols=3), max_outputs=1)


def add_regularization_loss_summaries(gan_model: Any) -> None:
    """The regularization losses of both nets."""
    if hasattr(gan_model, "model_x2y"):
        for name, model in (
            ("cyclegan_x2y_regularization", gan_model.model_x2y),
            ("cyclegan_y2x_regularization", gan_model.model_y2x),
        ):
            with graphs.name_scope(name):
                add_regularization_loss_summaries(model)
        return
    for name, scope in (("generator", gan_model.generator_scope), ("discriminator", gan_model.discriminator_scope)):
        if scope is not None:
            summary.scalar(f"{name}_regularization_loss", losses.get_regularization_loss(scope.name))
