"""Client and server apart: keys, values, specs and programs as bytes and files."""

import os
import stat

import numpy as np
import pytest
from cloakwork import fhe


@pytest.fixture(scope="module")
def circuit():
    @fhe.compiler({"x": "encrypted", "y": "clear", "z": "encrypted"})
    def function(x, y, z):
        return (x + y) ** 2 // 3, np.sum(z) - x

    samples = [(a, b, np.array([a, b, -b])) for a in range(4) for b in range(3)]
    return function.compile(samples, p_error=1e-12, bounds="provable")


def expected(x, y, z):
    return (x + y) ** 2 // 3, sum(z) - x


def test_everything_travels(circuit, tmp_path):
    circuit.server.save(tmp_path / "server.zip")
    circuit.client.save(tmp_path / "client.zip")
    client, server = fhe.Client.load(tmp_path / "client.zip"), fhe.Server.load(tmp_path / "server.zip")
    assert client.specs == circuit.client.specs == server.client_specs
    client.keygen()
    evaluation_keys = fhe.EvaluationKeys.deserialize(client.evaluation_keys.serialize())
    x, nothing, z = client.encrypt(3, None, [1, 2, -2])
    assert nothing is None
    x, z = (fhe.Value.deserialize(value.serialize()) for value in (x, z))
    results = server.run(x, 2, z, evaluation_keys=evaluation_keys)
    results = [fhe.Value.deserialize(result.serialize()) for result in results]
    assert client.decrypt(*results) == expected(3, 2, [1, 2, -2])
    assert (server.p_error, server.global_p_error) == (circuit.p_error, circuit.global_p_error)
    # What was loaded can be saved again.
    server.save(tmp_path / "again.zip", via_mlir=True)
    again = fhe.Server.load(tmp_path / "again.zip").run(x, 2, z, evaluation_keys=evaluation_keys)
    assert client.decrypt(again) == expected(3, 2, [1, 2, -2])
    with pytest.raises(ValueError, match="so p_error cannot change; compile again"):
        fhe.Server.load(tmp_path / "server.zip", p_error=0.1)


def test_specs_travel(circuit):
    specs = circuit.client.specs
    again = fhe.ClientSpecs.deserialize(specs.serialize())
    assert again == specs and hash(again) == hash(specs) and specs.function_names == ["function"]
    assert again.program_info["name"] == "function"
    with pytest.raises(ValueError):
        fhe.ClientSpecs.deserialize(b"{}")


def test_keys_travel(circuit, tmp_path):
    keys = fhe.Keys(circuit.client.specs)
    path = tmp_path / "keys"
    assert not keys.are_generated
    with pytest.raises(RuntimeError, match="cannot be serialized before they are generated"):
        keys.serialize()
    with pytest.raises(ValueError, match="because it doesn't exist"):
        keys.load(path)
    keys.load_if_exists_generate_and_save_otherwise(path)
    assert keys.are_generated and stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with pytest.raises(ValueError, match="because it already exists"):
        keys.save(path)
    others = [fhe.Keys.deserialize(path), fhe.Keys.deserialize(keys.serialize()), fhe.Keys(circuit.client.specs)]
    others[2].load_if_exists_generate_and_save_otherwise(path)
    client = fhe.Client(circuit.client.specs)
    client.keys = keys
    value = client.encrypt(1, 2, [0, 0, 1])
    results = circuit.server.run(*value, evaluation_keys=others[0].evaluation)
    for other in others:
        client.keys = other
        assert client.decrypt(results) == expected(1, 2, [0, 0, 1])


def test_keys_that_do_not_fit(circuit, tmp_path):
    other = fhe.Compiler(lambda x: x**3 % 31, {"x": "encrypted"}).compile(range(32), p_error=1e-12)
    with pytest.raises(ValueError, match="generated for a different circuit"):
        circuit.keys = other.keys
    other.keygen()
    other.keys.save(tmp_path / "other")
    with pytest.raises(ValueError, match="made for other parameters"):
        fhe.Keys(circuit.client.specs).load(tmp_path / "other")
    with pytest.raises(ValueError, match="without client specs"):
        fhe.Keys(None).generate()
    for damaged in (b"", b"short", other.keys.serialize()[:-1], b"\xff" * 100):
        with pytest.raises(ValueError):
            fhe.Keys.deserialize(damaged)
    for seed in (-1, 2**128, "1"):
        with pytest.raises(ValueError, match="positive 128 bits integer"):
            fhe.Keys(circuit.client.specs).generate(secret_seed=seed)
    with pytest.raises(NotImplementedError, match="keys of another library"):
        circuit.keygen(initial_keys={0: b"key"})
    with pytest.raises(NotImplementedError, match="load_if_exists_generate_and_save_otherwise"):
        fhe.Keys(circuit.client.specs, "cache")


def test_damaged_values(circuit):
    value = circuit.encrypt(1, 2, [0, 0, 1])[0]
    data = value.serialize()
    for damaged in (b"", data[:-1], data + b"\0", data[:100], b"CLOAKSIM", bytes([data[0] ^ 1]) + data[1:]):
        with pytest.raises((ValueError, EOFError)):
            fhe.Value.deserialize(damaged)
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    with pytest.raises(ValueError):
        fhe.Value.deserialize(bytes(flipped))
    with pytest.raises(RuntimeError, match="argument `z` has"):
        circuit.run(value, 2, value)


def test_clear_values_travel():
    value = fhe.Value.deserialize(fhe.Value.deserialize(clear().serialize()).serialize())
    assert not value.is_encrypted and value.shape == [2]


def clear():
    circuit = fhe.Compiler(lambda x, y: x + y, {"x": "encrypted", "y": "clear"}).compile([(1, np.array([1, 2]))])
    return circuit.encrypt(None, [1, 2])[1]


def test_simulated_client_and_server(circuit):
    client, server = fhe.Client(circuit.client.specs, is_simulated=True), circuit.simulator
    values = [fhe.Value.deserialize(value.serialize()) for value in client.encrypt(2, 1, [1, 1, 1])]
    assert repr(values[0]) == "Value(simulated, shape=[])"
    assert client.decrypt(server.run(*values)) == expected(2, 1, [1, 1, 1])
    with pytest.raises(ValueError, match="argument 0 is simulated, the server works on encrypted values"):
        circuit.run(*values)
    with pytest.raises(RuntimeError, match="Expected evaluation keys to be provided"):
        circuit.server.run(*circuit.encrypt(2, 1, [1, 1, 1]))


def test_simulated_steps_of_a_circuit():
    options = {"simulate_encrypt_run_decrypt": True}
    compiler = fhe.Compiler(lambda x: x**2 % 5, {"x": "encrypted"})
    with pytest.raises(RuntimeError, match="without enabling unsafe features"):
        compiler.compile(range(8), **options)
    circuit = compiler.compile(range(8), enable_unsafe_features=True, **options)
    assert circuit.encrypt_run_decrypt(7) == 4 and not circuit.keys.are_generated


def test_several_functions(tmp_path):
    @fhe.module()
    class Two:
        @fhe.function({"x": "encrypted"})
        def first(x):
            return x + 1

        @fhe.function({"x": "encrypted"})
        def second(x):
            return x * 2 % 5

    module = Two.compile({"first": range(4), "second": range(5)}, p_error=1e-9)
    module.server.save(tmp_path / "server.zip")
    server, client = fhe.Server.load(tmp_path / "server.zip"), module.client
    with pytest.raises(TypeError, match="more than one functions.*Provide a `function_name`"):
        client.encrypt(1)
    with pytest.raises(ValueError, match="Function `third` is not in the module"):
        client.encrypt(1, function_name="third")
    value = client.encrypt(3, function_name="first")
    keys = client.evaluation_keys
    value = server.run(value, evaluation_keys=keys, function_name="first")
    value = server.run(value, evaluation_keys=keys, function_name="second")
    assert client.decrypt(value, function_name="second") == 3
    assert server.programmable_bootstrap_count("second") == 1 and server.size_of_inputs("first") > 0
    assert set(module.functions()) == {"first", "second"}
    assert module.execution_runtime.initialized and module.simulation_runtime.val.server.is_simulated


def test_servers_from_text(circuit):
    server = fhe.Server.create(circuit.mlir, fhe.Configuration(p_error=1e-12))
    assert server.client_specs.function_names == ["function"]


def test_futures():
    compiler = fhe.Compiler(lambda x: (x + 1) % 8, {"x": "encrypted"})
    circuit = compiler.compile(range(8), p_error=1e-9, composable=True)
    function = circuit.function
    future = function.run_async(function.run_async(function.encrypt(5)))
    assert function.decrypt(future) == 7 and function.decrypt(future.result()) == 7
    assert circuit.decrypt(circuit.run_async(circuit.encrypt(6))) == 7
    scheduled = compiler.compile(range(8), p_error=1e-9, composable=True, auto_schedule_run=True)
    scheduled.keys = circuit.keys
    value = scheduled.function.run(scheduled.encrypt(1))
    assert hasattr(value, "result") and scheduled.decrypt(scheduled.function.run(value)) == 3
    # Circuits run at once all the same.
    assert isinstance(scheduled.run(scheduled.encrypt(1)), fhe.Value)
    circuit.cleanup(), scheduled.cleanup()
