"""A pickle of tensors, read without running anything: an interpreter of the few operations that such a pickle needs.

`pickle` would call whatever the file names. Here a name is a text, and only the names of tensors mean something.
"""

import pickletools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

_REBUILDS = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor")
_DICTS = ("collections.OrderedDict", "builtins.dict", "__builtin__.dict")
_PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
_STORAGES = {
    "torch.FloatStorage": "float32",
    "torch.DoubleStorage": "float64",
    "torch.HalfStorage": "float16",
    "torch.BFloat16Storage": "bfloat16",
    "torch.LongStorage": "int64",
    "torch.IntStorage": "int32",
    "torch.ShortStorage": "int16",
    "torch.CharStorage": "int8",
    "torch.ByteStorage": "uint8",
    "torch.BoolStorage": "bool",
}
_AXES, _LONGEST = 32, 1 << 31  # of a tensor
_KNOWN = {*_REBUILDS, *_DICTS, *_PARAMETERS, *_STORAGES, "torch.Size", "torch.device"}

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_PLAIN = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES",
}  # fmt: skip
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_PASSED = {"PROTO", "FRAME"}


class Refused(ValueError):
    """The pickle has something else than tensors, or is damaged."""


class Storage(NamedTuple):
    """The numbers that tensors show, by the key under which the file has them."""

    key: str
    dtype: str
    size: int


class Tensor(NamedTuple):
    """Where a tensor's numbers are in its storage: counted in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Name(str):
    """A class or function that the pickle names."""


def read_pickle(file: Any) -> Any:
    """The object that the next pickle in `file` holds: dicts, lists, tuples, numbers, texts and `Tensor`.

    Raises:
      Refused: it names something else, or is damaged.
    """
    try:
        return _Reader().run(file)
    except Refused:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise Refused(f"its pickle is damaged ({_first(error)})") from error


class _Reader:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self, file: Any) -> Any:
        for code, argument, _ in pickletools.genops(file):
            if code.name == "STOP":
                return self.stack.pop()
            self.step(code.name, argument)
        raise Refused("its pickle is damaged (it has no end)")

    def step(self, code: str, argument: Any) -> None:
        stack = self.stack
        if code in _PLAIN:
            stack.append(argument)
        elif code in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = stack[-1]
        elif code == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif code in ("BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif code == "MARK":
            self.marks.append(len(stack))
        elif code in _CONSTANTS:
            stack.append(_CONSTANTS[code])
        elif code in _EMPTY:
            stack.append(_EMPTY[code]())
        elif code in _TUPLES:
            count = _TUPLES[code]
            if len(stack) < count:
                raise IndexError("pop from an empty stack")
            stack[-count:] = [tuple(stack[-count:])]
        elif code == "TUPLE":
            stack.append(tuple(self.marked()))
        elif code == "LIST":
            stack.append(self.marked())
        elif code == "APPEND":
            item = stack.pop()
            _of(list, stack[-1]).append(item)
        elif code == "APPENDS":
            items = self.marked()
            _of(list, stack[-1]).extend(items)
        elif code == "SETITEM":
            value, key = stack.pop(), stack.pop()
            _of(dict, stack[-1])[_key(key)] = value
        elif code == "SETITEMS":
            items = self.marked()
            _of(dict, stack[-1]).update((_key(key), value) for key, value in zip(items[::2], items[1::2], strict=True))
        elif code == "GLOBAL":
            stack.append(_name(argument.replace(" ", ".", 1)))
        elif code == "STACK_GLOBAL":
            name, module = _of(str, stack.pop()), _of(str, stack.pop())
            stack.append(_name(f"{module}.{name}"))
        elif code == "BINPERSID":
            stack.append(_storage(stack.pop()))
        elif code == "REDUCE":
            arguments = _of(tuple, stack.pop())
            stack.append(_made(stack.pop(), arguments))
        elif code == "BUILD":
            _of(dict, stack.pop())  # what PyTorch tells of versions, on the dict of tensors
            _of(dict, stack[-1])
        elif code not in _PASSED:
            raise Refused(f"its pickle has the operation {code}, which tensors do not need")

    def marked(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items


def _name(name: str) -> _Name:
    if name not in _KNOWN:
        raise Refused(f"it asks for {name[:80]}, and not only tensors")
    return _Name(name)


def _storage(told: Any) -> Storage:
    kind, dtype, key, _, size, *_ = _of(tuple, told)
    # Neither hashes nor texts of what a file made up: of tuples within tuples they can take forever.
    if _of(str, kind) != "storage" or _of(str, dtype) not in _STORAGES:
        raise Refused(f"its pickle is damaged (a {kind[:40]} of {dtype[:80]})")
    _of(str, key)
    return Storage(key, _STORAGES[dtype], _count(size))


def _made(function: Any, arguments: tuple[Any, ...]) -> Any:
    if not isinstance(function, _Name):
        raise Refused("its pickle calls what is no function of tensors")
    if function in _DICTS:
        return dict(*(_pairs(item) for item in arguments))
    if function in _PARAMETERS:
        return arguments[0]
    if function in _REBUILDS:
        storage, offset, shape, strides = arguments[:4]
        shape, strides = tuple(map(_count, shape)), tuple(map(_count, strides))
        if len(shape) != len(strides) or len(shape) > _AXES or any(size > _LONGEST for size in shape):
            raise Refused("its pickle is damaged (a tensor of no possible shape)")
        return Tensor(_of(Storage, storage), _count(offset), shape, strides)
    return arguments[0] if arguments else ()  # a torch.Size, a device


def _pairs(items: Any) -> Mapping[Any, Any]:
    return {_key(key): value for key, value in _of(list, items)}


def _key(key: Any) -> Any:
    if not isinstance(key, str | int | float | None):
        raise Refused("its pickle is damaged (a dict with keys that are no texts)")
    return key


def _count(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise Refused("its pickle is damaged (a size that is none)")
    return number


def _of(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise Refused(f"its pickle is damaged ({type(value).__name__} in place of {kind.__name__})")
    return value


def _first(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
