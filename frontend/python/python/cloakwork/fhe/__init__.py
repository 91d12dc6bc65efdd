"""Compiles Python functions on integers into programs that compute on encrypted data.

from cloakwork import fhe

@fhe.compiler({"x": "encrypted"})
def f(x):
    return x**2 % 7

circuit = f.compile(range(16))
assert circuit.encrypt_run_decrypt(5) == 4
"""

from .._cloakwork import DEFAULT_GLOBAL_P_ERROR, Keys, Value, __version__
from .circuit import Circuit
from .compilation import Compilable, Compiler, EncryptionStatus, compiler
from .configuration import Configuration
from .extensions import LookupTable, array, conv, relu, tag, univariate
from .graph import Graph
from .inputset import inputset
from .modules import AllComposable, Input, Module, NotComposable, Output, Wire, Wired, function, module
from .tracing import Tracer
from .types import INTEGERS as _INTEGERS
from .types import Integer, tensor

DEFAULT_P_ERROR = None


def __getattr__(name: str) -> Integer:
    """`uint1` to `uint64`, `int1` to `int64`."""
    try:
        return _INTEGERS[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


__all__ = [
    "AllComposable",
    "Circuit",
    "Compilable",
    "Compiler",
    "Configuration",
    "DEFAULT_GLOBAL_P_ERROR",
    "DEFAULT_P_ERROR",
    "EncryptionStatus",
    "Graph",
    "Input",
    "Integer",
    "Keys",
    "LookupTable",
    "Module",
    "NotComposable",
    "Output",
    "Tracer",
    "Value",
    "Wire",
    "Wired",
    "__version__",
    "array",
    "compiler",
    "conv",
    "function",
    "inputset",
    "module",
    "relu",
    "tag",
    "tensor",
    "univariate",
    *_INTEGERS,
]
