#!/usr/bin/env python3
"""Times tracing and compiling of the same programs here and in Concrete, in turns, and prints the ratios.

usage: compile_against_concrete.py CONCRETE_PYTHON [--runs N] [--programs NAME,...]

CONCRETE_PYTHON is a Python that can import Concrete; the Python that runs this script has `cloakwork`. From the
Python function and an input set to a circuit that could run: tracing, measuring, parameters, machine code, no keys.
Both sides compile the same functions for the same input sets, at 128 bits of security and a failure probability of
1e-5 for each lookup, in turns, each side first every other time. Every turn compiles anew. A ratio below 1 means that
ours is faster.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

import numpy as np

P_ERROR = 1e-5


def programs(fhe):
    """Name: function, parameters, samples."""
    rng = np.random.default_rng(1)

    def samples(count, *shapes, low=0, high=16):
        rows = [tuple(rng.integers(low, high, shape) for shape in shapes) for _ in range(count)]
        return [row[0] if len(row) == 1 else row for row in rows]

    table = fhe.LookupTable([int(v) for v in rng.integers(0, 16, 16)])
    vector, matrix = rng.integers(-8, 8, 64), rng.integers(-8, 8, (784, 128))
    kernels = rng.integers(-4, 4, (4, 1, 3, 3))
    layers = [rng.integers(-2, 2, shape) for shape in ((32, 16), (16, 16), (16, 10))]
    features, limits = rng.integers(0, 8, 15), rng.integers(1, 15, 15)
    leaves = rng.integers(0, 8, 16)

    def network(x):
        for weights in layers[:-1]:
            x = np.clip((x @ weights) // 8, 0, 7)
        return x @ layers[-1]

    def tree(x):
        at = (x[features] > limits).astype(np.int64)
        reached = []
        for leaf in range(16):
            node, hits = 0, 0
            for level in range(4):
                bit = leaf >> (3 - level) & 1
                hits = hits + (at[node] if bit else 1 - at[node])
                node = 2 * node + 1 + bit
            reached.append((hits == 4).astype(np.int64) * int(leaves[leaf]))
        return sum(reached)

    one = {"x": "encrypted"}
    scalars = [int(v) for v in rng.integers(0, 16, 10)]
    return {
        "lookup of a scalar": (lambda x: table[x], one, scalars),
        "lookup of 128": (lambda x: table[x], one, samples(10, 128)),
        "dot of 64": (lambda x: np.dot(x, vector), one, samples(100, 64)),
        "matmul 784 x 128": (lambda x: x @ matrix, one, samples(20, 784)),
        "convolution": (lambda x: fhe.conv(x, kernels), one, samples(20, (1, 1, 28, 28))),
        "comparison of 64": (lambda x, y: x < y, {"x": "encrypted", "y": "encrypted"}, samples(20, 64, 64)),
        "three layers": (network, one, samples(100, 32, high=8)),
        "decision tree": (tree, one, samples(100, 8)),
        "sums of 100,000": (lambda x: np.sum(x * 3 + 1, axis=1), one, samples(20, (100, 1000))),
        "1000 samples of 128 x 64": (lambda x: np.sum(x, axis=1), one, samples(1000, (128, 64))),
    }


def serve(side):
    """One side: for each line of input, a program's name, the seconds that it takes."""
    if side == "cloakwork":
        from cloakwork import fhe
    else:
        from concrete import fhe
    known = programs(fhe)
    print("ready", flush=True)
    for line in sys.stdin:
        function, parameters, inputset = known[line.strip()]
        start = time.perf_counter()
        fhe.Compiler(function, parameters).compile(inputset, p_error=P_ERROR)
        print(time.perf_counter() - start, flush=True)


class Side:
    """A process that compiles what it is told."""

    def __init__(self, python, name):
        command = [python, "-W", "ignore", __file__, "--serve", name]
        self.name = name
        # Each compilation is one from the beginning.
        environment = os.environ | {"CLOAKWORK_CACHE": "off"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._line()

    def _line(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended: exit code {self.process.wait()}")
        return line

    def seconds(self, program):
        self.process.stdin.write(program + "\n")
        self.process.stdin.flush()
        return float(self._line())


class _Names:
    """Stands for the module where only the names of programs are wanted."""

    def LookupTable(self, table):
        return table


def compare(python, runs, chosen):
    sides = [Side(sys.executable, "cloakwork"), Side(python, "concrete")]
    print(f"medians of {runs} turns in ms, {len(os.sched_getaffinity(0))} cores")
    print(f"{'program':26} {'cloakwork':>10} {'concrete':>10} {'ratio':>7}  quartiles of the ratio")
    for program in chosen:
        times = {side.name: [] for side in sides}
        for side in sides:
            side.seconds(program)
        for turn in range(runs):
            for side in sides if turn % 2 == 0 else reversed(sides):
                times[side.name].append(side.seconds(program))
        ours, theirs = (statistics.median(times[side.name]) * 1e3 for side in sides)
        ratios = [a / b for a, b in zip(times["cloakwork"], times["concrete"])]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"{program:26} {ours:10.1f} {theirs:10.1f} {middle:7.2f}  {low:.2f} to {high:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", nargs="?", help="a Python that can import Concrete")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--programs", help="names with commas between them; all by default")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
    elif arguments.python is None or arguments.runs < 2:
        parser.error("name a Python that can import Concrete, and at least 2 runs")
    else:
        names = list(programs(_Names()))
        chosen = arguments.programs.split(",") if arguments.programs else names
        unknown = [name for name in chosen if name not in names]
        if unknown:
            parser.error(f"there is no program {unknown[0]!r}; there are {', '.join(names)}")
        compare(arguments.python, arguments.runs, chosen)


main()
