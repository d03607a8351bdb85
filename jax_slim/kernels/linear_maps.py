"""Operations that are linear in some of their arguments, with derivatives and forms per platform of their own.

`jax.custom_vjp` gives an operation a fast gradient, but takes forward mode and second derivatives away. A linear map
needs none of that: its derivative is itself, its gradient is its transpose, and the transpose is again such a map. So
each is a JAX primitive whose transpose is another one, and every order and mode of differentiation follows.

The form is chosen where the program is compiled, by its platform: programs for a CPU get the fast form, all others,
as do programs exported for several platforms, what `plain` says.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from jax_slim.kernels import choices

# The definition of each map in `lax`'s operations, by the name of its primitive.
PLAIN: dict[str, Callable[..., Any]] = {}

Array = Any  # an array, or what stands for one while tracing


class LinearMap:
    """An operation on arrays, linear in each of some of them."""

    def __init__(
        self,
        name: str,
        plain: Callable[..., Array],
        on_cpu: Callable[..., Array],
        transposes: Mapping[int, Callable[..., Array]],
        fold: Callable[..., tuple[Array, int] | None] | None = None,
    ) -> None:
        """Makes the map; `plain`, `on_cpu` and the rules take the arrays, then the call's static parameters by name.

        Args:
          name: of the primitive, as programs show it.
          plain: the definition, in `lax`'s operations, which differentiate.
          on_cpu: the same values, faster on a CPU.
          transposes: for each argument that the map is linear in, (cotangent, *arguments, **parameters) -> that
            argument's cotangent. The argument itself is passed as its shape and dtype.
          fold: (arrays, mapped axes, **parameters) -> (result, its mapped axis) for a `vmap` that the map can take
            into one of its own axes; None where it cannot, and then the form as such is mapped.
        """
        self.name, self.plain, self.on_cpu, self._transposes, self._fold = name, plain, on_cpu, dict(transposes), fold
        self._primitive = primitive = Primitive(name)
        PLAIN[name] = plain
        primitive.def_impl(self._run)
        primitive.def_abstract_eval(self._shape)
        ad.primitive_jvps[primitive] = self._jvp
        ad.primitive_transposes[primitive] = self._transpose
        batching.primitive_batchers[primitive] = self._batch
        mlir.register_lowering(primitive, mlir.lower_fun(plain, multiple_results=False))
        self._lowered_on_cpu = mlir.lower_fun(self._form_on_cpu, multiple_results=False)
        mlir.register_lowering(primitive, self._lower_on_cpu, platform="cpu")

    def __call__(self, *arrays: jax.Array, **parameters: Any) -> jax.Array:
        return self._primitive.bind(*equally_varying(arrays), **parameters)

    def _run(self, *arrays: Array, **parameters: Any) -> Array:
        with jax.disable_jit(False):  # an operation of its own, as lax's are: there is nothing smaller to run
            return _compiled(self, tuple(parameters.items()))(*arrays)

    def _shape(self, *avals: Any, **parameters: Any) -> Any:
        return _abstract(self.plain, avals, tuple(parameters.items()))

    def _lower_on_cpu(self, context: Any, *arrays: Any, **parameters: Any) -> Any:
        with choices.for_devices(_devices_of(context)), choices.for_this_process(_runs_here(context)):
            return self._lowered_on_cpu(context, *arrays, **parameters)

    def _form_on_cpu(self, *arrays: Array, **parameters: Any) -> Array:
        # On a mesh with explicit axes each operation must say how its result is sharded: the plain one can.
        form = self.plain if any(map(_sharded_explicitly, arrays)) else self.on_cpu
        return form(*arrays, **parameters)

    def _jvp(self, primals: Sequence[Array], tangents: Sequence[Array], **parameters: Any) -> tuple[Array, Array]:
        result = self(*primals, **parameters)
        others = []
        total = None
        for i, tangent in enumerate(tangents):
            if isinstance(tangent, ad.Zero):
                continue
            if i not in self._transposes:
                others.append(i)
                continue
            term = self(*primals[:i], tangent, *primals[i + 1 :], **parameters)
            total = term if total is None else ad.add_jaxvals(total, term)
        if others:

            def of_others(*values: Array) -> Array:
                given = dict(zip(others, values, strict=True))
                return self.plain(*(given.get(i, primal) for i, primal in enumerate(primals)), **parameters)

            _, term = jax.jvp(of_others, [primals[i] for i in others], [tangents[i] for i in others])
            total = term if total is None else ad.add_jaxvals(total, term)
        return result, total if total is not None else ad.Zero(jax.typeof(result).to_tangent_aval())

    def _transpose(self, cotangent: Array, *arrays: Array, **parameters: Any) -> list[Array | None]:
        (position,) = (i for i, array in enumerate(arrays) if ad.is_undefined_primal(array))
        found: list[Array | None] = [None] * len(arrays)
        if isinstance(cotangent, ad.Zero):
            found[position] = ad.Zero(arrays[position].aval)
        else:
            known = [array.aval if i == position else array for i, array in enumerate(arrays)]
            found[position] = self._transposed(position, cotangent, known, parameters)
        return found

    def _transposed(
        self, position: int, cotangent: Array, known: Sequence[Any], parameters: Mapping[str, Any]
    ) -> Array:
        """The cotangent of the argument there, which is known by its shape and dtype alone."""
        before, after = known[:position], known[position + 1 :]
        if not any(map(_sharded_explicitly, [cotangent, *before, *after])):
            return self._transposes[position](cotangent, *known, **parameters)

        # On a mesh with explicit axes a sum over one that is cut must say how it lies: lax's own transposes do.
        def of_one(array: Array) -> Array:
            return self.plain(*before, array, *after, **parameters)

        return jax.linear_transpose(of_one, known[position])(cotangent)[0]

    def _batch(self, arrays: Sequence[Array], axes: Sequence[int | None], **parameters: Any) -> tuple[Array, int]:
        folded = None if self._fold is None else self._fold(arrays, axes, **parameters)
        if folded is not None:
            return folded

        def mapped(form: Callable[..., Array]) -> Callable[..., Array]:
            return jax.vmap(functools.partial(form, **parameters), tuple(axes))

        arrays = equally_varying(arrays)
        return lax.platform_dependent(*arrays, cpu=mapped(self._form_on_cpu), default=mapped(self.plain)), 0


def varying_as(array: jax.Array, example: jax.Array) -> jax.Array:
    """`array` as varying over the mesh axes that `example` varies over: what a loop's sums start from has to."""
    return equally_varying([array, example])[0]


@functools.cache
def _compiled(linear_map: LinearMap, parameters: tuple[tuple[str, Any], ...]) -> Callable[..., Array]:
    return jax.jit(functools.partial(linear_map, **dict(parameters)))


@functools.lru_cache(maxsize=4096)
def _abstract(plain: Callable[..., Array], avals: tuple[Any, ...], parameters: tuple[tuple[str, Any], ...]) -> Any:
    # The plain form knows best how its result is typed: dtype, and on a mesh how it is sharded and over what it varies.
    return jax.make_jaxpr(functools.partial(plain, **dict(parameters)))(*avals).out_avals[0]


def equally_varying(arrays: Sequence[Array]) -> list[Array]:
    """Inside `shard_map`: all arrays as varying over the mesh axes that any of them varies over."""
    varying = [varying_axes(array) for array in arrays]
    everywhere = frozenset().union(*varying)
    return [
        lax.pcast(array, tuple(everywhere - axes), to="varying") if everywhere - axes else array
        for array, axes in zip(arrays, varying, strict=True)
    ]


def _devices_of(context: Any) -> int:
    """Over how many devices the compiler cuts a program; 1 where it does not, as in a `shard_map`."""
    return getattr(context.module_context.axis_context, "num_devices", 1)


def _runs_here(context: Any) -> bool:
    """Whether a program is for one device of this process: not exported, and nothing that each device has a part of."""
    module = context.module_context
    one = getattr(module.axis_context, "num_devices", None) == 1
    return one and not module.lowering_parameters.for_export


def varying_axes(array: Array) -> frozenset[Any]:
    """The axes of a mesh over whose devices an array differs, inside of a `shard_map`."""
    aval: Any = jax.typeof(array)
    return aval.vma if hasattr(aval, "vma") else aval.manual_axis_type.varying


def _sharded_explicitly(array: Array) -> bool:
    sharding: Any = getattr(jax.typeof(array), "sharding", None)
    return sharding is not None and any(part is not None for part in sharding.spec)
