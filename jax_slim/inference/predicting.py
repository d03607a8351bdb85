"""`predictor`: what a trained model computes for batches of inputs, and nothing besides."""

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_slim.core.model import Model
from jax_slim.inference.arranging import ArrangedOnce
from jax_slim.inference.folding import prepared
from jax_slim.inference.fusing import in_bfloat16, worth_fusing
from jax_slim.inference.profiling import Profile, profiled
from jax_slim.kernels import jit
from jax_slim.kernels.compiling import as_in_jit
from jax_slim.kernels.memory import give_back_freed_memory


def predictor(model: Model, variables: Mapping[str, Any] | None = None, **kwargs: Any) -> "Predictor":
    """Makes of a model and its variables a compiled function of inputs: images -> logits.

        predict = slim.predictor(model, variables)
        logits = predict(images)                        # [8, 224, 224, 3] -> [8, 1000]
        probabilities = jax.nn.softmax(logits)

    It is the fastest way to use a trained model. Only the outputs are computed: nets return (logits, end points), and
    a compiled `model.apply` has to write and return all of them. Batch norm goes into the weights first (see
    `fold_batch_norm`). On a CPU, the program is compiled as by `slim.jit`, and a large batch may go through it in
    groups of a few images, where that is faster and the results of an image do not depend on the others. Where there
    are native kernels (`build_native_kernels`), they compute the convolutions; under
    `jax.default_matmul_precision("bfloat16")` they multiply bfloat16, where the processor can. Results are those of
    `model.apply` but for rounding.

    The variables are prepared at the first call, and are those of the time when the predictor was made: after more
    training, make another. What is not changed is not copied, and weights in bfloat16 or bytes are made of the
    variables again where another precision is asked for later: a training step that is given these arrays as
    `donate_argnums` takes them away. Others are let go after the first call, where nobody else holds them: a `model`
    that is kept holds those of its checkpoint. A batch of another shape is compiled anew.

    Args:
      model: a `Model`, such as `slim.nets.create_model` makes, whose program takes arrays.
      variables: name -> array; by default those of the model's checkpoint.
      **kwargs: further arguments of the program. `is_training=False` is given by itself where the program takes it.

    Returns:
      A function of the program's arrays, on the host or on a device, to what the program returns, on the device; of
      (outputs, end points) to the outputs. Its `variables` are the prepared ones; its `profile(images)` tells the time
      of each layer.

    Raises:
      ValueError: there are no variables; at the first call, one is missing or has another shape; it is called inside
        of `jit`, `grad` or `vmap`.
      ProgramError: at the first call: the program draws random numbers.
    """
    if variables is None:
        variables = getattr(model, "variables", None)
    if not isinstance(variables, Mapping):
        raise ValueError(
            f"predictor: variables must be a mapping name -> array, got {variables!r:.60}. Pass what model.init, a run "
            "or slim.checkpoints.load_variables returned."
        )
    return Predictor(model, variables, {**evaluating(model), **kwargs})


class Predictor:
    """What `predictor` makes: a compiled function of inputs.

    Attributes:
      variables: name -> array: those given; from the first call on the prepared ones.
    """

    def __init__(self, model: Model, variables: Mapping[str, Any], arguments: dict[str, Any]) -> None:
        self._variables: Mapping[str, Any] = variables
        self._said, self._arguments = f"<predictor of {model!r}>", arguments
        self._model = _without_variables(model)
        self._folded: Model | None = None
        self._native = False
        # What is arranged for the native kernels is for inputs of some sizes, in batches of any.
        self._compiled: dict[Any, tuple[Callable[..., Any], Mapping[str, Any]]] = {}
        self._ready: dict[Any, Model] = {}
        self._sizes: set[Any] = set()  # of batches, for which programs are compiled

    @property
    def variables(self) -> Mapping[str, Any]:
        return self._variables

    def __repr__(self) -> str:
        return self._said

    def __call__(self, *args: Any) -> Any:
        if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(args)):
            raise ValueError(
                "predictor: inputs must be arrays, got what jit, grad or vmap trace. Inside of these, apply the model "
                "itself, or the one that slim.fold_batch_norm prepares."
            )
        compiled, variables = self._made_for(args)
        result = compiled(variables, *args)
        sizes = (self._key(args), *(np.shape(leaf) for leaf in jax.tree.leaves(args)))
        if sizes not in self._sizes:
            self._sizes.add(sizes)
            give_back_freed_memory()  # what compiling took
        return result

    def _made_for(self, args: tuple[Any, ...]) -> tuple[Callable[..., Any], Mapping[str, Any]]:
        """The compiled function for inputs like these, and the variables that it takes, prepared."""
        if self._folded is None:
            self._native = worth_fusing()
            given = self._variables
            self._folded, self._variables = self._fold(given, args)
            if self._native:
                shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf), jnp.result_type(leaf)), args)
                self._variables = ArrangedOnce(self._variables, lambda: self._fold(given, shapes)[1])
        key = self._key(args)
        if key not in self._compiled:
            self._compiled[key] = self._compile(args)
        return self._compiled[key]

    def _fold(self, given: Mapping[str, Any], args: tuple[Any, ...]) -> tuple[Model, Mapping[str, Any]]:
        with as_in_jit():
            return prepared(self._model, given, args, self._arguments, alone=True, groups=not self._native)

    def profile(self, *args: Any, rounds: int = 5) -> Profile:
        """Tells layer by layer where the time for a batch goes.

            print(predict.profile(images))          # a table; the slowest layers: sorted(profile.layers, ...)

        Each layer is compiled for itself, and they run one after the other, so that each has its own time: profilers
        of a whole program count a convolution of XLA's where it is waited for. What a compiler would fuse across
        layers is not fused, and a batch goes through in one piece, also where the predictor takes it in groups:
        `Profile.whole` is what the predictor takes. Operations that were traced without a scope, such as a sum of two
        layers, belong to the layer before. The first call compiles, which takes seconds for each of the larger nets'
        layers at most.

        Args:
          *args: as for the predictor.
          rounds: how often all layers run, at least 1; a layer's time is the median.

        Returns:
          A `Profile`.

        Raises:
          ValueError: as for the predictor, and of `rounds` below 1.
        """
        if rounds < 1:
            raise ValueError(f"profile: rounds must be 1 or more, got {rounds}. Each round runs all layers once.")
        self(*args)
        key = self._key(args)
        ready = self._ready[key]
        _, variables = self._compiled[key]
        with as_in_jit():
            program, arrays = ready.function.program(args, self._arguments)  # pyright: ignore[reportFunctionMemberAccess]
            split = program.split(arrays)
            taken = {name: variables[name] for name in split.shapes}
            closed = jax.make_jaxpr(split.run)(taken, arrays)
        return profiled(closed, [*jax.tree.leaves(taken), *arrays], lambda: self(*args), rounds)

    def _key(self, args: tuple[Any, ...]) -> Any:
        """What programs are kept by."""
        return (in_bfloat16(), *(np.shape(leaf)[1:] for leaf in jax.tree.leaves(args))) if self._native else None

    def _compile(self, args: tuple[Any, ...]) -> tuple[Callable[..., Any], Mapping[str, Any]]:
        """A compiled function of variables and inputs, and the variables."""
        ready, variables, arguments = self._folded, self._variables, self._arguments
        assert ready is not None
        if isinstance(variables, ArrangedOnce):
            with as_in_jit():
                ready, arranged = prepared(ready, variables, args, arguments, groups=True, native=True)
            variables = variables.shared(arranged)
        self._ready[self._key(args)] = ready
        return jit(lambda variables, *args: ready.apply(variables, *args, **arguments)), variables


def ahead(predict: Predictor, *args: Any) -> tuple[Any, dict[str, Any]]:
    """A predictor's jitted function, (variables, *args) -> outputs, for inputs like these, and those variables."""
    function, variables = predict._made_for(args)
    return function, dict(variables)


def _without_variables(model: Model) -> Model:
    """A model that does not keep those of its checkpoint in memory, as the prepared ones take their place."""
    if getattr(model, "variables", None) is None:
        return model
    bare = copy.copy(model)
    bare.variables = None  # pyright: ignore[reportAttributeAccessIssue]
    return bare


def evaluating(model: Model) -> dict[str, Any]:
    """{"is_training": False} for a program that has this argument, else {}."""
    try:
        parameters = inspect.signature(model.function).parameters
    except (TypeError, ValueError):
        return {}
    return {"is_training": False} if "is_training" in parameters else {}
