"""What the examples share: a run with real keys, checked and timed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np


def run_encrypted(name: str, circuit: Any, *arguments: Any) -> Any:
    """Encrypts, runs, decrypts, and requires what the function itself gives; prints the times."""
    begin = time.perf_counter()
    circuit.keygen()
    keys = time.perf_counter()
    result = circuit.encrypt_run_decrypt(*arguments)
    end = time.perf_counter()
    check(name, result, circuit.graph(*arguments))
    print(f"{name}: keys {keys - begin:.2f} s, run {end - keys:.2f} s")
    return result


def check(name: str, found: Any, expected: Any) -> None:
    """Requires equality."""
    if not np.array_equal(found, expected):
        raise AssertionError(f"{name}: found {found}, expected {expected}")
