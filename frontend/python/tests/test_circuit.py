"""Circuits on real ciphertexts: keys, the split into steps, figures, threads."""

import threading
import time

import numpy as np
import pytest
from checks import compiled
from cloakwork import fhe


@pytest.fixture(scope="module")
def circuit():
    @fhe.compiler({"x": "encrypted", "y": "clear"})
    def function(x, y):
        return (x + y) ** 2 // 3, x - y

    return function.compile([(a, b) for a in range(4) for b in range(3)], p_error=1e-12)


def test_encryption(circuit):
    for x, y in [(0, 0), (3, 2), (1, 2)]:
        assert circuit.encrypt_run_decrypt(x, y) == ((x + y) ** 2 // 3, x - y)


def test_steps(circuit):
    x, y = circuit.encrypt(3, 1)
    assert isinstance(x, fhe.Value) and x.is_encrypted and not y.is_encrypted and x.shape == []
    assert repr(x) == "Value(encrypted, shape=[])"
    results = circuit.run(x, y)
    assert circuit.decrypt(*results) == circuit.decrypt(results) == (5, 2)
    # A clear argument as it is, a pair of values as one tuple.
    assert circuit.decrypt(circuit.run(x, 2)) == (8, 1)
    assert circuit.decrypt(circuit.run((x, y))) == (5, 2)


def test_placeholders(circuit):
    x, nothing = circuit.encrypt(2, None)
    assert nothing is None
    nothing, y = circuit.encrypt(None, 1)
    assert nothing is None
    assert circuit.decrypt(circuit.run(x, y)) == (3, 1)
    with pytest.raises(ValueError, match="Expected argument 0 to be an fhe.Value but it's None"):
        circuit.run(None, y)


def test_keys():
    circuit = compiled(lambda x: (x + 1) % 3, range(4))
    circuit.keygen()
    first = circuit.keys
    circuit.keygen()
    assert circuit.keys is first
    other = compiled(lambda x: (x + 1) % 3, range(4))
    other.keys = first
    assert other.decrypt(circuit.run(other.encrypt(3))) == 1
    value = circuit.encrypt(3)
    circuit.keygen(force=True)
    with pytest.raises(RuntimeError, match="encrypted under keys"):
        circuit.run(value)
    with pytest.raises(TypeError, match="keys are made by"):
        circuit.keys = "keys"
    with pytest.raises(ValueError, match="128 bits"):
        circuit.keygen(seed=-1)


def test_keys_of_another_program_are_refused():
    small, large = compiled(lambda x: x + 1, range(4)), compiled(lambda x: x**2 % 7, range(16))
    assert small.keys.fingerprint != large.keys.fingerprint
    value = small.encrypt(1)
    with pytest.raises((ValueError, RuntimeError), match="argument `x` has"):
        large.run(value)


def test_seeded_keys_are_repeatable():
    circuit = compiled(lambda x: (x + 1) % 3, range(4))
    circuit.keygen(seed=12)
    value = circuit.encrypt(3)
    again = compiled(lambda x: (x + 1) % 3, range(4))
    again.keygen(seed=12)
    assert again.decrypt(again.run(value)) == 1


def test_tensors():
    circuit = compiled(
        lambda x: fhe.relu(x @ [[1, -2], [3, 1]] - 3), [np.array([a, b]) for a in range(4) for b in range(4)]
    )
    for x in ([3, 0], [0, 3], [1, 1]):
        expected = np.maximum(np.array(x) @ [[1, -2], [3, 1]] - 3, 0)
        found = circuit.encrypt_run_decrypt(np.array(x))
        assert isinstance(found, np.ndarray) and np.array_equal(found, expected)


def test_figures(circuit):
    assert circuit.programmable_bootstrap_count == 1 and circuit.key_switch_count == 1
    assert 0 < circuit.p_error <= 1e-12 and circuit.p_error <= circuit.global_p_error < 1e-11
    assert circuit.size_of_outputs > 8 * 500 > circuit.size_of_inputs > 0
    assert circuit.statistics["p_error"] == circuit.p_error
    assert "fhe.lookup" in circuit.mlir
    linear = compiled(lambda x: 3 * x + 1, range(4))
    assert linear.programmable_bootstrap_count == 0


def test_arguments(circuit):
    for call in (circuit.simulate, circuit.encrypt, circuit.encrypt_run_decrypt, circuit.graph):
        with pytest.raises(ValueError, match="Expected 2 inputs but got 1"):
            call(1)
        with pytest.raises(
            ValueError,
            match="Expected argument 0 to be EncryptedScalar<.*> but it's EncryptedScalar<float64>",
        ):
            call(1.5, 1)
        with pytest.raises(
            ValueError,
            match=r"Expected argument 0 to be EncryptedScalar<.*> but it's EncryptedTensor<uint2, shape=\(2,\)>",
        ):
            call([1, 2], 1)
    for value in (-1, 100):
        with pytest.raises(
            ValueError, match="Expected argument 0 to be EncryptedScalar<uint3> but it's .*compiled for 0 to 3"
        ):
            circuit.encrypt(value, 1)
    with pytest.raises(ValueError, match="Expected argument 0 to be an fhe.Value but it's int"):
        circuit.run(1, 1)
    with pytest.raises(ValueError, match="Expected result 0 to be an fhe.Value but it's int"):
        circuit.decrypt(1, 2)
    with pytest.raises(ValueError, match="has 2 results, found 1"):
        circuit.decrypt(circuit.encrypt(1, 1)[0])


def test_default_error_probability():
    function = lambda x: np.sum((x + 1) % 3)
    samples = [np.arange(40) % 4]
    default = fhe.Compiler(function, {"x": "encrypted"}).compile(samples)
    configured = fhe.Compiler(function, {"x": "encrypted"}).compile(samples, fhe.Configuration())
    assert default.global_p_error == configured.global_p_error <= fhe.DEFAULT_GLOBAL_P_ERROR == 1e-5


def test_other_threads_run_meanwhile():
    circuit = compiled(lambda x: (x * x) % 5, [np.arange(32) % 8])
    ticks, is_done = [], threading.Event()

    def tick():
        while not is_done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    circuit.keygen()
    value = circuit.encrypt(np.arange(32) % 8)
    circuit.run(value)
    end = time.perf_counter()
    is_done.set()
    thread.join()
    inside = [at for at in ticks if start < at < end]
    longest = max(after - before for before, after in zip([start, *inside], [*inside, end]))
    assert longest < 0.5 * (end - start)


def test_circuits_are_shared_between_threads(circuit):
    results = {}
    circuit.keygen()

    def work(x):
        results[x] = circuit.encrypt_run_decrypt(x, 1)

    threads = [threading.Thread(target=work, args=(x,)) for x in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert results == {x: ((x + 1) ** 2 // 3, x - 1) for x in range(4)}


def test_simulation_is_noisy():
    function, x = (lambda x: (x + 1) % 7), np.arange(400) % 8
    circuit = fhe.Compiler(function, {"x": "encrypted"}).compile([x], p_error=0.2)
    wrong = sum(np.count_nonzero(circuit.simulate(x) != function(x)) for _ in range(5))
    # Of 2000 lookups; ten deviations lie between.
    assert 0.5 < wrong / (2000 * circuit.p_error) < 1.2 and circuit.p_error > 0.1


def test_progress_of_a_run(capsys):
    compiler = fhe.Compiler(lambda x: x**2 % 5, {"x": "encrypted"})
    circuit = compiler.compile([np.arange(6)], show_progress=True, progress_title="Squares:", loop_parallelize=False)
    assert np.array_equal(circuit.encrypt_run_decrypt(np.arange(6)), np.arange(6) ** 2 % 5)
    printed = capsys.readouterr().err
    assert printed.startswith("\rSquares: ") and printed.endswith("| 6/6\n") and "100%" in printed


def test_clear_arguments_are_those_of_the_input_set():
    circuit = fhe.Compiler(lambda x, c: x * c, {"x": "encrypted", "c": "clear"}).compile([(x, x % 5) for x in range(8)])
    message = r"argument 1 to be ClearScalar<uint3> but it's .*compiled for 0 to 4, the argument is {}; give an input set"
    for c in (5, -1, 1 << 40):
        for refused in (circuit.simulate, circuit.encrypt, circuit.encrypt_run_decrypt):
            with pytest.raises(ValueError, match=message.format(c)):
                refused(3, c)
    first = circuit.encrypt(3, None)[0]
    with pytest.raises(ValueError, match=message.format(5)):
        circuit.run(first, 5)
    assert circuit.decrypt(circuit.run(first, 4)) == 12
