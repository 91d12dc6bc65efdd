"""Edit distance of two encrypted words over an alphabet of four letters.

The recursion runs in plain Python and calls the functions of a module on encrypted values; nothing is decrypted before the
end, and every result of a function can be an argument of another.
"""

from __future__ import annotations

import functools
import time

import numpy as np
from cloakwork import fhe
from common import check

ALPHABET = "ACTG"


def module(longest: int):
    """Functions for words of at most that many letters."""

    @fhe.module()
    class Levenshtein:
        @fhe.function({"x": "encrypted", "y": "encrypted"})
        def differ(x, y):
            return x != y

        @fhe.function({"differs": "encrypted", "without_x": "encrypted", "without_y": "encrypted", "without_both": "encrypted"})
        def mix(differs, without_x, without_y, without_both):
            return np.minimum(np.minimum(without_x, without_y) + 1, without_both + differs)

        @fhe.function({"x": "encrypted"})
        def count(x):
            return fhe.identity(x)

        composition = fhe.Wired(wires(differ, mix, count))

    letters = range(len(ALPHABET))
    distances = range(longest + 1)
    mixes = [
        (differs, a, b, c)
        for differs in (0, 1)
        for a in distances
        for b in distances
        for c in distances
        if abs(a - b) <= 2 and abs(a - c) <= 1 and abs(b - c) <= 1 and min(a, b) + 1 <= longest
    ]
    inputsets = {"differ": [(x, y) for x in letters for y in letters], "mix": mixes, "count": list(distances)}
    return Levenshtein.compile(inputsets)


def wires(differ, mix, count) -> set:
    """Which results become which arguments."""
    distances = {fhe.Wire(fhe.Output(source, 0), fhe.Input(mix, i)) for source in (mix, count) for i in (1, 2, 3)}
    return distances | {fhe.Wire(fhe.Output(differ, 0), fhe.Input(mix, 0))}


def distance(functions, x: list, y: list):
    """Of words as lists of encrypted letters."""

    @functools.cache
    def of_prefixes(i: int, j: int):
        if i == 0 or j == 0:
            return functions.count.run(functions.count.encrypt(max(i, j)))
        differs = functions.differ.run(x[i - 1], y[j - 1])
        return functions.mix.run(differs, of_prefixes(i - 1, j), of_prefixes(i, j - 1), of_prefixes(i - 1, j - 1))

    return of_prefixes(len(x), len(y))


def plain(x: str, y: str) -> int:
    """The textbook's table."""
    row = list(range(len(y) + 1))
    for i, a in enumerate(x, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(y, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def main(x: str = "ACTG", y: str = "CATG") -> None:
    functions = module(max(len(x), len(y)))
    begin = time.perf_counter()
    functions.keygen()
    keys = time.perf_counter()
    encrypted_x = [functions.differ.encrypt(ALPHABET.index(letter), None)[0] for letter in x]
    encrypted_y = [functions.differ.encrypt(None, ALPHABET.index(letter))[1] for letter in y]
    result = functions.mix.decrypt(distance(functions, encrypted_x, encrypted_y))
    end = time.perf_counter()
    check("levenshtein", result, plain(x, y))
    print(f"levenshtein, {x} and {y}: keys {keys - begin:.2f} s, run {end - keys:.2f} s")


if __name__ == "__main__":
    main()
