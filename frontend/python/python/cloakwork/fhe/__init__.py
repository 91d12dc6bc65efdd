"""Compiles Python functions on integers into programs that compute on encrypted data.

from cloakwork import fhe

@fhe.compiler({"x": "encrypted"})
def f(x):
    return x**2 % 7

circuit = f.compile(range(16))
assert circuit.encrypt_run_decrypt(5) == 4
"""

from .._cloakwork import DEFAULT_GLOBAL_P_ERROR, __version__
from .artifacts import DebugArtifacts, FunctionDebugArtifacts, ModuleDebugArtifacts
from .circuit import Circuit
from .client import Client
from .compilation import Compilable, Compiler, circuit, compiler
from .composition import (
    AllComposable,
    AllInputs,
    AllOutputs,
    CompositionPolicy,
    Input,
    NotComposable,
    Output,
    Wire,
    Wired,
)
from .configuration import Configuration
from .extensions import (
    AutoRounder,
    AutoTruncator,
    LookupTable,
    array,
    avgpool,
    bits,
    constant,
    conv,
    hint,
    identity,
    if_then_else,
    maxpool,
    multivariate,
    one,
    ones,
    ones_like,
    refresh,
    relu,
    round_bit_pattern,
    tag,
    truncate_bit_pattern,
    univariate,
    zero,
    zeros,
    zeros_like,
)
from .functions import Function
from .graph import Graph, GraphProcessor, MultiGraphProcessor
from .inputset import inputset
from .keys import EvaluationKeys, Keys
from .module import Module
from .modules import function, module
from .nodes import Node, Operation
from .options import ApproximateRoundingConfig
from .server import Server
from .specs import ClientSpecs
from .strategies import (
    BitwiseStrategy,
    Bounds,
    ComparisonStrategy,
    EncryptionStatus,
    Exactness,
    MinMaxStrategy,
    MultiParameterStrategy,
    MultivariateStrategy,
    ParameterSelectionStrategy,
    SecurityLevel,
)
from .tracing import Tracer
from .types import INTEGERS as _INTEGERS
from .types import Integer, tensor
from .value import Value
from .value_description import (
    ClearScalar,
    ClearTensor,
    EncryptedScalar,
    EncryptedTensor,
    Float,
    SignedInteger,
    UnsignedInteger,
    ValueDescription,
)

DEFAULT_P_ERROR = None
MAXIMUM_TLU_BIT_WIDTH = 16

FheFunction = Function
FheModule = Module
f32 = Float(32)
f64 = Float(64)


def __getattr__(name: str) -> Integer:
    """`uint1` to `uint64`, `int1` to `int64`."""
    try:
        return _INTEGERS[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


__all__ = [
    "AllComposable",
    "AllInputs",
    "AllOutputs",
    "ApproximateRoundingConfig",
    "AutoRounder",
    "AutoTruncator",
    "BitwiseStrategy",
    "Bounds",
    "Circuit",
    "ClearScalar",
    "ClearTensor",
    "Client",
    "ClientSpecs",
    "ComparisonStrategy",
    "Compilable",
    "Compiler",
    "CompositionPolicy",
    "Configuration",
    "DEFAULT_GLOBAL_P_ERROR",
    "DEFAULT_P_ERROR",
    "DebugArtifacts",
    "EncryptedScalar",
    "EncryptedTensor",
    "EncryptionStatus",
    "EvaluationKeys",
    "Exactness",
    "FheFunction",
    "FheModule",
    "Float",
    "Function",
    "FunctionDebugArtifacts",
    "Graph",
    "GraphProcessor",
    "Input",
    "Integer",
    "Keys",
    "LookupTable",
    "MAXIMUM_TLU_BIT_WIDTH",
    "MinMaxStrategy",
    "Module",
    "ModuleDebugArtifacts",
    "MultiGraphProcessor",
    "MultiParameterStrategy",
    "MultivariateStrategy",
    "Node",
    "NotComposable",
    "Operation",
    "Output",
    "ParameterSelectionStrategy",
    "SecurityLevel",
    "Server",
    "SignedInteger",
    "Tracer",
    "UnsignedInteger",
    "Value",
    "ValueDescription",
    "Wire",
    "Wired",
    "__version__",
    "array",
    "avgpool",
    "bits",
    "circuit",
    "compiler",
    "constant",
    "conv",
    "f32",
    "f64",
    "function",
    "hint",
    "identity",
    "if_then_else",
    "inputset",
    "maxpool",
    "module",
    "multivariate",
    "one",
    "ones",
    "ones_like",
    "refresh",
    "relu",
    "round_bit_pattern",
    "tag",
    "tensor",
    "truncate_bit_pattern",
    "univariate",
    "zero",
    "zeros",
    "zeros_like",
    *_INTEGERS,
]
