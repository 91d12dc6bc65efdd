"""Inventory matching: how much of each symbol is traded between a bank and a client, who see only the matches."""

from __future__ import annotations

import numpy as np
from cloakwork import fhe
from common import check, run_encrypted

SYMBOLS = 5
MOST = 7


def match(bank_symbols, bank_amounts, client_symbols, client_amounts):
    """For each order of the client, how much of it the bank's orders fill: one order of each symbol on either side."""
    same = bank_symbols.reshape(-1, 1) == client_symbols.reshape(1, -1)
    offered = np.sum(same * bank_amounts.reshape(-1, 1), axis=0)
    return np.minimum(offered, client_amounts)


def plain(bank_symbols, bank_amounts, client_symbols, client_amounts) -> list[int]:
    """The same with dictionaries."""
    offers = dict(zip(bank_symbols.tolist(), bank_amounts.tolist()))
    return [min(offers.get(symbol, 0), amount) for symbol, amount in zip(client_symbols.tolist(), client_amounts.tolist())]


def orders(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.permutation(SYMBOLS)[:count], rng.integers(0, MOST + 1, count)


def main(count: int = 4) -> None:
    rng = np.random.default_rng(1)
    samples = [(*orders(rng, count), *orders(rng, count)) for _ in range(100)]
    names = ["bank_symbols", "bank_amounts", "client_symbols", "client_amounts"]
    circuit = fhe.Compiler(match, {name: "encrypted" for name in names}).compile(samples)
    arguments = samples[0]
    found = run_encrypted(f"prime match, {count} orders on either side", circuit, *arguments)
    check("prime match", found, plain(*arguments))


if __name__ == "__main__":
    main()
