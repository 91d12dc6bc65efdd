"""Wishes for a compilation."""

from __future__ import annotations

from typing import Any

_BOOLEANS = ("verbose", "show_graph", "show_mlir", "show_optimizer", "show_statistics")
_PROBABILITIES = ("p_error", "global_p_error")
_DEFAULTS: dict[str, Any] = {
    "verbose": False,
    "show_graph": None,
    "show_mlir": None,
    "show_optimizer": None,
    "show_statistics": None,
    "p_error": None,
    "global_p_error": None,
    "security_level": 128,
}


class Configuration:
    """How to compile, and what to print on the way.

    - `verbose`: what `show_…` options that are not given mean
    - `show_graph`, `show_mlir`, `show_optimizer`, `show_statistics`: what to print
    - `p_error`: greatest failure probability of one table lookup
    - `global_p_error`: greatest failure probability of a run; 1e-5 if neither is given
    - `security_level`: bits of security of the keys, 128 or 132
    """

    verbose: bool
    show_graph: bool | None
    show_mlir: bool | None
    show_optimizer: bool | None
    show_statistics: bool | None
    p_error: float | None
    global_p_error: float | None
    security_level: int

    def __init__(
        self,
        *,
        verbose: bool = False,
        show_graph: bool | None = None,
        show_mlir: bool | None = None,
        show_optimizer: bool | None = None,
        show_statistics: bool | None = None,
        p_error: float | None = None,
        global_p_error: float | None = None,
        security_level: int = 128,
        **unknown: Any,
    ) -> None:
        for name in unknown:
            raise TypeError(f"option '{name}' is not supported (supported are {', '.join(_DEFAULTS)})")
        given = locals()
        for name in _DEFAULTS:
            setattr(self, name, _checked(name, given[name]))

    def fork(self, **options: Any) -> Configuration:
        """The same with other values for some options."""
        current = {name: getattr(self, name) for name in _DEFAULTS}
        return Configuration(**{**current, **options})

    def shows(self, what: str) -> bool:
        """Whether something is to be printed."""
        wish = getattr(self, f"show_{what}")
        return self.verbose if wish is None else wish

    def __repr__(self) -> str:
        changed = {n: getattr(self, n) for n in _DEFAULTS if getattr(self, n) != _DEFAULTS[n]}
        return f"Configuration({', '.join(f'{name}={value!r}' for name, value in changed.items())})"


def _checked(name: str, value: Any) -> Any:
    is_optional = _DEFAULTS[name] is None
    if value is None and is_optional:
        return None
    if name in _PROBABILITIES:
        expected, is_valid = "float", isinstance(value, (int, float)) and not isinstance(value, bool)
    elif name in _BOOLEANS:
        expected, is_valid = "bool", isinstance(value, bool)
    else:
        expected, is_valid = "int", isinstance(value, int) and not isinstance(value, bool)
    if not is_valid:
        expected = f"Optional[{expected}]" if is_optional else expected
        raise TypeError(
            f"Unexpected type for keyword argument '{name}' (expected '{expected}', got '{type(value).__name__}')"
        )
    if name in _PROBABILITIES and not 0 < value < 1:
        raise ValueError(f"'{name}' is {value}, allowed is a probability above 0 and below 1")
    if name == "security_level" and value not in (128, 132):
        raise ValueError(f"'security_level' is {value}, allowed are 128 and 132")
    return float(value) if name in _PROBABILITIES else value
