"""Programs that cannot be compiled: the message, its place, the marked graph."""

import re

import numpy as np
import pytest
from checks import compiled
from cloakwork import fhe

VECTORS = [np.array([0, 1]), np.array([3, 3])]


@pytest.mark.parametrize(
    "function, error, message",
    [
        (lambda x: 1 if x > 2 else 0, RuntimeError, "Branching within circuits is not possible"),
        (lambda x: np.linalg.norm(x), RuntimeError, "Function 'np.linalg.norm' is not supported"),
        (lambda x: np.corrcoef(x), RuntimeError, "Function 'np.corrcoef' is not supported"),
        (lambda x: np.add.reduce(x), RuntimeError, "Only __call__ hook is supported for numpy ufuncs"),
        (lambda x: np.frexp(x), RuntimeError, "Function 'np.frexp' is not supported (docs/functions.md lists those that are); fhe.univariate"),
        (
            lambda x: np.add(x, 1, dtype=np.int8),
            RuntimeError,
            "Function 'np.add' is not supported with kwarg 'dtype'",
        ),
        (
            lambda x: np.sum(x, where=[True, False]),
            RuntimeError,
            "Function 'np.sum' is not supported with kwarg 'where'",
        ),
        (lambda x: x + "abc", ValueError, "Constant 'abc' is not supported"),
        (lambda x: x + 1j, ValueError, "Constant 1j is not supported"),
        (lambda x: x << 70, RuntimeError, "the right operand 70; bits are shifted by 0 to 62"),
        (lambda x: x // 0, RuntimeError, "the right operand 0"),
        (lambda x: x / 2, RuntimeError, "results are integers"),
        (lambda x: (x / 2) @ [1, 2], RuntimeError, "it takes integers"),
        (lambda x: (x / 2) & x, RuntimeError, "a real operand"),
        (lambda x: np.average(x, weights=x), RuntimeError, "not supported with traced weights"),
        (lambda x: np.where(x), RuntimeError, "without both branches"),
        (lambda x: np.pad(x, 1, mode="mean"), RuntimeError, "mode='mean'"),
        (lambda x: np.einsum("ij", x), ValueError, "name 2 axes, but the operand has 1"),
        (lambda x: np.einsum("i,j->k", x, x), ValueError, "it has axes that an operand has"),
        (lambda x: np.interp([1, 2], x, [1, 2]), RuntimeError, "more than one traced operand"),
        (lambda x: np.matmul(x, 3), ValueError, "scalars are no matrices"),
        (lambda x: [1, 2][x[0]], TypeError, "no index of what is in the clear"),
        (lambda x: np.array([1, 2])[x[0]], RuntimeError, "fhe.LookupTable for an array that it indexes"),
        (lambda x: x.reshape(3), RuntimeError, "the shape [3] for 2 elements"),
        (lambda x: np.transpose(x, (1,)), ValueError, "axis 1"),
        (lambda x: x + np.array([1, 2, 3]), RuntimeError, "operands of shape [2] and [3]"),
        (lambda x: x.astype("abc"), ValueError, "must be called with a numpy type"),
        (lambda x: x.astype(complex), ValueError, "must be called with a numpy type"),
        (lambda x: np.squeeze(x, axis=0), ValueError, "cannot select an axis to squeeze out"),
        (lambda x: np.expand_dims(x, 5), ValueError, "out of bounds"),
        (lambda x: np.asarray(x), RuntimeError, "no numbers to convert"),
        (lambda x: len(x[0]), TypeError, "has no len()"),
        (lambda x: "text", ValueError, "returned 'text', which is not supported"),
        (lambda x: None, ValueError, "returned 'None', which is not supported"),
        (lambda x: (), ValueError, "returned '()', which is not supported"),
    ],
)
def test_refused(function, error, message):
    with pytest.raises(error) as caught:
        compiled(function, VECTORS)
    assert message in str(caught.value)


def test_operands_of_what_is_refused_are_marked():
    def function(x, y):
        z = x / 2
        return z & y  # here

    with pytest.raises(RuntimeError) as caught:
        compiled(function, [(1, 2), (3, 4)])
    here = function.__code__.co_firstlineno + 2
    first, place, *_ = str(caught.value).split("\n\n")
    assert first == "Function you are trying to compile cannot be compiled"
    assert re.match(rf".*test_errors\.py:{here}(:16)?: `bitwise_and`: a real operand", place), place
    lines = str(caught.value).splitlines()
    marks = {i: line.lstrip("^") for i, line in enumerate(lines) if line.startswith("^^^")}
    marked = {lines[i - 1].split("#")[0].strip(): mark.strip() for i, mark in marks.items()}
    assert marked == {
        "%1 = y": "this is operand 1 of `bitwise_and`",
        "%3 = true_divide(%0, %2)": "this is operand 0 of `bitwise_and`",
    }


def test_values_of_another_function():
    kept = []

    def first(x):
        kept.append(x)
        return x

    compiled(first, range(4))
    with pytest.raises(RuntimeError, match="a value of another function is used"):
        compiled(lambda x: x + kept[0], range(4))


def test_widths_that_no_parameters_allow():
    def function(x):
        return (x * 1000003) % 7

    with pytest.raises(RuntimeError) as caught:
        compiled(function, range(1000))
    here = function.__code__.co_firstlineno + 1
    assert re.search(rf"test_errors\.py:{here}:", str(caught.value)), caught.value
    assert "bits" in str(caught.value)


def test_values_that_have_no_integer():
    with pytest.raises(RuntimeError, match=r"test_errors.py:\d+") as caught:
        compiled(lambda x: np.log(x).astype(np.int64), range(4))
    assert "sample 0" in str(caught.value)


def test_circuits_of_nothing_encrypted():
    circuit = fhe.Compiler(lambda x: x + 1, {"x": "clear"}).compile(range(4))
    assert circuit.simulate(3) == circuit.encrypt_run_decrypt(3) == 4
