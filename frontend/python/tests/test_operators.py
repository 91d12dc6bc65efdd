"""Python's operators, each against NumPy."""

import numpy as np
import pytest
from checks import check
from cloakwork import fhe

UNSIGNED = range(16)
SIGNED = range(-8, 8)
VECTORS = [np.array([a, (3 * a + 1) % 8, 7 - a]) for a in range(8)]


def test_linear_operators():
    def function(x):
        return x + 3, 3 + x, x - 3, 3 - x, x * 3, 3 * x, x * -2, -x, +x, ~x, x << 2, x + x, x - x * 2

    assert check(function, UNSIGNED).programmable_bootstrap_count == 0
    assert check(function, SIGNED).programmable_bootstrap_count == 0


def test_comparisons():
    def function(x):
        return x == 5, x != 5, x < 5, x <= 5, x > 5, x >= 5, 5 < x, 5 >= x

    check(function, UNSIGNED)
    check(function, SIGNED)


def test_table_operators():
    def function(x):
        return (
            x // 3,
            20 // (x + 9),
            x % 5,
            50 % (x + 9),
            x**2,
            2 ** (x + 8),
            x >> 1,
            1 << (x + 8),
            100 >> (x + 8),
            abs(x),
        )

    check(function, SIGNED)


def test_bitwise():
    def function(x):
        return x & 5, 5 & x, x | 5, 5 | x, x ^ 5, 5 ^ x

    check(function, UNSIGNED)
    check(function, SIGNED)


def test_division_gives_reals():
    def function(x):
        return (
            (x / 3).astype(np.int64),
            np.rint(10 / (x + 1)).astype(np.int64),
            round(x / 2),
            round(x * 0.3 + 0.1),
        )

    # Python's round of an array is not an integer.
    def oracle(x):
        return (
            (x / 3).astype(np.int64),
            np.rint(10 / (x + 1)).astype(np.int64),
            np.rint(x / 2),
            np.rint(x * 0.3 + 0.1),
        )

    circuit = fhe.Compiler(function, {"x": "encrypted"}).compile(UNSIGNED, p_error=1e-12)
    for x in UNSIGNED:
        assert circuit.simulate(x) == circuit.graph(x) == tuple(int(value) for value in oracle(np.int64(x)))


def test_reals_between_integers():
    def function(x):
        return (
            (np.sin(x) * 5 + 0.5 - x).astype(np.int64),
            np.floor(x**0.5).astype(np.int64),
            ((x - 7.5) > 0) + x,
        )

    check(function, UNSIGNED)


def test_functions_of_one_value_twice():
    check(lambda x: (x * x, x * x + x, abs(x - 3) * (x + 1), np.maximum(2 * x, x + 4)), range(8))


def test_two_encrypted_parameters():
    samples = [(a, b) for a in range(4) for b in range(-2, 3)]
    check(lambda x, y: (x + y, x - y, 2 * x - 3 * y + 1, (x + y) // 2), samples)


def test_clear_parameter():
    samples = [(a, b) for a in range(4) for b in range(4)]
    circuit = check(lambda x, y: (x + y, y * x, x - y), samples, y="clear")
    assert "ClearScalar<uint2>" in str(circuit)


def test_tensors_with_constants():
    weights = np.array([1, -2, 3])

    def function(x):
        return x + weights, weights - x, x * weights, x % [3, 4, 5], x > [1, 2, 3], x // weights.reshape(3)

    check(function, VECTORS)


@pytest.mark.parametrize("columns", [1, 3])
def test_matrix_products(columns):
    matrix = np.arange(-4, -4 + 3 * columns).reshape(3, columns)

    def function(x):
        return (
            x @ matrix,
            matrix.T @ x,
            [1, 2, 3] @ x,
            np.dot(x, [3, 2, 1]),
            x.dot(matrix),
            np.matmul(matrix.T, x),
        )

    check(function, VECTORS)


def test_matrix_inputs():
    matrices = [np.array([[a, 1], [2, 3 - a]]) for a in range(4)]
    check(lambda x: (x @ [[1, 2], [3, 4]], [[1, 2], [3, 4]] @ x, x @ [1, -1], x.T @ [1, 1]), matrices)


def test_constant_results():
    circuit = check(lambda x: (x, -97, np.array([1, -2])), range(4))
    assert circuit.graph(3)[1] == -97


def test_unused_parameter_is_measured():
    circuit = check(lambda x, y: y + 1, [(3, 1), (-100, 2)])
    assert circuit.simulate(-100, 2) == 3
