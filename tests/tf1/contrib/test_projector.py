"""`tf.contrib.tensorboard.plugins.projector`."""

from google.protobuf import text_format

import jax_slim.tf1 as tf


def test_the_configuration_lies_beside_the_events(tmp_path):
    projector = tf.contrib.tensorboard.plugins.projector
    config = projector.ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name, embedding.metadata_path = "words", "labels.tsv"
    with tf.Graph().as_default():
        writer = tf.summary.FileWriter(str(tmp_path / "log"))
        projector.visualize_embeddings(writer, config)
        writer.close()
    text = (tmp_path / "log" / "projector_config.pbtxt").read_text()
    assert text_format.Parse(text, projector.ProjectorConfig()) == config
