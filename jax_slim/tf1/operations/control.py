"""Rows of control flow and of what orders operations. Conditionals and loops as a whole are evaluated by `running.constructs`."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import control_flow, rows, shape_inference, shapes


@rows.row("NoOp", "ControlTrigger")
def no_op() -> tuple[()]:
    """Does nothing: it is there to be waited for."""
    return ()


@rows.row("Switch", "RefSwitch", shape=shape_inference.like_input(), refs=("data",))
def switch(data: Any, pred: Any) -> Any:
    """Outside of a conditional: both outputs are the value; what uses them belongs to a branch."""
    return data, data


@rows.row("Merge", "RefMerge", shape=control_flow.merged_shape)
def merge(inputs: Any) -> Any:
    """Evaluated with its conditional or loop."""
    return inputs[0], np.int32(0)


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
