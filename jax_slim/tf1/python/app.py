"""`tf.app.run` and `tf.flags`: absl's, with flags read from the command line when they are first used."""

import sys
from typing import Any

from absl import app as absl_app
from absl import flags as absl_flags

from jax_slim.tf1.python import logging


class _FlagValues:
    """`FLAGS`: absl's, parsed at the first use where nobody has parsed them yet."""

    def __init__(self, wrapped: absl_flags.FlagValues) -> None:
        object.__setattr__(self, "_wrapped", wrapped)

    def __getattribute__(self, name: str) -> Any:
        wrapped = object.__getattribute__(self, "_wrapped")
        try:
            return getattr(wrapped, name)
        except absl_flags.UnparsedFlagAccessError:
            wrapped(sys.argv, known_only=True)
            return getattr(wrapped, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(object.__getattribute__(self, "_wrapped"), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(object.__getattribute__(self, "_wrapped"), name)

    def __dir__(self) -> list[str]:
        return dir(object.__getattribute__(self, "_wrapped"))

    def __getitem__(self, name: str) -> Any:
        return object.__getattribute__(self, "_wrapped")[name]

    def __setitem__(self, name: str, flag: Any) -> None:
        object.__getattribute__(self, "_wrapped")[name] = flag

    def __contains__(self, name: str) -> bool:
        return name in object.__getattribute__(self, "_wrapped")

    def __len__(self) -> int:
        return len(object.__getattribute__(self, "_wrapped"))

    def __iter__(self) -> Any:
        return iter(object.__getattribute__(self, "_wrapped"))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return object.__getattribute__(self, "_wrapped")(*args, **kwargs)


FLAGS: Any = _FlagValues(absl_flags.FLAGS)


def __getattr__(name: str) -> Any:
    return getattr(absl_flags, name)


def _old_names(function: Any) -> Any:
    """The same flag, also under the argument names of TF's first versions."""

    def define(*args: Any, **kwargs: Any) -> Any:
        for new, old in (("name", "flag_name"), ("default", "default_value"), ("help", "docstring")):
            if old in kwargs:
                kwargs[new] = kwargs.pop(old)
        return function(*args, **kwargs)

    define.__name__, define.__doc__ = function.__name__, function.__doc__
    return define


DEFINE_string = _old_names(absl_flags.DEFINE_string)
DEFINE_integer = _old_names(absl_flags.DEFINE_integer)
DEFINE_float = _old_names(absl_flags.DEFINE_float)
DEFINE_boolean = _old_names(absl_flags.DEFINE_boolean)
DEFINE_bool = DEFINE_boolean


def run(main: Any = None, argv: Any = None) -> None:
    """Parses the flags and ends the process with what `main(argv)` returns; `main` is the program's own by default.

    What is no flag, and flags that nobody defined, are left to `main`.
    """
    main = main or sys.modules["__main__"].main
    logging.get_logger()  # shows lines by itself, beside absl
    absl_app.run(main=main, argv=argv, flags_parser=_parse)


def _parse(args: Any) -> Any:
    return absl_flags.FLAGS(sys.argv if args is None else args, known_only=True)
