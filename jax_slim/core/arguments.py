"""What is checked of every layer's arguments when it is called: names, and values that are not what they look like.

A misspelt name is answered with near names, a name of Keras or Flax with what it is called here. Functions,
initializers and regularizers are told from what is often passed in their place: a string, a number, a result, a factory
that was not called.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jax_slim.core import names

# Names of other libraries -> the names here; those that a function has are offered.
_ELSEWHERE = {
    "num_outputs": ("filters", "features", "units", "num_filters", "out_channels", "out_features", "num_output"),
    "kernel_size": ("pool_size", "window_shape", "ksize", "filter_size", "window"),
    "stride": ("strides", "window_strides"),
    "rate": ("dilation", "dilations", "dilation_rate", "kernel_dilation"),
    "activation_fn": ("activation", "act", "activation_function", "nonlinearity"),
    "normalizer_fn": ("norm", "normalizer", "normalization", "norm_layer"),
    "weights_initializer": ("kernel_initializer", "kernel_init", "weight_initializer", "w_init", "weights_init"),
    "biases_initializer": ("bias_initializer", "bias_init", "b_init", "biases_init"),
    "weights_regularizer": ("kernel_regularizer", "weight_regularizer", "w_regularizer"),
    "biases_regularizer": ("bias_regularizer", "b_regularizer"),
    "is_training": ("training", "train", "is_train"),
    "scope": ("name",),
    "keep_prob": ("keep_probability", "keep"),
    "decay": ("momentum",),
    "epsilon": ("eps",),
    "vocab_size": ("input_dim", "num_embeddings"),
    "embed_dim": ("output_dim", "embedding_dim"),
    "inputs": ("x", "input"),
    "weights": ("sample_weight", "weight"),
    "labels": ("y_true", "targets", "target"),
    "predictions": ("y_pred",),
}
# What has no counterpart of one name: the argument that a function must have for it, and what to write.
_INSTEAD = {
    "use_bias": (("biases_initializer", "biases_initializer=None leaves the biases out"), ("center", "center=False")),
    "bias": (("biases_initializer", "biases_initializer=None leaves the biases out"),),
    "rate": (("keep_prob", "keep_prob is 1 - rate"),),
    "p": (("keep_prob", "keep_prob is 1 - p"),),
    "drop_rate": (("keep_prob", "keep_prob is 1 - drop_rate"),),
    "dropout_rate": (("keep_prob", "keep_prob is 1 - dropout_rate"),),
    "deterministic": (("is_training", "is_training is its opposite"),),
    "use_running_average": (("is_training", "is_training is its opposite"),),
    "use_scale": (("scale", "it is called scale"),),
    "gamma_initializer": (("param_initializers", 'param_initializers={"gamma": ...}'),),
    "beta_initializer": (("param_initializers", 'param_initializers={"beta": ...}'),),
}
# Initializers by the strings that Keras has for them.
_INITIALIZERS = {
    "zeros": "zeros_initializer()",
    "ones": "ones_initializer()",
    "constant": "constant_initializer(value)",
    "glorot": "xavier_initializer()",
    "xavier": "xavier_initializer()",
    "he_normal": "initializers.he_normal()",
    "he_uniform": "initializers.he_uniform()",
    "lecun_normal": "initializers.lecun_normal()",
    "lecun_uniform": "initializers.lecun_uniform()",
    "orthogonal": "initializers.orthogonal_initializer()",
    "truncated": "truncated_normal_initializer(stddev=0.01)",
    "variance": "variance_scaling_initializer()",
    "random_uniform": "initializers.random_uniform_initializer(-0.05, 0.05)",
    "random_normal": "initializers.random_normal_initializer(stddev=0.05)",
    "uniform": "initializers.random_uniform_initializer(-0.05, 0.05)",
    "normal": "initializers.random_normal_initializer(stddev=0.05)",
}

# What Keras and Flax call layers, in small letters.
_LAYERS = {
    "dense": "fully_connected",
    "linear": "fully_connected",
    "conv": "conv2d",
    "convtranspose": "conv2d_transpose",
    "batchnorm": "batch_norm",
    "batchnormalization": "batch_norm",
    "layernorm": "layer_norm",
    "groupnorm": "group_norm",
    "maxpooling2d": "max_pool2d",
    "averagepooling2d": "avg_pool2d",
    "embedding": "embed_sequence",
    "module": "Model",
}


class Checks:
    """The checks of one function's arguments, worked out when it is decorated."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = re.sub(r"convolution(?=\dd)", "conv", function.__name__)  # as its other messages have it
        parameters = inspect.signature(function).parameters
        self.known = frozenset(parameters)
        self.takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        positional = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        self._by_place = {i: check for i, name in enumerate(positional) if (check := _check_for(name)) is not None}
        self._by_name = {name: check for name in parameters if (check := _check_for(name)) is not None}
        self._positional = positional
        self._required = [name for name in positional if parameters[name].default is inspect.Parameter.empty]

    def __call__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Raises TypeError for an argument that the function does not have, or a value that cannot be meant."""
        if not self.takes_any and not self.known.issuperset(kwargs):
            wrong = next(name for name in kwargs if name not in self.known)
            raise TypeError(unexpected(self.name, wrong, self.known))
        if len(args) < len(self._required):
            missing = [name for name in self._required[len(args) :] if name not in kwargs]
            if missing:
                raise TypeError(f"{self.name}: {' and '.join(missing)} must be given.")
        for place, check in self._by_place.items():
            if place < len(args) and args[place] is not None:
                check(self.name, self._positional[place], args[place])
        for name, check in self._by_name.items():
            if kwargs.get(name) is not None:
                check(self.name, name, kwargs[name])


def unexpected(function: str, wrong: str, known: Iterable[str]) -> str:
    """The message for an argument that a function does not have."""
    known = sorted(known)
    text = f"{function}: got an unexpected keyword argument {wrong!r}."
    for argument, advice in _INSTEAD.get(wrong, ()):
        if argument in known:
            return f"{text} Here {advice}."
    for here, elsewhere in _ELSEWHERE.items():
        if wrong in elsewhere and here in known:
            return f"{text} Here it is called {here}."
    return text + names.hint(wrong, known, "arguments")


def layer_hint(name: str, known: Iterable[str]) -> str:
    """' Near names: ...' for a name that the package's root does not have, or ''."""
    elsewhere = _LAYERS.get(name.lower().replace("_", ""))
    alike = [elsewhere] if elsewhere else names.near(name, known, 3)
    return f" Near names: {', '.join(alike)}." if alike else ""


def check_function(function: str, argument: str, value: Any) -> None:
    """Raises TypeError unless `value` is a function."""
    if callable(value):
        return
    if isinstance(value, str):
        advice = f"Pass the function: jax.nn.{value}." if value.isidentifier() else "Pass the function itself."
    elif hasattr(value, "shape"):
        advice = "Pass the function, not its result; its arguments go into normalizer_params or a functools.partial."
    else:
        advice = "Pass the function itself, such as jax.nn.relu."
    raise TypeError(f"{function}: {argument} must be a function or None, got {_shown(value)}. {advice}")


def check_regularizer(function: str, argument: str, value: Any) -> None:
    """Raises TypeError unless `value` may be a function weights -> loss."""
    if callable(value) and not _is_factory(value, "jax_slim.regularizers"):
        return
    if callable(value):
        advice = f"Call it: {argument}=slim.{value.__name__}(1e-4)."
    else:
        scale = value if isinstance(value, float) else 1e-4
        advice = f"slim.l2_regularizer({scale}) makes one."
    raise TypeError(f"{function}: {argument} must be a function weights -> loss or None, got {_shown(value)}. {advice}")


def check_initializer(function: str, argument: str, value: Any) -> None:
    """Raises TypeError unless `value` may be a function (key, shape, dtype) -> array, or an array."""
    rule = f"{function}: {argument} must be a function (key, shape, dtype) -> array or an array, got {_shown(value)}."
    if isinstance(value, str):
        alike = next((made for word, made in _INITIALIZERS.items() if word in value.lower()), "xavier_initializer()")
        raise TypeError(f"{rule} slim.{alike} makes one.")
    if not callable(value):
        return
    if _is_factory(value, "jax_slim.initializers") or _is_factory(value, "jax.nn.initializers"):
        raise TypeError(f"{rule} It makes such a function: call it, {argument}={value.__name__}(...).")
    if not _takes_three(value):
        raise TypeError(f"{rule} It takes other arguments: those of slim.initializers and jax.nn.initializers will do.")


def check_mapping(function: str, argument: str, value: Any) -> None:
    """Raises TypeError unless `value` is a dict."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{function}: {argument} must be a dict of arguments or None, got {_shown(value)}.")


def _check_for(name: str) -> Callable[[str, str, Any], None] | None:
    if name.endswith(("activation_fn", "normalizer_fn")):
        return check_function
    if name == "normalizer_params":
        return check_mapping
    if name.endswith("regularizer"):
        return check_regularizer
    return check_initializer if name.endswith("initializer") else None


def _is_factory(value: Any, module: str) -> bool:
    """Whether `value` is a function or class of that module itself, and not something that one of these has made."""
    home = getattr(value, "__module__", None) or ""
    if not (inspect.isfunction(value) or inspect.isclass(value)) or not (home + ".").startswith(module + "."):
        return False
    return "<locals>" not in value.__qualname__ and value.__name__ not in ("zeros", "ones")


def _takes_three(value: Callable[..., Any]) -> bool:
    try:
        inspect.signature(value).bind(None, None, None)
    except TypeError:
        return False
    except ValueError:  # built in, without a signature
        return True
    return True


def _shown(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"an array of shape {value.shape}"
    if inspect.isfunction(value) or inspect.isclass(value):
        return f"{value.__name__} itself"
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
