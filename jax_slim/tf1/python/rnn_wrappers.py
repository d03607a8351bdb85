"""`tf.nn.rnn_cell`'s cells around cells: several layers, dropout, residuals, devices."""

import hashlib
import numbers
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, graphs, known_values, shapes
from jax_slim.tf1.python import (
    joining,
    logging,
    math,
    nest,
    nn_activations,
    random,
    slicing,
    structures,
    variable_scope,
)
from jax_slim.tf1.python.rnn_cell_base import LSTMStateTuple, RNNCell, assert_like_rnncell
from jax_slim.tf1.python.tensor_array import TensorArray


class MultiRNNCell(RNNCell):
    """Several cells, each of which gets the outputs of the one before.

    Args:
      cells: a list of cells, the first one first.
      state_is_tuple: the state is a tuple of the cells' states; otherwise all of them joined.
    """

    def __init__(self, cells: Any, state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not structures.is_nested(cells):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        if len({id(cell) for cell in cells}) < len(cells):
            logging.log_first_n(
                logging.WARN,
                "At least two cells provided to MultiRNNCell are the same object and will share weights.",
                1,
            )
        for number, cell in enumerate(cells):
            assert_like_rnncell(f"cells[{number}]", cell)
        if not state_is_tuple and any(structures.is_nested(c.state_size) for c in cells):
            raise ValueError(
                f"Some cells return tuples of states, but the flag state_is_tuple is not set.  State sizes are: {[c.state_size for c in cells]}"
            )
        self._cells, self._state_is_tuple = cells, state_is_tuple

    output_size = property(lambda self: self._cells[-1].output_size)

    @property
    def state_size(self) -> Any:
        sizes = [cell.state_size for cell in self._cells]
        return tuple(sizes) if self._state_is_tuple else sum(sizes)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with graphs.name_scope(f"{type(self).__name__}ZeroState", None, [batch_size]):
            if self._state_is_tuple:
                return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)
            return super().zero_state(batch_size, dtype)

    @property
    def trainable_weights(self) -> list[Any]:
        return [w for cell in self._cells for w in getattr(cell, "trainable_weights", [])] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        found = [w for cell in self._cells for w in getattr(cell, "non_trainable_weights", [])]
        return (
            found if self.trainable else [w for c in self._cells for w in getattr(c, "trainable_weights", [])] + found
        )

    def call(self, inputs: Any, state: Any) -> Any:
        place, states = 0, []
        for number, cell in enumerate(self._cells):
            with variable_scope.variable_scope(f"cell_{number}"):
                if self._state_is_tuple:
                    if not structures.is_nested(state):
                        raise ValueError(
                            f"Expected state to be a tuple of length {len(self.state_size)}, but received: {state}"
                        )
                    own = state[number]
                else:
                    own = slicing.slice(state, [0, place], [-1, cell.state_size])
                    place += cell.state_size
                inputs, new = cell(inputs, own)
                states.append(new)
        return inputs, tuple(states) if self._state_is_tuple else joining.concat(states, 1)


class CellWrapper(RNNCell):
    """A cell that does something around another one."""

    def __init__(self, cell: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert_like_rnncell("cell", cell)
        self.cell = cell

    wrapped_cell = property(lambda self: self.cell)
    state_size = property(lambda self: self.cell.state_size)
    output_size = property(lambda self: self.cell.output_size)

    @property
    def trainable_weights(self) -> list[Any]:
        return list(getattr(self.cell, "trainable_weights", []))

    @property
    def non_trainable_weights(self) -> list[Any]:
        return list(getattr(self.cell, "non_trainable_weights", []))

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with graphs.name_scope(f"{type(self).__name__}ZeroState", None, [batch_size]):
            return self.cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        return self._step(inputs, state, scope)

    def _step(self, inputs: Any, state: Any, scope: Any) -> Any:
        raise NotImplementedError


def _all_but_memory(part: Any) -> Any:
    if isinstance(part, LSTMStateTuple):
        return LSTMStateTuple(c=False, h=True)
    return not isinstance(part, TensorArray)


class DropoutWrapper(CellWrapper):
    """Dropout of a cell's inputs, outputs and state.

    Args:
      input_keep_prob, output_keep_prob, state_keep_prob: what share is kept; a number or a scalar tensor. Nothing is
        done where it is known to be 1.
      variational_recurrent: the same elements are dropped at each step (then `dtype` is needed, and `input_size` where
        inputs are dropped).
      seed: of the random numbers.
      dropout_state_filter_visitor: tells which parts of a state are dropped from; all but an LSTM's memory and
        TensorArrays by default.
    """

    def __init__(self, cell: Any, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: Any = 1.0, variational_recurrent: bool = False,
                 input_size: Any = None, dtype: Any = None, seed: int | None = None, dropout_state_filter_visitor: Any = None, **kwargs: Any) -> None:  # fmt: skip
        super().__init__(cell, dtype=dtype, **kwargs)
        if dropout_state_filter_visitor is not None and not callable(dropout_state_filter_visitor):
            raise TypeError("dropout_state_filter_visitor must be callable")
        self._filter = dropout_state_filter_visitor or _all_but_memory
        with graphs.name_scope("DropoutWrapperInit"):
            self._input_keep_prob = _probability("input_keep_prob", input_keep_prob)
            self._state_keep_prob = _probability("state_keep_prob", state_keep_prob)
            self._output_keep_prob = _probability("output_keep_prob", output_keep_prob)
        self._variational, self._seed = variational_recurrent, seed
        self._noise: dict[str, Any] = {}
        if variational_recurrent:
            if dtype is None:
                raise ValueError("When variational_recurrent=True, dtype must be provided")
            self._draw_noise(cell, input_size, dtype)

    def _draw_noise(self, cell: Any, input_size: Any, dtype: Any) -> None:
        sizes = {"state": cell.state_size, "output": cell.output_size}
        if _drops(self._input_keep_prob):
            if input_size is None:
                raise ValueError(
                    "When variational_recurrent=True and input_keep_prob < 1.0 or is unknown, input_size must be provided"
                )
            sizes = {"input": input_size, **sizes}
        for salt, structure in sizes.items():
            self._noise[salt] = [
                random.random_uniform([1, *_sizes(size)], seed=self._seed_of(salt, i), dtype=dtype)
                for i, size in enumerate(structures.flatten(structure))
            ]

    def _seed_of(self, salt: str, number: int) -> int | None:
        if self._seed is None:
            return None
        text = f"{self._seed}{salt}_{number}".encode()
        return int(hashlib.md5(text, usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF

    def _dropped(self, values: Any, salt: str, keep_prob: Any, chosen: Any = None) -> Any:
        chosen = structures.map_structure(lambda _: True, values) if chosen is None else chosen
        parts = nest.flatten_up_to(chosen, values)
        found = []
        for i, (drop, value) in enumerate(zip(structures.flatten(chosen), parts, strict=True)):
            if isinstance(drop, bool) and not drop:
                found.append(value)
            elif self._variational:
                kept = math.div(value, keep_prob) * math.floor(keep_prob + self._noise[salt][i])
                kept.set_shape(value.get_shape())
                found.append(kept)
            else:
                found.append(nn_activations.dropout_v2(value, rate=1.0 - keep_prob, seed=self._seed_of(salt, i)))
        return structures.pack_sequence_as(chosen, found)

    def _step(self, inputs: Any, state: Any, scope: Any) -> Any:
        if _drops(self._input_keep_prob):
            inputs = self._dropped(inputs, "input", self._input_keep_prob)
        output, new = self.cell(inputs, state, scope=scope) if scope is not None else self.cell(inputs, state)
        if _drops(self._state_keep_prob):
            new = self._dropped(new, "state", self._state_keep_prob, _chosen(self._filter, new))
        if _drops(self._output_keep_prob):
            output = self._dropped(output, "output", self._output_keep_prob)
        return output, new


def _sizes(size: Any) -> list[Any]:
    return [size] if isinstance(size, numbers.Integral) else shapes.as_shape(size).as_list()


def _chosen(visitor: Callable[[Any], Any], part: Any) -> Any:
    """The structure of bools that a filter makes of a state; it goes down where the filter says True."""
    found = visitor(part)
    if isinstance(found, bool):
        if not found or not structures.is_nested(part):
            return found
        return structures.like(part, [_chosen(visitor, p) for p in structures.children(part)])
    return structures.like(
        part,
        [
            _chosen(visitor, p) if f else False
            for f, p in zip(structures.children(found), structures.children(part), strict=True)
        ],
    )


def _probability(name: str, value: Any) -> Any:
    tensor = conversion.convert_to_tensor(value)
    known = known_values.constant_value(tensor)
    if known is None:
        return tensor
    if not 0 <= known <= 1:
        raise ValueError(f"Parameter {name} must be between 0 and 1: {int(known)}")
    return float(known)


def _drops(keep_prob: Any) -> bool:
    return not isinstance(keep_prob, float) or keep_prob < 1


class ResidualWrapper(CellWrapper):
    """Adds a cell's inputs to its outputs, or what `residual_fn(inputs, outputs)` makes of them."""

    def __init__(self, cell: Any, residual_fn: Any = None, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self._residual_fn = residual_fn

    def _step(self, inputs: Any, state: Any, scope: Any) -> Any:
        outputs, new = self.cell(inputs, state, scope=scope) if scope is not None else self.cell(inputs, state)
        if self._residual_fn is not None:
            return self._residual_fn(inputs, outputs), new
        structures.assert_same_structure(inputs, outputs)
        for before, after in zip(structures.flatten(inputs), structures.flatten(outputs), strict=True):
            before.get_shape().assert_is_compatible_with(after.get_shape())
        return structures.map_structure(lambda before, after: before + after, inputs, outputs), new


class DeviceWrapper(CellWrapper):
    """Makes a cell's operations on a device."""

    def __init__(self, cell: Any, device: Any, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self._device = device

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with graphs.name_scope(f"{type(self).__name__}ZeroState", None, [batch_size]), graphs.device(self._device):
            return self.cell.zero_state(batch_size, dtype)

    def _step(self, inputs: Any, state: Any, scope: Any) -> Any:
        with graphs.device(self._device):
            return self.cell(inputs, state, scope=scope) if scope is not None else self.cell(inputs, state)
