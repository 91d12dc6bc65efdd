"""Every function of two operands on every kind of operands: signs, shapes, clear constants, clear parameters, encrypted.

Scalars are tried exhaustively on a narrow type. One program holds many functions.
"""

import itertools

import numpy as np
import pytest
from checks import P_ERROR, assert_same
from cloakwork import fhe

RANGES = {"unsigned": (0, 3), "signed": (-2, 1)}

#: Functions that are legal for all integers; results are integers.
FUNCTIONS = {
    "linear": lambda x, y: (x + y, x - y, np.subtract(y, x)),
    "products": lambda x, y: (x * y, np.multiply(y, x)),
    "order": lambda x, y: (x < y, x <= y, x > y, x >= y),
    "equality": lambda x, y: (x == y, x != y),
    "extremes": lambda x, y: (np.minimum(x, y), np.maximum(x, y), np.fmax(x, y)),
    "bits": lambda x, y: (x & y, x | y, x ^ y),
    "shifts": lambda x, y: (x << (y & 3), x >> (y & 3)),
    "logic": lambda x, y: (np.logical_and(x, y), np.logical_or(x, y), np.logical_xor(x, y)),
    "division": lambda x, y: (x // (y + 5), x % (y + 5), np.fmod(x, y + 5)),
    "number theory": lambda x, y: (np.gcd(x, y), np.lcm(x, y)),
    "reals": lambda x, y: (np.floor(np.hypot(x, y) + 0.01).astype(int), np.rint((x + 0.25) / (y + 5.5)).astype(int)),
    "choices": lambda x, y: (np.where(x > y, x, y), np.where(x > 0, y, 3), np.where(y, -1, x), np.where(x == y, 2, -3)),
    "packed": lambda x, y: fhe.multivariate(lambda a, b: a * a - b)(x, y),
}

#: Functions that are legal with clear parameters, whatever is said in `FUNCTIONS`.
STATUSES = ["encrypted", "clear", "constant"]


def compiled(function, inputset, statuses):
    names = [name for name, status in statuses.items() if status != "constant"]
    return fhe.Compiler(function, {name: statuses[name] for name in names}).compile(inputset, p_error=P_ERROR)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("status", STATUSES)
def test_scalars(name, status):
    """All pairs of numbers, for each mix of signs."""
    function = FUNCTIONS[name]
    for (low, high), (least, greatest) in itertools.product(RANGES.values(), repeat=2):
        first, second = range(low, high + 1), range(least, greatest + 1)
        if status == "constant":
            constants = list(second)

            def program(x, constants=constants):
                results = [function(x, c) for c in constants]
                return tuple(one for result in results for one in (result if isinstance(result, tuple) else (result,)))

            circuit = _of_one(program).compile(first, p_error=P_ERROR)
            for x in first:
                assert_same(circuit.graph(x), _plain(program(np.asarray(x))), f"graph({x})")
                assert_same(circuit.simulate(x), _plain(program(np.asarray(x))), f"simulate({x})")
            continue
        pairs = list(itertools.product(first, second))
        circuit = compiled(lambda x, y: function(x, y), pairs, {"x": "encrypted", "y": status})
        for x, y in pairs:
            expected = _plain(function(np.asarray(x), np.asarray(y)))
            assert_same(circuit.graph(x, y), expected, f"graph({x}, {y})")
            assert_same(circuit.simulate(x, y), expected, f"simulate({x}, {y})")


def _of_one(program):
    return fhe.Compiler(lambda x: program(x), {"x": "encrypted"})


def _plain(results):
    if isinstance(results, tuple):
        return tuple(np.asarray(result).astype(np.int64) for result in results)
    return np.asarray(results).astype(np.int64)


SHAPES = [((3,), (3,)), ((2, 3), ()), ((), (2,)), ((2, 1), (1, 3)), ((2, 3), (3,))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tensors(name):
    """Broadcasting of encrypted and clear operands, signs mixed, all shapes as outputs of one program."""
    function, random = FUNCTIONS[name], np.random.default_rng(7)

    def draw():
        values = []
        for (shape_x, shape_y), signs in zip(SHAPES, itertools.cycle(itertools.product(RANGES.values(), repeat=2))):
            for shape, (low, high) in zip((shape_x, shape_y), signs):
                values.append(random.integers(low, high + 1, shape))
        return tuple(values)

    def program(a, b, c, d, e, f, g, h, i, j):
        flat = []
        for x, y in ((a, b), (c, d), (e, f), (g, h), (i, j)):
            result = function(x, y)
            flat.extend(result if isinstance(result, tuple) else (result,))
        return tuple(flat)

    samples = [draw() for _ in range(12)]
    # The second operand of every other pair is a clear parameter.
    statuses = dict.fromkeys("abcdefghij", "encrypted") | {"d": "clear", "h": "clear"}
    circuit = fhe.Compiler(program, statuses).compile(samples, p_error=P_ERROR)
    for sample in samples:
        expected = _plain(program(*map(np.asarray, sample)))
        assert_same(circuit.graph(*sample), expected, f"graph({sample})")
        assert_same(circuit.simulate(*sample), expected, f"simulate({sample})")


@pytest.mark.parametrize("signs", list(itertools.product(RANGES, repeat=2)))
def test_contractions(signs):
    """Scalar and matrix products of two encrypted values, for each mix of signs."""
    (low, high), (least, greatest) = (RANGES[sign] for sign in signs)
    random = np.random.default_rng(5)
    samples = [(random.integers(low, high + 1, (2, 3)), random.integers(least, greatest + 1, (3, 2))) for _ in range(9)]
    samples += [(np.full((2, 3), x), np.full((3, 2), y)) for x in (low, high) for y in (least, greatest)]

    def function(x, y):
        return x @ y, np.dot(x[0], y[:, 1]), np.einsum("ij,ji->i", x, y), np.outer(x[0, :2], y[0])

    circuit = fhe.Compiler(function, {"x": "encrypted", "y": "encrypted"}).compile(samples, p_error=P_ERROR)
    for x, y in samples:
        assert_same(circuit.graph(x, y), function(x, y), "graph")
        assert_same(circuit.simulate(x, y), function(x, y), "simulate")


def test_on_real_keys():
    """A sample of everything above, encrypted."""

    def function(x, y, c):
        return x * y, x < y, np.maximum(x, c), x // (y + 5), np.where(x > c, y, -1), np.gcd(x, y), x & y

    samples = list(itertools.product(range(-2, 2), range(4), range(3)))
    statuses = {"x": "encrypted", "y": "encrypted", "c": "clear"}
    circuit = fhe.Compiler(function, statuses).compile(samples, p_error=1e-9)
    for sample in [(-2, 3, 1), (1, 0, 2)]:
        assert_same(circuit.encrypt_run_decrypt(*sample), _plain(function(*map(np.asarray, sample))), f"{sample}")
