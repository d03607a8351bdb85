"""`tf.contrib.tensorboard.plugins.projector`: what TensorBoard needs to show embeddings."""

from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorboard.plugins.projector import projector_config_pb2

ProjectorConfig: Any = projector_config_pb2.ProjectorConfig  # pyright: ignore[reportAttributeAccessIssue] - made on import
EmbeddingInfo: Any = projector_config_pb2.EmbeddingInfo  # pyright: ignore[reportAttributeAccessIssue]
SpriteMetadata: Any = projector_config_pb2.SpriteMetadata  # pyright: ignore[reportAttributeAccessIssue]


def visualize_embeddings(summary_writer: Any, config: Any) -> None:
    """Writes `projector_config.pbtxt` beside a summary writer's events.

    Args:
      config: a `ProjectorConfig` that names tensors of a checkpoint there and their files of labels.

    Raises:
      ValueError: the writer has no folder.
    """
    logdir = summary_writer.get_logdir()
    if logdir is None:
        raise ValueError("Summary writer must have a logdir")
    path = Path(logdir)
    path.mkdir(parents=True, exist_ok=True)
    (path / "projector_config.pbtxt").write_text(text_format.MessageToString(config))
