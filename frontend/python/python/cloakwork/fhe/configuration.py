"""Wishes for a compilation."""

from __future__ import annotations

import difflib
import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from .options import OPTIONS, ApproximateRoundingConfig
from .strategies import (
    BitwiseStrategy,
    Bounds,
    ComparisonStrategy,
    Exactness,
    MinMaxStrategy,
    MultiParameterStrategy,
    MultivariateStrategy,
    ParameterSelectionStrategy,
    SecurityLevel,
)

_OF_COMPILER = ("p_error", "global_p_error", "preset", "noise")

_Init = TypeVar("_Init", bound=Callable[..., None])


def _explains_unknown(init: _Init) -> _Init:
    """Lets a constructor name the option that is nearest to one that it does not have; its signature stays."""

    @functools.wraps(init)
    def checked(self: Any, *arguments: Any, **options: Any) -> None:
        for name in options:
            if name not in OPTIONS:
                raise TypeError(_unknown_option(name))
        init(self, *arguments, **options)

    return cast(_Init, checked)


def _unknown_option(name: str) -> str:
    near = difflib.get_close_matches(name, OPTIONS, n=1)
    advice = f"did you mean '{near[0]}'?" if near else f"allowed are {', '.join(OPTIONS)}"
    return f"'{name}' is not an option of a configuration; {advice}"


class Configuration:
    """How to compile, and what to print on the way.

    `docs/python.md` lists the options. Those that Concrete has and that change nothing here warn, and those that ask
    for something else than what is there raise; both say what to use instead.
    """

    #: Stands for an option that `fork` leaves as it is.
    KEEP: Any = type("Keep", (), {"__repr__": lambda self: "Configuration.KEEP"})()

    verbose: bool
    show_graph: bool | None
    show_bit_width_constraints: bool | None
    show_bit_width_assignments: bool | None
    show_assigned_graph: bool | None
    show_mlir: bool | None
    show_optimizer: bool | None
    show_statistics: bool | None
    dump_artifacts_on_unexpected_failures: bool
    enable_unsafe_features: bool
    use_insecure_key_cache: bool
    insecure_key_cache_location: str | None
    loop_parallelize: bool
    dataflow_parallelize: bool
    auto_parallelize: bool
    compress_evaluation_keys: bool
    compress_input_ciphertexts: bool
    p_error: float | None
    global_p_error: float | None
    auto_adjust_rounders: bool
    auto_adjust_truncators: bool
    single_precision: bool
    parameter_selection_strategy: ParameterSelectionStrategy
    multi_parameter_strategy: MultiParameterStrategy
    show_progress: bool
    progress_title: str
    progress_tag: bool | int
    fhe_simulation: bool
    fhe_execution: bool
    compiler_debug_mode: bool
    compiler_verbose_mode: bool
    comparison_strategy_preference: list[ComparisonStrategy]
    bitwise_strategy_preference: list[BitwiseStrategy]
    shifts_with_promotion: bool
    multivariate_strategy_preference: list[MultivariateStrategy]
    min_max_strategy_preference: list[MinMaxStrategy]
    composable: bool
    use_gpu: bool
    relu_on_bits_threshold: int
    relu_on_bits_chunk_size: int
    if_then_else_chunk_size: int
    additional_pre_processors: list[Any]
    additional_post_processors: list[Any]
    rounding_exactness: Exactness
    approximate_rounding_config: ApproximateRoundingConfig
    optimize_tlu_based_on_measured_bounds: bool
    enable_tlu_fusing: bool
    print_tlu_fusing: bool
    optimize_tlu_based_on_original_bit_width: bool | int
    detect_overflow_in_simulation: bool
    dynamic_indexing_check_out_of_bounds: bool
    dynamic_assignment_check_out_of_bounds: bool
    simulate_encrypt_run_decrypt: bool
    range_restriction: Any
    keyset_restriction: Any
    auto_schedule_run: bool
    security_level: SecurityLevel
    optim_lsbs_with_lut: bool
    preset: str | None
    noise: str | None
    restrict: str | None
    keys_of: Any
    bounds: Bounds | None
    refresh_composition: bool

    @_explains_unknown
    def __init__(
        self,
        *,
        verbose: bool = False,
        show_graph: bool | None = None,
        show_bit_width_constraints: bool | None = None,
        show_bit_width_assignments: bool | None = None,
        show_assigned_graph: bool | None = None,
        show_mlir: bool | None = None,
        show_optimizer: bool | None = None,
        show_statistics: bool | None = None,
        dump_artifacts_on_unexpected_failures: bool = True,
        enable_unsafe_features: bool = False,
        use_insecure_key_cache: bool = False,
        insecure_key_cache_location: str | os.PathLike[str] | None = None,
        loop_parallelize: bool = True,
        dataflow_parallelize: bool = False,
        auto_parallelize: bool = False,
        compress_evaluation_keys: bool = False,
        compress_input_ciphertexts: bool = False,
        p_error: float | None = None,
        global_p_error: float | None = None,
        auto_adjust_rounders: bool = False,
        auto_adjust_truncators: bool = False,
        single_precision: bool = False,
        parameter_selection_strategy: ParameterSelectionStrategy | str = ParameterSelectionStrategy.MULTI,
        multi_parameter_strategy: MultiParameterStrategy | str = MultiParameterStrategy.PRECISION,
        show_progress: bool = False,
        progress_title: str = "",
        progress_tag: bool | int = False,
        fhe_simulation: bool = False,
        fhe_execution: bool = True,
        compiler_debug_mode: bool = False,
        compiler_verbose_mode: bool = False,
        comparison_strategy_preference: ComparisonStrategy | str | list[ComparisonStrategy | str] | None = None,
        bitwise_strategy_preference: BitwiseStrategy | str | list[BitwiseStrategy | str] | None = None,
        shifts_with_promotion: bool = True,
        multivariate_strategy_preference: MultivariateStrategy | str | list[MultivariateStrategy | str] | None = None,
        min_max_strategy_preference: MinMaxStrategy | str | list[MinMaxStrategy | str] | None = None,
        composable: bool = False,
        use_gpu: bool = False,
        relu_on_bits_threshold: int = 7,
        relu_on_bits_chunk_size: int = 3,
        if_then_else_chunk_size: int = 3,
        additional_pre_processors: list[Any] | None = None,
        additional_post_processors: list[Any] | None = None,
        rounding_exactness: Exactness = Exactness.EXACT,
        approximate_rounding_config: ApproximateRoundingConfig | None = None,
        optimize_tlu_based_on_measured_bounds: bool = False,
        enable_tlu_fusing: bool = True,
        print_tlu_fusing: bool = False,
        optimize_tlu_based_on_original_bit_width: bool | int = 8,
        detect_overflow_in_simulation: bool = False,
        dynamic_indexing_check_out_of_bounds: bool = True,
        dynamic_assignment_check_out_of_bounds: bool = True,
        simulate_encrypt_run_decrypt: bool = False,
        range_restriction: Any = None,
        keyset_restriction: Any = None,
        auto_schedule_run: bool = False,
        security_level: SecurityLevel | int = SecurityLevel.SECURITY_128_BITS,
        optim_lsbs_with_lut: bool = True,
        preset: str | None = None,
        noise: str | None = None,
        restrict: str | None = None,
        keys_of: Any = None,
        bounds: Bounds | str | None = None,
        refresh_composition: bool = True,
    ) -> None:
        given = locals()
        for name, option in OPTIONS.items():
            value = option.check(name, given[name])
            setattr(self, name, value)
            if value != option.check(name, option.default):
                _without_meaning(name, option)
        _without_counterpart(self)
        _check_together(self)

    @property
    def wishes(self) -> dict[str, Any]:
        """What the compiler itself heeds."""
        keys_of = getattr(self.keys_of, "_compiled", self.keys_of)
        return {
            **{name: getattr(self, name) for name in _OF_COMPILER},
            "security_level": self.security_level.value,
            "restrict": self._restrict(),
            "bounds": None if self.bounds is None else self.bounds.value,
            "strategies": self._strategies(),
            "refresh_composition": self.refresh_composition,
            "keys_of": keys_of[0] if isinstance(keys_of, list) else keys_of,
        }

    def fork(self, **options: Any) -> Configuration:
        """The same with other values for some options."""
        changed = {name: value for name, value in options.items() if value is not self.KEEP}
        with warnings.catch_warnings():
            # Of options that stay, the user was told before.
            if not set(changed) & ({name for name, option in OPTIONS.items() if option.idle} | set(_WAYS)):
                warnings.simplefilter("ignore")
            return Configuration(**{**{name: getattr(self, name) for name in OPTIONS}, **changed})

    def shows(self, what: str) -> bool:
        """Whether something is to be printed."""
        wish = getattr(self, f"show_{what}")
        return self.verbose if wish is None else wish

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Configuration) and vars(self) == vars(other)

    def __repr__(self) -> str:
        changed = {
            name: getattr(self, name)
            for name, option in OPTIONS.items()
            if getattr(self, name) != option.check(name, option.default)
        }
        return f"Configuration({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def _strategies(self) -> str:
        """The first preference of each kind that has a counterpart here."""
        ways = []
        for option, (kind, known) in _WAYS.items():
            found = [known[preferred.value] for preferred in getattr(self, option) if preferred.value in known]
            ways += [f"{kind}={way}" for way in found[:1]]
        return " ".join(ways)

    def _restrict(self) -> str | None:
        """One key set for those who want one."""
        if self.parameter_selection_strategy == ParameterSelectionStrategy.MULTI or self.keys_of is not None:
            return self.restrict
        return f"{self.restrict}, key_sets=1" if self.restrict else "key_sets=1"


_active: ContextVar[Configuration | None] = ContextVar("configuration", default=None)


def active_configuration() -> Configuration:
    """That of the compilation that is going on, else the default: what operations on traced values may heed."""
    return _active.get() or Configuration()


@contextmanager
def activated(configuration: Configuration) -> Iterator[None]:
    """Makes a configuration the active one."""
    token = _active.set(configuration)
    try:
        yield
    finally:
        _active.reset(token)


def _without_meaning(name: str, option: Any) -> None:
    if option.refused:
        raise RuntimeError(f"'{name}' is not supported: {option.refused}")
    if option.idle:
        warnings.warn(f"'{name}' has no effect: {option.idle}", UserWarning, stacklevel=4)


#: For each preference the kind of operation, and what the compiler calls the ways that it has.
_WAYS: dict[str, tuple[str, dict[str, str]]] = {
    "comparison_strategy_preference": ("comparison", {"one-tlu-promoted": "sign", "chunked": "chunks-2"}),
    "min_max_strategy_preference": ("min-max", {"one-tlu-promoted": "table", "chunked": "chunks-2"}),
    "bitwise_strategy_preference": ("bitwise", {"one-tlu-promoted": "packed", "chunked": "chunks-2"}),
    "multivariate_strategy_preference": ("multivariate", {"promoted": "packed", "casted": "casted"}),
}


def _without_counterpart(configuration: Configuration) -> None:
    for option, (_, known) in _WAYS.items():
        for preferred in getattr(configuration, option):
            if preferred.value not in known:
                warnings.warn(
                    f"'{preferred.value}' of '{option}' has no effect: what a lookup takes has the width of its own range "
                    "here, so nothing has to be cast or clipped before it; leave it out",
                    UserWarning,
                    stacklevel=4,
                )


def _check_together(configuration: Configuration) -> None:
    """Refuses options that contradict each other."""
    given = [name for name in ("p_error", "global_p_error", "preset") if getattr(configuration, name) is not None]
    if "preset" in given and len(given) > 1:
        raise ValueError(f"'preset' sets the failure probability, but so does '{given[0]}'; leave out one of them")
    if configuration.restrict is not None and configuration.keys_of is not None:
        raise ValueError("'restrict' bounds what keys are chosen from, but 'keys_of' gives them; leave out one of both")
    if configuration.simulate_encrypt_run_decrypt and not configuration.enable_unsafe_features:
        raise RuntimeError(
            "Simulating encrypt/run/decrypt cannot be used without enabling unsafe features; set "
            "enable_unsafe_features=True, and know that nothing is encrypted then"
        )
    if configuration.dataflow_parallelize and sys.platform == "darwin":
        raise RuntimeError("Dataflow parallelism is not available in macOS; leave it out")
