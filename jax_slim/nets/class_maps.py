"""Where in an image a net finds a class: Grad-CAM."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from jax_slim.core.model import Model
from jax_slim.nets.feature_models import FeatureModel

_OUTPUTS = "outputs of the net"  # stands among its end points for what the net returns


class _WithOutputs:
    """A net whose outputs are among its end points. A class, because functions within functions cannot be pickled."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._function(*args, **kwargs)
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping)):
            return result  # `features` refuses it
        return result[0], {**result[1], _OUTPUTS: result[0]}


def grad_cam(
    model: Model,
    variables: Mapping[str, Any],
    images: Any,
    end_point: str,
    classes: Any = None,
    **kwargs: Any,
) -> jax.Array:
    """Shows where in its images a net finds their classes: Grad-CAM, of a layer with height and width.

        maps = slim.nets.grad_cam(model, variables, images, "resnet_v1_50/block4")      # [N, 7, 7]
        slim.plots.heat_maps(images, maps)

    Each channel of the layer is weighted by the mean gradient of the class's logit for it; what of their sum is above
    zero is the map. A layer near the end of the net says most of classes, one before it has more pixels.

    Args:
      model: a `Model` whose program returns (logits, end points), as `create_model` makes them.
      variables: its variables.
      images: [N, H, W, C], prepared as for `model.apply`.
      end_point: the layer's name among the end points; [N, h, w, channels].
      classes: for which class: one id, or [N] of them; None takes the class with the largest logit, of each image.
      **kwargs: arguments of the model besides, as for `model.apply`.

    Returns:
      [N, h, w] from 0 to 1; an image's largest value is 1, or 0 where nothing speaks for the class.

    Raises:
      ValueError: there is no such end point, it is not of rank 4, the logits do not depend on it, or `classes` are
        not class ids.

    Source: Selvaraju et al. (2017), arXiv:1610.02391.
    """
    whole = Model(_WithOutputs(model.function))
    whole._arg_scope = model._arg_scope
    closed, arguments = FeatureModel(whole, [_OUTPUTS, end_point]).bound(variables, (images,), kwargs)
    layer, logits = closed.jaxpr.outvars[1].aval, closed.jaxpr.outvars[0].aval
    if len(layer.shape) != 4:
        raise ValueError(f"grad_cam: end_point must be [N, h, w, channels], got {end_point!r} of shape {layer.shape}.")
    if len(logits.shape) != 2:
        raise ValueError(f"grad_cam: model must return logits [N, classes], got shape {logits.shape}.")
    wanted = None if classes is None else np.broadcast_to(np.asarray(classes), logits.shape[:1])
    if wanted is not None and not (
        wanted.dtype.kind in "iu" and (wanted >= 0).all() and (wanted < logits.shape[1]).all()
    ):
        raise ValueError(f"grad_cam: classes must be ids from 0 to {logits.shape[1] - 1}, got {classes}.")
    values, rest = _cut(closed, arguments, end_point)

    def score(values: jax.Array) -> jax.Array:
        logits = rest(values)
        return jnp.take_along_axis(logits, (logits.argmax(1) if wanted is None else wanted)[:, None], 1).sum()

    weights = jax.grad(score)(values).mean((1, 2), keepdims=True)
    maps = jax.nn.relu((weights * values).sum(-1).astype(jnp.float32))
    highest = maps.max((1, 2), keepdims=True)
    return maps / jnp.where(highest > 0, highest, 1)


def _cut(closed: ClosedJaxpr, arguments: list[Any], name: str) -> tuple[jax.Array, Callable[[jax.Array], jax.Array]]:
    """The second result of a program, and the first one as a function of it.

    The program's equations are cut after the one that makes that result; what the rest needs of those before it goes
    into the rest as constants.
    """
    jaxpr, (first, second) = closed.jaxpr, closed.jaxpr.outvars
    makes = [index for index, equation in enumerate(jaxpr.eqns) if any(v is second for v in equation.outvars)]
    before, after = jaxpr.eqns[: makes[0] + 1] if makes else [], jaxpr.eqns[makes[0] + 1 :] if makes else []
    made = {id(v): v for equation in before for v in equation.outvars}
    used = {id(v) for equation in after for v in equation.invars} | {id(first)}
    if id(second) not in used or first is second:
        raise ValueError(f"grad_cam: end_point must be a layer that the logits are computed from, got {name!r}.")
    crossing = [second, *(v for key, v in made.items() if key in used and v is not second)]
    head = ClosedJaxpr(jaxpr.replace(eqns=before, outvars=crossing), closed.consts)
    values, *others = jaxpr_as_fun(head)(*arguments)
    tail = jaxpr.replace(eqns=after, outvars=[first], constvars=[*jaxpr.constvars, *crossing])

    def rest(values: jax.Array) -> jax.Array:
        (result,) = jaxpr_as_fun(ClosedJaxpr(tail, [*closed.consts, values, *others]))(*arguments)
        return result

    return values, rest
