"""Where ranges come from: what was measured, what can be proven, and what is clipped."""

import numpy as np
import pytest
from cloakwork import fhe

STATUSES = {"x": "encrypted", "y": "encrypted"}
SAMPLES = [(0, 7), (7, 0), (3, 3)]
ALL = [(x, y) for x in range(8) for y in range(8)]


def function(x, y):
    total = x + y  # here
    return total**2 % 11, 2 * total - 1


def compiled(bounds, **options):
    return fhe.Compiler(function, STATUSES).compile(SAMPLES, bounds=bounds, p_error=1e-12, **options)


def test_the_report_shows_both():
    circuit = compiled("measured")
    unproven = circuit.unproven_bounds
    first = unproven[0]
    here = function.__code__.co_firstlineno + 1
    assert f"test_bounds.py:{here}" in first.location and first.operation == "fhe.add" and first.node == 2
    assert first.measured == (6, 7) and first.provable == (0, 14)
    assert "measured ranges that arguments within theirs may leave" in circuit.report
    assert "6 to 7, at most 0 to 14" in circuit.report
    proven = fhe.Compiler(function, STATUSES).compile([(0, 0), (7, 7), (0, 3)])
    assert [row for row in proven.unproven_bounds if row.operation == "fhe.add"] == []


def test_provable_ranges_are_right_everywhere():
    circuit = compiled("provable")
    assert circuit.unproven_bounds == []
    for x, y in ALL:
        assert circuit.simulate(x, y) == function(x, y)


def test_saturation():
    circuit = compiled("saturate")
    for x, y in ALL:
        clipped = min(max(x + y, 6), 7)
        assert circuit.simulate(x, y) == (clipped**2 % 11, 2 * (x + y) - 1)
    assert circuit.encrypt_run_decrypt(7, 7) == (49 % 11, 27)
    # Measured ranges bound what comes behind a lookup, so a chain does not grow.
    chain = fhe.Compiler(lambda x: ((x + x) ** 2 // 3 + x) ** 2, {"x": "encrypted"})
    measured = [0, 2, 3]
    wide, narrow = (chain.compile(measured, bounds=b) for b in ("provable", "saturate"))
    assert narrow.graph.maximum_integer_bit_width(assigned_bit_width=True) <= wide.graph.maximum_integer_bit_width(
        assigned_bit_width=True
    )
    assert [narrow.simulate(x) for x in measured] == [((x + x) ** 2 // 3 + x) ** 2 for x in measured]


def test_guarded_ranges_saturate():
    circuit, provable = compiled("guarded"), compiled("provable")
    assert circuit.unproven_bounds == []
    for x, y in ALL:
        clipped = min(max(x + y, 6), 7)
        # No sample shows a negative result, so none has a sign.
        assert circuit.simulate(x, y) == (clipped**2 % 11, max(2 * (x + y) - 1, 0))
    assert circuit.encrypt_run_decrypt(7, 7) == (49 % 11, 27)
    assert circuit.encrypt_run_decrypt(0, 0)[0] == 36 % 11
    widths = [one.graph.maximum_integer_bit_width(assigned_bit_width=True) for one in (circuit, provable)]
    assert widths[0] <= widths[1]


def test_clips_stand_where_they_are_needed():
    function = lambda x: (x + 1) ** 2
    samples = [np.array([0, 7])]
    circuit = fhe.Compiler(function, {"x": "encrypted"}).compile(samples, bounds="saturate")
    assert circuit.programmable_bootstrap_count == 2
    assert np.array_equal(circuit.simulate(np.array([3, 4])), [16, 25])


def test_names():
    assert fhe.Bounds.parse("Provable") is fhe.Bounds.PROVABLE
    with pytest.raises(ValueError, match=r"'guessed' is not a valid 'Bounds' \(measured, guarded, provable, saturate\)"):
        compiled("guessed")


def test_every_parameter_is_measured():
    # A parameter that no operation takes has the range of all its samples.
    circuit = fhe.Compiler(lambda x, y: y + 1, STATUSES).compile([(3, 1), (-100, 2)])
    assert circuit.encrypt_run_decrypt(-100, 2) == 3


def test_measuring_happens_once(monkeypatch):
    calls = []

    def table(values):
        calls.append(len(values))
        return values * 3 % 5

    samples = [np.arange(8)] * 5
    fhe.Compiler(lambda x: fhe.univariate(table)(x), {"x": "encrypted"}).compile(samples)
    # Once for each sample, once for each table: that of the program and that of what can be proven.
    assert calls.count(8) <= 5 + 2


def test_measuring_can_be_interrupted_and_tells_its_progress(monkeypatch):
    from cloakwork.fhe import compilation

    told = []

    def bar(title, total):
        def tell(done):
            told.append((title, done, total))
            raise KeyboardInterrupt

        return tell

    monkeypatch.setattr(compilation, "bar", bar)
    compiler = fhe.Compiler(lambda x: np.sum(x * x % 7), {"x": "encrypted"})
    with pytest.raises(KeyboardInterrupt):
        compiler.compile([np.arange(20000) % 8] * 3000)
    [(title, done, total)] = told
    assert "Measuring" in title and 0 < done < total == 3000
