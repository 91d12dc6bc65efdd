"""scikit-learn's estimators on encrypted data.

They take the parameters of the estimators whose names they have, and `n_bits`. `fit` trains in the clear and quantises,
`compile` makes a circuit, `predict` takes `fhe="disable"` (the quantised integers), `"simulate"` or `"execute"`.
Estimators of xgboost, lightgbm and skorch are there where those packages are.
"""

from __future__ import annotations

from typing import Any

try:
    import sklearn as _sklearn  # noqa: F401
except ImportError as error:  # pragma: no cover
    raise ImportError("`cloakwork.ml.sklearn` needs scikit-learn; `pip install cloakwork[ml]` brings it") from error

from .boosting import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from .general_linear import GammaRegressor, PoissonRegressor, TweedieRegressor
from .linear import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LinearSVC,
    LinearSVR,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from .neighbors import KNeighborsClassifier
from .networks import MLPClassifier, MLPRegressor
from .trees import DecisionTreeClassifier, DecisionTreeRegressor, RandomForestClassifier, RandomForestRegressor

#: Estimators of packages that may not be there, and the room of each.
_OPTIONAL = {
    "LGBMClassifier": "light_gbm",
    "LGBMRegressor": "light_gbm",
    "NeuralNetClassifier": "neural_nets",
    "NeuralNetRegressor": "neural_nets",
    "XGBClassifier": "xg_boost",
    "XGBRegressor": "xg_boost",
}

__all__ = [
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "ElasticNet",
    "GammaRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "KNeighborsClassifier",
    "Lasso",
    "LinearRegression",
    "LinearSVC",
    "LinearSVR",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "PoissonRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "SGDClassifier",
    "SGDRegressor",
    "TweedieRegressor",
]


def __getattr__(name: str) -> Any:
    if name in _OPTIONAL:
        from importlib import import_module

        return getattr(import_module(f".{_OPTIONAL[name]}", __name__), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
