"""Writes `docs/performance.md` from the figures of `against_concrete.py` and the notes beside it."""
import pathlib
import statistics

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs" / "performance.md"
NOTES = HERE / "performance_notes.md"
CLOCKS = ("cpu", "wall")

HEAD = """# Performance against Concrete

Written by `tests/benches/against_concrete.py` from `tests/benches/against_concrete.json`, see below for how to run it. Programs
are timed on both sides in turns on one machine, at 128 bits of security and the same failure probability of each lookup; Concrete is
2.11. A ratio is ours over Concrete's in one turn: the median, and in brackets the least and the greatest. CPU is the processor
time of the process, on 1 and 2 threads, wall the time of the call. Ratios in bold miss their figure.

```sh
python3 tests/benches/against_concrete.py CONCRETE_PYTHON              # everything; keys of wide lookups take minutes
python3 tests/benches/against_concrete.py CONCRETE_PYTHON --only matmul,mlp --runs 9
python3 tests/benches/against_concrete.py --page                       # this page from the figures that there are
```
"""


def ratios(ours, theirs):
    return sorted(a / b for a, b in zip(ours, theirs))


def cell(values, figure):
    """Median and spread of ratios."""
    if not values:
        return "–"
    median = statistics.median(values)
    text = f"{median:.2f}" if median <= figure else f"**{median:.2f}**"
    return text if len(values) == 1 else f"{text} ({values[0]:.2f} – {values[-1]:.2f})"


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def calls(known, names, figure):
    """Ratios of warm calls."""
    rows = []
    for name in names:
        if name not in known:
            continue
        row = [title(name)]
        for threads in ("1", "2"):
            sides = known[name]["threads"].get(threads)
            for clock in CLOCKS:
                of_clock = sides and ratios(sides["cloakwork"][clock], sides["concrete"][clock])
                row.append(cell(of_clock, figure))
        sides = known[name]["threads"].get("1") or known[name]["threads"]["2"]
        row += [milliseconds(statistics.median(sides[side]["cpu"])) for side in ("cloakwork", "concrete")]
        rows.append(row)
    head = ["program", "CPU, 1 thread", "wall, 1 thread", "CPU, 2 threads", "wall, 2 threads", "ours, CPU", "Concrete, CPU"]
    return table(head, rows)


def key_generation(known):
    rows = []
    for name, figures in known.items():
        if "1" not in figures["keys"]:
            continue
        row = [title(name)]
        for threads in ("1", "2"):
            times = figures["keys"][threads]
            row += [cell(ratios(times["cloakwork"][clock], times["concrete"][clock]), 0.3) for clock in CLOCKS]
        times = figures["keys"]["1"]
        row += [milliseconds(statistics.median(times[side]["cpu"])) for side in ("cloakwork", "concrete")]
        rows.append(row)
    head = ["keys for", "CPU, 1 thread", "wall, 1 thread", "CPU, 2 threads", "wall, 2 threads", "ours, CPU", "Concrete, CPU"]
    return table(head, rows)


def sizes(known):
    rows = []
    for name, figures in known.items():
        if not (name.startswith("lookup") and name.endswith("-128@1e-5")):
            continue
        sides = figures["threads"].get("1") or figures["threads"]["2"]
        ours, theirs = sides["cloakwork"]["memory"], sides["concrete"]["memory"]
        wire, compressed = figures["cloakwork"]["wire"], figures["concrete"]["wire_compressed"]
        rows.append([
            title(name), cell([ours / theirs], 0.6), megabytes(ours), megabytes(theirs),
            cell([wire / compressed], 1.0), megabytes(wire), megabytes(compressed),
        ])
    head = ["keys for", "in memory", "ours", "Concrete", "on the wire", "ours", "Concrete, compressed"]
    return table(head, rows)


def first_calls(known):
    rows = []
    for name, figures in known.items():
        row = [title(name)]
        for threads in ("1", "2"):
            for side, figure in (("cloakwork", 1.3), ("concrete", float("inf"))):
                times = figures["threads"].get(threads, {}).get(side)
                row.append(cell([times["first"]["cpu"] / statistics.median(times["cpu"])], figure) if times else "–")
        rows.append(row)
    return table(["program", "1 thread", "Concrete", "2 threads", "Concrete"], rows)


def title(name):
    program, p_error = name.split("@")
    kind, *rest = program.split("-")
    if kind == "lookup":
        width, count = rest[0].removesuffix("bit"), int(rest[1])
        return f"{count} lookup{'s' if count > 1 else ''}, {width} bit{'s' if width != '1' else ''}, {p_error}"
    return f"{program}, {p_error}"


def milliseconds(seconds):
    return f"{1e3 * seconds:.1f} ms"


def megabytes(size):
    return f"{size / 1e6:.1f} MB"


def write(known, order):
    known = {name: known[name] for name in order if name in known}
    of_kind = [name for name in known if name.startswith("lookup") and name.endswith("-1@1e-5")]
    parts = [HEAD, "## Lookups: at most 0.20\n",
             calls(known, [name for name in known if name.startswith("lookup") and name not in of_kind], 0.2),
             "## One lookup alone: at most 0.20\n", calls(known, of_kind, 0.2)]
    for heading, kind, figure in (
        ("Linear layer without lookups: at most 0.10", "matmul", 0.1),
        ("Two layers: at most 0.15", "mlp", 0.15),
        ("Functions of two encrypted values: at most 0.20", ("compare", "multiply"), 0.2),
    ):
        parts += [f"## {heading}\n", calls(known, [name for name in known if name.startswith(kind)], figure)]
    parts += ["## Key generation: at most 0.30\n", key_generation(known),
              "## Evaluation keys: in memory at most 0.60, on the wire at most 1.0\n",
              "What a server's process grows by from before it reads the keys to after two calls; the bytes of a file.\n", sizes(known),
              "## First call after loading keys over a warm call, CPU: at most 1.3\n", first_calls(known)]
    if NOTES.exists():
        parts.append(NOTES.read_text().rstrip() + "\n")
    PAGE.write_text("\n".join(parts))
