"""Policies of composition, recorded pipelines, and feedback that is looked up where its noise would grow."""

import pytest
from cloakwork import fhe


def doubling(composition, **options):
    @fhe.module()
    class Doubling:
        @fhe.function({"x": "encrypted"})
        def double(x):
            return x + x

        @fhe.function({"x": "encrypted", "c": "clear"})
        def shift(x, c):
            return x + c

    Doubling.composition = composition(Doubling)
    return Doubling.compile(
        {"double": range(16), "shift": [(x, c) for x in range(16) for c in range(2)]}, p_error=1e-9, **options
    )


def test_noise_is_refreshed_where_it_would_grow():
    module = doubling(lambda m: fhe.Wired([fhe.Wire(fhe.Output(m.double, 0), fhe.Input(m.double, 0))]))
    assert module.refreshed_results == ["out0 of @double"]
    assert "looked up before it is fed back" in module.report
    assert module.double.programmable_bootstrap_count == 1 and module.shift.programmable_bootstrap_count == 0
    value = module.double.encrypt(1)
    for expected in (2, 4, 8, 16):
        value = module.double.run(value)
        assert module.double.decrypt(value) == expected


def test_refreshing_can_be_forbidden():
    wires = lambda m: fhe.Wired([fhe.Wire(fhe.Output(m.double, 0), fhe.Input(m.double, 0))])
    with pytest.raises(RuntimeError, match="grows from run to run") as caught:
        doubling(wires, refresh_composition=False)
    assert "^^^^" in str(caught.value) and "test_composition.py" in str(caught.value)


def test_what_does_not_grow_is_left_alone():
    wires = lambda m: fhe.Wired([fhe.Wire(fhe.AllOutputs(m.shift), fhe.AllInputs(m.shift))])
    assert doubling(wires).refreshed_results == []
    once = lambda m: fhe.Wired({fhe.Wire(fhe.Output(m.double, 0), fhe.Input(m.shift, 0))})
    assert doubling(once).refreshed_results == []
    assert doubling(lambda m: fhe.NotComposable()).refreshed_results == []


def test_everything_may_be_composed():
    module = doubling(lambda m: fhe.AllComposable())
    value = module.shift.run(module.double.run(module.double.encrypt(3)), 1)
    assert module.double.decrypt(module.double.run(value)) == 14


def test_a_circuit_may_feed_itself():
    circuit = fhe.Compiler(lambda x: (3 * x + 1) % 8, {"x": "encrypted"}).compile(
        range(8), composable=True, p_error=1e-9
    )
    value = circuit.encrypt(5)
    for expected in (0, 1, 4):
        value = circuit.run(value)
        assert circuit.decrypt(value) == expected
    also = fhe.Compiler(lambda x: (3 * x + 1) % 8, {"x": "encrypted"}, composition=fhe.AllComposable())
    assert also.compile(range(8)).refreshed_results == []


def test_pipelines_record_wires_and_inputs():
    @fhe.module()
    class Pipeline:
        @fhe.function({"x": "encrypted"})
        def increment(x):
            return x + 1, x

        @staticmethod
        @fhe.function({"a": "encrypted", "b": "encrypted"})
        def difference(a, b):
            return (a - b) % 5

        composition = fhe.Wired()

    with Pipeline.wire_pipeline(range(6)) as samples:
        for x in samples:
            y, z = Pipeline.increment(x)
            Pipeline.difference(y, z)
    wires = Pipeline.composition.wires
    assert [(w.output.func.name, w.output.pos, w.input.func.name, w.input.pos) for w in wires] == [
        ("increment", 0, "difference", 0),
        ("increment", 1, "difference", 1),
    ]
    module = Pipeline.compile(p_error=1e-9)
    results = module.increment.run(module.increment.encrypt(3))
    assert module.difference.decrypt(module.difference.run(*results)) == 1
    # Outside of the recording it computes in the clear.
    assert Pipeline.increment(4) == (5, 4)

    @fhe.module()
    class Loose:
        @fhe.function({"x": "encrypted"})
        def f(x):
            return x

    with pytest.raises(RuntimeError, match="recorded into `composition = fhe.Wired"):
        with Loose.wire_pipeline(range(3)):
            pass


@pytest.mark.parametrize(
    "wire, message",
    [
        (lambda m: fhe.Wire(fhe.Output(m.double, 3), fhe.Input(m.double, 0)), "Output 3 of double does not exist"),
        (lambda m: fhe.Wire(fhe.Output(m.double, 0), fhe.Input(m.shift, 1)), "Input 1 of shift is not encrypted"),
        (lambda m: fhe.Wire(fhe.Output("other", 0), fhe.Input(m.double, 0)), "'other', which is no function"),
    ],
)
def test_wires_that_cannot_be(wire, message):
    with pytest.raises(ValueError, match=message):
        doubling(lambda m: fhe.Wired([wire(m)]))
