"""Tables, functions of the program, convolutions, arrays, tags."""

import numpy as np
import pytest
from checks import check, compiled
from cloakwork import fhe


def test_lookup_table():
    table = fhe.LookupTable([4, 1, 3, 2])
    check(lambda x: table[x], range(4))
    check(lambda x: table[x], range(-2, 2))
    check(lambda x: table[x + 1], [np.array([0, 1, 2]), np.array([2, 2, 1])])


def test_lookup_table_of_odd_length():
    table = fhe.LookupTable([5, -4, 3, 2, 7])
    circuit = check(lambda x: table[x], range(5))
    assert "tlu(" in str(circuit)


def test_array_of_tables():
    first, second = fhe.LookupTable([1, 2, 3, 4]), fhe.LookupTable([4, 9, 2, -1])
    tables = fhe.LookupTable([[first, second], [second, first]])
    check(lambda x: tables[x], [np.array([[a, 1], [2, 3 - a]]) for a in range(4)])
    check(lambda x: tables[x], range(4))


def test_tables_that_do_not_fit():
    table = fhe.LookupTable([5, 4, 3])
    with pytest.raises(
        ValueError,
        match=r"test_extensions.py:\d+:\d+: a table of 3 entries is looked up with values from 0 to 3",
    ):
        compiled(lambda x: table[x], range(4))
    with pytest.raises(ValueError, match="2\\^k entries, here 4"):
        compiled(lambda x: table[x], range(-1, 2))
    with pytest.raises(ValueError, match="cannot be constructed with 'abc'"):
        fhe.LookupTable("abc")
    with pytest.raises(ValueError, match="cannot be constructed with"):
        fhe.LookupTable([1.5, 2.5])
    with pytest.raises(ValueError, match="cannot be looked up with 1.5"):
        table[1.5]
    with pytest.raises(ValueError, match="3 entries cannot be looked up with 7 to 7"):
        table[7]
    pair = fhe.LookupTable([table, fhe.LookupTable([1, 2])])
    with pytest.raises(ValueError, match="same number of entries"):
        compiled(lambda x: pair[x], [np.array([0, 1])])
    with pytest.raises(ValueError, match="cannot be looked up with a value of shape"):
        compiled(lambda x: pair[x], [np.array([0, 1, 2])])


def test_univariate_functions():
    def branching(x):
        return 3 if x > 2 else -x

    check(lambda x: fhe.univariate(branching)(x), range(6))
    check(lambda x: fhe.univariate(lambda v: v**2 // 3)(x), [np.array([a, 5 - a]) for a in range(6)])
    check(lambda x: np.floor(fhe.univariate(lambda v: v / 3)(x)).astype(np.int64), range(6))
    assert fhe.univariate(branching)(1) == -1


def test_univariate_failures():
    def failing(v):
        if np.any(v == 7):
            raise KeyError("no seven")
        return v

    with pytest.raises(RuntimeError, match="`failing` failed: KeyError: 'no seven'"):
        compiled(lambda x: fhe.univariate(failing)(x), range(8))
    with pytest.raises(ValueError, match="cannot be used with fhe.univariate"):
        compiled(lambda x: fhe.univariate(lambda v: v.sum())(x), [np.array([1, 2])])
    with pytest.raises(ValueError, match="is not an fhe type"):
        fhe.univariate(failing, outputs=int)


def test_relu():
    check(lambda x: fhe.relu(x), range(-4, 4))
    assert np.array_equal(fhe.relu(np.array([-1, 2])), [0, 2])


def test_array():
    circuit = check(lambda x, y: (fhe.array([x, 3, y]), fhe.array([[x, y], [1, 2]])), [(a, 3 - a) for a in range(4)])
    assert np.array_equal(circuit.graph(1, 2)[1], [[1, 2], [1, 2]])


IMAGES = [np.arange(a, a + 50).reshape(1, 2, 5, 5) % 4 for a in range(4)]
KERNELS = (np.arange(24).reshape(3, 2, 2, 2) % 5) - 2


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strides": (2, 1)},
        {"pads": (1, 0, 2, 1)},
        {"dilations": (2, 2), "bias": np.array([1, -2, 3])},
        {"kernel_shape": (2, 2), "strides": [2, 2], "pads": [1, 1, 1, 1]},
    ],
)
def test_convolution(options):
    check(lambda x: fhe.conv(x, KERNELS, **options), IMAGES)


def test_convolution_of_groups():
    kernels = np.array([[[[1, 2]]], [[[3, -1]]]])
    circuit = check(lambda x: fhe.conv(x, kernels, group=2), IMAGES)
    by_hand = IMAGES[0][:, :, :, :-1] * np.array([1, 3]).reshape(1, 2, 1, 1)
    by_hand += IMAGES[0][:, :, :, 1:] * np.array([2, -1]).reshape(1, 2, 1, 1)
    assert np.array_equal(circuit.graph(IMAGES[0]), by_hand)


@pytest.mark.parametrize(
    "kernels, options, message",
    [
        (KERNELS[0], {}, "FCHW, but its shape is (2, 2, 2)"),
        (KERNELS * 1.0, {}, "expected weight and bias of conv to be integers"),
        (KERNELS, {"auto_pad": "SAME_UPPER"}, "auto_pad='SAME_UPPER'"),
        (KERNELS, {"kernel_shape": (3, 3)}, "differs from the weight's (2, 2)"),
        (KERNELS, {"strides": (0, 1)}, "strides=(0, 1) of conv is not valid"),
        (KERNELS, {"pads": (1, 1)}, "pads=(1, 1) of conv is not valid"),
    ],
)
def test_refused_convolutions(kernels, options, message):
    with pytest.raises(ValueError) as caught:
        compiled(lambda x: fhe.conv(x, kernels, **options), IMAGES)
    assert message in str(caught.value)


def test_tags():
    def function(x):
        with fhe.tag("outer"):
            y = x + 1
            with fhe.tag("inner"):
                y = y * 2
        return y

    lines = str(check(function, range(4))).splitlines()
    assert [line.split("@ ")[1] for line in lines if "add(" in line or "multiply(" in line] == [
        "outer",
        "outer.inner",
    ]
