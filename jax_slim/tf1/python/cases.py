"""`tf.case`: the first of several predicates that holds."""

import functools
from typing import Any, cast

from jax_slim.tf1.graph import building, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import checks, control_flow, math, reductions


def case(
    pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False, name: str = "case"
) -> Any:
    """What the function of the first true predicate returns; `default`'s where none is.

    Args:
      pred_fn_pairs: pairs of a boolean tensor and a function, or a dictionary.
      exclusive: two true predicates are an error when the graph runs.

    Raises:
      TypeError, ValueError: pairs that are none.
    """
    if isinstance(pred_fn_pairs, dict):
        pairs: Any = list(pred_fn_pairs.items())
        if not hasattr(pred_fn_pairs, "move_to_end"):
            pairs = sorted(pairs, key=lambda item: item[0].name)
    elif isinstance(pred_fn_pairs, list | tuple):
        pairs = list(pred_fn_pairs)
    else:
        raise TypeError("fns must be a list, tuple, or dict")
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError("Each entry in pred_fn_pairs must be a 2-tuple")
        pred, function = pair
        if not isinstance(pred, Tensor) or pred.dtype != dtypes.bool_:
            raise TypeError(f"pred must be Tensor of type bool: {pred}")
        if not callable(function):
            raise TypeError(f"fn for pred {pred.name} must be callable.")
    if default is not None and not callable(default):
        raise TypeError("default must be callable.")
    preds, functions = (list(part) for part in zip(*pairs, strict=True)) if pairs else ([], [])
    with graphs.name_scope(name, "case", preds):
        if not preds:
            return cast(Any, default)()
        if not default:
            default, rest = _last_as_default(preds, functions, exclusive)
            preds, functions = rest
        elif exclusive and len(preds) > 1:
            with graphs.name_scope("exclusive"):
                count = reductions.reduce_sum(math.cast(building.make("Pack", preds), dtypes.int32))
                check = checks.assert_less_equal(
                    count, 1, message="Input error: exclusive=True, but more than one predicate is true."
                )
            default = functools.partial(_after, check, default)
            functions = [functools.partial(_after, check, f) for f in functions]
        result: Any = default
        for pred, function in reversed(list(zip(preds, functions, strict=True))):
            result = functools.partial(control_flow.cond, pred, function, result, strict=strict)
        return result() if callable(result) else result


def _after(check: Any, function: Any) -> Any:
    with graphs.control_dependencies([check]):
        return function()


def _last_as_default(preds: list[Any], functions: list[Any], exclusive: bool) -> Any:
    last = functions[-1]
    with graphs.name_scope("case/assert"):
        any_true = building.make("Any", building.make("Pack", preds), 0)
        check = checks.Assert(
            any_true,
            [
                "None of the conditions evaluated as True. Conditions:",
                ", ".join(p.name for p in preds),
                ", Values:",
                *preds,
            ],
        )

    def default() -> Any:
        with graphs.control_dependencies([check]):
            return last()

    return default, (preds[:-1], functions[:-1])
