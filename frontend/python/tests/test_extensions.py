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


def test_multivariate_functions():
    pairs = [(a % 4, (3 * a + 1) % 4) for a in range(8)]
    check(lambda x, y: fhe.multivariate(lambda a, b: 1 if a > b else a - b)(x, y), pairs)
    vectors = [(np.array([a % 4, 2]), a % 3) for a in range(6)]
    check(lambda x, y: fhe.multivariate(lambda a, b: a * b + 1)(x, y), vectors)
    check(lambda x, y: fhe.multivariate(lambda a, b: np.maximum(a, b))(x, [1, 2]) + y, vectors)
    assert fhe.multivariate(lambda a, b: a * b)(3, 4) == 12
    with pytest.raises(ValueError, match="not compatible with fhe.multivariate"):
        compiled(lambda x, y: fhe.multivariate(lambda a, b: a.sum())(x, y), vectors)


def test_choices():
    pairs = [(a % 4, (3 * a + 1) % 4) for a in range(8)]

    def function(x, y):
        return (
            fhe.if_then_else(x > y, x, y),
            fhe.if_then_else(x > 1, y, 3),
            fhe.if_then_else(x > 1, -3, y),
            fhe.if_then_else(y > 2, 5, -2),
        )

    check(function, pairs)
    assert fhe.if_then_else(True, 3, 4) == 3


def test_rounding():
    def function(x):
        return (
            fhe.round_bit_pattern(x, 2),
            fhe.round_bit_pattern(x, 0),
            fhe.round_bit_pattern(x, lsbs_to_remove=1, overflow_protection=False) + 1,
            fhe.truncate_bit_pattern(x, 1),
            fhe.truncate_bit_pattern(x, lsbs_to_remove=3),
        )

    check(function, range(16))
    check(function, range(-8, 8))
    check(function, [np.array([a, 15 - a]) for a in range(8)])


def test_approximate_rounding():
    circuit = compiled(lambda x: fhe.round_bit_pattern(x, 3, exactness=fhe.Exactness.APPROXIMATE) // 8, range(128))
    for x in range(0, 128, 9):
        assert abs(circuit.simulate(x) - (x + 4) // 8) <= 1
    in_the_middle = compiled(lambda x: fhe.round_bit_pattern(x, 3) // 8, range(128))
    assert "approximate" not in in_the_middle.mlir


def test_automatic_rounding():
    rounder, truncator = fhe.AutoRounder(target_msbs=3), fhe.AutoTruncator(target_msbs=4)

    def function(x):
        return fhe.round_bit_pattern(3 * x + 1, rounder) ** 2 + fhe.truncate_bit_pattern(x, truncator)

    with pytest.raises(RuntimeError, match="cannot be used before adjustment"):
        compiled(function, range(20))
    fhe.AutoTruncator.adjust(lambda x: fhe.truncate_bit_pattern(x, truncator), range(20))
    fhe.AutoRounder.adjust(function, range(20))
    assert (rounder.input_min, rounder.input_max, rounder.input_bit_width, rounder.lsbs_to_remove) == (0, 58, 6, 3)
    check(function, range(20))
    again = fhe.AutoRounder.load_dict(rounder.dump_dict())
    assert (again.is_adjusted, again.lsbs_to_remove, again.target_msbs) == (True, 3, 3)
    with pytest.raises(ValueError, match="empty inputset"):
        fhe.AutoRounder.adjust(function, [])
    with pytest.raises(RuntimeError, match="cannot be constructed during adjustment"):
        fhe.AutoRounder.adjust(lambda x: fhe.round_bit_pattern(x, fhe.AutoRounder()), range(3))
    with pytest.raises(RuntimeError, match="adjusted recursively"):
        fhe.AutoRounder.adjust(lambda x: fhe.AutoRounder.adjust(lambda y: y, [1]), range(3))


def test_bits():
    def function(x):
        return (
            fhe.bits(x)[0],
            fhe.bits(x)[2],
            fhe.bits(x)[5],
            fhe.bits(x)[1:3],
            fhe.bits(x)[2:0:-1],
            fhe.bits(x)[3::-2],
            fhe.bits(x)[1:],
            fhe.bits(x)[0:4:2],
            fhe.bits(x)[:2],
        )

    check(function, range(16))
    check(function, range(-8, 8))
    check(lambda x: fhe.bits(x)[0:2], [np.array([[a, 7 - a]]) for a in range(8)])
    check(lambda x: (fhe.bits(x)[::2], fhe.bits(x)[1::3], fhe.bits(x)[5::2]), range(64))
    assert [fhe.bits(13)[i] for i in range(5)] == [1, 0, 1, 1, 0] and fhe.bits(-1)[3:7] == 15


def test_digits_without_end_are_of_no_negative_integer():
    message = r"digits of -1 without an upper bound \(stop is None\)"
    with pytest.raises(ValueError, match=message):
        fhe.bits(-1)[::2]
    with pytest.raises(RuntimeError, match=message):
        compiled(lambda x: fhe.bits(x)[::2], range(-1, 4))


@pytest.mark.parametrize(
    "index, message",
    [
        ("a", "since it's not an integer or a slice"),
        (-1, r"from the back \(index == -1 < 0\)"),
        (70, "integers have bits 0 to 63"),
        (slice(None, None, -1), "in reverse .* without providing the start bit"),
        (slice(0, 4, 0), "zero step"),
        (slice(-1, 3), "no last bit to count from"),
        (slice(0.5, 3), "which is not an integer"),
    ],
)
def test_refused_bits(index, message):
    with pytest.raises(ValueError, match=message):
        fhe.bits(5)[index]
    with pytest.raises(ValueError, match=message):
        compiled(lambda x: fhe.bits(x)[index], range(4))


@pytest.mark.parametrize(
    "function, error, message",
    [
        (lambda: fhe.round_bit_pattern(1.5, 2), TypeError, "integers but they are float64"),
        (lambda: fhe.round_bit_pattern("a", 2), TypeError, "int or a numpy array but it's str"),
        (lambda: fhe.round_bit_pattern(5, 1, exactness="exact"), TypeError, "type fhe.Exactness"),
        (lambda: fhe.truncate_bit_pattern(5, -1), ValueError, "allowed are 0 to 61"),
        (lambda: fhe.truncate_bit_pattern(5, "a"), TypeError, "an integer or an AutoTruncator"),
        (lambda: fhe.hint(5, bit_width=0), ValueError, "bit_width=0"),
        (lambda: fhe.hint(5, can_store="a"), ValueError, "can_store='a'"),
        (lambda: fhe.multivariate(abs, outputs=int), ValueError, "is not an fhe type"),
    ],
)
def test_refused_arguments(function, error, message):
    with pytest.raises(error, match=message):
        function()


def test_constants_while_tracing():
    def function(x):
        return (
            fhe.zeros((2,)) + x,
            fhe.ones(2) * 3,
            fhe.zero() + x,
            fhe.constant(-7),
            fhe.one() - x,
            fhe.zeros_like(x),
            fhe.ones_like(x) + fhe.identity(x),
        )

    check(function, [np.array([1, 2]), np.array([3, 0])])
    assert fhe.zeros((2, 3)).shape == (2, 3) and fhe.one() == 1
    assert check(lambda x: fhe.refresh(x) + 1, range(8)).programmable_bootstrap_count == 1


def test_hints():
    circuit = compiled(lambda x: fhe.hint(fhe.hint(x, bit_width=6) * 2, can_store=126), range(4))
    assert circuit.encrypt_run_decrypt(63) == 126
    squares = compiled(lambda x: fhe.hint(x, can_store=[-3, 9]) ** 2, range(4))
    assert [squares.simulate(x) for x in (-3, 0, 9)] == [9, 0, 81]


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
