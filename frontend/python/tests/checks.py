"""A function against its compiled form: NumPy is the oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from cloakwork import fhe

#: Noise that a test never sees.
P_ERROR = 1e-12


def compiled(function: Callable, inputset: Any, **statuses: str) -> fhe.Circuit:
    """The function as a circuit; parameters are encrypted unless it says otherwise."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    parameters = {name: statuses.get(name, "encrypted") for name in names}
    return fhe.Compiler(function, parameters).compile(inputset, p_error=P_ERROR)


def check(function: Callable, inputset: Any, **statuses: str) -> fhe.Circuit:
    """Compares graph and simulated machine code with the function on every sample."""
    inputset = list(inputset)
    circuit = compiled(function, inputset, **statuses)
    for sample in inputset:
        arguments = sample if isinstance(sample, tuple) else (sample,)
        with np.errstate(all="ignore"):
            expected = function(*[np.asarray(argument) for argument in arguments])
        assert_same(circuit.graph(*arguments), expected, f"graph({arguments})")
        assert_same(circuit.simulate(*arguments), expected, f"simulate({arguments})")
    return circuit


def assert_same(found: Any, expected: Any, what: str) -> None:
    """Same values, shapes and number of results."""
    if isinstance(expected, tuple):
        assert isinstance(found, tuple) and len(found) == len(expected), what
        for i, (one, other) in enumerate(zip(found, expected)):
            assert_same(one, other, f"{what}[{i}]")
        return
    assert np.shape(found) == np.shape(expected), what
    assert np.array_equal(found, np.asarray(expected, dtype=np.int64)), f"{what}: {found} is not {expected}"
    assert isinstance(found, np.ndarray if np.shape(expected) else int), what
