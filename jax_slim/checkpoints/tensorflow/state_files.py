"""`checkpoint` state files: the text beside checkpoints that says which there are, and which is the latest.

(checkpoint_state.proto of TensorFlow, in protobuf's text format)
"""

import dataclasses
import logging
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from jax_slim.checkpoints.native import CheckpointError
from jax_slim.checkpoints.tensorflow.atomic import written_whole
from jax_slim.checkpoints.tensorflow.damage import Damage
from jax_slim.checkpoints.tensorflow.paths import is_there

_NAME = "checkpoint"
_LARGEST = 1 << 24  # a file of this name and size is something else

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class CheckpointState:
    """What a state file says. Paths are as `read_checkpoint_state` completes them.

    Attributes:
      model_checkpoint_path: the latest checkpoint.
      all_model_checkpoint_paths: all that are kept, the latest last.
      all_model_checkpoint_timestamps: when each was written, in seconds since 1970; empty where nobody noted it.
      last_preserved_timestamp: the time of the last one that is kept for ever, or None.
    """

    model_checkpoint_path: str
    all_model_checkpoint_paths: tuple[str, ...] = ()
    all_model_checkpoint_timestamps: tuple[float, ...] = ()
    last_preserved_timestamp: float | None = None


def latest_checkpoint(directory: str | os.PathLike[str], latest_filename: str | None = None) -> str | None:
    """Finds the latest checkpoint in a directory by its state file, as `tf.train.latest_checkpoint` does.

    Args:
      directory: where the checkpoints and their state file are.
      latest_filename: the name of the state file; 'checkpoint' by default.

    Returns:
      The prefix, or None where there is no state file or the checkpoint that it names is not there (the log says so).

    Raises:
      CheckpointError: the state file is damaged.
    """
    state = read_checkpoint_state(directory, latest_filename)
    if state is None:
        return None
    if not is_there(state.model_checkpoint_path):
        _log.warning(
            "%s names %s, which is not there.", _state_path(directory, latest_filename), state.model_checkpoint_path
        )
        return None
    return state.model_checkpoint_path


def read_checkpoint_state(
    directory: str | os.PathLike[str], latest_filename: str | None = None
) -> CheckpointState | None:
    """Reads the state file of a directory, as `tf.train.get_checkpoint_state` does.

    Args:
      directory: where the state file is.
      latest_filename: its name; 'checkpoint' by default.

    Returns:
      What it says, relative paths now below `directory`; None where there is none.

    Raises:
      CheckpointError: it is damaged. (TensorFlow says None then, and training begins anew.)
    """
    path = _state_path(directory, latest_filename)
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckpointError(f"read_checkpoint_state: {path} cannot be read: {error.strerror or error}.") from error
    try:
        if len(data) > _LARGEST:
            raise Damage("it is far too large")
        state = _parsed(data)
    except Damage as damage:
        raise CheckpointError(
            f"read_checkpoint_state: {path} is no checkpoint state file: {damage}. Correct or delete it, and name the "
            "checkpoint itself."
        ) from None
    beginning = os.fspath(directory)
    return dataclasses.replace(
        state,
        model_checkpoint_path=os.path.join(beginning, state.model_checkpoint_path),
        all_model_checkpoint_paths=tuple(os.path.join(beginning, p) for p in state.all_model_checkpoint_paths),
    )


def update_checkpoint_state(
    directory: str | os.PathLike[str],
    model_checkpoint_path: str | os.PathLike[str],
    all_model_checkpoint_paths: Sequence[str | os.PathLike[str]] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
    save_relative_paths: bool = False,
) -> None:
    """Writes the state file of a directory, in one go, as `tf.train.update_checkpoint_state` does.

    Paths below a relative `directory` are written relative to it; absolute ones as they are, unless
    `save_relative_paths`.

    Args:
      directory: where the state file is.
      model_checkpoint_path: the latest checkpoint.
      all_model_checkpoint_paths: all that are kept; the latest is added when it is not the last of them.
      latest_filename: the name of the state file; 'checkpoint' by default.
      all_model_checkpoint_timestamps: when each of them was written, in seconds since 1970.
      last_preserved_timestamp: when the last one was written that is kept for ever.
      save_relative_paths: write absolute paths relative to `directory` too, so that it may be moved.

    Raises:
      ValueError: not one timestamp a path, or the checkpoint has the name of the state file.
      CheckpointError: it cannot be written; the former one is still there.
    """
    beginning = os.fspath(directory)
    latest = os.fspath(model_checkpoint_path)
    paths = [os.fspath(path) for path in all_model_checkpoint_paths or ()]
    if not paths or paths[-1] != latest:
        paths.append(latest)
    times = list(all_model_checkpoint_timestamps or ())
    if times and len(times) != len(paths):
        raise ValueError(
            f"update_checkpoint_state: all_model_checkpoint_timestamps must be {len(paths)}, one a path, got "
            f"{len(times)}."
        )
    path = _state_path(directory, latest_filename)
    if os.path.abspath(latest) == os.path.abspath(path):
        raise ValueError(
            f"update_checkpoint_state: model_checkpoint_path must differ from the state file, got {latest}. Choose "
            "another name."
        )

    def written(path: str) -> str:
        relative = save_relative_paths if os.path.isabs(path) else not os.path.isabs(beginning)
        return os.path.relpath(path, beginning or ".") if relative else path

    lines = [f"model_checkpoint_path: {_quoted(written(latest))}"]
    lines += [f"all_model_checkpoint_paths: {_quoted(written(path))}" for path in paths]
    lines += [f"all_model_checkpoint_timestamps: {float(time)!r}" for time in times]
    if last_preserved_timestamp is not None:
        lines.append(f"last_preserved_timestamp: {float(last_preserved_timestamp)!r}")
    try:
        with written_whole([path]) as (file,):
            file.write("".join(f"{line}\n" for line in lines).encode())
    except OSError as error:
        raise CheckpointError(
            f"update_checkpoint_state: {path} cannot be written: {error.strerror or error}. Make room, or choose "
            "another directory."
        ) from error


def _state_path(directory: str | os.PathLike[str], latest_filename: str | None) -> str:
    return os.path.join(os.fspath(directory), latest_filename or _NAME)


# A field of the text format: its name, a colon, and one or more strings (joined) or a number.
_STRING = rb"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
_SPACE = rb"(?:\s|\#[^\n]*(?:\n|$))*"
_FIELD = re.compile(
    rb"(?P<name>[A-Za-z_]\w*)"
    + _SPACE
    + rb":"
    + _SPACE
    + rb"(?P<value>"
    + _STRING
    + rb"(?:"
    + _SPACE
    + _STRING
    + rb")*"
    rb"|[-+.\w]+)" + _SPACE + rb"[;,]?" + _SPACE
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_PLAIN = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def _parsed(text: bytes) -> CheckpointState:
    found: dict[bytes, list[bytes]] = {}
    position = re.compile(_SPACE).match(text).end()  # type: ignore[union-attr]
    while position < len(text):
        match = _FIELD.match(text, position)
        if match is None:
            line = text.count(b"\n", 0, position) + 1
            raise Damage(f"line {line} is not a name, a colon and a value")
        found.setdefault(match["name"], []).append(match["value"])
        position = match.end()
    latest = found.get(b"model_checkpoint_path")
    if not latest or not (path := _unquoted(latest[-1])):
        raise Damage("it has no model_checkpoint_path")
    preserved = found.get(b"last_preserved_timestamp")
    return CheckpointState(
        path,
        tuple(_unquoted(value) for value in found.get(b"all_model_checkpoint_paths", [])),
        _numbers(found.get(b"all_model_checkpoint_timestamps", [])),
        _numbers(preserved[-1:])[0] if preserved else None,
    )


def _numbers(values: Iterable[bytes]) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in values)
    except ValueError as error:
        raise Damage(f"a time in it is no number ({error})") from None


def _quoted(text: str) -> str:
    def escaped(byte: int) -> str:
        character = chr(byte)
        if character in "\"'\\":
            return f"\\{character}"
        if character in "\n\r\t":
            return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
        return character if 0x20 <= byte < 0x7F else f"\\{byte:03o}"

    return '"' + "".join(escaped(byte) for byte in os.fsencode(text)) + '"'


def _unquoted(value: bytes) -> str:
    pieces = re.findall(_STRING, value)
    if not pieces:
        raise Damage("a path in it is not in quotes")
    joined = b"".join(piece[1:-1] for piece in pieces)

    def plain(match: re.Match[bytes]) -> bytes:
        octal, hexadecimal, other = match.groups()
        if octal or hexadecimal:
            return bytes([(int(octal, 8) if octal else int(hexadecimal, 16)) & 0xFF])
        return _PLAIN.get(other, other)

    path = os.fsdecode(_ESCAPE.sub(plain, joined))
    if "\0" in path:
        raise Damage("a path in it has a zero byte")
    return path
