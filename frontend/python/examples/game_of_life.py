"""The next generation of Conway's game of life on an encrypted grid whose edges are dead."""

from __future__ import annotations

import numpy as np
from cloakwork import fhe
from common import check, run_encrypted

#: Sum of the neighbours, plus 9 for the cell itself: 18 sums that one table tells apart.
WEIGHTS = np.array([[[[1, 1, 1], [1, 9, 1], [1, 1, 1]]]])
ALIVE_NEXT = fhe.LookupTable([int(total in (3, 9 + 2, 9 + 3)) for total in range(32)])


def generation(grid):
    """Cells are 0 or 1; the shape is (1, 1, rows, columns)."""
    return ALIVE_NEXT[fhe.conv(grid, WEIGHTS, pads=(1, 1, 1, 1))]


def plain(grid: np.ndarray) -> np.ndarray:
    """The rules as everybody tells them."""
    padded = np.pad(grid, 1)
    rows, columns = grid.shape
    following = np.zeros_like(grid)
    for y in range(rows):
        for x in range(columns):
            neighbours = padded[y : y + 3, x : x + 3].sum() - grid[y, x]
            following[y, x] = neighbours == 3 or (grid[y, x] == 1 and neighbours == 2)
    return following


def main(size: int = 8, generations: int = 2) -> None:
    rng = np.random.default_rng(1)
    shape = (1, 1, size, size)
    inputset = [rng.integers(0, 2, shape) for _ in range(20)] + [np.ones(shape, dtype=np.int64)]
    circuit = fhe.Compiler(generation, {"grid": "encrypted"}).compile(inputset)
    grid = rng.integers(0, 2, shape)
    for i in range(generations):
        following = run_encrypted(f"game of life, {size}x{size}, generation {i + 1}", circuit, grid)
        check("game of life", following[0, 0], plain(grid[0, 0]))
        grid = following


if __name__ == "__main__":
    main()
