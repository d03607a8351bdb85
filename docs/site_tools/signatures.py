"""Signatures as the source writes them: defaults by their names, annotations short."""

import ast
import copy
import functools
import inspect
from pathlib import Path
from typing import Any


def signature(value: Any) -> str:
    """The arguments of a function or of a class, in parentheses; "" where there are none to show."""
    try:
        function = inspect.unwrap(value)
        if inspect.isclass(function):
            if issubclass(function, BaseException) and "__init__" not in vars(function):
                return ""
            init = vars(function).get("__init__")
            # A dataclass's is written by Python, a named tuple has none.
            node = _node(init) if inspect.isfunction(init) else None
            if node is None:
                return str(inspect.signature(function)) if function.__init__ is not object.__init__ else "()"
            return f"({_arguments(node.args, skip_first=True)})"
        node = _node(function)
        if node is not None:
            return f"({_arguments(node.args, skip_first=_is_method(function))})"
        return str(inspect.signature(function))
    except (TypeError, ValueError):
        return ""


def _is_method(function: Any) -> bool:
    return "." in function.__qualname__.rpartition("<locals>.")[2]


def _arguments(arguments: ast.arguments, skip_first: bool) -> str:
    if skip_first:
        (arguments.posonlyargs or arguments.args).pop(0)
        defaults = len(arguments.posonlyargs) + len(arguments.args)
        arguments.defaults = arguments.defaults[-defaults:] if defaults else []
    return ast.unparse(arguments)


def _node(function: Any) -> ast.FunctionDef | None:
    """The definition that a function was made by, or None where there is no source."""
    code = getattr(function, "__code__", None)
    if code is None or not Path(code.co_filename).exists():
        return None
    return copy.deepcopy(_definitions(code.co_filename).get((code.co_name, code.co_firstlineno)))


@functools.cache
def _definitions(path: str) -> dict[tuple[str, int], ast.FunctionDef]:
    """The functions of a file by their names and first lines, which are those of their decorators."""
    found = [node for node in ast.walk(ast.parse(Path(path).read_text())) if isinstance(node, ast.FunctionDef)]
    return {(node.name, min([node.lineno, *(d.lineno for d in node.decorator_list)])): node for node in found}
