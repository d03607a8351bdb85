"""Rows of stacks: what the gradient of a loop that TensorFlow built keeps of each round. They run on the host."""

from typing import Any

from jax_slim.tf1.graph import errors, rows, shape_inference, shapes


class Stack:
    """A stack of one run."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def __array__(self, *unused: Any, **also: Any) -> Any:
        raise TypeError("A stack cannot be fetched.")


@rows.row("Stack", "StackV2", host=True, shape=lambda op: [shapes.TensorShape(None)])
def stack(max_size: Any = None) -> Stack:
    """A new, empty stack in each run."""
    return Stack()


@rows.row("StackPush", "StackPushV2", host=True, refs=("handle",), shape=lambda op: [op._inputs[1].shape])
def stack_push(handle: Stack, elem: Any) -> Any:
    """Puts a value on top, and gives it."""
    handle.values.append(elem)
    return elem


@rows.row("StackPop", "StackPopV2", host=True, refs=("handle",), shape=shape_inference.unknown)
def stack_pop(handle: Stack) -> Any:
    """Takes the topmost value."""
    if not handle.values:
        raise errors.InvalidArgumentError(None, None, "Stack is empty when calling Pop().")
    return handle.values.pop()


@rows.row("StackClose", "StackCloseV2", host=True, refs=("handle",))
def stack_close(handle: Stack) -> tuple[()]:
    """Drops what is there."""
    handle.values.clear()
    return ()
