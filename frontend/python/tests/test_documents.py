"""The examples of the documents run as they stand."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "docs/python.md", ROOT / "frontend/python/README.md", ROOT / "docs/estimators.md"]
EXAMPLES = [
    pytest.param(example, id=f"{document.name} {number}")
    for document in DOCUMENTS
    for number, example in enumerate(re.findall(r"```python\n(.*?)```", document.read_text("utf-8"), re.DOTALL))
]


def test_examples_are_found():
    assert len(EXAMPLES) == 11


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example):
    exec(compile(example, "<example>", "exec"), {"__name__": "example"})
