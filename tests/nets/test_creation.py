"""`create_model`: sizes, preprocessing, weights, and what it refuses."""

import re
from pathlib import Path

import jax
import numpy as np
import pytest

import golden
import jax_slim as slim
from jax_slim.nets import nets_factory
from jax_slim.nets.registry import ROWS
from jax_slim.preprocessing.preprocessing_factory import get_preprocessing

KEY = jax.random.key(0)
PHOTO = np.random.default_rng(0).integers(0, 256, (60, 50, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "classes", "size", "preprocessing", "background"),
    [
        ("resnet_v1_50", 1000, 224, "vgg", 0),
        ("resnet_v2_50", 1001, 299, "inception", 1),
        ("inception_v3", 1001, 299, "inception", 1),
        ("mobilenet_v1_025", 1001, 128, "inception", 1),
        ("alexnet_v2", 1000, 224, "vgg", 0),
        ("lenet", 10, 28, "lenet", 0),
        ("cifarnet", 10, 32, "cifarnet", 0),
    ],
)
def test_is_as_published(name, classes, size, preprocessing, background):
    model = slim.nets.create_model(name)
    assert (model.name, model.num_classes, model.image_size, model.preprocessing) == (
        name, classes, size, preprocessing,
    )  # fmt: skip
    assert model.background == background
    assert model.input_shape == (size, size, 1 if name == "lenet" else 3)


def test_other_classes_mean_the_nets_own_size():
    model = slim.nets.create_model("resnet_v2_50", num_classes=5)
    assert (model.image_size, model.preprocessing) == (224, "vgg")
    assert model.background == 0


@pytest.mark.parametrize("name", ROWS)
def test_every_net_is_there_with_its_head(name):
    """Fast: the files are imported, no net is traced."""
    row = ROWS[name]
    function = nets_factory.networks_map[name]
    assert function.default_image_size > 0
    assert callable(nets_factory.arg_scopes_map[name](weight_decay=1e-4).get) or row
    model = slim.nets.create_model(name)
    if row.frames is None:
        assert model.preprocessing in ("cifarnet", "deeplab", "imagenet", "inception", "lenet", "ssd", "ssd_vgg", "vgg")
    else:
        assert model.preprocessing is None
        with pytest.raises(ValueError, match="nets of video have no preprocessing"):
            model.preprocess(PHOTO)


STRUCTURES = {
    case["fn"].rpartition(".")[2]: case
    for case in golden.cases("nets").values()
    if case["kind"] == "structure" and not case["fn"].startswith("contrib") and "variables" in case
}


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.function in STRUCTURES])
def test_the_head_is_what_depends_on_the_classes(name):
    listed = STRUCTURES[ROWS[name].function]["variables"]
    classes = STRUCTURES[ROWS[name].function]["kwargs"].get("num_classes", 1001)
    ours = [name_of for name_of, *_ in listed if name_of.startswith(ROWS[name].head)]
    depending = [name_of for name_of, shape, _ in listed if shape[-1:] == [classes]]
    assert depending
    assert set(depending) <= set(ours)


def test_preprocesses_as_the_factory():
    model = slim.nets.create_model("mobilenet_v1_025", num_classes=3, image_size=32)
    expected = get_preprocessing("mobilenet_v1")(PHOTO, 32, 32)
    np.testing.assert_array_equal(model.preprocess(PHOTO), expected)
    distorted = model.preprocess(PHOTO, is_training=True, rng=np.random.default_rng(3))
    assert distorted.shape == (32, 32, 3)


def test_a_checkpoint_gives_the_values():
    source = slim.nets.create_model("lenet", num_classes=4)
    drawn = source.init(KEY)
    model = slim.nets.create_model("lenet", num_classes=4, checkpoint=drawn)
    assert list(model.variables) == list(drawn)
    images = np.random.default_rng(1).normal(size=(2, 28, 28, 1)).astype(np.float32)
    np.testing.assert_array_equal(model.apply(model.variables, images)[0], source.apply(drawn, images)[0])
    assert model.variables.facts["LeNet/conv1/weights"].trainable


def test_another_number_of_classes_leaves_the_head_out(tmp_path):
    drawn = slim.nets.create_model("lenet", num_classes=4).init(KEY)
    slim.checkpoints.save_safetensors(tmp_path / "four.safetensors", drawn)
    model = slim.nets.create_model("lenet", num_classes=7, checkpoint=tmp_path / "four.safetensors")
    assert "LeNet/fc4/weights" not in model.variables
    variables = model.init(jax.random.key(1))
    assert variables["LeNet/fc4/weights"].shape == (1024, 7)
    np.testing.assert_array_equal(variables["LeNet/conv1/weights"], drawn["LeNet/conv1/weights"])
    part = slim.nets.create_model("lenet", num_classes=4, checkpoint=drawn, exclude="LeNet/conv")
    assert next(iter(part.variables)) == "LeNet/fc3/weights"


def test_options_reach_the_net():
    model = slim.nets.create_model("lenet", num_classes=0, dropout_keep_prob=1.0)
    assert model.num_classes is None
    features, _ = model.apply(model.init(KEY), np.zeros((1, 28, 28, 1), np.float32), is_training=True)
    assert features.shape == (1, 1024)


def test_what_is_computed_again_is_not_kept_and_changes_no_name():
    def kept(recompute):
        model = slim.nets.create_model("mobilenet_v1_025", 3, image_size=32, recompute=recompute)
        specs = model.specs(model.example(), is_training=True)
        values = {name: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for name, spec in specs.items()}
        found = []

        def pullback(values, images):
            def logits(values):
                (logits, _), collected = model.collect(values, images, is_training=True, rng=jax.random.key(0))
                found.append(sorted(collected.updates))
                return logits

            return jax.vjp(logits, values)[1]

        images = jax.ShapeDtypeStruct((16, 32, 32, 3), np.float32)
        arrays = jax.tree.leaves(jax.eval_shape(pullback, values, images))
        return sum(array.size for array in arrays), list(specs), found[0]

    everything, *names = kept(None)
    for recompute, share in (("cheap", 0.7), ("blocks", 0.6), (r"Conv2d_\d+_\w+", 0.9)):
        again, *others = kept(recompute)
        assert again < share * everything
        assert others == names


def test_refusals(tmp_path):
    with pytest.raises(ValueError, match=r"create_model: recompute must be 'all', 'blocks', .* got 'block\('"):
        slim.nets.create_model("lenet", recompute="block(")
    with pytest.raises(ValueError, match=r"create_model: kept_dtype must be a floating dtype .* got 'halved'"):
        slim.nets.create_model("lenet", kept_dtype="halved")
    with pytest.raises(ValueError, match=r"create_model: name must be .* got 'resnet_50'\. Near names: .*resnet_v"):
        slim.nets.create_model("resnet_50")
    with pytest.raises(ValueError, match="num_classes must be an int of at least 0, got -1"):
        slim.nets.create_model("lenet", num_classes=-1)
    with pytest.raises(ValueError, match="got 'nothing'"):
        slim.nets.create_model("lenet", preprocessing="nothing")
    with pytest.raises(FileNotFoundError):
        slim.nets.create_model("lenet", checkpoint=tmp_path / "none")
    other = slim.nets.create_model("cifarnet").init(KEY)
    with pytest.raises(slim.checkpoints.CheckpointError, match="LeNet/conv1/weights"):
        slim.nets.create_model("lenet", checkpoint=other)


def test_the_document_on_published_checkpoints_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[2] / "docs" / "pretrained.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    code = code.replace("resnet_v1_50", "cifarnet")  # small
    values = slim.nets.create_model("cifarnet").init(KEY)
    slim.checkpoints.tensorflow.write_checkpoint(tmp_path / "cifarnet.ckpt", values)
    from PIL import Image

    Image.fromarray(PHOTO).save("photo.jpg")
    scope = {}
    exec(compile(code, "pretrained.md", "exec"), scope)
    assert scope["logits"].shape == (1, 10)
