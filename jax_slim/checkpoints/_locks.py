"""A directory that one run alone writes in: a lock that the system lets go of when its process ends, anyhow."""

import os
from typing import Any

try:
    import fcntl
except ImportError:  # Windows has no such thing
    fcntl: Any = None


class Lock:
    """Holds a directory until `release`, or until nothing refers to this object any more.

    Args:
      directory: an existing one.

    Raises:
      BlockingIOError: another process, or another object of this one, holds it.
    """

    def __init__(self, directory: str) -> None:
        self._descriptor: int | None = None
        if fcntl is None:
            return
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:  # a file system without locks
            os.close(descriptor)
            return
        self._descriptor = descriptor

    def release(self) -> None:
        """Lets go of the directory. Calling it again does nothing."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __del__(self) -> None:
        self.release()
