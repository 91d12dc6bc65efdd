"""Figures of a compiled function: sizes, failure probabilities, and how often each operation runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from .. import _cloakwork
from .specs import ClientSpecs

KINDS = (
    "programmable_bootstrap",
    "key_switch",
    "packing_key_switch",
    "clear_addition",
    "encrypted_addition",
    "clear_multiplication",
    "encrypted_negation",
)
SUFFIXES = ("count", "count_per_parameter", "count_per_tag", "count_per_tag_per_parameter")


@dataclass(frozen=True)
class LweSecretKeyParam:
    """A secret key that ciphertexts are under."""

    name: str
    dimension: int


@dataclass(frozen=True)
class BootstrapKeyParam:
    """A bootstrap key."""

    name: str
    polynomial_size: int
    glwe_dimension: int
    input_lwe_dimension: int
    level: int
    base_log: int
    variance: float


@dataclass(frozen=True)
class KeyswitchKeyParam:
    """A keyswitch key."""

    name: str
    input_lwe_dimension: int
    output_lwe_dimension: int
    level: int
    base_log: int
    variance: float


@dataclass(frozen=True)
class KeySizes:
    """Bytes of keys as they travel: secret keys as bits, evaluation keys as seeds and bodies."""

    secret: int
    bootstrap: int
    keyswitch: int

    @staticmethod
    def of(specs: ClientSpecs) -> KeySizes:
        """The sizes for a program."""
        return KeySizes(*specs._spec.key_sizes())


class UnprovenBounds(NamedTuple):
    """A value that arguments within their ranges may lead out of the range that was measured."""

    node: int | None
    operation: str
    location: str
    measured: tuple[int, int]
    provable: tuple[int, int]


class FunctionStatistics:
    """Counts of one compiled function; the attributes are `KINDS` times `SUFFIXES`."""

    def __init__(self, function: _cloakwork.Circuit, specs: ClientSpecs) -> None:
        self._rows = function.operations()
        self._parameters = parameters(specs)

    @staticmethod
    @cache
    def has(name: str) -> bool:
        """Whether there is such a figure."""
        return name in {f"{kind}_{suffix}" for kind in KINDS for suffix in SUFFIXES}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not self.has(name):
            raise AttributeError(f"there is no figure '{name}'")
        kind = next(kind for kind in KINDS if name.startswith(f"{kind}_count"))
        rows = [(self._parameters[key], tag, count) for of, key, tag, count in self._rows if of == kind]
        return _AGGREGATES[name[len(kind) + 1 :]](rows)

    def all(self) -> dict[str, Any]:
        """Every figure by name."""
        return {f"{kind}_{suffix}": getattr(self, f"{kind}_{suffix}") for kind in KINDS for suffix in SUFFIXES}


Row = tuple[Any, str, int]


def _total(rows: list[Row]) -> int:
    return sum(count for _, _, count in rows)


def _by_parameter(rows: list[Row]) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for parameter, _, count in rows:
        found[parameter] = found.get(parameter, 0) + count
    return found


def _by_tag(rows: list[Row]) -> dict[str, int]:
    """A tag counts what its inner tags count."""
    found: dict[str, int] = {}
    for _, tag, count in rows:
        for prefix in _prefixes(tag):
            found[prefix] = found.get(prefix, 0) + count
    return found


def _by_tag_and_parameter(rows: list[Row]) -> dict[str, dict[Any, int]]:
    tags = {prefix: None for _, tag, _ in rows for prefix in _prefixes(tag)}
    return {prefix: _by_parameter([row for row in rows if prefix in _prefixes(row[1])]) for prefix in tags}


def _prefixes(tag: str) -> list[str]:
    parts = tag.split(".") if tag else []
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


_AGGREGATES: dict[str, Callable[[list[Row]], Any]] = {
    "count": _total,
    "count_per_parameter": _by_parameter,
    "count_per_tag": _by_tag,
    "count_per_tag_per_parameter": _by_tag_and_parameter,
}


def parameters(specs: ClientSpecs) -> dict[str, Any]:
    """The parameters of each key by its name."""
    info = specs.program_info
    keyset = (info[0] if isinstance(info, list) else info)["keyset"]
    secret = keyset["secret_keys"]

    def dimension(key: int) -> int:
        shape = secret[key]["shape"]
        if "lwe" in shape:
            return shape["lwe"]
        return shape["glwe"]["dimension"] * shape["glwe"]["polynomial_size"]

    found: dict[str, Any] = {key["name"]: LweSecretKeyParam(key["name"], dimension(i)) for i, key in enumerate(secret)}
    for key in keyset["keyswitch_keys"]:
        digits = key["decomposition"]
        found[key["name"]] = KeyswitchKeyParam(
            key["name"],
            dimension(key["from"]),
            dimension(key["to"]),
            digits["level"],
            digits["base_log"],
            key["added_variance"],
        )
    for key in keyset["bootstrap_keys"]:
        digits, shape = key["decomposition"], secret[key["to"]]["shape"]["glwe"]
        found[key["name"]] = BootstrapKeyParam(
            key["name"],
            shape["polynomial_size"],
            shape["dimension"],
            dimension(key["from"]),
            digits["level"],
            digits["base_log"],
            key["output_variance"],
        )
    return found


def formatted(figures: dict[str, Any], indent: int = 0) -> str:
    """Figures as text, a line each; empty dictionaries are left out."""
    lines = []
    for name, value in figures.items():
        pad = " " * indent
        if isinstance(value, dict):
            if value:
                lines.append(f"{pad}{name}: {{\n{formatted(value, indent + 4)}\n{pad}}}")
        else:
            lines.append(f"{pad}{name}: {value}")
    return "\n".join(lines)
