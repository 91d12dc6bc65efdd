"""A line that tells how far something is, where a person may be watching."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

#: Seconds that something may take without a word.
_PATIENCE = 2.0
_WIDTH = 50


def bar(title: str, total: int, is_wished: bool = False) -> Callable[[int], None]:
    """Draws a bar on standard error: of what takes long, if somebody is watching, or of all that is wished for."""
    start = time.monotonic()
    is_shown = is_wished or sys.stderr.isatty()

    def tell(done: int) -> None:
        if not is_shown or (not is_wished and time.monotonic() - start < _PATIENCE):
            return
        percent = 100 * done // max(total, 1)
        filled = _WIDTH * done // max(total, 1)
        end = "\n" if done >= total else ""
        line = f"\r{title}{percent:>3}% |{'█' * filled}{'.' * (_WIDTH - filled)}| {done}/{total}{end}"
        print(line, end="", file=sys.stderr, flush=True)

    return tell
