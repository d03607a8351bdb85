"""LSTM and GRU cells that are one operation, and whole LSTM layers."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.tf1.graph import rows, shapes

GATES = ("i", "ci", "f", "o")  # as they lie in the weights; BlockLSTMV2 has them as Keras does
GATES_V2 = ("i", "f", "ci", "o")


def _lstm(
    x: Any, c: Any, h: Any, w: Any, peepholes: Any, b: Any, forget_bias: float, cell_clip: float, gates: Any = GATES
) -> tuple[Any, ...]:
    parts = dict(zip(gates, jnp.split(jnp.concatenate([x, h], 1) @ w + b, 4, 1), strict=True))
    i, ci, f, o = (parts[gate] for gate in GATES)
    if peepholes:
        i, f = i + c * peepholes[0], f + c * peepholes[1]
    i, f, ci = jax.nn.sigmoid(i), jax.nn.sigmoid(f + jnp.asarray(forget_bias, f.dtype)), jnp.tanh(ci)
    new = ci * i + c * f
    if cell_clip > 0:  # the gradient goes past the clipping, as in TensorFlow
        new = new + jax.lax.stop_gradient(jnp.clip(new, -cell_clip, cell_clip) - new)
    o = jax.nn.sigmoid(o + new * peepholes[2] if peepholes else o)
    co = jnp.tanh(new)
    return i, new, f, o, ci, co, co * o


def _of_step(op: Any) -> Any:
    state = op._inputs[1].shape
    size = state[1] if state.ndims == 2 else None
    batch = op._inputs[0].shape[0] if op._inputs[0].shape.ndims == 2 else None
    return [shapes.TensorShape([batch, size])] * len(op.outputs)


@rows.row("LSTMBlockCell", numpy=False, shape=_of_step)
def lstm_block_cell(
    x: Any,
    cs_prev: Any,
    h_prev: Any,
    w: Any,
    wci: Any,
    wcf: Any,
    wco: Any,
    b: Any,
    *,
    forget_bias: float,
    cell_clip: float,
    use_peephole: bool,
) -> Any:
    """One step of an LSTM: input gate, memory, forget gate, output gate, candidate, tanh of the memory, outputs."""
    return _lstm(x, cs_prev, h_prev, w, (wci, wcf, wco) if use_peephole else (), b, forget_bias, cell_clip)


@rows.row("BlockLSTM", numpy=False)
def block_lstm(
    seq_len_max: Any,
    x: Any,
    cs_prev: Any,
    h_prev: Any,
    w: Any,
    wci: Any,
    wcf: Any,
    wco: Any,
    b: Any,
    *,
    forget_bias: float,
    cell_clip: float,
    use_peephole: bool,
) -> Any:
    """An LSTM over [time, batch, size]; zeros from step `seq_len_max` on."""
    peepholes = (wci, wcf, wco) if use_peephole else ()
    return _over_time(seq_len_max, x, cs_prev, h_prev, (w, peepholes, b, forget_bias, cell_clip, GATES))


@rows.row("BlockLSTMV2", numpy=False)
def block_lstm_v2(
    seq_len_max: Any,
    x: Any,
    cs_prev: Any,
    h_prev: Any,
    w: Any,
    wci: Any,
    wcf: Any,
    wco: Any,
    b: Any,
    *,
    cell_clip: float,
    use_peephole: bool,
) -> Any:
    """`BlockLSTM` with the gates in another order and no bias of the forget gate but the one in `b`."""
    peepholes = (wci, wcf, wco) if use_peephole else ()
    return _over_time(seq_len_max, x, cs_prev, h_prev, (w, peepholes, b, 0.0, cell_clip, GATES_V2))


def _over_time(seq_len_max: Any, x: Any, cs_prev: Any, h_prev: Any, parameters: Any) -> Any:
    def step(carry: Any, given: Any) -> Any:
        time, row = given
        found = _lstm(row, carry[0], carry[1], *parameters)
        goes_on = time < seq_len_max
        kept = tuple(jnp.where(goes_on, part, jnp.zeros_like(part)) for part in found)
        return (jnp.where(goes_on, found[1], carry[0]), jnp.where(goes_on, found[6], carry[1])), kept

    _, outputs = jax.lax.scan(
        step, (jnp.asarray(cs_prev), jnp.asarray(h_prev)), (jnp.arange(x.shape[0]), jnp.asarray(x))
    )
    return outputs


@rows.row("GRUBlockCell", numpy=False, shape=_of_step)
def gru_block_cell(x: Any, h_prev: Any, w_ru: Any, w_c: Any, b_ru: Any, b_c: Any) -> Any:
    """One step of a GRU: reset gate, update gate, candidate, outputs."""
    r, u = jnp.split(jax.nn.sigmoid(jnp.concatenate([x, h_prev], 1) @ w_ru + b_ru), 2, 1)
    c = jnp.tanh(jnp.concatenate([x, r * h_prev], 1) @ w_c + b_c)
    return r, u, c, u * h_prev + (1 - u) * c
