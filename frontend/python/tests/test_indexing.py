"""Reading and writing elements against NumPy."""

import numpy as np
import pytest
from checks import check, compiled
from cloakwork import fhe

TENSORS = [np.arange(a, a + 24).reshape(2, 3, 4) % 16 for a in range(3)]
SIGNED = [tensor - 8 for tensor in TENSORS]
VECTORS = [np.array([a, (3 * a + 1) % 8, 7 - a, 2]) for a in range(5)]


def test_basic_indices():
    def function(x):
        return (
            x[0],
            x[-1, 2],
            x[1, 2, 3],
            x[np.int64(1)],
            x[:, 1:],
            x[:, ::-1],
            x[..., 0],
            x[0, ..., 1:3],
            x[:, None, 0],
            x[None, ..., None],
            x[1, ::2, -2:],
            x[:, 2:0:-1, ::3],
            x[...],
            x[()],
        )

    check(function, TENSORS)


def test_arrays_of_positions_and_masks():
    mask = np.arange(24).reshape(2, 3, 4) % 5 == 0

    def function(x):
        return (
            x[[0, 1]],
            x[:, [2, 0]],
            x[..., [1, 1, -3]],
            x[[0, 1], [1, 2]],
            x[[0, 1], :, [1, 2]],
            x[0, :, [1, 2]],
            x[np.array([[0, 1], [1, 0]])],
            x[[[0], [1]], [1, 2]],
            x[[True, False]],
            x[:, [True, False, True]],
            x[mask],
            x[mask[0, :, 0].nonzero()[0][0], mask[0]],
            x[None, [1]],
            x[1, [0, 2], ::-1],
        )

    assert check(function, SIGNED).programmable_bootstrap_count == 0


def test_positions_that_are_known_at_run_time():
    def scalars(x, i):
        return x[i], x[:, i, None], x[i, ..., ::-1], x[i, i], x[1:, i]

    circuit = check(scalars, list(zip(TENSORS, [0, 1, -1])), i="clear")
    assert circuit.programmable_bootstrap_count == 0
    assert np.array_equal(circuit.encrypt_run_decrypt(TENSORS[1], 0)[3], TENSORS[1][0, 0])

    def tensors(x, i):
        return x[i], x[:, i], x[:, :, i], x[..., i, :], x[None, :, i + 1], x[:, i[::-1]]

    check(tensors, list(zip(TENSORS, [np.array([0, 1]), np.array([1, -1]), np.array([0, -2])])), i="clear")


def test_positions_out_of_bounds():
    with pytest.raises((RuntimeError, ValueError), match="position 2 is out of bounds for axis 0 of 2 elements"):
        compiled(lambda x, i: x[i], [(TENSORS[0], 0), (TENSORS[1], 2)], i="clear")


def test_encrypted_positions():
    samples = [(vector, i - 2) for i, vector in enumerate(VECTORS)]
    check(lambda x, i: x[i], samples)
    check(lambda table, i: table[i], samples, table="clear")

    def put(x, i):
        x = x.copy()
        x[i] = 5
        return x

    check(put, samples)


def test_iteration_and_unpacking():
    def function(x):
        first, second = x
        return sum(row[0, 0] for row in x), first, second, len(x) + x[0, 0, 0]

    check(function, TENSORS)


def test_assignment():
    def function(x):
        x = x.copy()
        before = x.copy()
        x[0] = 1
        x[1, 2, 3] = x[0, 0, 0]
        x[:, ::2, -1] = [[7, 8], [9, 1]]
        x[[0, 1], [1, 2]] = 5
        x[..., 0] += 2
        x[-1, [True, False, True]] = 3
        x[np.arange(24).reshape(2, 3, 4) % 7 == 0] = -1
        x[0, ::-1, 1] = x[1, :, 2]
        return x, before, x[0], x.sum()

    check(function, SIGNED)
    row_then = compiled(lambda x: _row_before_assignment(x), TENSORS)
    # What was taken out of a value does not change with it.
    assert np.array_equal(row_then.graph(TENSORS[1]), TENSORS[1][0])


def _row_before_assignment(x):
    row = x[0]
    x[0] = 1
    return row


def test_assignment_of_encrypted_values():
    def function(x, y):
        x = x.copy()
        x[1:3] = y[:2]
        x[0] = y[3]
        x[...] = x[::-1]
        x[[3, 0]] = [y[0], 7]
        return x

    check(function, list(zip(VECTORS, VECTORS[1:])))


def test_assignment_at_positions_that_are_known_at_run_time():
    def function(x, i):
        x = x.copy()
        x[:, i] = 3
        x[:, :, i[0]] = x[0, 0, 0]
        x[i[1], :, 2] = x[1, :, 0]
        return x, x[:, i]

    positions = [np.array([0, 1]), np.array([1, -1]), np.array([2, 0])]
    circuit = check(function, list(zip(TENSORS, positions))[:2], i="clear")
    assert circuit.programmable_bootstrap_count == 0


def test_assignment_into_constants_and_clear_values():
    def function(x, c):
        z = fhe.zeros((2, 4))
        z[0] = x
        z[1, 1:] = 3
        c = c.copy() + 0
        c[0] = x[1]
        return z, c

    def plain(x, c):
        z = np.zeros((2, 4), dtype=np.int64)
        z[0] = x
        z[1, 1:] = 3
        c = c.copy()
        c[0] = x[1]
        return z, c

    circuit = compiled(function, list(zip(VECTORS, VECTORS)), c="clear")
    for x, c in zip(VECTORS, VECTORS[::-1]):
        for found, expected in zip(circuit.simulate(x, c), plain(x, c)):
            assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    "index, error, message",
    [
        (1.5, ValueError, "cannot be indexed with 1.5"),
        ({}, ValueError, "cannot be indexed with {}"),
        (slice(0.5, None), ValueError, "cannot be indexed with slice(0.5, None, None)"),
        ((0, 0, 0, 0), IndexError, "it has 3 axes"),
        ((..., ...), IndexError, "single ellipsis"),
        (5, IndexError, "index 5 is out of bounds for axis 0 with size 2"),
        ([0, 5], IndexError, "index 5 is out of bounds"),
        ([[True, False, True]], IndexError, "boolean"),
        (slice(2, 2), ValueError, "values without elements are not supported"),
    ],
)
def test_refused_indices(index, error, message):
    with pytest.raises(error) as caught:
        compiled(lambda x: x[index], TENSORS)
    assert message in str(caught.value)


def _assigned(value):
    def function(x):
        x[0] = value
        return x

    return function


@pytest.mark.parametrize(
    "value, message", [(np.ones(5), "place has shape"), (0.5, "Constant|integers"), ("a", "Constant|place")]
)
def test_refused_assignments(value, message):
    with pytest.raises((ValueError, RuntimeError), match=message):
        compiled(_assigned(value), TENSORS)


def test_traced_positions_beside_known_ones():
    def function(x, i, j):
        return (
            x[i, [1, 2]],
            x[[1, 0], i],
            x[i, :, [3, 0]],
            x[:, i, [3, 0]],
            x[1, i],
            x[i, j],
            x[i[:, None], j],
            x[..., i, j],
            x[i, 1, j],
            x[i, None, 2],
            x[[[0], [1]], i[0], j],
        )

    positions = [(np.array([0, 1]), np.array([-1, 2])), (np.array([-2, 1]), np.array([0, 1]))]
    samples = [(tensor, *pair) for tensor, pair in zip(TENSORS, positions)]
    circuit = check(function, samples, i="clear", j="clear")
    assert circuit.programmable_bootstrap_count == 0
    few = [(tensor[:, :2, :2] % 4, i % 2, j % 2) for tensor, i, j in samples]
    check(lambda x, i, j: (x[i, [1, 0]], x[i, :, j], x[1, i[:, None], j]), few)
    check(lambda x, i, j: x[j, i], few, i="clear")


def test_assignment_at_several_encrypted_positions():
    def function(x, i, j):
        x = x.copy()
        x[i, j] = 3
        x[i, :, j] = x[0, :, 0]
        return x

    tensors = [tensor[:, :2, :3] % 4 for tensor in TENSORS]
    check(function, [(tensor, a, b) for tensor, a, b in zip(tensors, [0, 1, -1], [1, 0, -2])])
    check(function, [(tensor, a, b) for tensor, a, b in zip(tensors, [0, 1, -1], [1, 0, -2])], j="clear")

    def tensors_of_positions(x, i):
        x = x.copy()
        x[i] = [[5], [6]]
        x[i, [1, 0]] = 7
        x[:, i] = x[:, :2] + 0
        return x

    matrices = [tensor[0, :, :3] % 4 for tensor in TENSORS]
    positions = [np.array([0, 2]), np.array([1, 1]), np.array([-1, 0])]
    check(tensors_of_positions, list(zip(matrices, positions)))
    check(tensors_of_positions, list(zip(matrices, positions)), i="clear")


def test_traced_positions_that_do_not_fit():
    positions = [(tensor, np.array([0, 1])) for tensor in TENSORS]
    with pytest.raises(IndexError, match="cannot be broadcast to one shape"):
        compiled(lambda x, i: x[i, [0, 1, 2]], positions)
    with pytest.raises(ValueError, match="a mask does not go with traced positions"):
        compiled(lambda x, i: x[i, [True, False, True]], positions)
    with pytest.raises(IndexError, match="index 5 is out of bounds"):
        compiled(lambda x, i: x[i, [5, 5]], positions)
