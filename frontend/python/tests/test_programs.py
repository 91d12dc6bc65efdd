"""Programs as users of Concrete write them, with `from cloakwork import fhe` as their only change."""

import numpy as np
from cloakwork import fhe


def test_a_table_lookup_with_keys_on_disk(tmp_path):
    table = fhe.LookupTable([(7 * i + 3) % 16 for i in range(16)])

    @fhe.compiler({"x": "encrypted"})
    def f(x):
        return table[x]

    configuration = fhe.Configuration(
        enable_unsafe_features=True, loop_parallelize=True, dataflow_parallelize=False, p_error=1e-9
    )
    circuit = f.compile(fhe.inputset(fhe.uint4), configuration, verbose=False)
    circuit.keys.load_if_exists_generate_and_save_otherwise(tmp_path / "keys")
    for x in (0, 9, 15):
        encrypted = circuit.encrypt(x)
        assert circuit.decrypt(circuit.run(encrypted)) == table[x] == f(x)


def test_a_private_query():
    # One element of a clear table, chosen by an encrypted one-hot vector, in two halves.
    rows = np.arange(32).reshape(2, 16) * 5 % 61

    def query(selector, low, high):
        return np.dot(selector, low), np.dot(selector, high)

    compiler = fhe.Compiler(query, {"selector": "encrypted", "low": "clear", "high": "clear"})
    one_hot = np.eye(16, dtype=np.int64)
    circuit = compiler.compile([(one_hot[i], rows[0], rows[1]) for i in range(16)], p_error=1e-9)
    selector, _, _ = circuit.encrypt(one_hot[11], None, None)
    result = circuit.run(selector, rows[0], rows[1])
    assert circuit.decrypt(result) == (rows[0, 11], rows[1, 11])


def test_a_counter_whose_state_stays_encrypted():
    @fhe.module()
    class Counter:
        @fhe.function({"state": "encrypted", "step": "clear"})
        def advance(state, step):
            return (state + step) % 10

        @fhe.function({"state": "encrypted"})
        def is_even(state):
            return state % 2 == 0

        composition = fhe.Wired(
            {
                fhe.Wire(fhe.AllOutputs(advance), fhe.Input(advance, 0)),
                fhe.Wire(fhe.Output(advance, 0), fhe.AllInputs(is_even)),
            }
        )

    inputsets = {"advance": [(s, d) for s in range(10) for d in range(4)], "is_even": range(10)}
    module = Counter.compile(inputsets, p_error=1e-9)
    module.keygen()
    state, clear = module.advance.encrypt(8, None)[0], 8
    for step in (3, 1, 2):
        state, clear = module.advance.run(state, step), (clear + step) % 10
        assert module.is_even.decrypt(module.is_even.run(state)) == (clear % 2 == 0)
    assert module.advance.decrypt(state) == clear == module.advance(2, 2)
