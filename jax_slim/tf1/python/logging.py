"""`tf.logging`: the Python logger 'tensorflow', with TF's levels and counting functions."""

import logging
import sys
import threading
from typing import Any

DEBUG, INFO, WARN, ERROR, FATAL = logging.DEBUG, logging.INFO, logging.WARN, logging.ERROR, logging.FATAL

_lock = threading.Lock()
_logger: logging.Logger | None = None
_counts: dict[Any, int] = {}


def get_logger() -> logging.Logger:
    """The logger 'tensorflow'. It writes to standard error where the program has configured no logging before.

    What configures it later, `tf.app.run` for one, shows each line once more, as with TensorFlow: people count them.
    """
    global _logger
    with _lock:
        if _logger is None:
            logger = logging.getLogger("tensorflow")
            if not logging.getLogger().handlers and not logger.handlers:
                handler = logging.StreamHandler(sys.stderr)
                handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
                logger.addHandler(handler)
            _logger = logger
    return _logger


_get_logger = get_logger


def log(level: Any, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs a message at a level."""
    get_logger().log(level, msg, *args, **_with_place(kwargs))


def debug(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs a message of level DEBUG."""
    get_logger().debug(msg, *args, **_with_place(kwargs))


def info(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs a message of level INFO."""
    get_logger().info(msg, *args, **_with_place(kwargs))


def warn(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs a message of level WARN."""
    get_logger().warning(msg, *args, **_with_place(kwargs))


def warning(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs a message of level WARN."""
    get_logger().warning(msg, *args, **_with_place(kwargs))


def error(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs a message of level ERROR."""
    get_logger().error(msg, *args, **_with_place(kwargs))


def fatal(msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs a message of level FATAL. The program goes on."""
    get_logger().fatal(msg, *args, **_with_place(kwargs))


def vlog(level: Any, msg: Any, *args: Any, **kwargs: Any) -> None:
    """Logs a message at a level."""
    get_logger().log(level, msg, *args, **_with_place(kwargs))


def _with_place(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The line that a record names is the caller's, not one of this file."""
    return {"stacklevel": 3, **kwargs}


def log_first_n(level: Any, msg: Any, n: int, *args: Any) -> None:
    """Logs a message the first `n` times that the line calls."""
    log_if(level, msg, _count() < n, *args)


def log_every_n(level: Any, msg: Any, n: int, *args: Any) -> None:
    """Logs a message at the first of every `n` times that the line calls."""
    log_if(level, msg, not _count() % n, *args)


def log_if(level: Any, msg: Any, condition: Any, *args: Any) -> None:
    """Logs a message if the condition holds."""
    if condition:
        vlog(level, msg, *args)


def _count() -> int:
    frame = sys._getframe(2)
    key = (frame.f_code.co_filename, frame.f_lineno)
    with _lock:
        _counts[key] = _counts.get(key, -1) + 1
        return _counts[key]


def get_verbosity() -> int:
    """The level from which on messages are shown."""
    return get_logger().getEffectiveLevel()


def set_verbosity(v: Any) -> None:
    """Sets the level from which on messages are shown."""
    get_logger().setLevel(v)


def flush() -> None:
    """Messages are written at once."""


def TaskLevelStatusMessage(msg: Any) -> None:
    """Logs a message of level ERROR."""
    error(msg)
