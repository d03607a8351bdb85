"""The gradients of LSTM and GRU blocks as operations, as graphs with training hold them: from the gates of the way there."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.tf1.graph import rows
from jax_slim.tf1.operations.recurrent import GATES, GATES_V2


class _Step(NamedTuple):
    """What an LSTM's step gave."""

    i: Any
    cs: Any
    f: Any
    o: Any
    ci: Any
    co: Any


def _back(step: _Step, cs_prev: Any, peepholes: Any, cs_grad: Any, h_grad: Any) -> tuple[Any, dict[str, Any], Any]:
    """(gradient of the memory before, of the gates before their activations, of the peepholes). Clipping is passed by."""
    i, cs, f, o, ci, co = step
    wci, wcf, wco = peepholes
    do = h_grad * co * o * (1 - o)
    dcs = cs_grad + h_grad * o * (1 - co * co) + do * wco
    grads = {"i": dcs * ci * i * (1 - i), "ci": dcs * i * (1 - ci * ci), "f": dcs * cs_prev * f * (1 - f), "o": do}
    of_peepholes = [jnp.sum(g, 0) for g in (grads["i"] * cs_prev, grads["f"] * cs_prev, do * cs)]
    return dcs * f + grads["i"] * wci + grads["f"] * wcf, grads, of_peepholes


def _peepholes(use_peephole: bool, *given: Any) -> Any:
    return given if use_peephole else (jnp.zeros_like(given[0]),) * 3


@rows.row("LSTMBlockCellGrad", numpy=False)
def lstm_block_cell_grad(
    x: Any, cs_prev: Any, h_prev: Any, w: Any, wci: Any, wcf: Any, wco: Any, b: Any, i: Any, cs: Any, f: Any, o: Any, ci: Any, co: Any,
    cs_grad: Any, h_grad: Any, *, use_peephole: bool,
) -> Any:  # fmt: skip
    """Gradients of the memory before, of the gates [batch, 4 * size] before their activations, and of the peepholes."""
    holes = _peepholes(use_peephole, wci, wcf, wco)
    before, gates, of_holes = _back(_Step(i, cs, f, o, ci, co), cs_prev, holes, cs_grad, h_grad)
    of_holes = of_holes if use_peephole else [jnp.zeros_like(wci)] * 3
    return before, jnp.concatenate([gates[g] for g in GATES], 1), *of_holes


def _block(order: Any) -> Any:
    def block_lstm_grad(
        seq_len_max: Any, x: Any, cs_prev: Any, h_prev: Any, w: Any, wci: Any, wcf: Any, wco: Any, b: Any, i: Any, cs: Any, f: Any, o: Any,
        ci: Any, co: Any, h: Any, cs_grad: Any, h_grad: Any, *, use_peephole: bool,
    ) -> Any:  # fmt: skip
        """Gradients of inputs, states before the first step, weights, peepholes and biases; 0 from step `seq_len_max` on."""
        holes = _peepholes(use_peephole, wci, wcf, wco)

        def step(carry: Any, given: Any) -> Any:
            time, row, gates, cs_before, h_before, dcs, dh = given
            of_cs, of_h, *sums = carry
            before, grads, of_holes = _back(gates, cs_before, holes, of_cs + dcs, of_h + dh)
            whole = jnp.concatenate([grads[g] for g in order], 1)
            of_inputs = whole @ w.T
            of_w = jnp.concatenate([row, h_before], 1).T @ whole
            added = [s + a for s, a in zip(sums, (of_w, *of_holes, jnp.sum(whole, 0)), strict=True)]
            after = [before, of_inputs[:, row.shape[1] :], *added]
            goes_on = time < seq_len_max
            kept = [jnp.where(goes_on, new, old) for new, old in zip(after, carry, strict=True)]
            return kept, jnp.where(goes_on, of_inputs[:, : row.shape[1]], jnp.zeros_like(row))

        def before(first: Any, rest: Any) -> Any:
            return jnp.concatenate([jnp.asarray(first)[None], rest[:-1]])

        start = [jnp.zeros_like(v) for v in (cs_prev, h_prev, w, wci, wcf, wco, b)]
        given = (jnp.arange(x.shape[0]), jnp.asarray(x), _Step(i, cs, f, o, ci, co), before(cs_prev, cs), before(h_prev, h), cs_grad, h_grad)  # fmt: skip
        (of_cs, of_h, of_w, *of_holes, of_b), of_x = jax.lax.scan(step, start, given, reverse=True)
        of_holes = of_holes if use_peephole else [jnp.zeros_like(wci)] * 3
        return of_x, of_cs, of_h, of_w, *of_holes, of_b

    return block_lstm_grad


rows.row("BlockLSTMGrad", numpy=False)(_block(GATES))
rows.row("BlockLSTMGradV2", numpy=False)(_block(GATES_V2))


@rows.row("GRUBlockCellGrad", numpy=False)
def gru_block_cell_grad(
    x: Any, h_prev: Any, w_ru: Any, w_c: Any, b_ru: Any, b_c: Any, r: Any, u: Any, c: Any, d_h: Any
) -> Any:
    """Gradients of input and state, and of the candidate and of both gates [batch, 2 * size] before their activations."""
    size = x.shape[1]
    d_c = d_h * (1 - u) * (1 - c * c)
    d_u = d_h * (h_prev - c) * u * (1 - u)
    of_c = d_c @ w_c.T
    d_r = of_c[:, size:] * h_prev * r * (1 - r)
    d_ru = jnp.concatenate([d_r, d_u], 1)
    of_ru = d_ru @ w_ru.T
    return of_c[:, :size] + of_ru[:, :size], of_ru[:, size:] + of_c[:, size:] * r + d_h * u, d_c, d_ru
