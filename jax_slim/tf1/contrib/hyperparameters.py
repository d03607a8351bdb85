"""`tf.contrib.training.HParams`: named values that keep their types, read from texts such as 'rate=0.5,layers=4'."""

import json
import numbers
import re
from typing import Any

_ASSIGNMENT = re.compile(
    r"(?P<name>[a-zA-Z][\w\.]*)(\[\s*(?P<index>\d+)\s*\])?\s*=\s*((?P<value>[^,\[]*)|\[(?P<values>[^\]]*)\])($|,\s*)"
)


def _parsed_bool(text: str) -> bool:
    if text in ("true", "True"):
        return True
    return False if text in ("false", "False") else bool(int(text))


def parse_values(values: str, type_map: dict[str, Any], ignore_unknown: bool = False) -> dict[str, Any]:
    """The assignments in a text as a dictionary of values of the types given.

        parse_values("rate=0.5,sizes=[1,2],sizes2[3]=4", {"rate": float, "sizes": int, "sizes2": int})
        # {"rate": 0.5, "sizes": [1, 2], "sizes2": {3: 4}}

    Raises:
      ValueError: the text is no list of assignments, a name is unknown or comes twice, or a value has another type.
    """
    found: dict[str, Any] = {}
    at = 0
    while at < len(values):
        match = _ASSIGNMENT.match(values, at)
        if match is None:
            raise ValueError(f"Malformed hyperparameter value: {values[at:]}")
        at = match.end()
        name, index = match["name"], match["index"]
        if name not in type_map:
            if ignore_unknown:
                continue
            raise ValueError(f"Unknown hyperparameter type for {name}")
        kind = type_map[name]

        def read(text: str, name: str = name, kind: Any = kind) -> Any:
            try:
                return _parsed_bool(text) if kind is bool else kind(text)
            except ValueError:
                raise ValueError(
                    f"Could not parse hparam '{name}' of type '{kind.__name__}' with value '{text}' in {values}"
                ) from None

        twice = f"Multiple assignments to variable '{name}' in {values}"
        if match["values"] is not None:
            if index is not None:
                raise ValueError(f"Assignment of a list to a list index: {values}")
            if name in found:
                raise ValueError(twice)
            found[name] = [read(part) for part in re.split("[ ,]", match["values"]) if part]
        elif index is not None:
            entries = found.setdefault(name, {})
            if not isinstance(entries, dict) or int(index) in entries:
                raise ValueError(twice)
            entries[int(index)] = read(match["value"])
        else:
            if name in found:
                raise ValueError(twice)
            found[name] = read(match["value"])
    return found


def _cast(name: str, kind: Any, value: Any) -> Any:
    problem = f"Could not cast hparam '{name}' of type '{kind}' from value {value!r}"
    if kind is type(None):
        return value
    if issubclass(kind, str | bytes) and not isinstance(value, str | bytes):
        raise ValueError(problem)
    if issubclass(kind, bool) != isinstance(value, bool):
        raise ValueError(problem)
    for what in (numbers.Integral, numbers.Number):
        if issubclass(kind, what) and not isinstance(value, what):
            raise ValueError(problem)
    made: Any = kind
    return made(value)


class HParams:
    """Named values as attributes; each keeps the type that it began with.

    hparams = tf.contrib.training.HParams(rate=0.1, layers=[3, 4], name="net")
    hparams.parse("rate=0.5,layers=[5,6]")
    hparams.rate                                          # 0.5
    """

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any) -> None:
        self._hparam_types: dict[str, tuple[Any, bool]] = {}
        self._model_structure = model_structure
        if hparam_def is not None:
            raise ValueError("HParams: hparam_def must be None; pass names and values as keywords.")
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Adds a name with its first value, which decides the type.

        Raises:
          ValueError: the name is there already, or the value is an empty list.
        """
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        if isinstance(value, list | tuple):
            if not value:
                raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
            self._hparam_types[name] = (type(value[0]), True)
        else:
            self._hparam_types[name] = (type(value), False)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Sets the value of a name that is there.

        Raises:
          KeyError: it is not.
          ValueError: the value has another type, or is a list where none was, or none where one was.
        """
        kind, is_list = self._hparam_types[name]
        if isinstance(value, list):
            if not is_list:
                raise ValueError(f"Must not pass a list for single-valued parameter: {name}")
            setattr(self, name, [_cast(name, kind, one) for one in value])
        else:
            if is_list:
                raise ValueError(f"Must pass a list for multi-valued parameter: {name}.")
            setattr(self, name, _cast(name, kind, value))

    def del_hparam(self, name: str) -> None:
        """Removes a name; does nothing where it is missing."""
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> "HParams":
        """Sets what a text of assignments says.

        Raises:
          ValueError: as `parse_values` and `set_hparam`.
        """
        return self.override_from_dict(
            parse_values(values, {name: kind for name, (kind, _) in self._hparam_types.items()})
        )

    def override_from_dict(self, values_dict: dict[str, Any]) -> "HParams":
        """Sets several values by name."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def set_from_map(self, values_map: dict[str, Any]) -> "HParams":
        """`override_from_dict`, by its old name."""
        return self.override_from_dict(values_map)

    def parse_json(self, values_json: str) -> "HParams":
        """Sets what an object in JSON says."""
        return self.override_from_dict(json.loads(values_json))

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """The values as an object in JSON; functions are left out."""
        kept = {name: value for name, value in self.values().items() if not callable(value)}
        return json.dumps(kept, indent=indent, separators=separators, sort_keys=sort_keys)

    def values(self) -> dict[str, Any]:
        """The values by name."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key: str, default: Any = None) -> Any:
        """A value, or `default` where the name is missing.

        Raises:
          ValueError: the default has another type than the value.
        """
        if key not in self._hparam_types:
            return default
        if default is not None:
            kind, is_list = self._hparam_types[key]
            problem = f"Hparam '{key}' of type '{kind}' is incompatible with default={default}"
            if is_list != isinstance(default, list):
                raise ValueError(problem)
            try:
                for one in default if is_list else [default]:
                    _cast(key, kind, one)
            except ValueError as error:
                raise ValueError(f"{problem}. {error}") from None
        return getattr(self, key)

    def set_model_structure(self, model_structure: Any) -> None:
        self._model_structure = model_structure

    def get_model_structure(self) -> Any:
        return self._model_structure

    def __contains__(self, key: Any) -> bool:
        return key in self._hparam_types

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.values().items())

    def __repr__(self) -> str:
        return f"HParams({self!s})"
