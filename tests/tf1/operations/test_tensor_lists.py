"""TensorLists, element by element and as arrays in compiled loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim.tf1.graph import dtypes, errors
from jax_slim.tf1.operations import tensor_lists as lists

ANY = np.int32(-1)
F32 = dtypes.float32


def stack(value):
    return lists.tensor_list_stack(value, ANY, element_dtype=F32, num_elements=-1)


def set_item(value, place, item, **more):
    return lists.tensor_list_set_item(value, place, item, **{"resize_if_index_out_of_bounds": False, **more})


def test_what_was_not_written_reads_as_zeros():
    value = set_item(lists.tensor_list_reserve(ANY, np.int32(3)), np.int32(1), np.float32([1, 2]))
    np.testing.assert_array_equal(stack(value), [[0, 0], [1, 2], [0, 0]])
    np.testing.assert_array_equal(lists.tensor_list_get_item(value, np.int32(2), ANY, element_dtype=F32), [0, 0])
    empty = lists.tensor_list_reserve(ANY, np.int32(1))
    np.testing.assert_array_equal(
        lists.tensor_list_get_item(empty, np.int32(0), np.int32([2]), element_dtype=F32), [0, 0]
    )
    with pytest.raises(errors.InvalidArgumentError, match="uninitialized"):
        stack(empty)


def test_pushing_popping_resizing_and_joining():
    value = lists.empty_tensor_list(ANY, np.int32(-1))
    for number in range(3):
        value = lists.tensor_list_push_back(value, np.float32(number))
    rest, last = lists.tensor_list_pop_back(value, ANY, element_dtype=F32)
    assert (last, rest.size, lists.tensor_list_length(value)) == (2, 2, 3)
    np.testing.assert_array_equal(stack(lists.tensor_list_resize(value, np.int32(5))), [0, 1, 2, 0, 0])
    np.testing.assert_array_equal(stack(lists.tensor_list_resize(value, np.int32(2))), [0, 1])
    np.testing.assert_array_equal(stack(lists.tensor_list_concat_lists(value, rest)), [0, 1, 2, 0, 1])
    np.testing.assert_array_equal(
        stack(set_item(rest, np.int32(3), np.float32(9), resize_if_index_out_of_bounds=True)), [0, 1, 0, 9]
    )
    with pytest.raises(errors.InvalidArgumentError, match="element 3 in a list with 3"):
        set_item(value, np.int32(3), np.float32(1))


def test_parts_of_tensors():
    value = lists.tensor_list_from_tensor(np.arange(6, dtype=np.float32).reshape(3, 2), ANY)
    np.testing.assert_array_equal(
        lists.tensor_list_gather(value, np.int32([2, 0]), ANY, element_dtype=F32), [[4, 5], [0, 1]]
    )
    spread = lists.tensor_list_scatter_v2(np.float32([1, 2]), np.int32([3, 1]), ANY, np.int32(-1))
    np.testing.assert_array_equal(stack(spread), [0, 2, 0, 1])
    pieces = lists.tensor_list_split(np.arange(3, dtype=np.float32), ANY, np.int64([2, 1]))
    joined, lengths = lists.tensor_list_concat(pieces)
    assert (joined.tolist(), lengths.tolist()) == ([0, 1, 2], [2, 1])


@pytest.mark.parametrize("count", [3, 12])
def test_places_that_a_program_computes(count):
    def program(tensor, place):
        value = lists.tensor_list_from_tensor(tensor, ANY)
        value = set_item(value, place, tensor[0] + 10)
        new = set_item(lists.tensor_list_reserve(ANY, np.int32(count)), place, tensor[1])
        return stack(value), stack(new), lists.tensor_list_get_item(value, place, ANY, element_dtype=F32)

    tensor = jnp.arange(2.0 * count).reshape(count, 2)
    changed, new, item = jax.jit(program)(tensor, 2)
    want = np.asarray(tensor).copy()
    want[2] = [10, 11]
    np.testing.assert_array_equal(changed, want)
    np.testing.assert_array_equal(item, [10, 11])
    np.testing.assert_array_equal(new[2], [2, 3])
    assert np.abs(new).sum() == 5
