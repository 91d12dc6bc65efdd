#!/usr/bin/env python3
"""Times the lookup program of this repository and of Concrete in turns, and prints the ratio.

usage: against_concrete.py CONCRETE_PYTHON [--runs N]

CONCRETE_PYTHON is a Python that can import Concrete. The program is 128 lookups of 4 bits in one table, at 128 bits
of security and a failure probability of 1e-5 for each lookup, on all cores. Both sides compile and make keys once,
then run on the same input in turns, each side first every other time, so that both see the same machine. Every result
is checked. A ratio below 1 means that ours is faster.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

WIDTH, COUNT, P_ERROR = 4, 128, 1e-5
GAMMA, MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1


def integers(tag, count, limit):
    """Reproducible integers below `limit`: splitmix64 over a tag, as in `src/integers.rs`."""
    state, found = 0, []
    for byte in tag.encode():
        state = (state * 131 + byte) & MASK
    for _ in range(count):
        state = (state + GAMMA) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        found.append((z ^ (z >> 31)) % limit)
    return found


def serve():
    """Concrete's side, in its own Python: a time in seconds for each line of input."""
    import numpy
    from concrete import fhe

    table = integers(f"table{WIDTH}", 1 << WIDTH, 1 << WIDTH)
    x = numpy.array(integers("x0", COUNT, 1 << WIDTH))
    lookups = fhe.LookupTable(table)
    start = time.perf_counter()
    compiler = fhe.Compiler(lambda x: lookups[x], {"x": "encrypted"})
    inputset = [numpy.full((COUNT,), value) for value in range(1 << WIDTH)]
    circuit = compiler.compile(inputset, p_error=P_ERROR, loop_parallelize=True)
    compiled = time.perf_counter() - start
    start = time.perf_counter()
    circuit.keygen(force=True)
    print(compiled, time.perf_counter() - start, flush=True)
    encrypted = circuit.encrypt(x)
    for _ in sys.stdin:
        start = time.perf_counter()
        result = circuit.run(encrypted)
        seconds = time.perf_counter() - start
        assert list(circuit.decrypt(result)) == [table[value] for value in x], "a lookup was wrong"
        print(seconds, flush=True)


class Side:
    """A process that runs when it is told to."""

    def __init__(self, name, command, **options):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
        compiled, keys = map(float, self.line().split())
        print(f"{name}: compiled in {compiled:.3f} s, keys in {keys:.3f} s", flush=True)

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended: exit code {self.process.wait()}")
        return line

    def run(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return float(self.line())


def compare(python, runs):
    folder = pathlib.Path(__file__).resolve().parent.parent
    build = ["cargo", "build", "--release", "-p", "cloakwork-tests", "--example", "warm_runs", "--message-format=json"]
    built = subprocess.run(build, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    ours = next(message["executable"] for message in messages if message.get("executable"))
    threads = str(len(os.sched_getaffinity(0)))
    environment = os.environ | {"OMP_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads}
    sides = [
        Side("cloakwork", [ours]),
        Side("concrete", [python, "-W", "ignore", __file__, "--serve"], env=environment),
    ]
    for side in sides:
        side.run()
    times = {side.name: [] for side in sides}
    for turn in range(runs):
        for side in sides if turn % 2 == 0 else reversed(sides):
            times[side.name].append(side.run())
    for name, seconds in times.items():
        print(f"{name}: median {statistics.median(seconds):.4f} s, {min(seconds):.4f} to {max(seconds):.4f} s")
    ratios = sorted(a / b for a, b in zip(times["cloakwork"], times["concrete"]))
    quartiles = statistics.quantiles(ratios, n=4)
    print(f"ratio cloakwork / concrete on {threads} cores, {runs} turns: median {statistics.median(ratios):.3f}, "
          f"quartiles {quartiles[0]:.3f} to {quartiles[2]:.3f}, all {ratios[0]:.3f} to {ratios[-1]:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", nargs="?", help="a Python that can import Concrete")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
    elif arguments.python is None or arguments.runs < 2:
        parser.error("name a Python that can import Concrete, and at least 2 runs")
    else:
        compare(arguments.python, arguments.runs)


main()
