"""Rows of control flow and of what orders operations. Conditionals and loops as a whole are evaluated by `running.constructs`."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, control_flow, conversion, rows, shape_inference, shapes


@rows.row("NoOp", "ControlTrigger")
def no_op() -> tuple[()]:
    """Does nothing: it is there to be waited for."""
    return ()


class Dead:
    """What a Switch outside of a conditional gives on the side that is not taken: what depends on it is not computed."""


DEAD = Dead()


@rows.row("Switch", "RefSwitch", shape=shape_inference.like_input(), refs=("data",), context=True)
def switch(run: Any, op: Any, data: Any, pred: Any) -> Any:
    """The value, on the side that the predicate says. Those that a conditional begins with give it on both: it chooses itself."""
    if op.private.get("pivot"):
        return data, data
    return (DEAD, data) if np.asarray(pred) else (data, DEAD)


@rows.row("Merge", "RefMerge", shape=control_flow.merged_shape, refs=("inputs",))
def merge(inputs: Any) -> Any:
    """The input that is there. Those of conditionals and loops are evaluated with them."""
    for place, value in enumerate(inputs):
        if value is not DEAD:
            return value, np.int32(place)
    return DEAD, DEAD


@rows.row("Enter", "RefEnter", shape=shape_inference.like_input(), refs=("data",))
def enter(data: Any) -> Any:
    """Brings a value into a loop."""
    return data


@rows.row("Exit", "RefExit", "NextIteration", "RefNextIteration", shape=shape_inference.like_input())
def exit(data: Any) -> Any:
    """Hands a loop variable's value on."""
    return data


@rows.row("LoopCond", shape=lambda op: [shapes.TensorShape([])])
def loop_cond(input: Any) -> Any:
    """Whether a loop goes on."""
    return input


@rows.set_gradient("Enter", "Exit", "NextIteration")
def passed_on(op: Any, grad: Any) -> Any:
    """For gradients that are taken inside of the loop: what comes to the value inside belongs to the one outside."""
    return grad


@rows.set_gradient("Switch")
def chosen(op: Any, *grads: Any) -> list[Any]:
    """For gradients that are taken inside of a branch; elsewhere, the gradient of the side that was taken."""
    if op.context is not None:
        return [grads[getattr(op.context, "branch", 1)], None]
    taken = [control_flow.switch(grad, op.inputs[1])[side] for side, grad in enumerate(grads)]
    return [control_flow.merge(taken), None]


@rows.set_gradient("Merge")
def came_from(op: Any, grad: Any, _: Any) -> list[Any]:
    """Outside of conditionals: the gradient goes to the input that was there."""
    return [
        control_flow.switch(grad, building.make("Equal", op.outputs[1], conversion.constant(place)))[1]
        for place in range(len(op.inputs))
    ]
