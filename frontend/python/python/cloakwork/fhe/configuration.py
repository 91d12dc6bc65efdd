"""Wishes for a compilation."""

from __future__ import annotations

import os
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
    "preset": None,
    "noise": None,
    "security_level": 128,
    "restrict": None,
    "keys_of": None,
}
_TEXTS = ("preset", "noise", "restrict")
_CHOICES = {"preset": ("default", "ind-cpa-d"), "noise": ("gaussian", "tuniform")}


_WISHES = (*_PROBABILITIES, *_TEXTS, "security_level", "keys_of")


class Configuration:
    """How to compile, and what to print on the way.

    - `verbose`: what `show_…` options that are not given mean
    - `show_graph`, `show_mlir`, `show_optimizer`, `show_statistics`: what to print
    - `p_error`: greatest failure probability of one table lookup
    - `global_p_error`: greatest failure probability of a run; 1e-5 if neither is given
    - `preset`: both by name: `default`, or `ind-cpa-d` for 2^-128 for each lookup and output
    - `noise`: noise of the keys, `gaussian` or `tuniform`
    - `security_level`: bits of security of the keys, 128 or 132
    - `restrict`: bounds of what keys are chosen from, such as `"polynomial_size=1024..2048, grouping=1"`
    - `keys_of`: a circuit or a file whose keys are to serve this circuit too
    """

    verbose: bool
    show_graph: bool | None
    show_mlir: bool | None
    show_optimizer: bool | None
    show_statistics: bool | None
    p_error: float | None
    global_p_error: float | None
    preset: str | None
    noise: str | None
    security_level: int
    restrict: str | None
    keys_of: Any

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
        preset: str | None = None,
        noise: str | None = None,
        security_level: int = 128,
        restrict: str | None = None,
        keys_of: Any = None,
        **unknown: Any,
    ) -> None:
        for name in unknown:
            raise TypeError(f"option '{name}' is not supported (supported are {', '.join(_DEFAULTS)})")
        given = locals()
        for name in _DEFAULTS:
            setattr(self, name, _checked(name, given[name]))
        _check_together(self)

    @property
    def wishes(self) -> dict[str, Any]:
        """What the compiler itself heeds."""
        wishes = {name: getattr(self, name) for name in _WISHES}
        return {**wishes, "keys_of": getattr(self.keys_of, "_compiled", self.keys_of)}

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


def _check_together(configuration: Configuration) -> None:
    """Refuses options that say the same thing differently."""
    given = [name for name in (*_PROBABILITIES, "preset") if getattr(configuration, name) is not None]
    if "preset" in given and len(given) > 1:
        raise ValueError(f"'preset' sets the failure probability, but so does '{given[0]}'; leave out one of them")
    if configuration.restrict is not None and configuration.keys_of is not None:
        raise ValueError("'restrict' bounds what keys are chosen from, but 'keys_of' gives them; leave out one of both")


def _keys_of(value: Any) -> Any:
    """A compiled circuit or a path."""
    compiled = getattr(value, "_compiled", None)
    if compiled is not None:
        return value
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    raise TypeError(
        f"Unexpected type for keyword argument 'keys_of' (expected a circuit or a path, got '{type(value).__name__}')"
    )


def _checked(name: str, value: Any) -> Any:
    is_optional = _DEFAULTS[name] is None
    if value is None and is_optional:
        return None
    if name == "keys_of":
        return _keys_of(value)
    if name in _PROBABILITIES:
        expected, is_valid = "float", isinstance(value, (int, float)) and not isinstance(value, bool)
    elif name in _TEXTS:
        expected, is_valid = "str", isinstance(value, str)
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
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"'{name}' is '{value}', allowed are {' and '.join(map(repr, _CHOICES[name]))}")
    if name == "security_level" and value not in (128, 132):
        raise ValueError(f"'security_level' is {value}, allowed are 128 and 132")
    return float(value) if name in _PROBABILITIES else value
