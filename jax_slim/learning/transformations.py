"""An optimizer of optax as a training step uses it: with the loss, and with variables in the form that it takes."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import optax

from jax_slim.core.tracebacks import raised_here
from jax_slim.core.values import Variables


class SlowState(NamedTuple):
    """The state of `optax.lookahead`, whose slow weights are no variables of the program.

    Attributes:
      slow: the slow weights by name.
      inner: the optimizer's own state.
    """

    slow: Any
    inner: Any


class Transformation:
    """Whatever has optax's `init` and `update`, taking and giving `Variables`.

    Masks and labels that are plain dicts want plain dicts, and `optax.lookahead` pairs of weights. Which form an
    optimizer takes shows when it is first set up.

    Args:
      optimizer: an optax gradient transformation, or anything with such methods.
    """

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        self._form: type[_AsVariables] | None = None
        parameters = inspect.signature(optimizer.update).parameters
        every = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        self._named: frozenset[str] | None = None if every else frozenset(parameters)

    def init(self, trained: Variables) -> Any:
        """The optimizer's state for these variables.

        Raises:
          TypeError: it takes another form than a tree of arrays by name. An error that a check of ours raised stays.
        """
        # lookahead's `init` takes variables alone, with a warning, and then its `update` does not.
        pairs = getattr(self._optimizer.init, "__module__", None) == optax.lookahead.__module__
        forms: Sequence[type[_AsVariables]] = (_AsPairs,) if pairs else (_AsVariables, _AsDicts)
        first: Exception | None = None
        for form in forms if self._form is None else (self._form,):
            try:
                # They are many small operations for each variable: compiled at once they take a third of the time.
                state = jax.jit(lambda values, form=form: form.init(self._optimizer, values))(trained)
            except Exception as error:
                first = first or error
            else:
                self._form = form
                return state
        assert first is not None
        if raised_here(first):
            raise first
        raise TypeError(
            f"create_train_op: optimizer must be an optax transformation of arrays by name, and cannot be set up for "
            f"these {len(trained)} variables: {_short(first)}. Masks and labels must be functions of the variables, "
            "or have an entry for each by its name ({'conv1/weights': True, ...})."
        ) from first

    def update(
        self, gradients: Variables, state: Any, trained: Variables, loss: Any, loss_fn: Callable[[Any], Any]
    ) -> tuple[Variables, Any]:
        """The changes of the variables, and the next state.

        Args:
          gradients, state, trained: as optax takes them.
          loss: the loss at these variables, for transformations that take it (`reduce_on_plateau`, `momo`).
          loss_fn: variables -> their loss on the same batch, for those that search along a line (`lbfgs`).

        Raises:
          TypeError: the optimizer must be given something else besides.
        """
        if self._form is None:
            jax.eval_shape(self.init, trained)
            assert self._form is not None

        # optax's line searches refuse whatever is passed that this does not take.
        def value_fn(values: Any, obj_fn: Any = None, global_step: Any = None) -> Any:
            return loss_fn(values)

        extra = {"value": loss, "value_fn": value_fn, "obj_fn": value_fn}  # the second is what sophia calls it
        try:
            changes, state = self._form.update(self._optimizer, gradients, state, trained, self._wanted, extra)
        except TypeError as error:
            if "required keyword-only argument" not in str(error):
                raise
            raise TypeError(
                f"create_train_op: optimizer must be one that needs no more than gradients, variables, `value`, `grad` "
                f"and `value_fn`, got one whose {_short(error)}. Take that from it with a transformation around it."
            ) from error
        return trained | changes, state

    def _wanted(self, extra: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in extra.items() if self._named is None or name in self._named}


class _AsVariables:
    """Variables as they are."""

    @staticmethod
    def init(optimizer: Any, trained: Variables) -> Any:
        return optimizer.init(trained)

    @staticmethod
    def update(optimizer: Any, gradients: Variables, state: Any, trained: Variables, wanted: Any, extra: Any) -> Any:
        return optimizer.update(gradients, state, trained, **wanted({**extra, "grad": gradients}))


class _AsDicts(_AsVariables):
    """Plain dicts by name."""

    @staticmethod
    def init(optimizer: Any, trained: Variables) -> Any:
        return optimizer.init(dict(trained))

    @staticmethod
    def update(optimizer: Any, gradients: Variables, state: Any, trained: Variables, wanted: Any, extra: Any) -> Any:
        given = dict(gradients)
        return optimizer.update(given, state, dict(trained), **wanted({**extra, "grad": given}))


class _AsPairs(_AsVariables):
    """The fast weights, which are the variables, and the slow ones of `optax.lookahead`."""

    @staticmethod
    def init(optimizer: Any, trained: Variables) -> SlowState:
        return SlowState(trained, optimizer.init(optax.LookaheadParams.init_synced(trained)))

    @staticmethod
    def update(
        optimizer: Any, gradients: Variables, state: SlowState, trained: Variables, wanted: Any, extra: Any
    ) -> tuple[Any, SlowState]:
        pair = optax.LookaheadParams(trained, state.slow)
        changes, inner = optimizer.update(gradients, state.inner, pair, **wanted({**extra, "grad": gradients}))
        return changes.fast, SlowState(optax.apply_updates(state.slow, changes.slow), inner)


def _short(error: Exception) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    return text if len(text) <= 200 else text[:200] + "…"
