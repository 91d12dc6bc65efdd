"""`docs/functions.md`: every operator and function, on what it works, and how many lookups it takes.

Each row is a program that is compiled, counted and compared with NumPy. `BLESS=1` writes the page anew.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from checks import P_ERROR, assert_same
from cloakwork import fhe

PAGE = Path(__file__).parents[3] / "docs" / "functions.md"

#: Of two integers: from -4 to 3 and from 1 to 4.
PAIRS = {
    "x + y": lambda x, y: x + y,
    "x - y": lambda x, y: x - y,
    "x * y": lambda x, y: x * y,
    "x // y": lambda x, y: x // y,
    "x % y": lambda x, y: x % y,
    "abs(x) ** y": lambda x, y: abs(x) ** y,
    "x & y": lambda x, y: x & y,
    "x | y": lambda x, y: x | y,
    "x ^ y": lambda x, y: x ^ y,
    "x << y": lambda x, y: x << y,
    "x >> y": lambda x, y: x >> y,
    "x == y": lambda x, y: x == y,
    "x != y": lambda x, y: x != y,
    "x < y": lambda x, y: x < y,
    "x <= y": lambda x, y: x <= y,
    "x > y": lambda x, y: x > y,
    "x >= y": lambda x, y: x >= y,
    "np.minimum(x, y)": lambda x, y: np.minimum(x, y),
    "np.maximum(x, y)": lambda x, y: np.maximum(x, y),
    "np.gcd(x, y)": lambda x, y: np.gcd(x, y),
    "np.lcm(x, y)": lambda x, y: np.lcm(x, y),
    "np.logical_and(x, y)": lambda x, y: np.logical_and(x, y),
    "np.logical_or(x, y)": lambda x, y: np.logical_or(x, y),
    "np.logical_xor(x, y)": lambda x, y: np.logical_xor(x, y),
    "np.hypot(x, y).astype(int)": lambda x, y: np.hypot(x, y).astype(int),
    "np.rint(x / y).astype(int)": lambda x, y: np.rint(x / y).astype(int),
    "np.arctan2(x, y).round().astype(int)": lambda x, y: np.arctan2(x, y).round().astype(int),
    "np.where(x > 0, x, y)": lambda x, y: np.where(x > 0, x, y),
    "np.where(y > 2, x, 7)": lambda x, y: np.where(y > 2, x, 7),
}

#: Of one integer from -4 to 3, or from 0 to 7.
SINGLES = {
    "-x": lambda x: -x,
    "abs(x)": lambda x: abs(x),
    "~x": lambda x: ~x,
    "np.square(x)": lambda x: np.square(x),
    "np.sign(x)": lambda x: np.sign(x),
    "np.clip(x, 1, 2)": lambda x: np.clip(x, 1, 2),
    "np.sqrt(abs(x)).astype(int)": lambda x: np.sqrt(abs(x)).astype(int),
    "np.floor(10 * np.sin(x)).astype(int)": lambda x: np.floor(10 * np.sin(x)).astype(int),
    "np.exp(x / 2).astype(int)": lambda x: np.exp(x / 2).astype(int),
    "fhe.univariate(f)(x)": lambda x: fhe.univariate(lambda v: v * v % 5)(x),
    "fhe.LookupTable(t)[x]": lambda x: fhe.LookupTable([3, 1, 4, 1, 5, 9, 2, 6])[x],
    "fhe.relu(x)": lambda x: fhe.relu(x),
    "fhe.bits(x)[0]": lambda x: fhe.bits(x)[0],
    "fhe.bits(x)[0:2]": lambda x: fhe.bits(x)[0:2],
    "fhe.round_bit_pattern(x, 1)": lambda x: fhe.round_bit_pattern(x, 1),
    "fhe.truncate_bit_pattern(x, 1)": lambda x: fhe.truncate_bit_pattern(x, 1),
    "fhe.identity(x)": lambda x: fhe.identity(x),
    "fhe.refresh(x)": lambda x: fhe.refresh(x),
}

#: Of a tensor of 2 by 3 integers from 0 to 7; the weights are clear.
WEIGHTS = np.array([[1, -2], [3, 0], [-1, 2]])
ARRAYS = {
    "np.sum(x)": lambda x: np.sum(x),
    "np.sum(x, axis=0)": lambda x: np.sum(x, axis=0),
    "np.mean(x, axis=1).astype(int)": lambda x: np.mean(x, axis=1).astype(int),
    "np.var(x, axis=1).astype(int)": lambda x: np.var(x, axis=1).astype(int),
    "np.std(x, axis=0).round().astype(int)": lambda x: np.std(x, axis=0).round().astype(int),
    "np.max(x)": lambda x: np.max(x),
    "np.min(x, axis=1)": lambda x: np.min(x, axis=1),
    "np.argmax(x, axis=1)": lambda x: np.argmax(x, axis=1),
    "np.sort(x, axis=1)": lambda x: np.sort(x, axis=1),
    "np.prod(x[:, :2], axis=1)": lambda x: np.prod(x[:, :2], axis=1),
    "np.cumsum(x, axis=1)": lambda x: np.cumsum(x, axis=1),
    "np.diff(x, axis=1)": lambda x: np.diff(x, axis=1),
    "np.any(x, axis=1)": lambda x: np.any(x, axis=1),
    "np.all(x, axis=0)": lambda x: np.all(x, axis=0),
    "x @ weights": lambda x: x @ WEIGHTS,
    "x @ x.T": lambda x: x @ x.T,
    'np.einsum("ij,jk->k", x, weights)': lambda x: np.einsum("ij,jk->k", x, WEIGHTS),
    "np.outer(x[0], [1, -1])": lambda x: np.outer(x[0], [1, -1]),
    "x.reshape(3, 2)": lambda x: x.reshape(3, 2),
    "x.T": lambda x: x.T,
    "x[:, ::-1]": lambda x: x[:, ::-1],
    "x[[1, 0], 2]": lambda x: x[[1, 0], 2],
    "x[..., None]": lambda x: x[..., None],
    "np.concatenate((x, x), axis=1)": lambda x: np.concatenate((x, x), axis=1),
    "np.stack((x, x))": lambda x: np.stack((x, x)),
    "np.pad(x, 1)": lambda x: np.pad(x, 1),
    "np.roll(x, 1, axis=1)": lambda x: np.roll(x, 1, axis=1),
    "np.flip(x)": lambda x: np.flip(x),
    "np.tile(x, 2)": lambda x: np.tile(x, 2),
    "np.broadcast_to(x, (2, 2, 3))": lambda x: np.broadcast_to(x, (2, 2, 3)),
    "fhe.conv(x.reshape(1, 1, 2, 3), kernel, pads=(1, 1, 1, 1))": lambda x: fhe.conv(
        x.reshape(1, 1, 2, 3), np.ones((1, 1, 3, 3), dtype=int), pads=(1, 1, 1, 1)
    ),
    "fhe.maxpool(x.reshape(1, 1, 2, 3), (2, 2))": lambda x: fhe.maxpool(x.reshape(1, 1, 2, 3), (2, 2)),
}

HEAD = """# Functions and operators in Python

What a traced function may compute, and how many lookups (programmable bootstraps) a call takes. Made from
`frontend/python/tests/test_functions_page.py`, which compiles every row, counts its lookups, and compares it with NumPy
for all inputs. Ways of computing are chosen by the table of costs for AVX-512; others may choose differently.
"""


def rows_of_pairs() -> list[str]:
    first, second = range(-4, 4), range(1, 5)
    samples = list(itertools.product(first, second))
    rows = ["", "## Of two integers", "", "`x` from −4 to 3 is encrypted; `y` from 1 to 4 is a constant (3), a clear parameter, or encrypted.", ""]
    rows += ["| | constant | clear parameter | encrypted |", "|---|---|---|---|"]
    for name, function in PAIRS.items():
        constant = count(with_three(function), [(x,) for x in first], {"x": "encrypted"})
        others = [
            count(function, samples, {"x": "encrypted", "y": status})
            for status in ("clear", "encrypted")
        ]
        rows.append(f"| `{shown(name)}` | {constant} | {others[0]} | {others[1]} |")
    return rows


def rows_of_singles() -> list[str]:
    rows = ["", "## Of one integer", "", "| | `x` from 0 to 7 | `x` from −4 to 3 |", "|---|---|---|"]
    for name, function in SINGLES.items():
        counts = [
            count(function, [(x,) for x in numbers], {"x": "encrypted"})
            for numbers in (range(8), range(-4, 4))
        ]
        rows.append(f"| `{shown(name)}` | {counts[0]} | {counts[1]} |")
    return rows


def rows_of_arrays() -> list[str]:
    random = np.random.default_rng(3)
    samples = [(random.integers(0, 8, (2, 3)),) for _ in range(20)]
    samples += [(np.full((2, 3), value),) for value in (0, 7)]
    rows = ["", "## Of arrays", "", "`x` has the shape (2, 3) and integers from 0 to 7; lookups of the whole call.", ""]
    rows += ["| | lookups |", "|---|---|"]
    for name, function in ARRAYS.items():
        rows.append(f"| `{shown(name)}` | {count(function, samples, {'x': 'encrypted'})} |")
    return rows


def count(function: Callable, samples: list[tuple], statuses: dict[str, str]) -> int:
    """Lookups of the compiled function, once it gives what NumPy gives."""
    circuit = fhe.Compiler(function, statuses).compile(samples, p_error=P_ERROR)
    for sample in samples:
        expected = np.asarray(function(*map(np.asarray, sample))).astype(np.int64)
        assert_same(circuit.simulate(*sample), expected if expected.ndim else int(expected), f"{sample}")
    return circuit.programmable_bootstrap_count


def shown(name: str) -> str:
    return name.replace("|", "\\|")


def with_three(function: Callable) -> Callable:
    return lambda x: function(x, 3)


def comparable(page: str) -> str:
    """The page; without its counts on processors for which other ways may be chosen."""
    has_avx512 = "avx512_vnni" in Path("/proc/cpuinfo").read_text()
    return page if has_avx512 else re.sub(r"\| \d+ (?=\|)", "| ", page)


def test_page():
    page = "\n".join([HEAD.rstrip(), *rows_of_pairs(), *rows_of_singles(), *rows_of_arrays()]) + "\n"
    if os.environ.get("BLESS"):
        PAGE.write_text(page)
    assert comparable(PAGE.read_text()) == comparable(page), "run this test with BLESS=1"
