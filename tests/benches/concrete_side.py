"""Concrete's side of `against_concrete.py`: the processes of `examples/warm_runs.rs`, line by line alike.

`make PROGRAM P_ERROR THREADS FOLDER` compiles; `keys` makes keys, `save` writes what a server needs, `compressed` counts the
bytes of compressed evaluation keys, `check` decrypts a server's results. `serve THREADS FOLDER` has no secret key: `load` reads
the keys, `run` runs, `results` writes what came out. The programs are those of `src/bench_programs.rs`.
"""
import json
import os
import pathlib
import pickle
import sys
import time

SAMPLES = 50


def integers(tag, low, high, shape):
    """Reproducible integers of low..high: splitmix64 over a tag, as in `src/integers.rs`."""
    import numpy as np

    seed = 0
    for byte in tag.encode():
        seed = (seed * 131 + byte) % (1 << 64)
    count = int(np.prod(shape)) if shape else 1
    z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (low + (z % np.uint64(high - low)).astype(np.int64)).reshape(shape)


def program(name):
    """Function, arguments of sample i, results by NumPy, further samples."""
    import numpy as np
    from concrete import fhe

    kind, *sizes = name.replace("bit", "").replace("x", "-").split("-")
    sizes = [int(size) for size in sizes]
    if kind == "lookup":
        width, count = sizes
        table = integers(f"table{width}", 0, 1 << width, (1 << width,))
        if width == 1:
            table = np.array([1, 0])  # no constant, which needs no lookup
        lookups = fhe.LookupTable([int(value) for value in table])
        return (
            lambda x: lookups[x],
            lambda i: (integers(f"x{i}", 0, 1 << width, (count,)),),
            lambda x: table[x],
            [(np.full((count,), (1 << width) - 1),)],
        )
    if kind == "matmul":
        rows, columns = sizes
        weights = integers(f"w{rows}x{columns}", -8, 8, (rows, columns))
        return lambda x: x @ weights, lambda i: (integers(f"x{i}", 0, 16, (rows,)),), lambda x: x @ weights, []
    if kind == "mlp":
        first, second = integers("w1", -1, 2, tuple(sizes[:2])), integers("w2", -1, 2, tuple(sizes[1:]))

        def network(x):
            return np.clip(np.maximum(x @ first, 0) // 4, 0, 15).astype(np.int64) @ second

        return network, lambda i: (integers(f"x{i}", 0, 4, (sizes[0],)),), network, []
    width, count = sizes

    def pair(i):
        return tuple(integers(f"{tag}{i}", 0, 1 << width, (count,)) for tag in "xy")

    if kind == "compare":
        return lambda x, y: x < y, pair, lambda x, y: (x < y).astype(np.int64), []
    return lambda x, y: x * y, pair, lambda x, y: x * y, []


def compiled(name, p_error, **options):
    from concrete import fhe

    function, sample, meaning, more = program(name)
    samples = [sample(i) for i in range(SAMPLES)] + more
    inputset = [arguments if len(arguments) > 1 else arguments[0] for arguments in samples]
    compiler = fhe.Compiler(function, {name: "encrypted" for name in "xy"[: len(samples[0])]})
    return compiler.compile(inputset, p_error=p_error, loop_parallelize=True, **options), samples[0], meaning


def make(name, p_error, folder):
    import numpy as np
    from concrete import fhe

    start = time.perf_counter()
    circuit, arguments, meaning = compiled(name, p_error)
    taken = time.perf_counter() - start
    answer(seconds=taken, p_error=circuit.statistics["p_error"], bootstraps=circuit.programmable_bootstrap_count)
    for line in sys.stdin:
        command = line.strip()
        if command == "keys":
            start = time.perf_counter()
            circuit.keygen(force=True)
            answer(seconds=time.perf_counter() - start)
        elif command == "save":
            encrypted = circuit.encrypt(*arguments)
            encrypted = encrypted if isinstance(encrypted, tuple) else (encrypted,)
            circuit.server.save(folder / "server.zip")
            (folder / "arguments").write_bytes(pickle.dumps([value.serialize() for value in encrypted]))
            keys = circuit.keys.evaluation.serialize()
            (folder / "keys").write_bytes(keys)
            answer(bytes=len(keys))
        elif command == "compressed":
            small, _, _ = compiled(name, p_error, compress_evaluation_keys=True)
            small.keygen(force=True)
            answer(bytes=len(small.keys.evaluation.serialize()))
        elif command == "check":
            result = circuit.decrypt(fhe.Value.deserialize((folder / "results").read_bytes()))
            answer(wrong=int(np.sum(np.asarray(result) != np.asarray(meaning(*arguments)))))
        else:
            sys.exit(f"`{command}` is not understood here")


def serve(folder):
    from concrete import fhe

    server = fhe.Server.load(folder / "server.zip")
    arguments = [fhe.Value.deserialize(value) for value in pickle.loads((folder / "arguments").read_bytes())]
    answer()
    keys = result = None
    for line in sys.stdin:
        command, start = line.strip(), time.perf_counter()
        if command == "load":
            keys = fhe.EvaluationKeys.deserialize((folder / "keys").read_bytes())
            answer(seconds=time.perf_counter() - start)
        elif command == "run":
            result = server.run(*arguments, evaluation_keys=keys)
            answer(seconds=time.perf_counter() - start)
        elif command == "results":
            (folder / "results").write_bytes(result.serialize())
            answer()
        else:
            sys.exit(f"`{command}` is not understood here")


def answer(**fields):
    print(json.dumps(fields), flush=True)


def main():
    match sys.argv[1:]:
        case ["make", name, p_error, threads, folder]:
            set_threads(threads)
            make(name, float(p_error), pathlib.Path(folder))
        case ["serve", threads, folder]:
            set_threads(threads)
            serve(pathlib.Path(folder))
        case _:
            sys.exit("usage: concrete_side.py make PROGRAM P_ERROR THREADS FOLDER | serve THREADS FOLDER")


def set_threads(threads):
    """Concrete reads these when it is first imported, which is why no import stands at the top."""
    os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = threads


main()
