"""Checkpoints of `learning.train` as readers give them: TensorFlow's names for what it has, bit for bit."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_slim as slim
from jax_slim.checkpoints import CheckpointError, Checkpoints, MissingCheckpointError, open_checkpoint
from jax_slim.checkpoints.reading import described
from jax_slim.checkpoints.training_runs import open_newest
from jax_slim.learning.saving import averages_of, named_arrays


def state_of(optimizer, moving_average=None):
    """A training state after no step, every array filled with a number of its own."""

    def loss_fn(batch):
        net = slim.batch_norm(batch, scope="norm")
        return jnp.sum(slim.fully_connected(net, 2, scope="fc"))

    train_op = slim.learning.create_train_op(loss_fn, optimizer, moving_average=moving_average)
    state = train_op.init(jax.random.key(0), np.ones((4, 3), np.float32))
    leaves, structure = jax.tree.flatten(state)
    numbered = [
        leaf if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else jnp.full_like(leaf, number)
        for number, leaf in enumerate(leaves)
    ]
    return jax.tree.unflatten(structure, numbered)


def save(directory, state, step=3):
    facts = {"variables": described(state.variables), "averages": averages_of(state)}
    with Checkpoints(directory) as checkpoints:
        checkpoints.save(step, named_arrays(state), facts)


def test_the_slots_of_tensorflows_optimizers_and_averages_have_its_names(tmp_path):
    average = slim.optimizers.ExponentialMovingAverage(0.9)
    optimizer = slim.optimizers.AdamOptimizer(0.1)
    state = state_of(optimizer, average)
    save(tmp_path, state)
    expected = dict(state.variables) | slim.optimizers.slot_variables(state.optimizer)
    expected |= dict(average.shadow_variables(state.averages))
    with open_checkpoint(tmp_path) as checkpoint:
        assert checkpoint.path == str(tmp_path / "3")
        assert set(expected) | {"optimizer/count", "rng"} == set(checkpoint)
        for name, value in expected.items():
            np.testing.assert_array_equal(checkpoint[name], value, err_msg=name)
            assert checkpoint.entries()[name] == (value.dtype, value.shape)
        assert {name: checkpoint.kinds[name] for name in ("fc/weights", "norm/moving_mean", "rng")} == {
            "fc/weights": "variable",
            "norm/moving_mean": "variable",
            "rng": "state",
        }
        assert checkpoint.kinds["fc/weights/ExponentialMovingAverage"] == "average"
        for name in ("fc/weights/Adam_1", "beta1_power", "optimizer/count"):
            assert checkpoint.kinds[name] == "optimizer"
        assert checkpoint.facts == state.variables.facts
        # What optimizers read from TensorFlow's checkpoints they read from these.
        again = slim.optimizers.with_slot_variables(optimizer.init(state.variables.trainable), checkpoint)
        shadows = average.with_shadow_variables(average.init(state.variables.trainable), checkpoint)
    assert jax.tree.all(jax.tree.map(np.array_equal, again.slots, state.optimizer.slots))
    assert jax.tree.all(jax.tree.map(np.array_equal, shadows.shadows, state.averages.shadows))


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (optax.sgd(0.1, momentum=0.9), {"Momentum"}),
        (optax.chain(optax.clip(1.0), optax.adamw(0.1)), {"Adam", "Adam_1"}),
        (optax.adagrad(0.1), {"Adagrad"}),
        (optax.rmsprop(0.1), set()),  # its mean starts and moves otherwise than TensorFlow's
        (optax.sgd(0.1), set()),
    ],
)
def test_the_state_of_optax_where_tensorflow_has_the_same(tmp_path, optimizer, slots):
    state = state_of(optimizer)
    save(tmp_path, state)
    arrays = named_arrays(state)
    with open_checkpoint(tmp_path) as checkpoint:
        found = {name.rpartition("/")[2] for name in checkpoint if name.startswith("fc/weights/")}
        assert found == slots
        assert len(checkpoint) == len(arrays)
        if slots == {"Momentum"}:
            trace = next(value for name, value in arrays.items() if name.endswith("trace/fc/weights"))
            np.testing.assert_array_equal(checkpoint["fc/weights/Momentum"], trace)
        assert all(checkpoint.kinds[name] == "optimizer" for name in checkpoint if name.startswith("optimizer/"))


def test_two_optimizers_with_slots_of_one_name_keep_all_arrays(tmp_path):
    state = state_of(optax.chain(optax.trace(0.9), optax.trace(0.5)))
    save(tmp_path, state)
    with open_checkpoint(tmp_path) as checkpoint:
        assert len(checkpoint) == len(named_arrays(state))
        assert "fc/weights/Momentum" in checkpoint
        assert "optimizer/1/trace/fc/weights" in checkpoint


def test_variables_called_like_state_are_variables(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        arrays = {"variables/rng": np.ones(2), "variables/optimizer/w": np.ones(3), "rng": np.zeros(2, np.uint32)}
        checkpoints.save(0, arrays, {"variables": {}})
    with open_checkpoint(tmp_path) as checkpoint:
        assert {name for name in checkpoint if checkpoint.kinds[name] == "variable"} == {"rng", "optimizer/w"}
        np.testing.assert_array_equal(checkpoint["rng"], [1, 1])
        assert checkpoint.kinds["state/rng"] == "state"
    assert set(slim.checkpoints.load_variables(tmp_path)) == {"rng", "optimizer/w"}


def test_random_keys_are_listed_as_numbers(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(0, {"rng": jax.random.key(7), "variables/empty": np.zeros((0, 3))})
    with open_checkpoint(tmp_path) as checkpoint:
        np.testing.assert_array_equal(checkpoint["rng"], jax.random.key_data(jax.random.key(7)))
        assert checkpoint.entries()["rng"] == (np.uint32, (2,))
        assert checkpoint["empty"].shape == (0, 3)


def test_checksums_are_looked_at_once(tmp_path, monkeypatch):
    from jax_slim.checkpoints import _manifest

    save(tmp_path, state_of(optax.sgd(0.1)))
    verify, calls = _manifest.verify, []
    monkeypatch.setattr(_manifest, "verify", lambda *args: (calls.append(args), verify(*args)))
    with open_checkpoint(tmp_path) as checkpoint:
        assert not calls
        for name in checkpoint:
            checkpoint[name]
    assert len(calls) == 1


def change_byte(path):
    data = bytearray(path.read_bytes())
    data[-100] ^= 16
    path.write_bytes(data)


def test_damage_is_found_when_arrays_are_read_and_listing_needs_the_manifest_alone(tmp_path):
    save(tmp_path, state_of(optax.sgd(0.1)))
    largest = max(
        (path for path in (tmp_path / "3" / "arrays").rglob("*") if path.is_file()), key=lambda p: p.stat().st_size
    )
    change_byte(largest)
    with open_checkpoint(tmp_path) as checkpoint:
        assert checkpoint.entries()["fc/weights"].shape == (3, 2)
        with pytest.raises(CheckpointError, match=r"3 is damaged: .* is corrupt: its checksum differs"):
            checkpoint["fc/weights"]
    with pytest.raises(CheckpointError, match="is damaged"):
        slim.checkpoints.load_variables(tmp_path)
    change_byte(tmp_path / "3" / "checkpoint.json")
    with pytest.raises(CheckpointError, match=r"3 is damaged: checkpoint.json is corrupt"):
        open_checkpoint(tmp_path)


def test_a_checkpoint_that_is_deleted_while_it_is_opened_gives_way_to_a_newer_one(tmp_path, monkeypatch):
    import shutil

    from jax_slim.checkpoints import training_runs

    save(tmp_path, state_of(optax.sgd(0.1)), 3)
    save(tmp_path, state_of(optax.sgd(0.1)), 4)
    found = [str(tmp_path / "3"), str(tmp_path / "4")]
    shutil.rmtree(found[0])
    monkeypatch.setattr(training_runs, "training_checkpoint", lambda path: found.pop(0))
    assert open_newest(str(tmp_path)).path == str(tmp_path / "4")
    monkeypatch.undo()
    with pytest.raises(MissingCheckpointError, match="There is no checkpoint in"):
        open_newest(str(tmp_path / "none"))


def test_load_variables_starts_again_when_the_run_deletes_what_it_reads(tmp_path, monkeypatch):
    import shutil

    from jax_slim.checkpoints import reading

    save(tmp_path, state_of(optax.sgd(0.1)), 3)
    real, calls = reading.open_checkpoint, []

    def opened(path):
        calls.append(path)
        checkpoint = real(path)
        if len(calls) == 1:
            save(tmp_path, state_of(optax.sgd(0.1)), 4)
            shutil.rmtree(tmp_path / "3")
        return checkpoint

    monkeypatch.setattr(reading, "open_checkpoint", opened)
    assert "fc/weights" in slim.checkpoints.load_variables(tmp_path)
    assert len(calls) == 2
