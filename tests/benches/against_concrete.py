#!/usr/bin/env python3
"""Times the same programs here and in Concrete, in turns, and prints the ratios; writes them to `docs/performance.md`.

usage: against_concrete.py CONCRETE_PYTHON [--runs N] [--only TEXT,...] [--threads T,...] [--built FILE] [--page]

CONCRETE_PYTHON is a Python that can import Concrete. Programs are at 128 bits of security and the same failure probability of
each lookup on both sides. For each program both sides compile, make keys and write what a server needs; then processes that
have only that run the program in turns, each side first every other time, so that both see the same machine. Times are CPU
seconds of the process and wall seconds of the call. Results are decrypted and compared with the right ones. A ratio below 1 means
that ours is faster or smaller. Every program's figures replace those in `against_concrete.json` as soon as it is done; `--only`
takes those programs whose `name@p_error` contains one of the texts. `--page` only writes the page again.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import performance_page

HERE = pathlib.Path(__file__).resolve().parent
FIGURES = HERE / "against_concrete.json"
SIDES = ("cloakwork", "concrete")
PROBABILITIES = {"1e-5": 1e-5, "2^-64": 2.0**-64, "2^-128": 2.0**-128}
PROGRAMS = (
    [f"lookup-{width}bit-128@{p_error}" for p_error in PROBABILITIES for width in range(1, 9)]
    + [f"lookup-{width}bit-1@1e-5" for width in (2, 4, 6, 8)]
    + [f"{name}@1e-5" for name in ("matmul-784x128", "mlp-64-32-10", "compare-8bit-64", "multiply-4bit-64")]
)
KEY_TURNS, KEY_SECONDS = 3, 10  # key generations on each side, fewer if Concrete's take longer than that


class Process:
    """A process that answers lines with lines; knows the CPU time and the memory of the process."""

    def __init__(self, command, threads):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads, "PYTHONWARNINGS": "ignore", "CLOAKWORK_CACHE": "off"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.first = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise ProcessLookupError(f"{self.process.args[0]} ended with code {self.process.wait()}")
        return json.loads(line)

    def tell(self, command):
        """The answer, with the CPU seconds that it took."""
        clock = (~self.process.pid << 3) | 2  # CLOCK_PROCESS_CPUTIME_ID of another process
        start = time.clock_gettime(clock)
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.answer()
        return answer | {"cpu": time.clock_gettime(clock) - start}

    def memory(self):
        """Resident bytes that belong to no file."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def commands(python, ours):
    """What each side's processes are started with; builds ours if it is not named."""
    theirs = [python, str(HERE / "concrete_side.py")]
    if ours:
        return {"cloakwork": [ours], "concrete": theirs}
    build = ["cargo", "build", "--release", "-p", "cloakwork-tests", "--example", "warm_runs", "--message-format=json"]
    built = subprocess.run(build, cwd=HERE.parent, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    ours = next(message["executable"] for message in messages if message.get("executable"))
    return {"cloakwork": [ours], "concrete": theirs}


class Bench:
    """One program on both sides."""

    def __init__(self, program, starts, folder):
        self.name, p_error = program.split("@")
        self.p_error = repr(PROBABILITIES[p_error])
        self.starts, self.folder = starts, pathlib.Path(folder)
        for side in SIDES:
            (self.folder / side).mkdir()

    @contextlib.contextmanager
    def processes(self, mode, threads):
        arguments = [self.name, self.p_error] if mode == "make" else []
        started = {}
        try:
            for side in SIDES:
                command = self.starts[side] + [mode, *arguments, str(threads), str(self.folder / side)]
                started[side] = Process(command, str(threads))
            yield started
        finally:
            for process in started.values():
                process.end()

    def figures(self, runs, threads):
        """Everything that is measured: a tree of lists of times and of sizes."""
        found = {"threads": {}}
        with self.processes("make", max(threads)) as makers:
            for side in SIDES:
                found[side] = makers[side].first
            found["keys"] = {str(max(threads)): self.keys(makers)}
            for side in SIDES:
                found[side]["wire"] = makers[side].tell("save")["bytes"]
            if float(self.p_error) == 1e-5:
                found["concrete"]["wire_compressed"] = makers["concrete"].tell("compressed")["bytes"]
            for count in threads:
                found["threads"][str(count)] = self.calls(makers, runs, count)
        if self.name.startswith("lookup") and self.name.endswith("-128") and float(self.p_error) == 1e-5:
            with self.processes("make", 1) as makers:
                found["keys"]["1"] = self.keys(makers)
        return found

    def keys(self, makers):
        times = {side: {"cpu": [], "wall": []} for side in SIDES}
        for turn in range(KEY_TURNS):
            for side in order(turn):
                note(times[side], makers[side].tell("keys"))
            if sum(times["concrete"]["wall"]) > KEY_SECONDS:
                break
        return times

    def calls(self, makers, runs, threads):
        found = {side: {"cpu": [], "wall": []} for side in SIDES}
        with self.processes("serve", threads) as servers:
            for side, server in servers.items():
                before = server.memory()
                found[side]["load"] = server.tell("load")["seconds"]
                first = server.tell("run")
                found[side]["first"] = {"cpu": first["cpu"], "wall": first["seconds"]}
                server.tell("run")
                found[side]["memory"] = server.memory() - before
            for turn in range(runs):
                for side in order(turn):
                    note(found[side], servers[side].tell("run"))
                    time.sleep(0.2 if side == "concrete" and threads > 1 else 0)  # its threads spin for a while
            for side, server in servers.items():
                server.tell("results")
                found[side]["wrong"] = makers[side].tell("check")["wrong"]
        if found["cloakwork"]["wrong"]:
            sys.exit(f"{self.name}: {found['cloakwork']['wrong']} of our results are wrong")
        return found


def order(turn):
    return SIDES if turn % 2 == 0 else SIDES[::-1]


def note(times, answer):
    times["cpu"].append(answer["cpu"])
    times["wall"].append(answer["seconds"])


def show(program, figures):
    for threads, sides in figures["threads"].items():
        for clock in ("cpu", "wall"):
            ratios = sorted(a / b for a, b in zip(sides["cloakwork"][clock], sides["concrete"][clock]))
            ours, theirs = (statistics.median(sides[side][clock]) for side in SIDES)
            print(f"{program}, {threads} threads, {clock}: {ours:.4f} s to {theirs:.4f} s, "
                  f"ratio {statistics.median(ratios):.3f}, {ratios[0]:.3f} to {ratios[-1]:.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", nargs="?", help="a Python that can import Concrete")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="texts, one of which `name@p_error` must contain")
    parser.add_argument("--threads", default="1,2", help="thread counts")
    parser.add_argument("--built", help="the example `warm_runs`, where it is built already")
    parser.add_argument("--page", action="store_true", help="write the page and measure nothing")
    arguments = parser.parse_args()
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    if not arguments.page:
        if arguments.python is None or arguments.runs < 2:
            parser.error("name a Python that can import Concrete, and at least 2 runs")
        starts = commands(arguments.python, arguments.built)
        threads = [int(count) for count in arguments.threads.split(",")]
        wanted = [name for name in PROGRAMS if any(text in name for text in arguments.only.split(","))]
        if not wanted:
            parser.error(f"no program is called so; there are {', '.join(PROGRAMS)}")
        for program in wanted:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    known[program] = Bench(program, starts, folder).figures(arguments.runs, threads)
                except ProcessLookupError as problem:
                    print(f"{program}: {problem}", flush=True)
                    continue
            show(program, known[program])
            FIGURES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    performance_page.write(known, PROGRAMS)


main()
