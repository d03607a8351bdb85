"""What TensorFlow says of each operation type: inputs, outputs, attributes and their defaults; read from `op_defs.txt`."""

import dataclasses
import functools
import re
from importlib import resources
from typing import Any

from jax_slim.tf1.graph import dtypes, shapes


@dataclasses.dataclass(frozen=True)
class Argument:
    """An input or output. Its type is `type`, or what the attribute `type_attr` says; a list where `count_attr` or `list_attr`."""

    name: str
    type: Any = None
    type_attr: str = ""
    count_attr: str = ""
    list_attr: str = ""
    is_ref: bool = False


@dataclasses.dataclass(frozen=True)
class Attribute:
    """An attribute: `kind` is int, float, bool, string, type, shape, tensor, func or list(...) of one of them."""

    name: str
    kind: str
    allowed: tuple[Any, ...] | None = None
    minimum: int | None = None
    has_default: bool = False
    default: Any = None


@dataclasses.dataclass(frozen=True)
class OpDef:
    """One operation type."""

    name: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    attributes: dict[str, Attribute]
    stateful: bool

    @functools.cached_property
    def type_attributes(self) -> dict[str, list[int]]:
        """Attributes that follow from inputs -> the inputs they follow from."""
        found: dict[str, list[int]] = {}
        for place, argument in enumerate(self.inputs):
            for name in (argument.type_attr, argument.count_attr, argument.list_attr):
                if name:
                    found.setdefault(name, []).append(place)
        return found


def find(name: str) -> OpDef | None:
    """The definition of an operation type, or None where TF 1.15 has no such type."""
    return _find(name)


def register(line: str) -> None:
    """Adds a type of our own, written as the lines of `op_defs.txt` are."""
    _lines()[line.partition("(")[0]] = line


@functools.cache
def _find(name: str) -> OpDef | None:
    line = _lines().get(name)
    return None if line is None else _parse(line)


@functools.cache
def _lines() -> dict[str, str]:
    text = resources.files(__name__.rpartition(".")[0]).joinpath("op_defs.txt").read_text(encoding="ascii")
    return {line.partition("(")[0]: line for line in text.splitlines() if not line.startswith("#")}


def _parse(line: str) -> OpDef:
    stateful = line.endswith(" !")
    line = line.removesuffix(" !")
    head, _, attributes = line.partition(" | ")
    name, _, rest = head.partition("(")
    inputs, _, outputs = rest.partition(") -> (")
    found = [_attribute(text) for text in _split(attributes)]
    names = {a.name for a in found}
    return OpDef(
        name,
        tuple(_argument(t, names) for t in _split(inputs)),
        tuple(_argument(t, names) for t in _split(outputs.removesuffix(")"))),
        {a.name: a for a in found},
        stateful,
    )


def _split(text: str) -> list[str]:
    return re.split(r", (?=\w+: )", text) if text else []


def _argument(text: str, attributes: set[str]) -> Argument:
    name, _, kind = text.partition(": ")
    is_ref, kind = kind.startswith("&"), kind.removeprefix("&")
    if kind.startswith("*"):
        return Argument(name, list_attr=kind[1:], is_ref=is_ref)
    count, _, element = kind.rpartition("*")
    element, is_ref = element.removeprefix("&"), is_ref or element.startswith("&")
    if element in attributes:
        return Argument(name, type_attr=element, count_attr=count, is_ref=is_ref)
    return Argument(name, type=dtypes.as_dtype(element), count_attr=count, is_ref=is_ref)


def _attribute(text: str) -> Attribute:
    match = re.fullmatch(r"(\w+): ([\w()]+?)(?:\{(.*?)\})?(?:>=(-?\d+))?(?: = (.*))?", text, re.DOTALL)
    assert match, text
    name, kind, allowed, minimum, default = match.groups()
    choices = None
    if allowed is not None:
        choices = tuple(dtypes.as_dtype(v) if "type" in kind else v.encode() for v in allowed.split(","))
    return Attribute(
        name, kind, choices, None if minimum is None else int(minimum), default is not None,
        None if default is None else _value(kind, default),
    )  # fmt: skip


def _value(kind: str, text: str) -> Any:
    if kind.startswith("list("):
        inner = text[1:-1]
        return [_value(kind[5:-1], part) for part in inner.split(" ")] if inner else []
    if kind == "string":
        return text[1:-1].encode().decode("unicode_escape").encode("latin1")
    if kind == "type":
        return dtypes.as_dtype(text)
    if kind == "shape":
        return shapes.TensorShape(
            None if text == "?" else [None if d == "-1" else int(d) for d in text[1:-1].split(",") if d]
        )
    if kind in ("int", "float"):
        return int(text) if kind == "int" else float(text)
    return text == "true" if kind == "bool" else None
