"""Compilers, input sets, configurations, types, the graph's text."""

import numpy as np
import pytest
from checks import compiled
from cloakwork import fhe


def square(x):
    return x**2


def test_compilable():
    @fhe.compiler({"x": "encrypted"})
    def function(x):
        """Documented."""
        return x + 1

    assert function.__name__ == "function" and function.__doc__ == "Documented."
    assert function(3) == 4 and function(5) == 6
    graph = function.trace()
    assert graph.integer_range() == (1, 6) and graph.maximum_integer_bit_width() == 3
    # Samples of calls and of input sets add up until they are forgotten.
    assert function.trace([7]).integer_range() == (1, 8)
    function.reset()
    assert function.trace([1]).integer_range() == (1, 2)
    assert graph(10) == 11 and graph.evaluate(10) == 11
    assert (graph.name, graph.inputs_count, graph.outputs_count) == ("function", 1, 1)


def test_inputsets_may_be_generators_and_tuples():
    for inputset in [
        range(4),
        (a for a in range(4)),
        [(a,) for a in range(4)],
        np.arange(4),
        [np.uint8(3), True, 0],
    ]:
        assert compiled(square, inputset).simulate(3) == 9


@pytest.mark.parametrize(
    "samples, message",
    [
        (
            [1, 2.5],
            "Input #1 of your inputset is not well formed (expected EncryptedScalar<integer> got EncryptedScalar<float64>)",
        ),
        ([1, "a"], "Input #1 of your inputset is not well formed (expected EncryptedScalar<integer> got"),
        (
            [(1, 2)],
            "Input #0 of your inputset is not well formed (expected Encrypted integers got EncryptedScalar<uint1>, EncryptedScalar<uint2>)",
        ),
        (
            [np.array([1]), np.array([1, 2])],
            "Input #1 of your inputset is not well formed (expected EncryptedTensor<integer, shape=(1,)>",
        ),
        ([2**64], "Input #0 of your inputset is not well formed"),
    ],
)
def test_malformed_inputsets(samples, message):
    with pytest.raises(ValueError) as caught:
        compiled(square, samples)
    assert message in str(caught.value)


def test_no_inputset():
    compiler = fhe.Compiler(square, {"x": "encrypted"})
    with pytest.raises(RuntimeError, match="Compiling function 'square' without an inputset is not supported"):
        compiler.compile()
    with pytest.raises(RuntimeError, match="Tracing function 'square' without an inputset is not supported"):
        compiler.trace([])
    with pytest.raises(RuntimeError, match="Calling function 'square' with kwargs is not supported"):
        compiler(x=1)


def test_statuses():
    def function(a, b, c):
        return a + b + c

    for statuses, message in [
        (
            {"a": "clear", "b": "encrypted"},
            "Encryption status of parameter 'c' of function 'function' is not provided",
        ),
        ({}, "Encryption statuses of parameters 'a', 'b' and 'c' of function 'function' are not provided"),
        (
            dict.fromkeys("abcd", "clear"),
            "Encryption status of 'd' is provided but it is not a parameter of function 'function'",
        ),
        (
            dict.fromkeys("abcde", "clear"),
            "Encryption statuses of 'd' and 'e' are provided but they are not a parameter of",
        ),
        (dict.fromkeys("abc", "secret"), "'secret' is not a valid 'EncryptionStatus' (clear, encrypted)"),
    ]:
        with pytest.raises(ValueError) as caught:
            fhe.compiler(statuses)(function)
        assert message in str(caught.value)
    statuses = {"a": fhe.EncryptionStatus.ENCRYPTED, "b": "Clear", "c": "ENCRYPTED"}
    assert fhe.Compiler(function, statuses).compile([(1, 2, 3)]).simulate(1, 2, 3) == 6


def test_configuration():
    configuration = fhe.Configuration(p_error=0.01)
    assert (configuration.p_error, configuration.global_p_error) == (0.01, None)
    assert configuration.fork(global_p_error=0.5, p_error=None).global_p_error == 0.5 and configuration.p_error == 0.01
    assert repr(configuration) == "Configuration(p_error=0.01)"
    circuit = fhe.Compiler(square, {"x": "encrypted"}).compile(range(8), configuration, security_level=132)
    assert circuit.configuration.security_level == 132 and circuit.p_error <= 0.01


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"use_gpu": True}, RuntimeError, "'use_gpu' is not supported: programs run on processors only"),
        ({"p_error": "a"}, TypeError, "'p_error' (expected 'Optional[float]', got 'str')"),
        ({"verbose": 1}, TypeError, "'verbose' (expected 'bool', got 'int')"),
        ({"verbose": None}, TypeError, "'verbose' (expected 'bool', got 'NoneType')"),
        ({"show_graph": "yes"}, TypeError, "'show_graph' (expected 'Optional[bool]', got 'str')"),
        ({"security_level": 128.0}, TypeError, "'security_level' (expected 'Union[SecurityLevel, int]', got 'float')"),
        ({"p_error": 0}, ValueError, "'p_error' is 0, allowed is a probability above 0 and below 1"),
        ({"global_p_error": 1.5}, ValueError, "'global_p_error' is 1.5"),
        ({"security_level": 100}, ValueError, "'security_level' is 100, allowed are 128 and 132"),
    ],
)
def test_refused_options(options, error, message):
    for make in (
        fhe.Configuration,
        lambda **o: fhe.Compiler(square, {"x": "encrypted"}).compile(range(4), **o),
    ):
        with pytest.raises(error) as caught:
            make(**options)
        assert message in str(caught.value)


def test_printing(capsys):
    circuit = fhe.Compiler(square, {"x": "encrypted"}).compile(range(4), verbose=True, show_mlir=False)
    printed = capsys.readouterr().out
    assert "\nComputation Graph for square\n---" in printed and str(circuit) in printed
    assert "\nStatistics\n" in printed and "programmable_bootstrap_count: 1" in printed
    assert "\nOptimizer\n" in printed and "\nMLIR\n" not in printed
    fhe.Compiler(square, {"x": "encrypted"}).compile(range(4), show_mlir=True)
    assert "func.func @square" in capsys.readouterr().out


def test_text():
    statuses = {"x": "encrypted", "y": "clear"}
    graph = fhe.Compiler(lambda x, y: (x @ [1, 2, 3] - y, x[::-1]), statuses).trace(
        [(np.array([0, 1, 2]), 5), (np.array([3, 3, 3]), 0)]
    )
    assert graph.format() == str(graph)
    assert str(graph).splitlines() == [
        "%0 = x                       # EncryptedTensor<uint2, shape=(3,)>        ∈ [0, 3]",
        "%1 = y                       # ClearScalar<uint3>                        ∈ [0, 5]",
        "%2 = [1 2 3]                 # ClearTensor<uint2, shape=(3,)>            ∈ [1, 3]",
        "%3 = dot(%0, %2)             # EncryptedScalar<uint5>                    ∈ [8, 18]",
        "%4 = subtract(%3, %1)        # EncryptedScalar<uint5>                    ∈ [3, 18]",
        "%5 = %0[2::-1]               # EncryptedTensor<uint2, shape=(3,)>        ∈ [0, 3]",
        "return %4, %5",
    ]
    assert "∈" not in graph.format(show_bounds=False)
    assert "test_compilation.py:" in graph.format(show_locations=True)


def test_inputset():
    samples = fhe.inputset(fhe.uint4, fhe.tensor[fhe.int3, 2, 3], lambda index: index, size=50)
    assert len(samples) == 50 and len(fhe.inputset(fhe.uint1)) == 100
    assert all(0 <= a < 16 and isinstance(a, int) for a, _, _ in samples)
    assert all(b.shape == (2, 3) and -4 <= b.min() and b.max() < 4 for _, b, _ in samples)
    assert [c for _, _, c in samples] == list(range(50))
    assert len({a for a, _, _ in samples}) > 5
    with pytest.raises(ValueError, match="is not a type of inputs"):
        fhe.inputset("uint4")


def test_types():
    assert (fhe.uint4.min(), fhe.uint4.max(), fhe.int4.min(), fhe.int4.max()) == (0, 15, -8, 7)
    assert str(fhe.int12) == "int12" and str(fhe.tensor[fhe.uint4, 3, 2]) == "tensor[uint4, 3, 2]"
    for low, high, name in [
        (0, 0, "uint1"),
        (0, 1, "uint1"),
        (0, 2, "uint2"),
        (-1, 0, "int1"),
        (-1, 1, "int2"),
        (-8, 7, "int4"),
        (-9, 7, "int5"),
        (-1, 8, "int5"),
    ]:
        dtype = fhe.Integer.that_can_represent(low, high)
        assert str(dtype) == name and dtype.can_represent(low) and dtype.can_represent(high)
    for make, message in [
        (lambda: fhe.tensor[int, 3], "should be an fhe data type"),
        (lambda: fhe.tensor[fhe.uint4], "should have a shape"),
        (lambda: fhe.tensor[fhe.uint4, "3"], "must be 'int'"),
        (lambda: fhe.Integer(False, 0), "bit width must be a positive integer"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()
    with pytest.raises(AttributeError, match="uint65"):
        _ = fhe.uint65
