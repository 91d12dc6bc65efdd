"""Estimators and modules in files, with their circuits: what is loaded predicts at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any, TextIO

import numpy as np

from .module import QuantizedModule
from .pipelines import CompiledPipeline

_VERSION = 1
_ROOM = f"{__package__}.sklearn"


def dumps(model: Any) -> str:
    """An estimator, or a module of a network, as text."""
    parts = described(model)
    module = model if isinstance(model, QuantizedModule) else model.quantized_module_
    return json.dumps({**parts, "module": module.dumps()})


def described(model: Any) -> dict[str, Any]:
    """What a client needs of a compiled estimator besides its integers: plain data, without the circuit."""
    if isinstance(model, QuantizedModule):
        return {"version": _VERSION, "class": "QuantizedModule"}
    if isinstance(model, CompiledPipeline):
        if model.client_steps is not None:
            names = ", ".join(f"`{name}`" for name, _ in model.client_steps.steps)
            raise ValueError(
                f"the steps {names} of the pipeline are the client's, and a file holds no transformers; save `client_steps` "
                "yourself, and `as_estimator()` here"
            )
        model = model.as_estimator()
    kind = type(model)
    if not kind.__module__.startswith(_ROOM):
        raise TypeError(f"{kind.__name__} is no estimator of `{_ROOM}`, and no QuantizedModule")
    if not model.is_compiled:
        raise RuntimeError("the estimator is not compiled; call compile(X) first: a file holds its circuit")
    facts = {name: _plain(getattr(model, name)) for name in model._facts if hasattr(model, name)}
    return {
        "version": _VERSION,
        "class": kind.__name__,
        "parameters": {name: _plain(value) for name, value in model._stored_parameters().items()},
        "learned": facts,
    }


def dump(model: Any, file: TextIO) -> None:
    """Writes what `dumps` gives."""
    file.write(dumps(model))


def loads(text: str) -> Any:
    """What `dumps` gave, ready to predict. A file can hold no code but circuits."""
    parts = json.loads(text)
    return restored(parts, lambda: QuantizedModule.loads(parts["module"]))


def restored(parts: dict[str, Any], module: Callable[[], QuantizedModule]) -> Any:
    """What `described` gave, around a module."""
    if parts.get("version") != _VERSION:
        raise ValueError(f"the model has version {parts.get('version')}, this release reads {_VERSION}; save it again")
    name = parts["class"]
    if name == "QuantizedModule":
        return module()
    room = import_module(_ROOM)
    if name not in room.__all__ and name not in room._OPTIONAL:
        raise ValueError(f"`{name}` is no estimator of `{_ROOM}`")
    estimator = getattr(room, name)(**{key: _restored(value) for key, value in parts["parameters"].items()})
    for fact, value in parts["learned"].items():
        setattr(estimator, fact, _restored(value))
    estimator._module = module()
    return estimator


def load(file: TextIO) -> Any:
    """Reads what `dump` wrote."""
    return loads(file.read())


def _plain(value: Any) -> Any:
    """A value as JSON."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.str}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {"dict": {name: _plain(one) for name, one in value.items()}}
    if isinstance(value, (list, tuple)):
        items = [_plain(one) for one in value]
        return {"tuple": items} if isinstance(value, tuple) else items
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"a parameter is {value!r}, which a file cannot hold; give its name instead")


def _restored(value: Any) -> Any:
    if isinstance(value, dict) and "array" in value:
        return np.array(value["array"], dtype=np.dtype(value["dtype"]))
    if isinstance(value, dict) and "dict" in value:
        return {key: _restored(inner) for key, inner in value["dict"].items()}
    if isinstance(value, dict) and "tuple" in value:
        return tuple(_restored(one) for one in value["tuple"])
    return [_restored(one) for one in value] if isinstance(value, list) else value
