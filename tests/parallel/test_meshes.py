"""Meshes by names and sizes, and what is refused."""

import jax
import numpy as np
import pytest
from jax.sharding import AxisType, Mesh

import jax_slim as slim
from jax_slim.parallel.meshes import checked_mesh


class Device:
    """Stands for a device of some process."""

    def __init__(self, number, process):
        self.id, self.process_index, self.platform = number, process, "cpu"


DEVICES = [Device(number, number // 2) for number in range(8)]


def test_sizes():
    assert dict(slim.parallel.mesh(data=-1).shape) == {"data": jax.device_count()}
    assert slim.parallel.mesh(data=1).axis_types == slim.parallel.data_mesh().axis_types
    assert dict(slim.parallel.mesh(jax.devices()[:1], data=-1, model=1).shape) == {"data": 1, "model": 1}


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (dict(model=-1), r"^mesh: sizes must have the axis 'data', got {'model': -1}"),
        (dict(data=-1, model=-1), r"^mesh: sizes must be at least 1, and one of them may be -1, got"),
        (dict(data=-1, model=0), r"^mesh: sizes must be at least 1, and one of them may be -1, got"),
        (dict(data=3), r"^mesh: sizes must multiply to the 8 devices, got {'data': 3}\. -1 takes what is left"),
        (dict(data=-1, model=3), r"^mesh: sizes must multiply to the 8 devices"),
    ],
)
def test_refusals(sizes, message):
    with pytest.raises(ValueError, match=message):
        slim.parallel.mesh(DEVICES, **sizes)


def test_every_process_must_have_a_part_in_the_mesh(monkeypatch):
    mesh = Mesh(np.asarray(jax.devices()[:1]), ("data",))
    assert checked_mesh(mesh) is mesh
    monkeypatch.setattr(jax, "process_count", lambda: 3)
    with pytest.raises(ValueError, match=r"^train: mesh must have devices of every process, got none of \[1, 2\]"):
        checked_mesh(mesh)


def test_explicit_axes_which_jax_makes_by_default_become_automatic():
    explicit = (AxisType.Explicit,) * 2
    mesh = checked_mesh(jax.make_mesh((1, 1), ("data", "model"), explicit, devices=jax.devices()[:1]))
    assert mesh == slim.parallel.mesh(jax.devices()[:1], data=1, model=1)
    assert checked_mesh(mesh) is mesh
