"""`table`: a model layer by layer, with shapes, parameters, FLOPs and bytes, from one trace that computes nothing."""

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp

from jax_slim.core.model import Model
from jax_slim.model_analyzer.calls import Call, Watch
from jax_slim.model_analyzer.operations import operations_of


class Row(NamedTuple):
    """One layer of a model. It counts what is its own: a normalizer that it calls has a row below.

    Attributes:
      name: its variable scope, or else its name scope: 'vgg_16/conv1/conv1_1'.
      layer: which function it is: 'conv2d'.
      depth: how many layers are around it.
      output_shapes: of the arrays that it returns.
      parameters: elements of the trainable variables that it makes (a variable used again is not counted again).
      other_variables: elements of the others, such as moving averages.
      flops: floating-point operations of its convolutions and matrix products for this batch, a multiplication and an
        addition counted as two. What works element by element, such as biases, activations, normalization and pooling,
        is not counted: bytes, not FLOPs, are what it costs.
      variable_bytes: of all variables that it makes.
      output_bytes: of the arrays that it returns, for this batch.
    """

    name: str
    layer: str
    depth: int
    output_shapes: tuple[tuple[int, ...], ...]
    parameters: int
    other_variables: int
    flops: int
    variable_bytes: int
    output_bytes: int


class ModelTable:
    """A model layer by layer: print it, show it, or use its rows.

    Attributes:
      rows: one for each layer, in the order in which they are called.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)

    @property
    def total(self) -> Row:
        """The sums over all rows."""
        return Row("total", "", 0, (), **{field: sum(getattr(row, field) for row in self.rows) for field in _SUMMED})

    def as_dict(self) -> dict[str, Any]:
        """Rows and sums as lists, dicts, strings and numbers, for JSON."""

        def plain(row: Row) -> dict[str, Any]:
            return row._asdict() | {"output_shapes": [list(shape) for shape in row.output_shapes]}

        return {"rows": [plain(row) for row in self.rows], "total": plain(self.total)}

    def show(self) -> None:
        """Prints the table: in colours on a terminal where rich is installed, else as plain text."""
        if sys.stdout.isatty():
            try:
                from rich.console import Console
            except ImportError:
                pass
            else:
                Console().print(self)
                return
        sys.stdout.write(f"{self}\n")

    def __str__(self) -> str:
        lines = self._lines()
        widths = {column: max(len(line[column]) for line in lines) for column in lines[0]}

        def joined(line: dict[str, str]) -> str:
            aligned = (
                line[column].ljust(width) if column in _TEXTS else line[column].rjust(width)
                for column, width in widths.items()
            )
            return "  ".join(aligned).rstrip()

        rule = "-" * (sum(widths.values()) + 2 * len(widths) - 2)
        return "\n".join([joined(lines[0]), rule, *map(joined, lines[1:-1]), rule, joined(lines[-1])])

    def __rich__(self) -> Any:
        from rich import box
        from rich.table import Table

        head, *lines, total = self._lines()
        shown = Table(show_footer=True, box=box.SIMPLE, pad_edge=False)
        for column, title in head.items():
            is_text = column in _TEXTS
            shown.add_column(
                title, total[column], justify="left" if is_text else "right", no_wrap=not is_text, overflow="fold"
            )
        for line in lines:
            shown.add_row(*line.values())
        return shown

    def _lines(self) -> list[dict[str, str]]:
        """Head, rows and sums as texts by column; without a column that has nothing to tell."""
        lines = [_HEAD, *map(_texts, self.rows), _texts(self.total)]
        if not self.total.other_variables:
            lines = [{column: text for column, text in line.items() if column != "other_variables"} for line in lines]
        return lines

    def __repr__(self) -> str:
        return f"<ModelTable: {len(self.rows)} layers, {self.total.parameters:,} parameters>"


def table(model: Model | Callable[..., Any], *args: Any, **kwargs: Any) -> ModelTable:
    """Lists the layers of a model with output shapes, parameters, FLOPs and bytes. Computes nothing.

        images = jax.ShapeDtypeStruct((1, 224, 224, 3), jnp.float32)
        print(slim.model_analyzer.table(model, images, is_training=False))

    Args:
      model: a `slim.Model`, or the function of one.
      *args, **kwargs: as for the program; arrays may be `jax.ShapeDtypeStruct`s. FLOPs and bytes of outputs are for
        this batch: give one example for those of one.

    Returns:
      A table to print (`print(table)`, `table.show()`, `rich.print(table)`) or to use (`table.rows`, `table.total`,
      `table.as_dict()`). Layers that only call others, such as `repeat`, have no row. Products that no layer
      makes are in a row of their own, '(outside of layers)'.
    """
    model = model if isinstance(model, Model) else Model(model)
    watch, traced = model.trace(Watch, *args, **kwargs)
    flops: dict[int | None, int] = {}
    for operation in operations_of(traced):
        call = watch.call_of(operation.scopes)
        owner = None if call is None else id(call)
        flops[owner] = flops.get(owner, 0) + operation.flops
    rows = [_row(call, flops.get(id(call), 0)) for call in watch.calls if _has_row(call, flops.get(id(call), 0))]
    outside = _row(Call("", None, "(outside of layers)", variables=watch.outside), flops.get(None, 0))
    if outside.flops or watch.outside:
        rows.append(outside)
    return ModelTable(rows)


def _has_row(call: Call, flops: int) -> bool:
    return bool(call.variables or flops or (call.outputs and not call.calls))


def _row(call: Call, flops: int) -> Row:
    return Row(
        call.name,
        call.function,
        call.depth,
        tuple(output.shape for output in call.outputs),
        _elements(spec for spec in call.variables if spec.trainable),
        _elements(spec for spec in call.variables if not spec.trainable),
        flops,
        _bytes(call.variables),
        _bytes(call.outputs),
    )


def _elements(arrays: Iterable[Any]) -> int:
    return sum(math.prod(array.shape) for array in arrays)


def _bytes(arrays: Iterable[Any]) -> int:
    return sum(math.prod(array.shape) * jnp.dtype(array.dtype).itemsize for array in arrays)


_SUMMED = ("parameters", "other_variables", "flops", "variable_bytes", "output_bytes")
_TEXTS = ("name", "layer", "output_shapes")
_HEAD = {
    "name": "scope",
    "layer": "layer",
    "output_shapes": "output",
    "parameters": "parameters",
    "other_variables": "others",
    "flops": "FLOPs",
    "variable_bytes": "variables",
    "output_bytes": "outputs",
}


def _texts(row: Row) -> dict[str, str]:
    return {
        "name": row.name,
        "layer": row.layer,
        "output_shapes": ", ".join(f"[{', '.join(map(str, shape))}]" for shape in row.output_shapes),
        "parameters": f"{row.parameters:,}",
        "other_variables": f"{row.other_variables:,}",
        "flops": scaled(row.flops, ""),
        "variable_bytes": scaled(row.variable_bytes, "B"),
        "output_bytes": scaled(row.output_bytes, "B"),
    }


def scaled(number: int, unit: str) -> str:
    """30940528640 as '30.9 G': three digits, in powers of 1000."""
    for power, prefix in ((4, "T"), (3, "G"), (2, "M"), (1, "k")):
        if number >= 1000**power * 0.9995:
            return f"{number / 1000**power:#.3g}".rstrip(".") + f" {prefix}{unit}"
    return f"{number} {unit}".rstrip()
