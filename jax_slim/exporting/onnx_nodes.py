"""An ONNX graph in fewer nodes with the same results: those that runtimes have kernels for.

jax2onnx writes what a program computes one operation of JAX at a time: a maximum with zero is a Max, relu6 a Max and
a Min, a bias an Add, a maximum over windows a MaxPool over batch and channels as well. Runtimes join a convolution with
a Relu or a Clip, not with a Max, and few read pools of six axes. So what one node of ONNX stands for becomes that node.
"""

import collections
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np


def shorten(graph: Any) -> None:
    """Puts single nodes in the place of several in a graph of ONNX (a `GraphProto`, changed in place).

    Inputs, outputs and values that stay keep their names. Results stay the same up to rounding; where numbers are NaN,
    runtimes disagree about Relu, Clip and MaxPool.
    """
    nodes = _Nodes(graph)
    while sum(_replaced_at(nodes, place) for place in range(len(graph.node))):
        pass  # what came in the place of later nodes may stand with an earlier one for one
    nodes.write()


def _replaced_at(nodes: "_Nodes", place: int) -> bool:
    """Applies the rules to the node at a place until none says anything about what is there; says if one did."""
    replaced = False
    while (node := nodes.at(place)) is not None:
        if not any(rule(nodes, node) for rule in _RULES.get(node.op_type, ())):
            break
        replaced = True
    return replaced


_Step = tuple[str, Sequence[str | np.ndarray], dict[str, Any]]  # a node: its kind, its inputs, its attributes


class _Nodes:
    """The nodes of a graph, while some of them are put in the place of others."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._constants = {constant.name: constant for constant in graph.initializer}
        self._sizes = {value.name: value.type.tensor_type.shape.dim for value in (*graph.input, *graph.value_info)}
        self._nodes: dict[int, Any] = dict(enumerate(graph.node))  # by place, in the order in which they are computed
        self._places = {name: place for place, node in self._nodes.items() for name in node.output}
        self._readers = collections.Counter(output.name for output in graph.output)
        for node in graph.node:
            self._readers.update(_read(node))

    def at(self, place: int) -> Any | None:
        return self._nodes.get(place)

    def made(self, name: str, kind: str, readers: int | None = 1) -> Any:
        """The node of this kind that makes a value, where it is read so often (None: however often). Else None."""
        node = self._nodes.get(self._places.get(name, -1))
        wanted = node is not None and node.op_type == kind and readers in (None, self._readers[name])
        return node if wanted else None

    def constant(self, name: str) -> Any:
        """The value of a constant, an array of NumPy's; None for what is none."""
        from onnx import numpy_helper

        return numpy_helper.to_array(self._constants[name]) if name in self._constants else None

    def constant_shape(self, name: str) -> list[int] | None:
        return list(self._constants[name].dims) if name in self._constants else None

    def number(self, name: str) -> float | None:
        """The one float that a constant is, whatever its rank."""
        if self.constant_shape(name) is None or np.prod(self._constants[name].dims) != 1:
            return None
        value = self.constant(name)
        return value.item() if value is not None and value.dtype.kind == "f" else None

    def with_number(self, node: Any) -> tuple[str, float] | None:
        """Of a node with two inputs, one of them a number: the other one's name, and the number."""
        for value, number in _either_way(node):
            known = self.number(number)
            if known is not None:
                return value, known
        return None

    def sizes(self, name: str) -> list[int] | None:
        """Those of a value, 0 for one that the caller chooses, as far as the graph says them."""
        return [size.dim_value for size in self._sizes[name]] if name in self._sizes else None

    def replace(
        self, replaced: Sequence[Any], kind: str, inputs: Sequence[str | np.ndarray], **attributes: Any
    ) -> bool:
        """Puts a node in the place of several, with the output of the last. Returns True, as rules do then."""
        return self.replace_by(replaced, (kind, inputs, attributes))

    def replace_by(self, replaced: Sequence[Any], *steps: _Step) -> bool:
        """Puts nodes, no more than there were, in the place of several: each takes what the one before it gave."""
        from onnx import helper, numpy_helper

        (output,) = replaced[-1].output
        places = sorted(self._places[node.output[0]] for node in replaced)[-len(steps) :]
        for node in replaced:
            self._readers.subtract(_read(node))
            del self._nodes[self._places.pop(node.output[0])]
        made: list[str] = []
        for step, (place, (kind, inputs, attributes)) in enumerate(zip(places, steps, strict=True), 1):
            given = output if step == len(steps) else f"{output}_before_{len(steps) - step}"
            names = made[-1:]
            for at, value in enumerate(inputs):
                if isinstance(value, np.ndarray):
                    name = f"{output}_{kind.lower()}_{at}"
                    self._constants[name] = numpy_helper.from_array(value, name)
                    value = name
                names.append(value)
            self._nodes[place] = helper.make_node(kind, names, [given], name=f"{kind}_{given}", **attributes)
            self._places[given] = place
            self._readers.update(names)
            made.append(given)
        return True

    def bypass(self, node: Any, value: str) -> bool:
        """Has the nodes that read what a node gives read another value, and takes the node out, where only these do."""
        (output,) = node.output
        readers = [reader for reader in self._nodes.values() if output in reader.input]
        if self._readers[output] != sum(list(reader.input).count(output) for reader in readers):
            return False  # an output of the graph, or read by the graphs of a node
        for reader in readers:
            reader.input[:] = [value if name == output else name for name in reader.input]
        self._readers[value] += self._readers.pop(output)
        self._remove(node)
        return True

    def _remove(self, node: Any) -> None:
        """Takes out a node that nobody reads, and those that only it read."""
        del self._nodes[self._places.pop(node.output[0])]
        self._readers.subtract(_read(node))
        for name in {*_read(node)}:
            made = self._nodes.get(self._places.get(name, -1))
            if made is not None and not any(self._readers[output] for output in made.output):
                self._remove(made)

    def write(self) -> None:
        """Gives the graph its nodes, and of constants and types those that they need."""
        nodes = [self._nodes[place] for place in sorted(self._nodes)]
        kept = {
            "node": nodes,
            "initializer": [constant for name, constant in self._constants.items() if self._readers[name] > 0],
            "value_info": [value for value in self._graph.value_info if value.name in self._places],
        }
        for field, values in kept.items():
            copies = list(values)
            self._graph.ClearField(field)
            getattr(self._graph, field).extend(copies)


def _read(node: Any) -> Iterator[str]:
    """The names that a node reads, by graphs of its own too."""
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            yield from (output.name for output in graph.output)
            for inner in graph.node:
                yield from _read(inner)


def _either_way(node: Any) -> Sequence[Sequence[str]]:
    """The two inputs of a node, in both orders; nothing for another number of inputs."""
    return (node.input, node.input[::-1]) if len(node.input) == 2 else ()


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _pool_of_images(nodes: _Nodes, squeeze: Any) -> bool:
    """A MaxPool over all axes of an array, as those of one image with one channel: one over images."""
    pool = nodes.made(squeeze.input[0], "MaxPool")
    inner = pool and nodes.made(pool.input[0], "Unsqueeze")
    outer = inner and nodes.made(inner.input[0], "Unsqueeze")
    if not outer:
        return False
    found = _attributes(pool)
    rank = len(found["kernel_shape"])
    pads = found.get("pads", [0] * rank * 2)
    windows = {name: found.get(name, [1] * rank) for name in ("kernel_shape", "strides", "dilations")}
    if rank < 3 or any(sizes[:2] != [1, 1] for sizes in windows.values()) or any(pads[:2] + pads[rank : rank + 2]):
        return False
    spatial = {name: sizes[2:] for name, sizes in windows.items()}
    pads = pads[2:rank] + pads[rank + 2 :]
    return nodes.replace([outer, inner, pool, squeeze], "MaxPool", [outer.input[0]], **spatial, pads=pads)


def _relu(nodes: _Nodes, maximum: Any) -> bool:
    found = nodes.with_number(maximum)
    return found is not None and found[1] == 0 and nodes.replace([maximum], "Relu", [found[0]])


def _clip(nodes: _Nodes, minimum: Any) -> bool:
    """The smaller one of a number and of the larger one of another and x: `jax.nn.relu6`."""
    found = nodes.with_number(minimum)
    if found is None:
        return False
    value, highest = found
    relu, maximum = nodes.made(value, "Relu"), nodes.made(value, "Max")
    inner = (relu.input[0], 0.0) if relu else nodes.with_number(maximum) if maximum else None
    if inner is None or inner[1] > highest:
        return False
    known = nodes.constant(next(name for name in minimum.input if name != value))
    ends = [np.asarray(end, known.dtype) for end in (inner[1], highest)]
    return nodes.replace([relu or maximum, minimum], "Clip", [inner[0], *ends])


def _bias(nodes: _Nodes, total: Any) -> bool:
    """A number for each channel or column that is added to what a convolution or a product gives."""
    for made, added in _either_way(total):
        shape = nodes.constant_shape(added)
        if shape is None:
            continue
        for kind in ("Conv", "Gemm"):
            node = nodes.made(made, kind)
            weights = node and len(node.input) == 2 and nodes.constant_shape(node.input[1])
            if not weights:
                continue
            attributes = _attributes(node)
            if kind == "Conv":
                channels, ends = weights[0], [1] * (len(weights) - 2)
            else:
                channels, ends = weights[0 if attributes.get("transB") else 1], []
                attributes.pop("beta", None)  # 0 where nothing was added
            if shape[-len(ends) - 1 :] == [channels, *ends] and set(shape[: -len(ends) - 1]) <= {1}:
                values = nodes.constant(added)
                return nodes.replace([node, total], kind, [*node.input, values.reshape(channels)], **attributes)
    return False


def _flat_bias(nodes: _Nodes, total: Any) -> bool:
    """A number for each column that is added to a product of rows, as a row: OpenCV refuses it with more axes."""
    for made, added in _either_way(total):
        product, shape = nodes.made(made, "MatMul"), nodes.constant_shape(added) or []
        columns = product and (nodes.constant_shape(product.input[1]) or [0])[-1]
        if len(shape) > 1 and shape == [1] * (len(shape) - 1) + [columns]:
            return nodes.replace([total], "Add", [made, nodes.constant(added).reshape(columns)])
    return False


def _no_bias(nodes: _Nodes, product: Any) -> bool:
    """Zero as what is added to a product, and what is added no times."""
    if len(product.input) != 3 or (nodes.number(product.input[2]) != 0 and _attributes(product).get("beta") != 0):
        return False
    return nodes.replace([product], "Gemm", product.input[:2], **_attributes(product))


def _padding(nodes: _Nodes, convolution: Any) -> bool:
    """Zeros that are put around images before a convolution."""
    pad = nodes.made(convolution.input[0], "Pad")
    found = _attributes(convolution)
    if pad is None or _attributes(pad).get("mode", b"constant") != b"constant" or "auto_pad" in found:
        return False
    around = nodes.constant(pad.input[1])
    filled = 0 if len(pad.input) < 3 or not pad.input[2] else nodes.number(pad.input[2])
    if around is None or filled != 0 or len(pad.input) > 3 or around.min() < 0:
        return False
    before, after = np.split(around, 2)
    if before[:2].any() or after[:2].any():
        return False
    pads = np.asarray(found.pop("pads", [0] * (around.size - 4))) + np.concatenate([before[2:], after[2:]])
    return nodes.replace(
        [pad, convolution], "Conv", [pad.input[0], *convolution.input[1:]], **found, pads=pads.tolist()
    )


def _average(nodes: _Nodes, quotient: Any) -> bool:
    """Sums over windows, by a convolution with ones, divided by how many pixels are in each; sums of whole images."""
    made, count = quotient.input
    number, counts = nodes.number(count), nodes.constant(count)
    if counts is None:
        return False
    total = nodes.made(made, "ReduceSum")
    if total is not None:
        sizes = nodes.sizes(total.input[0])
        axes = nodes.constant(total.input[1]) if len(total.input) > 1 else None
        if sizes is None or axes is None or number is None or np.prod([sizes[axis] for axis in axes]) != number:
            return False
        return nodes.replace([total, quotient], "ReduceMean", total.input, **_attributes(total))
    sums = nodes.made(made, "Conv")
    ones = nodes.constant_shape(sums.input[1]) if sums else None
    if not sums or not ones or len(sums.input) != 2 or ones[1] != 1:
        return False
    found = _attributes(sums)
    kernel, rank = ones[2:], len(ones) - 2
    strides, pads = found.get("strides", [1] * rank), found.get("pads", [0] * rank * 2)
    weights = nodes.constant(sums.input[1])
    if np.any(np.asarray(pads) >= [*kernel, *kernel]):  # ONNX Runtime refuses windows of nothing but padding
        return False
    if found.get("group", 1) != ones[0] or set(found.get("dilations", [1])) != {1} or not np.all(weights == 1):
        return False
    if number is not None:
        inside = number == np.prod(kernel)
    else:
        inside = counts.shape[:2] == (1, 1) and _are_counts(counts[0, 0], kernel, strides, pads)
    # With nothing around the images both countings are one.
    return inside and nodes.replace(
        [sums, quotient], "AveragePool", [sums.input[0]],
        kernel_shape=kernel, strides=strides, pads=pads, count_include_pad=int(number is not None and any(pads)),
    )  # fmt: skip


def _are_counts(counts: np.ndarray, kernel: Sequence[int], strides: Sequence[int], pads: Sequence[int]) -> bool:
    """Whether these are the numbers of pixels in windows of images, of whatever size gives as many windows."""
    by_axis = []
    for axis, windows in enumerate(counts.shape):
        before, after = pads[axis], pads[axis + counts.ndim]
        starts = np.arange(windows) * strides[axis] - before
        least = starts[-1] + kernel[axis] - after
        lengths = range(least, least + strides[axis])  # sizes at which the last window still fits and no other does
        by_axis.append([np.minimum(starts + kernel[axis], n) - np.maximum(starts, 0) for n in lengths])
    wanted = (functools.reduce(np.multiply.outer, found) for found in itertools.product(*by_axis))
    return any(np.array_equal(counts, found) for found in wanted)


def _hard_swish(nodes: _Nodes, product: Any) -> bool:
    """x * relu6(x + 3) / 6."""
    found = nodes.with_number(product)
    gated = nodes.made(found[0], "Mul") if found else None
    if not found or not gated or abs(found[1] * 6 - 1) > 1e-6:
        return False
    for x, gate in _either_way(gated):
        clip = nodes.made(gate, "Clip")
        shifted = clip and nodes.made(clip.input[0], "Add")
        if shifted and [nodes.number(end) for end in clip.input[1:]] == [0, 6] and nodes.with_number(shifted) == (x, 3):
            return nodes.replace([shifted, clip, gated, product], "HardSwish", [x])
    return False


def _matrix_product(nodes: _Nodes, einsum: Any) -> bool:
    """Rows times one matrix, or as many matrices as matrices."""
    terms, result = _attributes(einsum)["equation"].decode().replace(" ", "").split("->")
    one, other = [*terms.split(","), ""][:2]
    if len(einsum.input) != 2 or len({*one}) != len(one) or len(one) < 2 or len(other) < 2 or one[-1] != other[-2]:
        return False
    batch = other[:-2]
    plain = other[-1] not in one and result == one[:-1] + other[-1] and batch in ("", one[:-2])
    return plain and nodes.replace([einsum], "MatMul", einsum.input)


def _batch_kept(nodes: _Nodes, reshape: Any) -> bool:
    """A reshaping to constant sizes but for the batch's, which is read off the array: 0 stands for that."""
    parts = nodes.made(reshape.input[1], "Concat")
    first = parts and nodes.made(parts.input[0], "Unsqueeze")
    squeezed = first and nodes.made(first.input[0], "Squeeze")
    read = squeezed and nodes.made(squeezed.input[0], "Gather")
    sizes = read and nodes.made(read.input[0], "Shape")
    if not sizes or sizes.input[0] != reshape.input[0] or sizes.attribute or _attributes(reshape).get("allowzero"):
        return False
    others = [nodes.constant(name) for name in parts.input[1:]]
    if not np.array_equal(nodes.constant(read.input[1]), [0]) or any(part is None or 0 in part for part in others):
        return False
    shape = np.concatenate([[0], *others]).astype(np.int64)
    return nodes.replace([sizes, read, squeezed, first, parts, reshape], "Reshape", [reshape.input[0], shape])


def _layer_norm(nodes: _Nodes, total: Any) -> bool:
    """Numbers without their mean, divided by their deviation, along one axis: LayerNormalization of the last."""
    for scaled, beta in _either_way(total):
        product = nodes.made(scaled, "Mul")
        for less, factor in _either_way(product) if product else ():
            centered, scale = nodes.made(less, "Sub", readers=3), nodes.made(factor, "Mul")
            for inverse, gamma in _either_way(scale) if centered and scale else ():
                quotient = nodes.made(inverse, "Div")
                deviation = quotient and nodes.made(quotient.input[1], "Sqrt")
                shifted = deviation and nodes.made(deviation.input[0], "Add")
                variance, epsilon = (shifted and nodes.with_number(shifted)) or ("", 0.0)
                squares = nodes.made(variance, "ReduceMean")
                square = squares and nodes.made(squares.input[0], "Mul")
                mean = nodes.made(centered.input[1], "ReduceMean")
                if not square or not mean or list(square.input) != [less, less] or mean.input[0] != centered.input[0]:
                    continue
                axis = _only_axis(nodes, [mean, squares], gamma, beta)
                if nodes.number(quotient.input[0]) != 1 or axis is None:
                    continue
                made = [mean, centered, square, squares, shifted, deviation, quotient, scale, product, total]
                scales = [nodes.constant(name).reshape(-1) for name in (gamma, beta)]
                settings = {"axis": -1, "epsilon": epsilon}
                rank = np.ndim(nodes.constant(gamma))
                if axis == rank - 1:
                    return nodes.replace(made, "LayerNormalization", [mean.input[0], *scales], **settings)
                order = [*(other for other in range(rank) if other != axis), axis]
                back = np.argsort(order).tolist()
                return nodes.replace_by(
                    made,
                    ("Transpose", [mean.input[0]], {"perm": order}),
                    ("LayerNormalization", scales, settings),
                    ("Transpose", [], {"perm": back}),
                )
    return False


def _only_axis(nodes: _Nodes, means: Sequence[Any], *scales: str) -> int | None:
    """The axis along which means are taken, which stays, and for each place along which there are constants."""
    sizes = nodes.sizes(means[0].input[0])
    known = [nodes.constant(name) for mean in means for name in mean.input[1:]]
    axes = [found.tolist() for found in known if found is not None]
    if not sizes or len(axes) != len(means) or len(axes[0]) != 1 or any(found != axes[0] for found in axes):
        return None
    axis = axes[0][0]
    along = [size if place == axis else 1 for place, size in enumerate(sizes)]
    same = all(nodes.constant_shape(name) == along for name in scales)
    return axis if same and all(_attributes(mean).get("keepdims", 1) for mean in means) else None


def _turned_back(nodes: _Nodes, transpose: Any) -> bool:
    """A transpose of one that has the axes in another order, back to the order that they had."""
    inner = nodes.made(transpose.input[0], "Transpose", readers=None)
    first, second = (_attributes(inner).get("perm"), _attributes(transpose).get("perm")) if inner else (None, None)
    if first is None or second is None or np.argsort(first).tolist() != second:
        return False
    return nodes.bypass(transpose, inner.input[0])


# By the last of the nodes that one takes the place of.
_RULES: dict[str, Sequence[Callable[[_Nodes, Any], bool]]] = {
    "Add": [_bias, _flat_bias, _layer_norm],
    "Conv": [_padding],
    "Div": [_average],
    "Einsum": [_matrix_product],
    "Gemm": [_no_bias],
    "Max": [_relu],
    "Min": [_clip],
    "Mul": [_hard_swish],
    "Reshape": [_batch_kept],
    "Squeeze": [_pool_of_images],
    "Transpose": [_turned_back],
}
