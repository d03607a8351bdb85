"""The numbers of types in messages: `types_pb2`."""

from typing import Any


def __getattr__(name: str) -> Any:
    from tensorboard.compat.proto import types_pb2

    return getattr(types_pb2, name)
