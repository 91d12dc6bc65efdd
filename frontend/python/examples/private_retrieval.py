"""Private information retrieval: the server finds an entry of its table and does not learn which."""

from __future__ import annotations

import numpy as np
from cloakwork import fhe
from common import check, run_encrypted


def main(entries: int = 256, bits: int = 8) -> None:
    rng = np.random.default_rng(1)
    table = rng.integers(0, 2**bits, entries)
    # Rows and columns of the table: the query is one-hot in each, so that it is short.
    rows = int(np.sqrt(entries))
    matrix = table.reshape(rows, -1)

    def retrieve(row, column):
        return np.sum(np.dot(row, matrix) * column)

    def query(index: int) -> tuple[np.ndarray, np.ndarray]:
        return np.eye(rows, dtype=np.int64)[index // matrix.shape[1]], np.eye(matrix.shape[1], dtype=np.int64)[
            index % matrix.shape[1]
        ]

    inputset = [query(index) for index in range(entries)]
    circuit = fhe.Compiler(retrieve, {"row": "encrypted", "column": "encrypted"}).compile(inputset)
    index = int(rng.integers(0, entries))
    found = run_encrypted(f"private retrieval, 1 of {entries} entries of {bits} bits", circuit, *query(index))
    check("private retrieval", found, table[index])


if __name__ == "__main__":
    main()
