"""What each option of a configuration is: its type, its default, and for those without effect the reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .strategies import (
    BitwiseStrategy,
    Bounds,
    Choice,
    ComparisonStrategy,
    Exactness,
    MinMaxStrategy,
    MultiParameterStrategy,
    MultivariateStrategy,
    ParameterSelectionStrategy,
    SecurityLevel,
)


@dataclass(frozen=True)
class ApproximateRoundingConfig:
    """How approximate rounding treats values near its ends; see `fhe.round_bit_pattern`."""

    logical_clipping: bool = True
    approximate_clipping_start_precision: int | bool = 5
    reduce_precision_after_approximate_clipping: bool = True
    symetrize_deltas: bool = True


@dataclass(frozen=True)
class Option:
    """One option: its default, how a value is checked, and why it has no effect if it has none."""

    default: Any
    check: Callable[[str, Any], Any]
    #: Why another value than the default changes nothing, and what to use instead: a warning.
    idle: str = ""
    #: Why another value than the default is refused, and what to use instead: an error.
    refused: str = ""


def _wrong(name: str, expected: str, value: Any) -> TypeError:
    found = type(value).__name__
    return TypeError(f"Unexpected type for keyword argument '{name}' (expected '{expected}', got '{found}')")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _boolean(name: str, value: Any) -> Any:
    if not isinstance(value, bool):
        raise _wrong(name, "bool", value)
    return value


def _optional_boolean(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, bool):
        raise _wrong(name, "Optional[bool]", value)
    return value


def _integer(name: str, value: Any) -> Any:
    if not _is_integer(value):
        raise _wrong(name, "int", value)
    return value


def _boolean_or_integer(name: str, value: Any) -> Any:
    if not isinstance(value, int):
        raise _wrong(name, "Union[bool, int]", value)
    return value


def _text(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        raise _wrong(name, "str", value)
    return value


def _path(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, (str, os.PathLike)):
        raise _wrong(name, "Optional[Union[Path, str]]", value)
    return None if value is None else os.fspath(value)


def _probability(name: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(name, "Optional[float]", value)
    if not 0 < value < 1:
        raise ValueError(f"'{name}' is {value}, allowed is a probability above 0 and below 1")
    return float(value)


def _choice(enumeration: type[Choice], *, may_be_none: bool = False) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        if value is None and may_be_none:
            return None
        if not isinstance(value, str):
            raise _wrong(name, f"Union[{enumeration.__name__}, str]", value)
        return enumeration.parse(value)

    return check


def _choices(enumeration: type[Choice]) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        if value is not None and not isinstance(value, (str, list, tuple)):
            kind = enumeration.__name__
            raise _wrong(name, f"Optional[Union[{kind}, str, List[Union[{kind}, str]]]]", value)
        return enumeration.parse_all(value)

    return check


def _name(*allowed: str) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, str):
            raise _wrong(name, "Optional[str]", value)
        if allowed and value not in allowed:
            raise ValueError(f"'{name}' is '{value}', allowed are {' and '.join(map(repr, allowed))}")
        return value

    return check


def _exactness(name: str, value: Any) -> Any:
    if not isinstance(value, Exactness):
        raise _wrong(name, "Exactness", value)
    return value


def _rounding(name: str, value: Any) -> Any:
    if value is None:
        return ApproximateRoundingConfig()
    if not isinstance(value, ApproximateRoundingConfig):
        raise _wrong(name, "Optional[ApproximateRoundingConfig]", value)
    return value


def _processors(name: str, value: Any) -> Any:
    if value is None:
        return []
    if not isinstance(value, list) or not all(hasattr(one, "apply") or hasattr(one, "apply_many") for one in value):
        raise _wrong(name, "Optional[List[GraphProcessor]]", value)
    return list(value)


def _security(name: str, value: Any) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if not _is_integer(value):
        raise _wrong(name, "Union[SecurityLevel, int]", value)
    if value not in (128, 132):
        raise ValueError(f"'security_level' is {value}, allowed are 128 and 132")
    return SecurityLevel(value)


def _keys_of(name: str, value: Any) -> Any:
    """A compiled circuit or module, or a path."""
    if value is None or getattr(value, "_compiled", None) is not None:
        return value
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    found = type(value).__name__
    raise TypeError(f"Unexpected type for keyword argument '{name}' (expected a circuit or a path, got '{found}')")


def _anything(name: str, value: Any) -> Any:
    del name
    return value


_BY_COST = "it is decided by cost here"
_EVERY_RUN = "every run uses all cores by itself"

OPTIONS: dict[str, Option] = {
    "verbose": Option(False, _boolean),
    "show_graph": Option(None, _optional_boolean),
    "show_bit_width_constraints": Option(None, _optional_boolean),
    "show_bit_width_assignments": Option(None, _optional_boolean),
    "show_assigned_graph": Option(None, _optional_boolean),
    "show_mlir": Option(None, _optional_boolean),
    "show_optimizer": Option(None, _optional_boolean),
    "show_statistics": Option(None, _optional_boolean),
    "dump_artifacts_on_unexpected_failures": Option(True, _boolean),
    "enable_unsafe_features": Option(False, _boolean),
    "use_insecure_key_cache": Option(
        False,
        _boolean,
        refused="a cache leaves secret keys on disk; use circuit.keys.load_if_exists_generate_and_save_otherwise(path)",
    ),
    "insecure_key_cache_location": Option(
        None, _path, idle="there is no key cache; use circuit.keys.load_if_exists_generate_and_save_otherwise(path)"
    ),
    "loop_parallelize": Option(True, _boolean),
    "dataflow_parallelize": Option(
        False, _boolean, idle=f"{_EVERY_RUN}; run independent functions at once with run_async"
    ),
    "auto_parallelize": Option(False, _boolean, idle=_EVERY_RUN),
    "compress_evaluation_keys": Option(False, _boolean),
    "compress_input_ciphertexts": Option(
        False, _boolean, idle="arguments are never compressed; only evaluation keys are, always"
    ),
    "p_error": Option(None, _probability),
    "global_p_error": Option(None, _probability),
    "auto_adjust_rounders": Option(False, _boolean),
    "auto_adjust_truncators": Option(False, _boolean),
    "single_precision": Option(
        False, _boolean, idle="every value gets the width that costs least, which is never slower"
    ),
    "parameter_selection_strategy": Option(ParameterSelectionStrategy.MULTI, _choice(ParameterSelectionStrategy)),
    "multi_parameter_strategy": Option(
        MultiParameterStrategy.PRECISION,
        _choice(MultiParameterStrategy),
        idle="lookups are divided among key sets by cost; bound their number with restrict='key_sets=2'",
    ),
    "show_progress": Option(False, _boolean),
    "progress_title": Option("", _text),
    "progress_tag": Option(
        False, _boolean_or_integer, idle="progress is counted in lookups, which run in batches of any tag"
    ),
    "fhe_simulation": Option(False, _boolean),
    "fhe_execution": Option(True, _boolean),
    "compiler_debug_mode": Option(False, _boolean, idle="run `ir-opt` on circuit.mlir to follow the passes one by one"),
    "compiler_verbose_mode": Option(False, _boolean),
    "comparison_strategy_preference": Option(None, _choices(ComparisonStrategy)),
    "bitwise_strategy_preference": Option(None, _choices(BitwiseStrategy)),
    "shifts_with_promotion": Option(True, _boolean, idle=f"how shifts are computed: {_BY_COST}"),
    "multivariate_strategy_preference": Option(None, _choices(MultivariateStrategy)),
    "min_max_strategy_preference": Option(None, _choices(MinMaxStrategy)),
    "composable": Option(False, _boolean),
    "use_gpu": Option(False, _boolean, refused="programs run on processors only; compile without it"),
    "relu_on_bits_threshold": Option(7, _integer, idle=f"how `relu` is computed: {_BY_COST}"),
    "relu_on_bits_chunk_size": Option(3, _integer, idle=f"how `relu` is computed: {_BY_COST}"),
    "if_then_else_chunk_size": Option(3, _integer, idle=f"how branches are chosen: {_BY_COST}"),
    "additional_pre_processors": Option(None, _processors),
    "additional_post_processors": Option(None, _processors),
    "rounding_exactness": Option(Exactness.EXACT, _exactness),
    "approximate_rounding_config": Option(None, _rounding),
    "optimize_tlu_based_on_measured_bounds": Option(
        False, _boolean, idle="tables have the size that the ranges need, always"
    ),
    "enable_tlu_fusing": Option(True, _boolean, idle="lookups of lookups are always fused, since that is never slower"),
    "print_tlu_fusing": Option(False, _boolean, idle="compare show_graph with show_mlir to see what was fused"),
    "optimize_tlu_based_on_original_bit_width": Option(
        8, _boolean_or_integer, idle=f"the width of a lookup's input: {_BY_COST}"
    ),
    "detect_overflow_in_simulation": Option(False, _boolean),
    "dynamic_indexing_check_out_of_bounds": Option(
        True, _boolean, idle="clear indices are checked when they are passed, which takes no time in a run"
    ),
    "dynamic_assignment_check_out_of_bounds": Option(
        True, _boolean, idle="clear indices are checked when they are passed, which takes no time in a run"
    ),
    "simulate_encrypt_run_decrypt": Option(False, _boolean),
    "range_restriction": Option(
        None, _anything, refused="say it as text: restrict='polynomial_size=1024..2048, glwe_dimension=1'"
    ),
    "keyset_restriction": Option(
        None, _anything, refused="name the circuit whose keys are to serve this one too: keys_of=circuit"
    ),
    "auto_schedule_run": Option(False, _boolean),
    "security_level": Option(SecurityLevel.SECURITY_128_BITS, _security),
    "optim_lsbs_with_lut": Option(True, _boolean, idle=f"how bits are extracted: {_BY_COST}"),
    # Those below are of this package alone.
    "preset": Option(None, _name("default", "ind-cpa-d")),
    "noise": Option(None, _name("gaussian", "tuniform")),
    "restrict": Option(None, _name()),
    "keys_of": Option(None, _keys_of),
    "bounds": Option(None, _choice(Bounds, may_be_none=True)),
    "refresh_composition": Option(True, _boolean),
}
