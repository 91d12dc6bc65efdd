"""Every test runs in a folder of its own: compilations that fail leave artifacts where they run."""

import os

import pytest

# Threads that wait for each other cost more than they save on data as small as that of tests.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
