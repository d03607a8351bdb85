"""What a program records, as TensorBoard reads it back."""

import io

import jax
import numpy as np
import pytest

import jax_slim as slim
from jax_slim.summary.events import EventWriter
from jax_slim.summary.recording import counted
from jax_slim.summary.writing import write_summaries

X = np.random.default_rng(0).normal(size=(2, 4, 3, 1)).astype(np.float32)


def program(x):
    slim.summary.scalar("mean", x.mean())
    slim.summary.histogram("values", x)
    slim.summary.image("images", x)
    slim.summary.image("one", x, max_outputs=1)
    slim.summary.text("note", ["a", "b"])


def test_every_kind_of_summary_reaches_the_file(tmp_path):
    from PIL import Image
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    summaries = jax.device_get(counted(slim.Model(program).collect({}, X)[1].summaries))
    with EventWriter(tmp_path) as writer:
        scalars = write_summaries(writer, summaries, step=7)
    assert scalars == {"mean": pytest.approx(X.mean(), rel=1e-5)}
    assert write_summaries(None, summaries, step=7) == scalars

    read = EventAccumulator(str(tmp_path)).Reload()
    assert read.Histograms("values")[0].histogram_value.num == X.size
    assert set(read.Tags()["images"]) == {"images/image/0", "images/image/1", "one/image"}
    event = read.Images("images/image/1")[0]
    assert event.step == 7
    shown = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)))
    np.testing.assert_array_equal(shown, summaries["images"].pixels[1, ..., 0])
    (text,) = read.Tensors("note")
    assert list(text.tensor_proto.string_val) == [b"a", b"b"]
