"""tf.nest: structures taken apart and put together, and how they are compared."""

import collections

import pytest

import jax_slim.tf1 as tf

nest = tf.contrib.framework.nest
Pair = collections.namedtuple("Pair", "a b")


def test_structures_keep_their_kinds():
    whole = collections.OrderedDict([("z", Pair(1, [2, 3])), ("a", (4,))])
    assert nest.flatten(whole) == [4, 1, 2, 3]
    doubled = nest.map_structure(lambda leaf: 2 * leaf, whole)
    assert list(doubled.items()) == [("z", Pair(2, [4, 6])), ("a", (8,))]
    assert nest.flatten_with_joined_string_paths(whole) == [("a/0", 4), ("z/a", 1), ("z/b/0", 2), ("z/b/1", 3)]


def test_shallow_structures_say_where_to_stop():
    assert nest.flatten_up_to([0, (0,)], [[1, 2], ({"k": 3},)]) == [[1, 2], {"k": 3}]
    with pytest.raises(ValueError, match="length"):
        nest.flatten_up_to([0, 0], [1, 2, 3])
    assert nest.map_structure_up_to([0, 0], len, [[1, 2], [3]]) == [2, 1]


@pytest.mark.parametrize(
    ("one", "other", "error"),
    [([1], (1,), TypeError), ([1], [1, 2], ValueError), ([1], [[1]], ValueError), ({"a": 1}, {"b": 1}, ValueError)],
)
def test_structures_that_differ_are_refused(one, other, error):
    with pytest.raises(error):
        tf.nest.assert_same_structure(one, other)


def test_types_need_not_be_compared():
    tf.nest.assert_same_structure([1], (1,), check_types=False)
    tf.nest.assert_same_structure(Pair(1, 2), Pair(3, 4))
