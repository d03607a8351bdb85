"""`ArrangedOnce`: weights are kept in the form that programs take, and in no other."""

import jax.numpy as jnp
import numpy as np

from jax_slim.inference.arranging import ArrangedOnce

WHOLE = {name: jnp.asarray(np.full((2, 2), number, np.float32)) for number, name in enumerate("abc")}
HALF = jnp.asarray(np.zeros(4, jnp.bfloat16))


def test_weights_of_fewer_digits_are_made_again_for_who_reads_them():
    made = []

    def again():
        made.append(1)
        return WHOLE

    kept = ArrangedOnce(WHOLE, again)
    arrays = kept.shared({"a": HALF, "b": WHOLE["b"]})
    assert arrays["a"] is HALF and arrays["b"] is WHOLE["b"]
    assert list(kept) == ["a", "b", "c"] and len(kept) == 3
    assert kept["b"] is WHOLE["b"] and kept["c"] is WHOLE["c"] and made == []
    assert kept["a"] is WHOLE["a"] and made == [1]
    assert kept["a"] is WHOLE["a"] and made == [1]  # until a program takes them in few digits again
    kept.shared({"a": HALF})
    assert kept["a"] is WHOLE["a"] and made == [1, 1]


def test_nothing_is_let_go_that_could_not_be_made_again():
    kept = ArrangedOnce(WHOLE, dict)
    kept.shared({"a": WHOLE["a"], "b": WHOLE["b"]})  # a program of float32: what they were made of is let go
    kept.shared({"a": HALF, "c": HALF})
    assert kept["a"] is WHOLE["a"] and kept["c"] is WHOLE["c"]
