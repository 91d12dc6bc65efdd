"""NumPy's functions that move elements, reduce and contract, each against NumPy."""

import numpy as np
import pytest
from checks import check
from cloakwork import fhe

TENSORS = [np.arange(a, a + 24).reshape(2, 3, 4) % 16 - 3 for a in range(3)]
SMALL = [np.array([[a % 4, (3 * a + 1) % 4, 3 - a % 4], [a % 3, 2, 1]]) - 1 for a in range(6)]
MATRIX = np.arange(24).reshape(4, 6) % 5 - 2


def test_elements_are_moved():
    def function(x):
        return (
            np.flip(x),
            np.flip(x, 1),
            np.fliplr(x),
            np.roll(x, 2),
            np.roll(x, 1, axis=(0, 1)),
            np.tile(x, (1, 2, 1)),
            np.repeat(x, 2, axis=1),
            x.repeat([1, 0, 2], 1),
            np.moveaxis(x, 0, -1),
            np.swapaxes(x, 0, 2),
            x.swapaxes(0, 1),
            np.vstack((x, x)),
            np.hstack((x, x)),
            np.dstack((x, x)),
            np.column_stack((x[0, 0], x[0, 1])),
            np.stack([x[0], np.ones((3, 4), int)], axis=-1),
            np.block([[x, x], [x, x]]),
            np.pad(x, 1),
            np.pad(x, ((0, 1), (1, 0), (2, 2)), mode="edge"),
            np.pad(x, 1, constant_values=3),
            np.pad(x[0, 0], 2, mode="reflect"),
            *np.split(x, 2),
            *np.array_split(x, 3, axis=2),
            *np.hsplit(x, 3),
            np.rot90(x),
            np.diagonal(x),
            np.trace(x),
            x.trace(1, 1, 2),
            np.take(x, [1, 0], axis=1),
            np.triu(x),
            np.tril(x[0]),
            np.diag(x[0, 0]),
            np.append(x, [1, 2]),
            np.insert(x, 1, 9, axis=2),
            np.delete(x, 1, axis=1),
            np.resize(x, (3, 3)),
            np.ravel(x, order="F"),
            np.reshape(x, (4, 6), order="F"),
            *np.broadcast_arrays(x[:, :1, :1], x[:1]),
            np.expand_dims(x, (0, -1)),
            np.squeeze(x[:, :1]),
            np.atleast_3d(x[0]),
            x.flatten(),
            x.item(3),
        )

    assert check(function, TENSORS[:2]).programmable_bootstrap_count == 0


def test_sums():
    def function(x):
        return (
            x.sum(),
            x.sum(0),
            np.sum(x, axis=(0, 2), keepdims=True),
            np.cumsum(x),
            x.cumsum(1),
            np.diff(x),
            np.diff(x, n=2, axis=1),
            np.diff(x, prepend=0, append=x[..., :2]),
            np.convolve(x[0, 0], [1, 2, -1]),
            np.convolve([1, 2], x[0, 0], "same"),
        )

    assert check(function, TENSORS[:2]).programmable_bootstrap_count == 0


def test_contractions():
    weights = np.arange(36).reshape(3, 4, 3) % 3

    def function(x):
        return (
            np.einsum("ijk,kl->ijl", x, MATRIX),
            np.einsum("ijk->kij", x),
            np.einsum("ijk->i", x),
            np.einsum("ijk", x),
            np.einsum("...k,kl", x, MATRIX),
            np.einsum("iij->ij", x[:, :2]),
            np.einsum("ij,j,kl->il", x[0], MATRIX[:, 0], MATRIX),
            np.einsum("bi,bij->bj", x[0], weights),
            np.tensordot(x, MATRIX, 1),
            np.tensordot(MATRIX, x, axes=([0], [2])),
            np.inner(x, MATRIX.T),
            np.outer(x[0, 0], MATRIX[0]),
            np.vdot(x[0, 0], MATRIX[:, 1]),
            np.kron(x[0], [[1, 2]]),
            x @ MATRIX,
            np.dot(x, MATRIX),
            x.dot(MATRIX),
            np.matmul(MATRIX.T, x.transpose(0, 2, 1)),
            np.matmul(x, np.arange(16).reshape(2, 4, 2) % 3),
            x[0, 0] @ MATRIX,
            MATRIX.T @ x[0, 0],
        )

    assert check(function, TENSORS[:2]).programmable_bootstrap_count == 0


def test_means():
    def function(x):
        return (
            np.floor(x.mean()).astype(int),
            np.floor(np.mean(x, axis=1, keepdims=True)).astype(np.int64),
            np.floor(np.average(x, axis=0, weights=[1, 3])).astype(int),
        )

    check(function, SMALL)


def test_truth():
    check(lambda x: (np.any(x > 1), x.all(0), np.any(x, axis=1), np.count_nonzero(x, axis=0), x.any()), SMALL)


def test_any_of_many():
    samples = [np.zeros(70, dtype=int), np.eye(70, dtype=int)[69], np.ones(70, dtype=int)]
    assert check(lambda x: (np.any(x), np.all(x)), samples).programmable_bootstrap_count <= 170


@pytest.mark.parametrize(
    "function",
    [
        lambda x: (np.max(x), x.min(0), np.amax(x, axis=1, keepdims=True)),
        lambda x: (np.ptp(x, axis=1), np.prod(x, axis=0)),
        lambda x: (np.argmax(x, axis=1), x.argmin(axis=0), np.argmin(x)),
        lambda x: (np.sort(x), np.sort(x, axis=0)),
        lambda x: np.argsort(x, axis=1),
        lambda x: np.floor(np.median(x, axis=1)).astype(int),
        lambda x: np.cumprod(x, axis=0),
    ],
)
def test_extremes_and_order(function):
    check(function, SMALL)


def test_sorting_in_place():
    def function(x):
        x = x.copy()
        x.sort()
        x.fill(x[0, 0])
        return x

    check(function, SMALL)


def test_reals_change_shape():
    def function(x):
        return (
            np.floor((x / 3)[::-1].T * np.array([[1.5], [2.5], [0.5]])).astype(int),
            np.rint((x / 2).reshape(-1)[3:]).astype(int),
            np.floor(np.sqrt(x + 1 + np.arange(3) / 7)[:, [1, 0]] * 8 + 0.01).astype(int),
            np.broadcast_to((x / 2)[None, 0], (2, 3)).astype(int),
        )

    check(function, SMALL)


def test_a_real_with_several_uses():
    def function(x):
        half = x / 2 + 0.25
        return np.floor(half).astype(int), np.ceil(half * half).astype(int), (half > 1), np.where(half > 0, x, 7)

    check(function, SMALL)


def test_two_reductions_of_one_square_stay_apart():
    squares = [np.array([[a, 1], [2, 3]]) for a in range(4)]
    check(lambda x: (np.sum(x, axis=0), np.sum(x, axis=1), np.max(x, axis=0), np.max(x, axis=1)), squares)


def test_constant_results():
    circuit = check(lambda x: (-97, np.array([1, -2]), x, True, fhe.constant(-7)), range(4))
    assert circuit.encrypt_run_decrypt(2)[0] == -97


def test_unused_parameters_keep_their_range():
    circuit = check(lambda x, y: y + 1, [(3, 1), (-100, 2)])
    assert circuit.encrypt_run_decrypt(-100, 2) == 3


def test_encrypted_constants_beside_values():
    check(lambda x: 4 * fhe.array([0, 1, x, 2, fhe.constant(-95)]), range(4))
