"""Random operations. What they have drawn in a session is counted there; how they draw is in `philox`."""

from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import building, errors, known_values, rows, shape_inference, shapes
from jax_slim.tf1.operations import arrays, philox, shape_rules


def _of_value(op: Any) -> shapes.TensorShape:
    shape_rules.check_rank(op, 0, 1)
    return known_values.constant_value_as_shape(op._inputs[0])


def _stateless_shape(op: Any) -> shapes.TensorShape:
    sizes = shape_rules.sizes(op, 1)
    if sizes is not None and (len(sizes) != 1 or sizes[0] not in (2, None)):
        shape_rules.refuse(op, "seed must have shape [2]")
    return _of_value(op)


def _reserved(run: Any, op: Any, blocks: int) -> philox.Stream:
    """The operation's stream where it stands in this session; `blocks` more are set aside."""
    return philox.of_seeds(op.attrs["seed"], op.attrs["seed2"], run.random_offset(op, blocks))


def _sizes(shape: Any) -> tuple[int, ...]:
    sizes = tuple(int(d) for d in shape)
    if any(d < 0 for d in sizes):
        raise errors.InvalidArgumentError(None, None, f"Dimension {min(sizes)} must be >= 0")
    return sizes


def _drawn(kind: str, run: Any, op: Any, shape: Any, dtype: Any) -> Any:
    sizes = _sizes(shape)
    total = int(np.prod(sizes, dtype=np.int64))
    return philox.draw(kind, _reserved(run, op, total * philox.RESERVED), total, dtype.as_numpy_dtype).reshape(sizes)


def _row(type: str, kind: str) -> None:
    def compute(run: Any, op: Any, shape: Any, *, dtype: Any) -> Any:
        return _drawn(kind, run, op, shape, dtype)

    def stateless(shape: Any, seed: Any, *, dtype: Any) -> Any:
        sizes = _sizes(shape)
        total = int(np.prod(sizes, dtype=np.int64))
        return philox.draw(kind, philox.of_pair(seed), total, dtype.as_numpy_dtype).reshape(sizes)

    rows.row(type, context=True, static=("shape",), shape=_of_value, gradient=rows.NONE)(compute)
    name = "StatelessRandomNormal" if kind == "normal" else f"Stateless{type}"
    rows.row(name, static=("shape",), shape=_stateless_shape, gradient=rows.NONE)(stateless)


_row("RandomUniform", "unit")
_row("RandomStandardNormal", "normal")
_row("TruncatedNormal", "truncated")


def _within(drawn: Any, minval: Any, maxval: Any) -> Any:
    message = f"Need minval < maxval, got {minval} >= {maxval}" if arrays.is_known(minval) else "Need minval < maxval"
    arrays.require(minval < maxval, lambda: errors.InvalidArgumentError(None, None, message))
    span = (maxval - minval).astype(drawn.dtype)
    return minval + (drawn % span).astype(minval.dtype)


@rows.row("RandomUniformInt", context=True, static=("shape",), shape=_of_value, gradient=rows.NONE)
def random_uniform_int(run: Any, op: Any, shape: Any, minval: Any, maxval: Any, *, Tout: Any) -> Any:
    return _within(_drawn("bits", run, op, shape, Tout), minval, maxval)


@rows.row("StatelessRandomUniformInt", static=("shape",), shape=_stateless_shape, gradient=rows.NONE)
def stateless_random_uniform_int(shape: Any, seed: Any, minval: Any, maxval: Any, *, dtype: Any) -> Any:
    sizes = _sizes(shape)
    drawn = philox.draw("bits", philox.of_pair(seed), int(np.prod(sizes, dtype=np.int64)), dtype.as_numpy_dtype)
    return _within(drawn.reshape(sizes), minval, maxval)


@rows.row("RandomShuffle", host=True, context=True, shape=shape_inference.like_input(), gradient=rows.NONE)
def random_shuffle(run: Any, op: Any, value: Any) -> Any:
    count = value.shape[0] if value.ndim else 0
    if count <= 1:
        return value
    stream = _reserved(run, op, (count + 2) // 4)
    words = philox.draw("bits", stream, count - 1, np.uint32)
    order = list(range(count))
    for place, offset in enumerate((words % np.arange(count, 1, -1, dtype=np.uint32)).tolist()):
        other = place + offset
        order[place], order[other] = order[other], order[place]
    return value[order]


def _classes_shape(op: Any) -> shapes.TensorShape:
    shape_rules.check_rank(op, 0, 2)
    shape_rules.check_rank(op, 1, 0)
    sizes, count = shape_rules.sizes(op), shape_rules.values(op, 1)
    return shapes.TensorShape([None if sizes is None else sizes[0], None if count is None else count[0]])


def _classes(stream: philox.Stream, logits: Any, count: int, dtype: Any) -> Any:
    """Draws classes: the first whose cumulated probability is above a random part of the whole."""
    batch, classes = logits.shape
    if count < 0 or classes <= 0:
        raise errors.InvalidArgumentError(
            None, None, f"num_samples should be nonnegative and num_classes positive, got {count} and {classes}"
        )
    xp = arrays.xp(logits, stream.first, *stream.key)
    finite = xp.isfinite(logits)
    wide = logits.astype(np.float64)
    largest = xp.max(xp.where(finite, wide, -np.inf), axis=1, keepdims=True)
    cumulated = xp.cumsum(xp.where(finite, xp.exp(wide - xp.where(xp.isfinite(largest), largest, 0)), 0), axis=1)
    wanted = philox.draw("unit", stream, batch * count, np.float64).reshape(batch, count) * cumulated[:, -1:]
    if xp is np:
        found = (
            np.stack([np.searchsorted(c, w, side="right") for c, w in zip(cumulated, wanted, strict=True)])
            if batch
            else np.zeros((0, count))
        )
    else:
        found = jax.vmap(lambda c, w: jnp.searchsorted(c, w, side="right"))(cumulated, wanted)
    return found.astype(dtype.as_numpy_dtype)


@rows.row("Multinomial", context=True, static=("num_samples",), shape=_classes_shape, gradient=rows.NONE)
def multinomial(run: Any, op: Any, logits: Any, num_samples: Any, *, output_dtype: Any) -> Any:
    count = int(num_samples)
    stream = _reserved(run, op, logits.shape[0] * (count + 3) // 4 * 8 * philox.RESERVED)
    return _classes(stream, logits, count, output_dtype)


@rows.row("StatelessMultinomial", static=("num_samples",), shape=_classes_shape, gradient=rows.NONE)
def stateless_multinomial(logits: Any, num_samples: Any, seed: Any, *, output_dtype: Any) -> Any:
    return _classes(philox.of_pair(seed), logits, int(num_samples), output_dtype)


# Gamma and Poisson numbers come from rejection, on the host.


def _with_parameters(op: Any) -> shapes.TensorShape:
    return _of_value(op).concatenate(op._inputs[1].shape)


def _gamma_gradient(op: Any, gradient: Any) -> list[Any]:
    alpha, sample = op.inputs[1], op.outputs[0]
    change = building.make("Mul", gradient, building.make("RandomGammaGrad", alpha, sample))
    axes = building.make(
        "Range", 0, building.make("Sub", building.make("Rank", sample), building.make("Rank", alpha)), 1
    )
    return [None, building.make("Sum", change, axes)]


@rows.row("RandomGammaGrad", shape=shape_inference.of_broadcast, numpy=False)
def random_gamma_grad(alpha: Any, sample: Any) -> Any:
    alpha, sample = jnp.broadcast_arrays(alpha, sample)
    return cast(Any, jax.lax.random_gamma_grad)(alpha, sample)


class _Numbers:
    """For each output doubles from its own part of the stream, two of a block, the last one first."""

    def __init__(self, stream: philox.Stream, count: int) -> None:
        self._stream, self._next = stream, np.arange(count, dtype=np.uint64) * np.uint64(philox.RESERVED)
        self._kept = {kind: (np.zeros(count), np.zeros(count, bool)) for kind in ("normal", "unit")}

    def take(self, kind: str, places: Any) -> Any:
        first, has = self._kept[kind]
        wanting = places[~has[places]]
        words = philox.blocks(self._stream, self._next[wanting])
        pair = philox.normal(words, np.float64) if kind == "normal" else philox.unit(words, np.float64)
        self._next[wanting] += np.uint64(1)
        result = first[places].copy()
        result[~has[places]] = pair[1]
        has[places] = ~has[places]
        first[wanting] = pair[0]
        return result


@rows.row("RandomGamma", host=True, context=True, shape=_with_parameters, gradient=_gamma_gradient)
def random_gamma(run: Any, op: Any, shape: Any, alpha: Any) -> Any:
    sizes = _sizes(shape)
    samples = int(np.prod(sizes, dtype=np.int64))
    total = samples * alpha.size
    numbers = _Numbers(_reserved(run, op, total * philox.RESERVED), total)
    form = np.repeat(alpha.reshape(-1).astype(np.float64), samples)  # all samples of the first alpha come first
    result = np.zeros(total)
    simple = np.flatnonzero(form == 1)
    result[simple] = -np.log(1 - numbers.take("unit", simple))
    d = form + np.where(form < 1, 2 / 3, -1 / 3)
    c = 1 / 3 / np.sqrt(d)
    left = np.flatnonzero(form != 1)
    while len(left):
        x = numbers.take("normal", left)
        v = (1 + c[left] * x) ** 3
        possible = v > 0
        left_possible, x, v = left[possible], x[possible], v[possible]
        u = numbers.take("unit", left_possible)
        good = (u < 1 - 0.0331 * x**4) | (np.log(u) < 0.5 * x * x + d[left_possible] * (1 - v + np.log(v)))
        done = left_possible[good]
        result[done] = d[done] * v[good]
        small = done[form[done] < 1]
        result[small] *= numbers.take("unit", small) ** (1 / form[small])
        left = np.setdiff1d(left, done, assume_unique=True)
    return result.reshape(alpha.size, samples).T.reshape(*sizes, *alpha.shape).astype(alpha.dtype)


@rows.row("RandomPoisson", "RandomPoissonV2", host=True, context=True, shape=_with_parameters, gradient=rows.NONE)
def random_poisson(run: Any, op: Any, shape: Any, rate: Any, *, dtype: Any) -> Any:
    sizes = _sizes(shape)
    total = int(np.prod(sizes, dtype=np.int64)) * rate.size
    first = int(run.random_offset(op, max(total, 1) * philox.RESERVED))
    seed = [op.attrs["seed"] % 2**64, op.attrs["seed2"] % 2**64, first]
    return (
        np.random.default_rng(seed).poisson(rate.astype(np.float64), (*sizes, *rate.shape)).astype(dtype.as_numpy_dtype)
    )
