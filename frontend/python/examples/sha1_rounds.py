"""Rounds of SHA-1's compression function on an encrypted state of five 32-bit integers."""

from __future__ import annotations

import numpy as np
from cloakwork import fhe
from common import check, run_encrypted

MASK = 2**32 - 1
CONSTANT = 0x5A827999


def rotate(x, by: int):
    """Left, of 32 bits."""
    return ((x << by) & MASK) | (x >> (32 - by))


def first_round(a, b, c, d, e, word):
    """One of the first twenty rounds: the next state."""
    chosen = (b & c) ^ (~b & d & MASK)
    following = (rotate(a, 5) + chosen + e + CONSTANT + word) & MASK
    return following, a, rotate(b, 30), c, d


def main() -> None:
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
    names = ["a", "b", "c", "d", "e", "word"]
    rng = np.random.default_rng(1)
    samples = [tuple(int(value) for value in rng.integers(0, 2**32, 6)) for _ in range(20)]
    samples += [(0,) * 6, (MASK,) * 6]
    circuit = fhe.Compiler(first_round, {name: "encrypted" for name in names}).compile(samples)
    word = int.from_bytes(b"abc\x80", "big")
    found = run_encrypted("SHA-1, one round of 32-bit integers", circuit, *state, word)
    check("SHA-1", found, first_round(*state, word))


if __name__ == "__main__":
    main()
