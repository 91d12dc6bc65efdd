"""Hamming distance of two encrypted bit vectors."""

from __future__ import annotations

import numpy as np
from cloakwork import fhe
from common import check, run_encrypted

#: Bits that are compared by one lookup: the exclusive or of two chunks, and how many bits of it are on.
CHUNK = 2
BITS_ON = fhe.LookupTable([bin(value).count("1") for value in range(2**CHUNK)])


def distance(x, y):
    """Vectors of chunks."""
    return np.sum(BITS_ON[x ^ y])


def main(bits: int = 128) -> None:
    rng = np.random.default_rng(1)
    count = bits // CHUNK
    samples = [tuple(rng.integers(0, 2**CHUNK, (2, count))) for _ in range(20)]
    # The greatest distance, so that the width of the sum is known.
    samples.append((np.zeros(count, dtype=np.int64), np.full(count, 2**CHUNK - 1)))
    circuit = fhe.Compiler(distance, {"x": "encrypted", "y": "encrypted"}).compile(samples)
    x, y = rng.integers(0, 2**CHUNK, (2, count))
    found = run_encrypted(f"xor distance, {bits} bits", circuit, x, y)
    check("xor distance", found, sum(bin(int(a) ^ int(b)).count("1") for a, b in zip(x, y)))


if __name__ == "__main__":
    main()
