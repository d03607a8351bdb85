"""Sums over products as linear maps, and the gradient of weights before what it is made of piles up.

A compiler that may choose computes the gradients of weights last: nothing but the update needs them. Until then, all
that they are made of lies there, a layer's inputs and the gradient of its outputs, for every layer. So the gradient of
a layer's inputs goes on to the layer before only when that of its weights is there.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from jax_slim.kernels import choices
from jax_slim.kernels.linear_maps import PLAIN, Array, LinearMap, equally_varying
from jax_slim.kernels.ordering import after


class ProductMap(LinearMap):
    """A sum over products of two arrays, linear in each.

    Where programs are compiled with `compiler_options()`, its derivative by both arrays is one operation, whose
    transpose makes both gradients.
    """

    def __init__(self, name: str, *definition: Any, read_again: Callable[..., Any] = dict) -> None:
        super().__init__(name, *definition)
        self._read_again = read_again
        self._both = primitive = Primitive(f"{name}_tangents")
        PLAIN[primitive.name] = lambda *arrays, **parameters: _by_both(self.plain, *arrays, **parameters)
        primitive.def_impl(self._tangents)
        primitive.def_abstract_eval(lambda *avals, **parameters: self._shape(*avals[:2], **parameters))
        ad.primitive_jvps[primitive] = self._jvp_of_tangents
        ad.primitive_transposes[primitive] = self._both_transposes
        batching.primitive_batchers[primitive] = self._batch_tangents
        mlir.register_lowering(primitive, mlir.lower_fun(self._tangents, multiple_results=False))

    def _jvp(self, primals: Sequence[Array], tangents: Sequence[Array], **parameters: Any) -> tuple[Array, Array]:
        if not choices.tuned() or any(isinstance(tangent, ad.Zero) for tangent in tangents):
            return super()._jvp(primals, tangents, **parameters)
        both = equally_varying([*primals, *tangents])
        return self(*primals, **self._read_again(parameters)), self._both.bind(*both, **parameters)

    def _tangents(self, *arrays: Array, **parameters: Any) -> Array:
        return _by_both(self, *arrays, **parameters)

    def _jvp_of_tangents(self, primals: Any, tangents: Any, **parameters: Any) -> tuple[Array, Array]:
        result = self._both.bind(*primals, **parameters)
        (x, w, of_x, of_w), (dx, dw, d_of_x, d_of_w) = primals, tangents
        terms = [
            self(*pair, **parameters)
            for pair in ((d_of_x, w), (of_x, dw), (dx, of_w), (x, d_of_w))
            if not any(isinstance(array, ad.Zero) for array in pair)
        ]
        total: Any = terms[0] if terms else ad.Zero(jax.typeof(result).to_tangent_aval())
        for term in terms[1:]:
            total = ad.add_jaxvals(total, term)
        return result, total

    def _both_transposes(self, cotangent: Array, *arrays: Array, **parameters: Any) -> list[Array | None]:
        *known, of_x, of_w = arrays
        found: list[Any] = [None, None]
        for index, tangent in enumerate((of_x, of_w)):
            if not ad.is_undefined_primal(tangent):
                continue
            if isinstance(cotangent, ad.Zero):
                found[index] = ad.Zero(tangent.aval)
                continue
            taken = [tangent.aval if other == index else array for other, array in enumerate(known)]
            found[index] = self._transposed(index, cotangent, taken, parameters)
        if not any(array is None or isinstance(array, ad.Zero) for array in found):
            found[0] = after(found[0], found[1])
        return [None, None, *found]

    def _batch_tangents(self, arrays: Any, axes: Any, **parameters: Any) -> tuple[Array, int]:
        return jax.vmap(lambda *given: self._tangents(*given, **parameters), tuple(axes))(*arrays), 0


def _by_both(product: Callable[..., Array], x: Array, w: Array, of_x: Array, of_w: Array, **parameters: Any) -> Array:
    return ad.add_jaxvals(product(of_x, w, **parameters), product(x, of_w, **parameters))


def maps_of_a_product(
    name: str,
    plain: Sequence[Callable[..., Array]],
    on_cpu: Sequence[Callable[..., Array]],
    folds: Sequence[Callable[..., tuple[Array, int] | None] | None],
    read_again: Callable[..., Any] = dict,
) -> tuple[ProductMap, ProductMap, ProductMap]:
    """The three maps of a sum over products x * w * y, each of which leaves one of the arrays out.

    Args:
      name: of the first primitive; the others are name_to_inputs and name_to_weights.
      plain, on_cpu, folds: as for `LinearMap`, of each map.
      read_again: parameters -> the parameters of what is differentiated, whose gradient may read the result.

    Returns:
      (outputs of x and w, the gradient of the inputs of w and y, the gradient of the weights of x and y).
    """
    takes = {"outputs": ("inputs", "weights"), "inputs": ("weights", "outputs"), "weights": ("inputs", "outputs")}
    names = (name, f"{name}_to_inputs", f"{name}_to_weights")
    maps: dict[str, ProductMap] = {}

    def transpose(made: str, wanted: str) -> Callable[..., Array]:
        """What is made changes places with what is wanted."""

        def rule(cotangent: Array, *arrays: Array, **parameters: Any) -> Array:
            known = {made: cotangent, **dict(zip(takes[made], arrays, strict=True))}
            return maps[wanted](*(known[role] for role in takes[wanted]), **parameters)

        return rule

    for made, primitive, definition, fast, fold in zip(takes, names, plain, on_cpu, folds, strict=True):
        transposes = {position: transpose(made, wanted) for position, wanted in enumerate(takes[made])}
        maps[made] = ProductMap(primitive, definition, fast, transposes, fold, read_again=read_again)
    return maps["outputs"], maps["inputs"], maps["weights"]
