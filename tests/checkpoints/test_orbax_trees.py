"""Trees that others saved with orbax: leaves by their keys, each read alone."""

import shutil

import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest

import jax_slim as slim
from jax_slim.checkpoints import CheckpointError, open_checkpoint

TREE = {
    "params": {"conv": {"kernel": np.arange(4.0).reshape(2, 2), "bias": np.zeros(3, np.float32)}},
    "opt": [jnp.ones(2, jnp.bfloat16), {"count": 3}],
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    directory = tmp_path_factory.mktemp("orbax")
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(directory / "tree", TREE)
    with ocp.CheckpointManager(directory / "manager") as manager:
        for step in (9, 10):
            manager.save(step, args=ocp.args.StandardSave(TREE | {"step": np.int32(step)}))
        manager.wait_until_finished()
    return directory


@pytest.mark.parametrize("path", ["tree", "manager", "manager/9", "manager/10/default"])
def test_reads(saved, path):
    with open_checkpoint(saved / path) as checkpoint:
        assert set(checkpoint) - {"step"} == {"params/conv/kernel", "params/conv/bias", "opt/0", "opt/1/count"}
        assert checkpoint.entries()["params/conv/kernel"] == (np.float64, (2, 2))
        np.testing.assert_array_equal(checkpoint["params/conv/kernel"], [[0, 1], [2, 3]])
        assert checkpoint["opt/0"].dtype == jnp.bfloat16
        assert checkpoint["opt/1/count"] == 3
        if path.startswith("manager"):
            assert checkpoint["step"] == (9 if path == "manager/9" else 10)


def manager(path, step, tree=None, **options):
    items = {"item_names": tuple(tree)} if tree else {}
    with ocp.CheckpointManager(path, options=ocp.CheckpointManagerOptions(**options), **items) as made:
        saved = {name: ocp.args.StandardSave(value) for name, value in (tree or {}).items()}
        args = ocp.args.Composite(**saved) if tree else ocp.args.StandardSave({"a": np.int32(step)})
        made.save(step, args=args)
        made.wait_until_finished()


def test_managers_that_number_their_steps_otherwise(tmp_path):
    for step in (9, 10):
        manager(tmp_path / "prefixed", step, step_prefix="ckpt")
        manager(tmp_path / "padded", step, step_format_fixed_length=8)
    for name in ("prefixed", "padded"):
        with open_checkpoint(tmp_path / name) as checkpoint:
            assert checkpoint["a"] == 10
    manager(tmp_path / "prefixed", 3, step_prefix="other")
    with pytest.raises(CheckpointError, match=r"several managers of orbax: 'ckpt', 'other'. Name a step"):
        open_checkpoint(tmp_path / "prefixed")


def test_a_manager_with_several_items(tmp_path):
    manager(tmp_path, 3, {"opt": {"m": np.zeros(2)}, "params": {"w": np.ones(2)}})
    with pytest.raises(CheckpointError, match=r"several items that orbax saved: opt, params. Name one: .*3/params"):
        open_checkpoint(tmp_path)
    with open_checkpoint(tmp_path / "3" / "params") as checkpoint:
        assert list(checkpoint) == ["w"]


def test_into_variables_by_a_map_of_names(saved):
    names = {"params/conv/kernel": "conv/weights", "params/conv/bias": "conv/biases"}
    variables = slim.Variables({"conv/weights": jnp.zeros((2, 2)), "conv/biases": jnp.ones(3)})
    found = slim.assign_from_checkpoint(saved / "tree", variables, name_map=names)
    np.testing.assert_array_equal(found["conv/weights"], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(found["conv/biases"], np.zeros(3))


@pytest.mark.parametrize("name", ["tree[1]", "back\\slash"])
def test_marks_in_the_path_are_letters_like_others(saved, tmp_path, name):
    shutil.copytree(saved / "tree", tmp_path / name)
    with open_checkpoint(tmp_path / name) as checkpoint:
        assert len(checkpoint) == 4
        np.testing.assert_array_equal(checkpoint["params/conv/kernel"], [[0, 1], [2, 3]])


def test_damaged(saved, tmp_path):
    shutil.copytree(saved / "tree", tmp_path / "tree")
    with open_checkpoint(tmp_path / "tree") as checkpoint:
        for path in (tmp_path / "tree").rglob("d/*"):
            path.write_bytes(path.read_bytes()[:10])
        with pytest.raises(CheckpointError, match="tree is damaged, or cannot be read"):
            checkpoint["params/conv/kernel"]
    (tmp_path / "tree" / "manifest.ocdbt").write_bytes(b"x")
    (tmp_path / "tree" / "_METADATA").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="tree is damaged, or cannot be read"):
        open_checkpoint(tmp_path / "tree")
