"""Every example runs with real keys and checks its own result."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py") if path.name != "common.py")


@pytest.mark.parametrize("program", PROGRAMS)
def test_example(program, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    runpy.run_path(str(EXAMPLES / program), run_name="__main__")
    assert " s" in capsys.readouterr().out


def test_page_names_every_example():
    page = (EXAMPLES / "README.md").read_text()
    assert [program for program in PROGRAMS if f"`{program}`" not in page] == []
