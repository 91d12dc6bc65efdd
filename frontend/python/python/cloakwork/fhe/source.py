"""Where in the user's source an operation stands, and under which tag."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType

import numpy as np

_OWN_FOLDERS = (str(Path(__file__).parent), str(Path(np.__file__).parent))
_columns: dict[tuple[CodeType, int], int] = {}


class _Tags(threading.local):
    def __init__(self) -> None:
        self.stack: list[str] = []


_tags = _Tags()


@contextmanager
def tag(name: str) -> Iterator[None]:
    """Gives everything that is traced inside a name; names inside names are joined by dots."""
    _tags.stack.append(name)
    try:
        yield
    finally:
        _tags.stack.pop()


def current_tag() -> str | None:
    """All open tags."""
    return ".".join(_tags.stack) or None


def user_place() -> tuple[str | None, int, int]:
    """File, line and column of the innermost frame that is neither ours nor NumPy's; 0 for an unknown column."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_OWN_FOLDERS):
        frame = frame.f_back
    if frame is None:
        return None, 0, 0
    return frame.f_code.co_filename, frame.f_lineno, _column(frame)


def _column(frame: FrameType) -> int:
    if sys.version_info < (3, 11):
        return 0
    key = (frame.f_code, frame.f_lasti)
    if key not in _columns:
        # One entry for each instruction of two bytes.
        _, _, column, _ = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), (None,) * 4)
        _columns[key] = 0 if column is None else column + 1
    return _columns[key]
