"""A store of a few entries whose keys and values the server never sees: insert, replace, query.

An entry is a row of the state: a flag, the key in chunks, the value in chunks. Every function takes the state encrypted and
gives the next one, so that the server keeps it between calls.
"""

from __future__ import annotations

import time

import numpy as np
from cloakwork import fhe
from common import check

ENTRIES = 4
CHUNK = 2
KEY = 2
VALUE = 2
COLUMNS = 1 + KEY + VALUE


def matches(state, key):
    """1 for the rows that are in use and hold the key."""
    equal = np.sum(state[:, 1 : 1 + KEY] == key.reshape(1, KEY), axis=1)
    return (equal + state[:, 0]) == KEY + 1


def insert(state, key, value):
    """Takes the first free row."""
    used = state[:, 0]
    used_before = fhe.array([0 if i == 0 else np.sum(used[:i]) for i in range(ENTRIES)])
    positions = np.arange(ENTRIES)
    is_taken = ((used_before == positions) & (used == 0)).reshape(ENTRIES, 1)
    row = np.concatenate((fhe.ones((1, 1)), key.reshape(1, KEY), value.reshape(1, VALUE)), axis=1)
    return state + is_taken * row


def replace(state, key, value):
    """Where the key is there already."""
    is_there = matches(state, key).reshape(ENTRIES, 1)
    values = state[:, 1 + KEY :]
    chosen = np.where(np.broadcast_to(is_there, (ENTRIES, VALUE)), np.broadcast_to(value.reshape(1, VALUE), (ENTRIES, VALUE)), values)
    return np.concatenate((state[:, : 1 + KEY], chosen), axis=1)


def query(state, key):
    """Whether the key is there, and its value."""
    is_there = matches(state, key)
    values = np.sum(is_there.reshape(ENTRIES, 1) * state[:, 1 + KEY :], axis=0)
    return np.sum(is_there), values


def digits(number: int, count: int) -> np.ndarray:
    """The highest chunk first."""
    return np.array([number >> CHUNK * i & (1 << CHUNK) - 1 for i in reversed(range(count))])


def module():
    @fhe.module()
    class Store:
        insert = fhe.function({"state": "encrypted", "key": "encrypted", "value": "encrypted"})(globals()["insert"])
        replace = fhe.function({"state": "encrypted", "key": "encrypted", "value": "encrypted"})(globals()["replace"])
        query = fhe.function({"state": "encrypted", "key": "encrypted"})(globals()["query"])

        composition = fhe.Wired(
            {
                fhe.Wire(fhe.Output(source, 0), fhe.Input(target, 0))
                for source in (insert, replace)
                for target in (insert, replace, query)
            }
        )

    rng = np.random.default_rng(1)
    updates, queries = [], []
    for _ in range(100):
        state = np.zeros((ENTRIES, COLUMNS), dtype=np.int64)
        used = rng.integers(0, ENTRIES)
        for row, key in zip(range(used), rng.permutation(1 << CHUNK * KEY)):
            state[row] = [1, *digits(int(key), KEY), *rng.integers(0, 1 << CHUNK, VALUE)]
        key, value = rng.integers(0, 1 << CHUNK, KEY), rng.integers(0, 1 << CHUNK, VALUE)
        updates.append((state, key, value))
        queries.append((state, key))
    return Store.compile({"insert": updates, "replace": updates, "query": queries})


def main() -> None:
    store = module()
    begin = time.perf_counter()
    store.keygen()
    keys = time.perf_counter()
    state = store.insert.encrypt(np.zeros((ENTRIES, COLUMNS), dtype=np.int64), None, None)[0]
    known: dict[int, int] = {}

    def update(function, key: int, value: int):
        _, key_chunks, value_chunks = function.encrypt(None, digits(key, KEY), digits(value, VALUE))
        return function.run(state, key_chunks, value_chunks)

    for key, value in [(3, 7), (9, 14), (12, 1)]:
        state = update(store.insert, key, value)
        known[key] = value
    state = update(store.replace, 9, 5)
    known[9] = 5
    for key in (3, 9, 10):
        is_there, value = store.query.decrypt(*store.query.run(state, store.query.encrypt(None, digits(key, KEY))[1]))
        check("key-value store", is_there, int(key in known))
        check("key-value store", value, digits(known.get(key, 0), VALUE))
    end = time.perf_counter()
    print(f"key-value store, {ENTRIES} entries: keys {keys - begin:.2f} s, 4 updates and 3 queries {end - keys:.2f} s")


if __name__ == "__main__":
    main()
