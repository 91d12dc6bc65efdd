"""Modules of several functions, and circuits that share the keys of one client."""

import pytest
from cloakwork import fhe


@fhe.module()
class Arithmetic:
    @fhe.function({"x": "encrypted"})
    def square(x):
        return x**2

    @fhe.function({"a": "encrypted", "b": "encrypted"})
    def halve(a, b):
        return (a + b) // 2

    composition = fhe.Wired([fhe.Wire(fhe.Output(square, 0), fhe.Input(halve, 0))])


INPUTSETS = {"square": range(4), "halve": [(0, 0), (9, 4)]}


def test_results_become_arguments():
    module = Arithmetic.compile(INPUTSETS, p_error=1e-9)
    assert module.square.simulate(3) == 9 and module.halve.simulate(9, 4) == 6
    nine = module.square.run(module.square.encrypt(3))
    _, four = module.halve.encrypt(None, 4)
    assert module.halve.decrypt(module.halve.run(nine, four)) == 6
    assert module.keys.are_generated and module.function_count == 2


def test_every_result_may_become_every_argument():
    @fhe.module()
    class Counter:
        @fhe.function({"x": "encrypted"})
        def next(x):
            return (x + 1) % 4

        composition = fhe.AllComposable()

    module = Counter.compile({"next": range(4)}, p_error=1e-9)
    value = module.next.encrypt(3)
    for expected in (0, 1, 2):
        value = module.next.run(value)
        assert module.next.decrypt(value) == expected


def test_modules_that_cannot_be():
    with pytest.raises(RuntimeError, match="without any @fhe.function.*'Empty'"):
        fhe.module()(type("Empty", (), {}))
    with pytest.raises(ValueError, match="an input set is for 'root', the functions are square, halve"):
        Arithmetic.compile({**INPUTSETS, "root": range(4)})
    with pytest.raises(RuntimeError, match="Compiling function 'f' without an inputset"):

        @fhe.module()
        class Alone:
            @fhe.function({"x": "encrypted"})
            def f(x):
                return x

        Alone.compile({})
    with pytest.raises(AttributeError, match="No attribute root: the module has the functions square, halve"):
        _ = Arithmetic.compile(INPUTSETS).root


def test_one_client_for_two_programs():
    first = fhe.Compiler(lambda x: x**2 % 7, {"x": "encrypted"}).compile(range(16), p_error=1e-9)
    second = fhe.Compiler(lambda x: x // 3, {"x": "encrypted"}).compile(range(16), p_error=1e-9, keys_of=first)
    second.keys = first.keys
    assert second.encrypt_run_decrypt(14) == 4 and first.keys.fingerprint == second.keys.fingerprint


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"preset": "safe"}, ValueError, "'preset' is 'safe', allowed are 'default' and 'ind-cpa-d'"),
        ({"preset": "default", "p_error": 0.1}, ValueError, "so does 'p_error'; leave out one"),
        ({"noise": "white"}, ValueError, "'noise' is 'white', allowed are 'gaussian' and 'tuniform'"),
        ({"noise": 1}, TypeError, "expected 'Optional\\[str\\]', got 'int'"),
        ({"restrict": "speed=9"}, RuntimeError, "names `speed`; allowed are"),
        ({"restrict": "grouping={}"}, ValueError, "has the character `{`"),
        ({"keys_of": 1}, TypeError, "expected a circuit or a path, got 'int'"),
        ({"keys_of": "missing", "restrict": "grouping=1"}, ValueError, "leave out one of both"),
        ({"keys_of": "/missing"}, ValueError, "/missing"),
    ],
)
def test_wishes_that_cannot_be_fulfilled(options, error, message):
    with pytest.raises(error, match=message):
        fhe.Compiler(lambda x: x + 1, {"x": "encrypted"}).compile(range(4), **options)


def test_wishes_about_parameters():
    compiler = fhe.Compiler(lambda x: x**2 % 7, {"x": "encrypted"})
    safe = compiler.compile(range(16), preset="ind-cpa-d", noise="tuniform", security_level=132, restrict="extension=1")
    assert safe.p_error <= 2.0**-128
    assert safe.simulate(5) == 4
