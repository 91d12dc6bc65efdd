"""NumPy's functions, each against NumPy itself."""

import numpy as np
import pytest
from checks import check, compiled
from cloakwork import fhe
from cloakwork.fhe import numpy_functions

#: A range on which each function has finite values, and what is applied before.
REAL_FUNCTIONS = {
    "arccos": lambda x: x / 16,
    "arccosh": lambda x: x + 1.5,
    "arcsin": lambda x: x / 16,
    "arcsinh": lambda x: x,
    "arctan": lambda x: x,
    "arctanh": lambda x: x / 17,
    "cbrt": lambda x: x + 0.3,
    "cos": lambda x: x,
    "cosh": lambda x: x / 4,
    "deg2rad": lambda x: 20 * x,
    "degrees": lambda x: x / 20,
    "exp": lambda x: x / 5,
    "exp2": lambda x: x / 5,
    "expm1": lambda x: x / 5,
    "fabs": lambda x: x - 7.3,
    "log": lambda x: x + 1,
    "log10": lambda x: x + 2,
    "log1p": lambda x: x,
    "log2": lambda x: x + 1.1,
    "rad2deg": lambda x: x / 20,
    "radians": lambda x: 20 * x,
    "reciprocal": lambda x: x + 1.5,
    "sin": lambda x: x,
    "sinh": lambda x: x / 4,
    "spacing": lambda x: 2.0 ** (x + 50),
    "sqrt": lambda x: x,
    "tan": lambda x: x / 11,
    "tanh": lambda x: x - 7,
}

INTEGER_FUNCTIONS = {
    "absolute": lambda x: np.absolute(x - 8),
    "ceil": lambda x: np.ceil(x / 3).astype(np.int64),
    "copysign": lambda x: np.copysign(x, -1).astype(np.int64),
    "equal": lambda x: np.equal(x, 3),
    "float_power": lambda x: np.float_power(x, 2).astype(np.int64),
    "floor": lambda x: np.floor(x / 3).astype(np.int64),
    "floor_divide": lambda x: np.floor_divide(x, 3),
    "fmax": lambda x: np.fmax(x, 5),
    "fmin": lambda x: np.fmin(5, x),
    "fmod": lambda x: np.fmod(x - 8, 3),
    "gcd": lambda x: np.gcd(x, 12),
    "greater": lambda x: np.greater(x, 3),
    "greater_equal": lambda x: np.greater_equal(3, x),
    "heaviside": lambda x: np.heaviside(x - 8, 1).astype(np.int64),
    "hypot": lambda x: np.hypot(x, 3).astype(np.int64),
    "invert": lambda x: np.invert(x),
    "isfinite": lambda x: np.isfinite(1 / x),
    "isinf": lambda x: np.isinf(1 / x),
    "isnan": lambda x: np.isnan(x / x),
    "lcm": lambda x: np.lcm(x, 4),
    "ldexp": lambda x: np.ldexp(x, 2).astype(np.int64),
    "left_shift": lambda x: np.left_shift(x, 2),
    "less": lambda x: np.less(x, 3),
    "less_equal": lambda x: np.less_equal(x, 3),
    "logaddexp": lambda x: np.floor(np.logaddexp(x, 2.5)).astype(np.int64),
    "logaddexp2": lambda x: np.floor(np.logaddexp2(x, 2.5)).astype(np.int64),
    "logical_and": lambda x: np.logical_and(x > 3, x < 9),
    "logical_not": lambda x: np.logical_not(x),
    "logical_or": lambda x: np.logical_or(x < 3, x > 9),
    "logical_xor": lambda x: np.logical_xor(x < 9, x > 3),
    "maximum": lambda x: np.maximum(x, 7),
    "minimum": lambda x: np.minimum(7, x),
    "mod": lambda x: np.mod(x, 7),
    "multiply": lambda x: np.multiply(x, 7),
    "negative": lambda x: np.negative(x),
    "nextafter": lambda x: np.nextafter(x, 100).astype(np.int64),
    "not_equal": lambda x: np.not_equal(x, 3),
    "positive": lambda x: np.positive(x) + 1,
    "power": lambda x: np.power(x, 3),
    "remainder": lambda x: np.remainder(x, 3),
    "right_shift": lambda x: np.right_shift(x, 2),
    "rint": lambda x: np.rint(x / 4).astype(np.int64),
    "sign": lambda x: np.sign(x - 8),
    "signbit": lambda x: np.signbit(x - 8),
    "square": lambda x: np.square(x),
    "subtract": lambda x: np.subtract(3, x),
    "true_divide": lambda x: np.true_divide(x, 3).astype(np.int64),
    "trunc": lambda x: np.trunc(x / 3).astype(np.int64),
    "arctan2": lambda x: np.floor(10 * np.arctan2(x - 7.5, 2)).astype(np.int64),
    "around": lambda x: np.around(x / 3).astype(np.int64),
    "around decimals": lambda x: (np.around(x / 7, 1) * 10 + 0.5).astype(np.int64),
    "around of integers": lambda x: np.around(x, -1),
    "astype of integers": lambda x: (x - 8).astype(np.uint8),
    "astype bool": lambda x: x.astype(bool),
    "astype float32": lambda x: (x.astype(np.float32) * 2).astype(np.int64),
    "clip": lambda x: np.clip(x, 3, 9),
    "clip method": lambda x: x.clip(3, 9),
    "where": lambda x: np.where(x > 5, 7, 2),
    "where traced": lambda x: np.where(x > 5, x, 2 * x),
}


@pytest.mark.parametrize("name", REAL_FUNCTIONS)
def test_functions_of_reals(name):
    ufunc, before = getattr(np, name), REAL_FUNCTIONS[name]
    # An offset keeps results off the integers, where the last bit of a library would decide.
    check(lambda x: np.floor(ufunc(before(x)) * 8 + 0.123).astype(np.int64), range(16))


@pytest.mark.parametrize("name", INTEGER_FUNCTIONS)
def test_functions_of_integers(name):
    first = 1 if name in ("isnan",) else 0
    check(INTEGER_FUNCTIONS[name], range(first, 16))


def test_every_function_is_tested():
    tested = (
        set(REAL_FUNCTIONS)
        | set(INTEGER_FUNCTIONS)
        | {"add", "divide", "bitwise_and", "bitwise_or", "bitwise_xor", "matmul", "vecdot"}
    )
    known = numpy_functions._UNARY | numpy_functions._BINARY | numpy_functions._AS_ITSELF | set(numpy_functions._UFUNCS)
    assert known <= tested, known - tested


def test_functions_with_two_operands():
    check(lambda x: (np.add(x, 3), np.bitwise_and(x, 6), np.bitwise_or(x, 6), np.bitwise_xor(6, x)), range(16))


TENSORS = [np.arange(a, a + 6).reshape(2, 3) % 8 for a in range(8)]


def test_shapes():
    def function(x):
        return (
            np.sum(x),
            np.sum(x, axis=0),
            np.sum(x, axis=-1, keepdims=True),
            np.sum(x, axis=(0, 1)),
            x.sum(1),
            np.reshape(x, (3, 2)),
            x.reshape(-1),
            x.reshape(6, 1),
            x.flatten(),
            np.ravel(x),
            np.transpose(x),
            np.transpose(x, (1, 0)),
            x.T,
            x.transpose(1, 0),
            np.concatenate((x, x)),
            np.concatenate((x, [[1], [2]]), axis=1),
            np.concatenate((x, x), axis=None),
            np.stack((x, x), axis=1),
            np.broadcast_to(x, (2, 2, 3)),
            np.expand_dims(x, 0),
            np.expand_dims(x, (0, -1)),
            np.squeeze(np.expand_dims(x, (0, -1))),
            np.squeeze(np.expand_dims(x, 1), axis=1),
            np.copy(x),
        )

    check(function, TENSORS)


def test_two_sums_of_a_square_stay_apart():
    squares = [np.array([[a, 1], [2, 3]]) for a in range(4)]
    check(lambda x: (np.sum(x, axis=0), np.sum(x, axis=1), np.transpose(x), np.transpose(x, (0, 1))), squares)


def test_properties():
    seen = []

    def function(x):
        seen.append((type(x), x.shape, x.ndim, x.size, len(x), [row.shape for row in x], x.is_encrypted, x.is_real))
        return x

    compiled(function, TENSORS)
    assert seen == [(fhe.Tracer, (2, 3), 2, 6, 2, [(3,), (3,)], True, False)]


def test_broadcasting():
    check(lambda x: x[:, None] + x[None, :] * np.array([[1], [2], [3]]), [np.array([a, 1, 2]) for a in range(4)])
