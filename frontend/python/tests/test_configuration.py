"""Every option: what acts, what warns, what is refused, what is parsed."""

import warnings

import pytest
from cloakwork import fhe

#: Names and defaults that programs written for Concrete rely on.
DEFAULTS = {
    "verbose": False,
    "show_graph": None,
    "dump_artifacts_on_unexpected_failures": True,
    "loop_parallelize": True,
    "p_error": None,
    "global_p_error": None,
    "parameter_selection_strategy": fhe.ParameterSelectionStrategy.MULTI,
    "multi_parameter_strategy": fhe.MultiParameterStrategy.PRECISION,
    "comparison_strategy_preference": [],
    "relu_on_bits_threshold": 7,
    "rounding_exactness": fhe.Exactness.EXACT,
    "approximate_rounding_config": fhe.ApproximateRoundingConfig(True, 5, True, True),
    "optimize_tlu_based_on_original_bit_width": 8,
    "security_level": fhe.SecurityLevel.SECURITY_128_BITS,
    "bounds": None,
}


def compiled(function, samples, **options):
    return fhe.Compiler(function, {"x": "encrypted"}).compile(samples, **options)


def test_defaults_warn_of_nothing():
    from cloakwork.fhe.options import OPTIONS

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        configuration = fhe.Configuration()
        again = fhe.Configuration(**{name: option.default for name, option in OPTIONS.items()})
    assert configuration == again and repr(configuration) == "Configuration()"
    assert len(OPTIONS) == 58 + 6
    for name, default in DEFAULTS.items():
        assert getattr(configuration, name) == default, name


def test_idle_options_say_why():
    from cloakwork.fhe.options import OPTIONS

    other = {bool: lambda d: not d, int: lambda d: d + 1, fhe.MultiParameterStrategy: lambda d: "precision_and_norm2"}
    idle = [name for name, option in OPTIONS.items() if option.idle]
    assert len(idle) >= 10
    for name in idle:
        default = OPTIONS[name].default
        value = "folder" if default is None else other[type(default)](default)
        with pytest.warns(UserWarning, match=f"'{name}' has no effect: .*"):
            configuration = fhe.Configuration(**{name: value})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert getattr(configuration.fork(p_error=0.1), name) == getattr(configuration, name)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"use_gpu": True}, "run on processors only"),
        ({"use_insecure_key_cache": True}, "load_if_exists_generate_and_save_otherwise"),
        ({"range_restriction": object()}, "restrict='polynomial_size=1024..2048"),
        ({"keyset_restriction": object()}, "keys_of=circuit"),
    ],
)
def test_refused_options_say_what_to_use(options, message):
    with pytest.raises(RuntimeError, match=message):
        fhe.Configuration(**options)


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"p_eror": 1e-6}, TypeError, "'p_eror' is not an option of a configuration; did you mean 'p_error'?"),
        ({"qqq": 9}, TypeError, "'qqq' is not an option of a configuration; allowed are verbose, "),
        ({"comparison_strategy_preference": "fast"}, ValueError, "'fast' is not a valid 'ComparisonStrategy'"),
        ({"comparison_strategy_preference": 3}, TypeError, "expected 'Optional\\[Union\\[ComparisonStrategy"),
        ({"parameter_selection_strategy": 1}, TypeError, "Union\\[ParameterSelectionStrategy, str\\]"),
        ({"rounding_exactness": "exact"}, TypeError, "expected 'Exactness', got 'str'"),
        ({"approximate_rounding_config": 5}, TypeError, "ApproximateRoundingConfig"),
        ({"additional_pre_processors": [1]}, TypeError, "GraphProcessor"),
        ({"progress_title": 1}, TypeError, "expected 'str', got 'int'"),
    ],
)
def test_wrong_values(options, error, message):
    with pytest.raises(error, match=message):
        fhe.Configuration(**options)


def test_forks():
    configuration = fhe.Configuration(p_error=0.01, comparison_strategy_preference="chunked, One_TLU_promoted")
    chosen = [fhe.ComparisonStrategy.CHUNKED, fhe.ComparisonStrategy.ONE_TLU_PROMOTED]
    assert configuration.comparison_strategy_preference == chosen
    fork = configuration.fork(p_error=fhe.Configuration.KEEP, global_p_error=0.5)
    assert (fork.p_error, fork.global_p_error, fork.comparison_strategy_preference) == (0.01, 0.5, chosen)
    assert configuration.global_p_error is None


@pytest.mark.parametrize(
    "enumeration, text, member",
    [
        (fhe.ComparisonStrategy, "TWO-TLU_bigger-promoted-smaller-CASTED", "TWO_TLU_BIGGER_PROMOTED_SMALLER_CASTED"),
        (fhe.BitwiseStrategy, "chunked", "CHUNKED"),
        (fhe.MinMaxStrategy, "three_tlu_casted", "THREE_TLU_CASTED"),
        (fhe.MultivariateStrategy, "Promoted", "PROMOTED"),
        (fhe.ParameterSelectionStrategy, "MONO", "MONO"),
        (fhe.MultiParameterStrategy, "precision-and-norm2", "PRECISION_AND_NORM2"),
        (fhe.EncryptionStatus, "Clear", "CLEAR"),
    ],
)
def test_names(enumeration, text, member):
    assert enumeration.parse(text) is enumeration[member] is enumeration.parse(enumeration[member])
    with pytest.raises(ValueError, match=f"'x' is not a valid '{enumeration.__name__}'"):
        enumeration.parse("x")
    with pytest.raises(TypeError, match="cannot be parsed"):
        enumeration.parse(3)


def test_failure_probabilities_are_one_and_honest():
    function, samples = (lambda x: (x + 1) % 3), range(4)
    plain, configured = (
        compiled(function, samples),
        fhe.Compiler(function, {"x": "encrypted"}).compile(samples, fhe.Configuration()),
    )
    assert plain.p_error == configured.p_error and plain.global_p_error == configured.global_p_error <= 1e-5
    several = fhe.Compiler(lambda x: sum((x + i) % 3 for i in range(4)), {"x": "encrypted"}).compile(
        range(4), p_error=1e-6
    )
    assert several.p_error <= 1e-6 and several.p_error < several.global_p_error <= 5e-6
    assert several.server.global_p_error == several.global_p_error


def test_one_key_set_for_those_who_want_it():
    function = lambda x: (x % 3 + x // 64) % 2
    circuit = compiled(function, range(256), parameter_selection_strategy="mono")
    assert len(circuit.programmable_bootstrap_count_per_parameter) == 1
    assert [circuit.simulate(x) for x in (0, 77, 255)] == [function(x) for x in (0, 77, 255)]


def test_preferences_reach_the_compiler():
    statuses = {"x": "encrypted", "y": "encrypted"}
    samples = [(a, b) for a in range(8) for b in range(8)]
    compiler = fhe.Compiler(lambda x, y: x < y, statuses)
    one = compiler.compile(samples, comparison_strategy_preference="one-tlu-promoted", p_error=1e-9)
    many = compiler.compile(samples, comparison_strategy_preference=[fhe.ComparisonStrategy.CHUNKED], p_error=1e-9)
    assert one.programmable_bootstrap_count == 1 < many.programmable_bootstrap_count
    for circuit in (one, many):
        assert all(circuit.simulate(a, b) == (a < b) for a, b in samples[::5])


def test_ways_without_counterpart_say_so():
    with pytest.warns(UserWarning, match="'three-tlu-casted' of 'comparison_strategy_preference' has no effect"):
        configuration = fhe.Configuration(comparison_strategy_preference=["three-tlu-casted", "chunked"])
    assert configuration.wishes["strategies"] == "comparison=chunks-2"
    assert fhe.Configuration(multivariate_strategy_preference="casted").wishes["strategies"] == "multivariate=casted"
