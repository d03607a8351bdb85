"""Options that come from several places: a flag, a file, an earlier run, a default."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from jax_slim.cli.failures import UsageError, near_names


class Flag(NamedTuple):
    """One option.

    Attributes:
      name: without the dashes in front.
      kind: str, int, float or bool.
      default: what it is where nobody says; None for nothing.
      help: for --help.
      choices: the values it may have, or None.
    """

    name: str
    kind: type
    default: Any
    help: str
    choices: Sequence[str] | None = None


Groups = Mapping[str, Sequence[Flag]]


def defaults(flags: Iterable[Flag]) -> dict[str, Any]:
    """What flags are where nobody gives them."""
    return {flag.name: flag.default for flag in flags}


def add_flags(parser: argparse.ArgumentParser, groups: Groups) -> None:
    """Adds the flags, and `--config`. What was not given does not appear among the parsed options."""
    parser.add_argument("--config", metavar="TOML", help="a file with any of these options; flags come before it")
    for title, flags in groups.items():
        group = parser.add_argument_group(title)
        for flag in flags:
            text = flag.help + ("" if flag.default is None or flag.kind is bool else f" (default {flag.default})")
            text = text.replace("%", "%%")
            if flag.kind is bool:
                kind: dict[str, Any] = {"type": _boolean, "nargs": "?", "const": True, "metavar": "BOOL"}
            else:
                kind = {"type": flag.kind, "choices": flag.choices}
                if flag.choices is None:
                    kind["metavar"] = {str: "TEXT", int: "N", float: "X"}[flag.kind]
            group.add_argument(f"--{flag.name}", default=argparse.SUPPRESS, help=text, **kind)


def merged(
    options: argparse.Namespace, groups: Groups, earlier: Mapping[str, Any], file: Mapping[str, Any]
) -> argparse.Namespace:
    """The options in force: flags before the file, that before those of an earlier run, these before defaults.

    Raises:
      UsageError: the file has an option that there is not, or a value of another kind.
    """
    flags = {flag.name: flag for members in groups.values() for flag in members}
    chosen = {name: flag.default for name, flag in flags.items()}
    chosen |= {name: value for name, value in earlier.items() if name in flags}
    for name, value in file.items():
        if name not in flags:
            raise UsageError(f"{options.config}: there is no option {name!r}.{near_names(name, flags)}")
        chosen[name] = _checked(options.config, flags[name], value)
    chosen |= {name: value for name, value in vars(options).items() if name in flags}
    return argparse.Namespace(**chosen)


def listed(text: str | None) -> list[str]:
    """'a, b' -> ['a', 'b']: what research/slim's flags take as one string."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _boolean(text: str) -> bool:
    if text.lower() in ("true", "1", "yes", "t", "y"):
        return True
    if text.lower() in ("false", "0", "no", "f", "n"):
        return False
    raise argparse.ArgumentTypeError(f"must be true or false, got {text!r}")


def _checked(path: str, flag: Flag, value: Any) -> Any:
    if flag.kind is str and isinstance(value, list):
        return ",".join(map(str, value))
    if flag.kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not flag.kind:
        raise UsageError(f"{path}: {flag.name} must be of type {flag.kind.__name__}, got {value!r}.")
    if flag.choices is not None and value not in flag.choices:
        raise UsageError(f"{path}: {flag.name} must be one of {', '.join(flag.choices)}, got {value!r}.")
    return value
