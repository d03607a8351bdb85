"""What a step tells of numbers that are not finite."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim.kernels.compiling import jit
from jax_slim.learning.numerics import diagnose

# Finite, and some so large that plain sums of them are not. In the order in which `jit` takes a dict.
VALUES = {
    "byte": np.ones((2, 3), jnp.float8_e5m2), "complex": np.ones((2, 2), np.complex64),
    "half": np.full((4, 2), 6e4, np.float16),
    "none": np.ones((0, 3), np.float32), "nothing": np.ones(0, np.float32), "scalar": np.float32(3),
    "step": np.int32(7), "vector": np.ones(5, np.float32), "weights": np.full((3, 3, 4, 6), 1e38, np.float32),
    "wide": -np.full((2, 9), 3e38, np.float32),
}  # fmt: skip


@pytest.fixture(scope="module")
def search():
    return jax.jit(diagnose)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["byte", "complex", "half", "scalar", "vector", "weights", "wide"])
def test_an_array_with_nan_or_infinity_is_named_and_no_other_however_large(search, name, bad):
    changed = np.array(VALUES[name])
    changed.flat[changed.size // 2] = bad
    values = VALUES | {name: changed}
    only = [other == name for other in VALUES]
    found = search(jnp.nan, values, VALUES, {"images": VALUES["wide"]})
    assert found.variables.tolist() == only
    assert not found.gradients.any()
    assert not found.entries["batch['images']"]
    found = search(jnp.nan, VALUES, values, {"images": values["wide"]})
    assert not found.variables.any()
    assert found.gradients.tolist() == only
    assert found.entries["batch['images']"] == (name == "wide")


def test_nothing_is_looked_for_while_the_loss_is_finite(search):
    bad = VALUES | {"vector": np.full(5, np.nan, np.float32)}
    found = search(jnp.float32(1), bad, bad, {"images": VALUES["wide"]})
    assert not found.variables.any()
    assert not found.gradients.any()


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="libraries for sums are a CPU's")
def test_the_search_is_compiled_to_few_kernels_however_many_shapes_there_are():
    def kernels(count):
        arrays = {f"{at}": jax.ShapeDtypeStruct((3, at + 2, 8 * (at + 1)), jnp.float32) for at in range(count)}
        return jit(diagnose).lower(jnp.nan, arrays, {}).compile().as_text().count("kind=kLoop")

    assert kernels(8) < kernels(4) + 4
