"""`tf.keras.Input`, `Model` and `Sequential`: nets of layers in graphs."""

import inspect
import sys
from typing import Any, NamedTuple

import numpy as np

from jax_slim.tf1.graph import dtypes, graphs
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.python import array, keras_training, layer_base, nest
from jax_slim.tf1.python.keras_base import KERAS_INPUTS, Layer
from jax_slim.tf1.python.layer_base import flatten, unique_name


class InputLayer(Layer):
    """Where a model begins: a placeholder, or a tensor that is there."""

    def __init__(self, input_shape: Any = None, batch_size: int | None = None, dtype: Any = None, input_tensor: Any = None,
                 sparse: bool = False, name: Any = None, batch_input_shape: Any = None, **kwargs: Any) -> None:  # fmt: skip
        # Names of inputs count from 1, those of other layers have no number at first.
        super().__init__(name=name or unique_name("input"), dtype=dtype, **kwargs)
        self.built = True
        if input_tensor is None:
            shape = batch_input_shape if batch_input_shape is not None else (batch_size, *input_shape)
            kind = dtypes.as_dtype(dtype or "float32")
            with graphs.get_default_graph().name_scope(None):
                input_tensor = array.placeholder(kind, shape=shape, name=self.name)
        self._batch_input_shape = tuple(input_tensor.shape.as_list())
        input_tensor._keras_history = (self, 0)
        input_tensor.graph.add_to_collection(KERAS_INPUTS, make_layers_of_operations)
        self._inbound.append(layer_base.Call(input_tensor, input_tensor, (), {}))

    def call(self, inputs: Any) -> Any:
        return inputs


def Input(shape: Any = None, batch_size: int | None = None, name: Any = None, dtype: Any = None, sparse: bool = False, tensor: Any = None,
          batch_shape: Any = None, **kwargs: Any) -> Tensor:  # fmt: skip
    """The tensor that a model begins with.

    Args:
      shape: without the batch; `batch_shape` is one with it.
      batch_size: unknown when None.
      tensor: a tensor to begin with in the place of a placeholder.

    Raises:
      ValueError: no shape is given.
    """
    if sparse:
        raise ValueError("tf.keras.Input: sparse must be False here, got True. Use tf.sparse_placeholder.")
    if shape is None and batch_shape is None and tensor is None:
        raise ValueError("Please provide to Input either a `shape` or a `tensor` argument.")
    shape = (shape,) if isinstance(shape, int) else shape
    layer = InputLayer(shape, batch_size, dtype, tensor, name=name, batch_input_shape=batch_shape)
    return layer._inbound[0].outputs


class _OperationLayer(Layer):
    """An operation between layers that is none itself; calling it makes another one like it."""

    def __init__(self, op: Operation, sources: list[Tensor]) -> None:
        super().__init__(name=unique_name("tf_op_layer_" + op.name.replace("/", "_"), zero_based=True))
        self._op, self._places, self.built = (
            op,
            [i for i, t in enumerate(op._inputs) if any(t is s for s in sources)],
            True,
        )
        for output in op.outputs:
            output._keras_history = (self, 0)
        inputs = [op._inputs[i] for i in self._places]
        self._inbound.append(layer_base.Call(inputs, op.outputs, (), {}))

    def call(self, inputs: Any) -> Any:
        op, given = self._op, dict(zip(self._places, inputs, strict=True))
        tensors = [given.get(i, t) for i, t in enumerate(op._inputs)]
        made = op.graph.create_op(op.type, tensors, [t.dtype for t in op.outputs], name=op.type, attrs=dict(op.attrs))
        from jax_slim.tf1.graph import shape_inference

        shape_inference.infer(made)
        return list(made.outputs)


class _Node(NamedTuple):
    layer: Any
    number: int

    @property
    def call(self) -> layer_base.Call:
        return self.layer._inbound[self.number]


class Model(keras_training.Training, Layer):
    """A net: of tensors that layers have made (`Model(inputs, outputs)`), or a class of one's own with layers and `call`.

        images = tf.keras.Input((28, 28, 1))
        scores = tf.keras.layers.Dense(10)(tf.keras.layers.Flatten()(images))
        model = tf.keras.Model(images, scores)

    Attributes:
      layers: in the order in which they compute.
      inputs, outputs: lists of tensors.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        inputs, outputs = kwargs.pop("inputs", None), kwargs.pop("outputs", None)
        if len(args) >= 2:
            inputs, outputs, *rest = args
            kwargs.setdefault("name", rest[0] if rest else None)
        elif args:
            kwargs.setdefault("name", args[0])
        name = kwargs.pop("name", None)
        super().__init__(
            name=name or unique_name(layer_base.snake_case(type(self).__name__), zero_based=True), **kwargs
        )
        self._inputs_structure: Any = None
        self._outputs_structure: Any = None
        self._nodes: list[_Node] = []
        self._network_layers: list[Any] = []
        self._begin_training()
        if inputs is not None:
            self._trace(inputs, outputs)

    # Attributes that hold layers but are no layers' owners.
    _hidden = frozenset({"_nodes", "_network_layers", "_inputs_structure", "_outputs_structure", "optimizer"})

    def _sublayers(self) -> list[Any]:
        if self.__dict__.get("_network_layers"):
            return list(self._network_layers)
        kept = {k: self.__dict__[k] for k in self._hidden if k in self.__dict__}
        for key in kept:
            del self.__dict__[key]
        try:
            return super()._sublayers()
        finally:
            self.__dict__.update(kept)

    @property
    def layers(self) -> list[Any]:
        return self._sublayers()

    @property
    def weights(self) -> list[Any]:
        found = [w for layer in self._sublayers() for w in layer.weights]
        found += [*self._trainable_weights, *self._non_trainable_weights, *self._own_variables()]
        return list({id(w): w for w in found}.values())

    variables = property(lambda self: self.weights)

    @property
    def inputs(self) -> Any:
        return None if self._inputs_structure is None else flatten(self._inputs_structure)

    @property
    def outputs(self) -> Any:
        return None if self._outputs_structure is None else flatten(self._outputs_structure)

    input = property(lambda self: self._single(self.inputs))
    output = property(lambda self: self._single(self.outputs))

    def _single(self, tensors: Any) -> Any:
        if tensors is None:
            raise AttributeError(f"Layer {self.name} is not connected: it has no inputs yet. Call it, or fit it.")
        return tensors[0] if len(tensors) == 1 else tensors

    @property
    def output_names(self) -> list[str]:
        """What the outputs are called: the layers that give them."""
        names: list[str] = []
        for place, tensor in enumerate(self.outputs or []):
            history = getattr(tensor, "_keras_history", None)
            name = history[0].name if history else f"output_{place + 1}"
            names.append(f"{name}_{sum(n.startswith(name) for n in names)}" if name in names else name)
        return names

    @property
    def input_names(self) -> list[str]:
        """What the inputs are called."""
        return [getattr(t, "_keras_history", [None])[0].name if hasattr(t, "_keras_history") else f"input_{i + 1}"
                for i, t in enumerate(self.inputs or [])]  # fmt: skip

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """A layer by its name or number.

        Raises:
          ValueError: there is none.
        """
        if index is not None:
            if index >= len(self.layers):
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has {len(self.layers)} layers."
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}")

    # A net of tensors.

    def _trace(self, inputs: Any, outputs: Any) -> None:
        given = flatten(inputs)
        for tensor in given:
            if not hasattr(tensor, "_keras_history"):
                raise ValueError(
                    f"Input tensors to a {type(self).__name__} must come from `tf.keras.Input`. Received: {tensor} (missing previous layer metadata)."
                )
        ids = {id(t) for t in given}
        make_layers_of_operations(flatten(outputs))
        for tensor in flatten(outputs):
            if not hasattr(tensor, "_keras_history"):
                raise ValueError(
                    f"Output tensors to a {type(self).__name__} must be the output of a TensorFlow `Layer` (thus holding past layer metadata). Found: {tensor}"
                )
        order, numbers, seen = [], {}, set()

        def visit(tensor: Tensor) -> None:
            node = _Node(*tensor._keras_history)
            if node in seen:
                return
            seen.add(node)
            numbers.setdefault(id(node.layer), len(numbers))
            if id(tensor) not in ids:
                if isinstance(node.layer, InputLayer):
                    raise ValueError(
                        f'Graph disconnected: cannot obtain value for tensor {tensor} at layer "{node.layer.name}".'
                    )
                for source in flatten(node.call.inputs):
                    if hasattr(source, "_keras_history"):
                        visit(source)
            order.append(node)

        for tensor in flatten(outputs):
            visit(tensor)
        for tensor in given:
            if _Node(*tensor._keras_history) not in seen:
                visit(tensor)
        depths, layer_depths = _depths(order, ids)
        layers = {id(n.layer): n.layer for n in order}
        self._network_layers = sorted(layers.values(), key=lambda layer: (-layer_depths[id(layer)], numbers[id(layer)]))
        self._nodes = sorted(order, key=lambda n: -depths[n])
        self._inputs_structure, self._outputs_structure, self.built = inputs, outputs, True
        self._inbound.append(layer_base.Call(self._single(given), self._single(flatten(outputs)), (), {}))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The net for other inputs, of the same layers."""
        if self._inputs_structure is None:
            raise NotImplementedError("When subclassing the `Model` class, you should implement a `call` method.")
        values = {id(own): new for own, new in zip(self.inputs, flatten(inputs), strict=True)}
        for node in self._nodes:
            call = node.call
            if all(id(t) in values for t in flatten(call.outputs)):
                continue
            arguments = nest.map_structure(lambda t: values.get(id(t), t), call.inputs)
            kwargs = dict(call.kwargs or {})
            if training is not None and takes_training(node.layer) and kwargs.get("training") is None:
                kwargs["training"] = training
            found = node.layer(arguments, *call.args, **kwargs)
            values.update((id(own), new) for own, new in zip(flatten(call.outputs), flatten(found), strict=True))
        return nest.map_structure(lambda t: values[id(t)], self._outputs_structure)

    def build(self, input_shape: Any) -> None:
        self.built = True

    def _call_on(self, arrays: list[Any]) -> None:
        """Connects a net that has no inputs yet to placeholders for such arrays."""
        if self._inputs_structure is not None:
            return
        made = []
        for place, values in enumerate(arrays):
            kind = (
                dtypes.float32 if np.asarray(values).dtype == np.float64 else dtypes.as_dtype(np.asarray(values).dtype)
            )
            with graphs.get_default_graph().name_scope(None):
                made.append(array.placeholder(kind, shape=(None, *np.shape(values)[1:]), name=f"input_{place + 1}"))
        inputs = made if len(made) > 1 else made[0]
        kwargs = {}
        if takes_training(self):
            from jax_slim.tf1.python import keras_base

            kwargs["training"] = keras_base.learning_phase()
        self._outputs_structure = self(inputs, **kwargs)
        self._inputs_structure = inputs

    def summary(self, line_length: int | None = None, positions: Any = None, print_fn: Any = None) -> None:
        """Prints layers, shapes and numbers of parameters.

        Raises:
          ValueError: the net has no variables yet.
        """
        if not self.built:
            raise ValueError("This model has not yet been built. Build the model first by calling `build()` or calling `fit()` with some data, "
                             "or specify an `input_shape` argument in the first layer(s) for automatic build.")  # fmt: skip
        write = print_fn or (lambda text: sys.stdout.write(text + "\n"))
        width = line_length or 65
        write(f'Model: "{self.name}"')
        write("_" * width)
        row = "{:<29.28}{:<26.25}{:<10.10}"
        write(row.format("Layer (type)", "Output Shape", "Param #"))
        write("=" * width)
        for place, layer in enumerate(self.layers):
            shape = (
                [tuple(t.shape.as_list()) for t in flatten(layer._inbound[0].outputs)]
                if layer._inbound
                else ["multiple"]
            )
            count = layer.count_params() if layer.built else 0
            write(
                row.format(
                    f"{layer.name} ({type(layer).__name__})", str(shape[0] if len(shape) == 1 else shape), str(count)
                )
            )
            write(("=" if place == len(self.layers) - 1 else "_") * width)
        trained, kept = (
            sum(int(np.prod(w.shape.as_list())) for w in ws)
            for ws in (self.trainable_weights, self.non_trainable_weights)
        )
        for text, count in (("Total", trained + kept), ("Trainable", trained), ("Non-trainable", kept)):
            write(f"{text} params: {count:,}")
        write("_" * width)


def takes_training(layer: Any) -> bool:
    """Whether a layer's `call` has an argument `training`."""
    return "training" in inspect.signature(layer.call).parameters


def make_layers_of_operations(tensors: list[Any]) -> None:
    """Makes layers of the operations between the inputs of models and these tensors."""
    stack, order, seen = [t for t in tensors if isinstance(t, Tensor)], [], set()
    while stack:
        current = stack.pop()
        if hasattr(current, "_keras_history") or current.op in seen:
            continue
        seen.add(current.op)
        order.append(current.op)
        stack.extend(current.op._inputs)
    for op in sorted(order, key=lambda op: op.number):
        sources = [t for t in op._inputs if hasattr(t, "_keras_history")]
        if sources:
            _OperationLayer(op, sources)


def _depths(order: list[_Node], inputs: set[int]) -> tuple[dict[_Node, int], dict[int, int]]:
    """How many layers are behind a node at most, by node and by layer."""
    depths: dict[_Node, int] = {}
    layer_depths: dict[int, int] = {}
    for node in reversed(order):
        depth = max(depths.get(node, 0), layer_depths.get(id(node.layer), 0))
        depths[node] = layer_depths[id(node.layer)] = depth
        if any(id(t) in inputs for t in flatten(node.call.outputs)):
            continue
        for source in flatten(node.call.inputs):
            if hasattr(source, "_keras_history"):
                before = _Node(*source._keras_history)
                depths[before] = max(depth + 1, depths.get(before, 0))
    return depths, layer_depths


class Sequential(Model):
    """Layers one after the other."""

    def __init__(self, layers: Any = None, name: Any = None) -> None:
        super().__init__(name=name)
        self._chain: list[Any] = []
        for layer in layers or []:
            self.add(layer)

    _hidden = Model._hidden | {"_chain"}

    def _sublayers(self) -> list[Any]:
        return [layer for layer in self.__dict__.get("_chain", []) if not isinstance(layer, InputLayer)]

    def add(self, layer: Any) -> None:
        """Puts a layer at the end.

        Raises:
          TypeError: it is no layer.
        """
        if hasattr(layer, "_keras_history"):
            layer = layer._keras_history[0]
        if not isinstance(layer, layer_base.Layer):
            raise TypeError(f"The added layer must be an instance of class Layer. Found: {layer}")
        self._chain.append(layer)
        if len(self._chain) == 1:
            if isinstance(layer, InputLayer):
                self._inputs_structure = self._outputs_structure = layer._inbound[0].outputs
                return
            shape = getattr(layer, "_batch_input_shape", None)
            if shape is None and isinstance(layer, Model) and layer.inputs:
                shape = tuple(layer.inputs[0].shape.as_list())
            if shape is None:
                return
            self._inputs_structure = Input(batch_shape=shape, dtype=layer.dtype, name=layer.name + "_input")
            self._outputs_structure = layer(self._inputs_structure)
        elif self._inputs_structure is not None:
            self._outputs_structure = layer(self._outputs_structure)
        else:
            return
        self.built = True
        self._inbound[:] = [layer_base.Call(self._inputs_structure, self._outputs_structure, (), {})]

    def pop(self) -> None:
        """Takes the last layer away.

        Raises:
          TypeError: there is none.
        """
        if not self._chain:
            raise TypeError("There are no layers in the model.")
        self._chain.pop()
        last = self._chain[-1] if self._chain else None
        self._outputs_structure = None if last is None or not last._inbound else last._inbound[-1].outputs

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        for layer in self._sublayers():
            kwargs = {"training": training} if training is not None and takes_training(layer) else {}
            inputs = layer(inputs, **kwargs)
        return inputs

    def build(self, input_shape: Any = None) -> None:
        """Makes the variables for inputs of a shape, the batch included."""
        if input_shape is not None and self._inputs_structure is None and self._chain and not self._chain[0].built:
            self._inputs_structure = Input(
                batch_shape=tuple(input_shape) if not hasattr(input_shape, "as_list") else input_shape.as_list()
            )
            tensor = self._inputs_structure
            for layer in self._sublayers():
                tensor = layer(tensor)
            self._outputs_structure = tensor
            self._inbound[:] = [layer_base.Call(self._inputs_structure, tensor, (), {})]
        self.built = True

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        self.built = True  # its layers make their variables when they are called
        return super().__call__(inputs, *args, **kwargs)

    def predict_classes(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """The class with the largest output; for a single output whether it is above 1/2."""
        found = self.predict(x, batch_size, verbose)
        return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")

    def predict_proba(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """`predict`."""
        return self.predict(x, batch_size, verbose)
