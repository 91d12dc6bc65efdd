"""What the package promises to whoever installs it: a quick import, a small size, few dependencies."""

import importlib.metadata
import json
import statistics
import subprocess
import sys
from pathlib import Path

import cloakwork

#: Seconds of processor time; others may be at work on it.
IMPORT_TIME = 0.3
#: Bytes of all installed files.
INSTALLED_SIZE = 200e6

REPORT = """
import json, sys, time
start = time.process_time()
from cloakwork import fhe
print(json.dumps([time.process_time() - start, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def imported():
    return json.loads(subprocess.check_output([sys.executable, "-c", REPORT]))


def test_import_is_fast():
    times = [imported()[0] for _ in range(5)]
    assert statistics.median(times) < IMPORT_TIME, times


def test_import_brings_nothing_heavy():
    modules = set(imported()[1])
    assert "cloakwork" in modules and "numpy" in modules
    assert not modules & {"torch", "z3", "scipy", "networkx", "matplotlib", "pandas"}


def test_installed_size():
    package = Path(cloakwork.__file__).parent
    folders = [package, package.with_name("cloakwork.libs")]
    sizes = [file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert 1e6 < sum(sizes) < INSTALLED_SIZE


def test_needs_only_numpy():
    required = importlib.metadata.requires("cloakwork") or []
    assert [one for one in required if "extra ==" not in one and not one.startswith("numpy")] == []
