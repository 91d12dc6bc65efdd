"""Every test runs in a folder of its own: compilations that fail leave artifacts where they run."""

import pytest


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
