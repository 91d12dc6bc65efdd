"""Unsigned integers of 64 bits: in the clear, simulated, executed. The oracle is Python on integers of any size."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from cloakwork import fhe

TOP = 2**64 - 1
PAIRS = [(0, 0), (TOP, TOP), (TOP, 0), (0, TOP), (2**63, 2**63 - 1), (2**63 - 1, 2**63), (5, 2**40), (2**63 + 12345, 77)]

# Function of traced values, the same on integers of Python, samples.
FUNCTIONS = {
    "add": (operator.add, operator.add, [(2**63, 2**63 - 1), (0, 0), (2**62, 5)]),
    "sub": (operator.sub, operator.sub, [(TOP, TOP), (TOP, 0), (2**63, 1)]),
    "mul": (operator.mul, operator.mul, [(2**32, 2**32 - 1), (0, 2**31), (2**32, 0), (2**32 - 1, 2**32 - 1)]),
    "less": (operator.lt, lambda x, y: int(x < y), PAIRS),
    "equal": (operator.eq, lambda x, y: int(x == y), PAIRS),
    "minimum": (np.minimum, min, PAIRS),
    "maximum": (np.maximum, max, PAIRS),
    "and": (operator.and_, operator.and_, PAIRS),
    "or": (operator.or_, operator.or_, PAIRS),
    "xor": (operator.xor, operator.xor, PAIRS),
    "select": (lambda x, y: np.where(x > y, x, y), max, PAIRS),
    "shift right": (lambda x, y: (x >> 5) + (y >> 60), lambda x, y: (x >> 5) + (y >> 60), PAIRS),
    "shift left": (lambda x, y: (x >> 1) << 1, lambda x, y: x >> 1 << 1, PAIRS),
    "known xor": (lambda x, y: x ^ 0x9E3779B97F4A7C15, lambda x, y: x ^ 0x9E3779B97F4A7C15, PAIRS),
    "known and": (lambda x, y: x & 0xFFFF000000000000, lambda x, y: x & 0xFFFF000000000000, PAIRS),
}


def compiled(function, samples):
    return fhe.Compiler(lambda x, y: function(x, y), {"x": "encrypted", "y": "encrypted"}).compile(samples)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_clear_and_simulated(name):
    function, expected, samples = FUNCTIONS[name]
    circuit = compiled(function, samples)
    for x, y in samples:
        assert circuit.graph(x, y) == expected(x, y)
        assert circuit.simulate(x, y) == expected(x, y)


@pytest.mark.parametrize("name", ["add", "less", "xor"])
def test_executed(name):
    function, expected, samples = FUNCTIONS[name]
    circuit = compiled(function, samples)
    for x, y in samples[:2]:
        assert circuit.encrypt_run_decrypt(x, y) == expected(x, y)


def test_arrays_have_the_type_that_they_need():
    circuit = fhe.Compiler(lambda x: x ^ 1, {"x": "encrypted"}).compile(
        [np.array([0, TOP], dtype=np.uint64), np.array([2**63, 7], dtype=np.uint64)]
    )
    x = np.array([TOP, 2**63 + 1], dtype=np.uint64)
    found = circuit.simulate(x)
    assert found.dtype == np.uint64 and found.tolist() == [TOP - 1, 2**63]
    assert circuit.simulate(np.array([1, 2])).tolist() == [0, 3]
    with pytest.raises(ValueError, match="Expected argument 0"):
        circuit.simulate(np.array([-1, 2]))


def test_random_inputs_reach_the_top():
    values = [int(value) for (value,) in fhe.inputset(fhe.uint64, size=200)]
    assert max(values) > 2**63 and min(values) >= 0


def test_results_of_more_than_64_bits_are_refused():
    with pytest.raises((RuntimeError, ValueError), match="64 bits"):
        compiled(operator.add, [(TOP, 1)])
    with pytest.raises((RuntimeError, ValueError), match="64"):
        compiled(operator.sub, [(TOP, 1), (0, TOP)])
