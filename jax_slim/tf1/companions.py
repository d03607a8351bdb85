"""What programs of TensorFlow 1's time found beside it: `six`, and names that Python and NumPy have dropped since."""

import builtins
import collections
import collections.abc
import configparser
import fractions
import functools
import html.parser
import http.client
import http.cookies
import importlib.util
import inspect
import io
import itertools
import math
import operator
import pickle
import queue
import reprlib
import sys
import time
import types
import urllib.error
import urllib.parse
import urllib.request
import urllib.response
import urllib.robotparser
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jax_slim.tf1 import dropped_names

_MOVES = {
    "range": range, "xrange": range, "zip": zip, "map": map, "filter": filter, "input": input, "reduce": functools.reduce,
    "zip_longest": itertools.zip_longest, "filterfalse": itertools.filterfalse, "intern": sys.intern, "reload_module": importlib.reload,
    "cPickle": pickle, "queue": queue, "configparser": configparser, "builtins": builtins, "reprlib": reprlib, "StringIO": io.StringIO,
    "cStringIO": io.StringIO, "html_parser": html.parser, "http_client": http.client, "http_cookies": http.cookies, "UserDict": dict,
}  # fmt: skip


# Names that NumPy dropped in 1.24 and 2.0 -> what they were.
_NUMPY = {
    "int": int, "float": float, "bool": bool, "object": object, "str": str, "complex": complex, "long": int, "unicode": str, "float_": np.float64,
    "complex_": np.complex128, "unicode_": np.str_, "string_": np.bytes_, "Inf": np.inf, "Infinity": np.inf, "infty": np.inf, "PINF": np.inf, "NINF": -np.inf,
    "NaN": np.nan, "NAN": np.nan, "product": np.prod, "cumproduct": np.cumprod, "alltrue": np.all, "sometrue": np.any, "round_": np.round,
    "asscalar": lambda a: a.item(), "rank": np.ndim, "asfarray": lambda a, dtype=np.float64: np.asarray(a, dtype=dtype),
}  # fmt: skip
_ABC = (
    "Callable",
    "Container",
    "Hashable",
    "Iterable",
    "Iterator",
    "Mapping",
    "MutableMapping",
    "MutableSequence",
    "MutableSet",
    "Sequence",
    "Set",
    "Sized",
)


def install() -> None:
    """Answers `import six` in this process, unless it is installed, and gives back names that Python and NumPy have no more."""
    if "six" not in sys.modules and importlib.util.find_spec("six") is None:
        sys.modules.update(_modules())
    dropped_names.install()
    for name, what in _NUMPY.items():
        if name not in np.__dict__:
            setattr(np, name, what)
    for name in _ABC:
        if not hasattr(collections, name):
            setattr(collections, name, getattr(collections.abc, name))
    dropped = ((time, "clock", time.perf_counter), (inspect, "getargspec", _getargspec), (fractions, "gcd", math.gcd))
    for module, name, what in dropped:
        if not hasattr(module, name):
            setattr(module, name, what)


def _getargspec(function: Any) -> Any:
    found = inspect.getfullargspec(function)
    return collections.namedtuple("ArgSpec", "args varargs keywords defaults")(
        found.args, found.varargs, found.varkw, found.defaults
    )


def _modules() -> dict[str, types.ModuleType]:
    six, moves = types.ModuleType("six", __doc__), types.ModuleType("six.moves")
    found = {"six": six, "six.moves": moves, "six.moves.urllib": urllib}
    for name in ("error", "parse", "request", "response", "robotparser"):
        found[f"six.moves.urllib.{name}"] = getattr(urllib, name)
    for name in ("cPickle", "queue", "configparser", "builtins", "html_parser", "http_client"):
        found[f"six.moves.{name}"] = _MOVES[name]
    six.__path__, moves.__path__ = [], []
    moves.__dict__.update(_MOVES, urllib=urllib, urllib_parse=urllib.parse, urllib_error=urllib.error)
    six.__dict__.update(
        PY2=False, PY3=True, PY34=True, MAXSIZE=sys.maxsize, string_types=(str,), integer_types=(int,), class_types=(type,), text_type=str,
        binary_type=bytes, unichr=chr, int2byte=operator.methodcaller("to_bytes", 1, "big"), byte2int=operator.itemgetter(0), moves=moves,
        StringIO=io.StringIO, BytesIO=io.BytesIO, Iterator=object, next=next, advance_iterator=next, callable=callable, print_=print,
        get_function_code=operator.attrgetter("__code__"), iterbytes=iter, indexbytes=operator.getitem, __version__="1.16.0",
        **{f.__name__: f for f in (iteritems, iterkeys, itervalues, viewitems, viewkeys, viewvalues, add_metaclass, with_metaclass, reraise,
                                   raise_from, ensure_str, ensure_text, ensure_binary, b, u, wraps, python_2_unicode_compatible)},
    )  # fmt: skip
    return found


def iteritems(d: Any, **kwargs: Any) -> Iterator[Any]:
    return iter(d.items(**kwargs))


def iterkeys(d: Any, **kwargs: Any) -> Iterator[Any]:
    return iter(d.keys(**kwargs))


def itervalues(d: Any, **kwargs: Any) -> Iterator[Any]:
    return iter(d.values(**kwargs))


def viewitems(d: Any) -> Any:
    return d.items()


def viewkeys(d: Any) -> Any:
    return d.keys()


def viewvalues(d: Any) -> Any:
    return d.values()


def b(text: str) -> bytes:
    return text.encode("latin-1")


def u(text: str) -> str:
    return text


def ensure_binary(text: Any, encoding: str = "utf-8", errors: str = "strict") -> bytes:
    return text if isinstance(text, bytes) else text.encode(encoding, errors)


def ensure_str(text: Any, encoding: str = "utf-8", errors: str = "strict") -> str:
    return text if isinstance(text, str) else text.decode(encoding, errors)


ensure_text = functools.wraps(ensure_str)(
    lambda text, encoding="utf-8", errors="strict": ensure_str(text, encoding, errors)
)
ensure_text.__name__ = "ensure_text"
wraps = functools.wraps


def python_2_unicode_compatible(cls: Any) -> Any:
    return cls


def raise_from(value: BaseException, from_value: BaseException | None) -> None:
    raise value from from_value


def reraise(kind: Any, value: Any, traceback: Any = None) -> None:
    value = kind() if value is None else value
    raise value.with_traceback(traceback)


def add_metaclass(metaclass: type) -> Callable[[type], Any]:
    """A decorator that makes a class anew, with a metaclass."""

    def made(cls: type) -> Any:
        members = {k: v for k, v in cls.__dict__.items() if k not in ("__dict__", "__weakref__")}
        for slot in (
            [members["__slots__"]] if isinstance(members.get("__slots__"), str) else members.get("__slots__", ())
        ):
            members.pop(slot, None)
        return metaclass(cls.__name__, cls.__bases__, members)

    return made


def with_metaclass(meta: type, *bases: type) -> Any:
    """A base class for classes with a metaclass."""

    class Between(type):
        def __new__(cls, name: str, _: Any, members: Any) -> Any:
            return meta(name, bases, members)

    return type.__new__(Between, "temporary_class", (), {})
