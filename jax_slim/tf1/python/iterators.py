"""`tf.data.Iterator`: goes through a data set in a session."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python.elements import Spec, class_of, spec_of


class Iterator:
    """Goes through a data set in a session: `get_next()` are tensors of the next element."""

    def __init__(self, iterator_resource: Tensor, initializer: Operation | None, spec: Spec) -> None:
        self._iterator_resource, self._initializer, self.spec = iterator_resource, initializer, spec
        self._handle: Tensor | None = None

    @staticmethod
    def from_structure(
        output_types: Any, output_shapes: Any = None, shared_name: str | None = None, output_classes: Any = None
    ) -> "Iterator":
        """An iterator for elements of these types that `make_initializer` starts over one data set or another."""
        spec = spec_of(output_types, output_shapes, output_classes)
        resource = building.make(
            "IteratorV2",
            shared_name=shared_name or "",
            container="",
            output_types=spec.types,
            output_shapes=spec.shapes,
        )
        return Iterator(resource, None, spec)

    @staticmethod
    def from_string_handle(
        string_handle: Any, output_types: Any, output_shapes: Any = None, output_classes: Any = None
    ) -> "Iterator":
        """The iterator whose `string_handle()` is fed."""
        spec = spec_of(output_types, output_shapes, output_classes)
        handle = conversion.convert_to_tensor(string_handle, dtypes.string)
        resource = building.make(
            "IteratorFromStringHandleV2", handle, output_types=spec.types, output_shapes=spec.shapes
        )
        return Iterator(resource, None, spec)

    @property
    def initializer(self) -> Operation:
        if self._initializer is None:
            raise ValueError("Iterator does not have an initializer.")
        return self._initializer

    def make_initializer(self, dataset: Any, name: str | None = None) -> Operation:
        """An operation that starts the iterator over a data set.

        Raises:
          TypeError: its elements are of other types or shapes.
        """
        with graphs.name_scope(name, "make_initializer") as scope:
            if self.spec.types != dataset.spec.types:
                raise TypeError(
                    f"Expected output types {self.output_types} but got dataset with output types {dataset.output_types}."
                )
            for a, b in zip(self.spec.shapes, dataset.spec.shapes, strict=True):
                if not a.is_compatible_with(b):
                    raise TypeError(
                        f"Expected output shapes compatible with {self.output_shapes} but got dataset with output shapes {dataset.output_shapes}."
                    )
            with graphs.colocate_with(self._iterator_resource):
                return building.make("MakeIterator", dataset._variant_tensor, self._iterator_resource, name=scope)

    def get_next(self, name: str | None = None) -> Any:
        """The next element: tensors in the data set's structure. One call is one pull in each run."""
        made = building.make_op(
            "IteratorGetNext",
            self._iterator_resource,
            output_types=self.spec.types,
            output_shapes=self.spec.shapes,
            name=name,
        )
        return self.spec.of_operation(made)

    def string_handle(self, name: str | None = None) -> Tensor:
        """A text that stands for this iterator in its session."""
        if name is None:
            kept = self._handle
            if kept is None:
                kept = self._handle = building.make("IteratorToStringHandle", self._iterator_resource)
            return kept
        return building.make("IteratorToStringHandle", self._iterator_resource, name=name)

    output_types = property(lambda self: self.spec.packed(self.spec.own_types))
    output_shapes = property(lambda self: self.spec.packed(self.spec.own_shapes))
    output_classes = property(lambda self: self.spec.packed([class_of(leaf) for leaf in self.spec.flat]))
    element_spec = property(lambda self: self.spec.structure)


def make_one_shot_iterator(dataset: Any) -> Iterator:
    """`Dataset.make_one_shot_iterator` of a data set."""
    return dataset.make_one_shot_iterator()


def make_initializable_iterator(dataset: Any, shared_name: str | None = None) -> Iterator:
    """`Dataset.make_initializable_iterator` of a data set."""
    return dataset.make_initializable_iterator(shared_name)


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The types of the elements."""
    return dataset_or_iterator.output_types


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The shapes of the elements."""
    return dataset_or_iterator.output_shapes


def get_output_classes(dataset_or_iterator: Any) -> Any:
    """The classes of the elements' parts."""
    return dataset_or_iterator.output_classes
