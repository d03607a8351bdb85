"""What zip archives hold."""

import struct
import zipfile

DAMAGED = (OSError, ValueError, RuntimeError, NotImplementedError, OverflowError, struct.error, zipfile.BadZipFile)
"""What `zipfile` raises for archives that are damaged, or of a kind that it does not know."""


def members(path: str) -> list[str]:
    """The names of what an archive holds; [] of what is none, or damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except DAMAGED:
        return []
