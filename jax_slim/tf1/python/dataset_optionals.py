"""`tf.data.experimental.Optional` and `get_next_as_optional`: elements that may be absent."""

from typing import Any

from jax_slim.tf1.graph import building
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python.dataset import _convert
from jax_slim.tf1.python.elements import Spec, leaf_of, pack_structure, tensor_of
from jax_slim.tf1.python.iterators import Iterator


class Optional:
    """A value of some structure, or none."""

    def __init__(self, variant: Tensor, spec: Spec) -> None:
        self._variant_tensor, self._spec = variant, spec

    value_structure = property(lambda self: self._spec.structure)

    def has_value(self, name: str | None = None) -> Tensor:
        """Whether there is a value, as a boolean tensor."""
        return building.make("OptionalHasValue", self._variant_tensor, name=name)

    def get_value(self, name: str | None = None) -> Any:
        """The value. When it is run and there is none: InvalidArgumentError."""
        made = building.make_op(
            "OptionalGetValue",
            self._variant_tensor,
            output_types=self._spec.types,
            output_shapes=self._spec.shapes,
            name=name,
        )
        return self._spec.of_operation(made)

    @staticmethod
    def from_value(value: Any) -> "Optional":
        """One with a value: a tensor, or a structure of them."""
        flat, structure = _convert(value)
        spec = Spec(pack_structure(structure, [leaf_of(part) for part in flat]))
        return Optional(building.make("OptionalFromValue", [tensor_of(part) for part in flat]), spec)

    @staticmethod
    def none_from_structure(value_structure: Any) -> "Optional":
        """One without a value, of the structure that another one's `value_structure` is."""
        return Optional(building.make("OptionalNone"), Spec(value_structure))


def get_next_as_optional(iterator: Iterator) -> Optional:
    """The next element, or none where the iterator has ended."""
    made = building.make(
        "IteratorGetNextAsOptional",
        iterator._iterator_resource,
        output_types=iterator.spec.types,
        output_shapes=iterator.spec.shapes,
    )
    return Optional(made, iterator.spec)
