"""What a checkpoint holds, between a program's values and what files can keep."""

import difflib
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_SHOWN = 8  # names an error lists


def stored(name: str, value: Any) -> tuple[dict[str, Any], Any]:
    """What the manifest says of an array, and the array as it is stored."""
    if not isinstance(name, str):
        raise TypeError(f"Checkpoints.save: names must be strings, got {name!r}.")
    entry = {}
    if isinstance(value, jax.Array):
        if value.is_deleted():
            raise ValueError(
                f"Checkpoints.save: the array {name!r} was deleted or donated. Save what the step returned."
            )
        entry = {"shape": list(value.shape), "dtype": str(value.dtype)}
        if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
            entry["key"] = str(jax.random.key_impl(value))
            value = jax.random.key_data(value)
        return entry, value
    if not isinstance(value, (np.ndarray, np.generic, bool, int, float, complex)):
        raise TypeError(f"Checkpoints.save: {name!r} must be an array, got {type(value).__name__}.")
    value = np.asarray(value)  # orbax copies it
    if value.dtype.kind in "OSUMm":
        raise TypeError(f"Checkpoints.save: {name!r} must be an array of numbers, got dtype {value.dtype}.")
    return {"shape": list(value.shape), "dtype": str(value.dtype)}, value


def spec_of(entry: Mapping[str, Any]) -> jax.ShapeDtypeStruct:
    """The shape and dtype of the array as it is stored, from what the manifest says of it."""
    if "key" not in entry:
        return jax.ShapeDtypeStruct(tuple(entry["shape"]), jnp.dtype(entry["dtype"]))
    one = jax.eval_shape(lambda: jax.random.key_data(jax.random.key(0, impl=entry["key"])))
    return jax.ShapeDtypeStruct((*entry["shape"], *one.shape), one.dtype)


def from_stored(entry: Mapping[str, Any], array: np.ndarray) -> Any:
    """The value that `stored` was given: a NumPy array, or random keys."""
    return jax.random.wrap_key_data(jnp.asarray(array), impl=entry["key"]) if "key" in entry else array


def placed(array: Any, like: Any) -> jax.Array:
    """The array on the devices that `like` is on, in memory that nothing else holds: it may be donated."""
    sharding = getattr(like, "sharding", None)
    if sharding is not None and not sharding.is_fully_addressable:
        return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])
    return jax.device_put(array, sharding, may_alias=False)


def differences(saved: Mapping[str, Mapping[str, Any]], like: Mapping[str, Any]) -> str:
    """All differences between what a manifest says and what a program expects, some lines each; empty without any."""

    def near(name: str, others: list[str]) -> str:
        found = difflib.get_close_matches(name, others, 1)
        return f"{name!r} (near: {found[0]!r})" if found else repr(name)

    def listed(title: str, texts: list[str]) -> list[str]:
        more = [f"and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
        return ["\n  ".join([f"{title} ({len(texts)}):", *texts[:_SHOWN], *more])] if texts else []

    missing = [name for name in like if name not in saved]
    unexpected = [name for name in saved if name not in like]
    shapes, dtypes = [], []
    for name in (name for name in like if name in saved):
        shape, dtype = tuple(saved[name]["shape"]), saved[name]["dtype"]
        if shape != tuple(like[name].shape):
            shapes.append(f"{name!r}: {list(shape)} in the checkpoint, {list(like[name].shape)} in the program")
        elif dtype != str(like[name].dtype):
            dtypes.append(f"{name!r}: {dtype} in the checkpoint, {like[name].dtype} in the program")
        elif "key" not in saved[name] and jax.dtypes.canonicalize_dtype(jnp.dtype(dtype)) != jnp.dtype(dtype):
            dtypes.append(f"{name!r}: {dtype} needs jax.config.update('jax_enable_x64', True)")
    return "\n".join(
        [
            *listed(
                "missing in the checkpoint", [near(name, unexpected) for name in missing[:_SHOWN]] + missing[_SHOWN:]
            ),
            *listed(
                "unknown to the program", [near(name, missing) for name in unexpected[:_SHOWN]] + unexpected[_SHOWN:]
            ),
            *listed("other shape", shapes),
            *listed("other dtype", dtypes),
        ]
    )


def json_value(value: Any, where: str) -> Any:
    """`value` as JSON has it; a TypeError names the part that JSON cannot hold."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [json_value(part, f"{where}[{index}]") for index, part in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"Checkpoints.save: the keys of {where} must be strings, got {key!r}.")
        return {key: json_value(part, f"{where}[{key!r}]") for key, part in value.items()}
    raise TypeError(
        f"Checkpoints.save: {where} must be a JSON value (a number, a string, a list, a dict), got "
        f"{type(value).__name__}. Arrays belong into arrays."
    )
