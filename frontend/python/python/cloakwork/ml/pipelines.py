"""A fitted pipeline as one program: its transformers become part of the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import fhe
from .affine import Affine
from .module import FheMode, QuantizedModule


class CompiledPipeline:
    """A pipeline on encrypted data: it predicts from what the first transformer takes."""

    def __init__(self, estimator: Any, module: QuantizedModule) -> None:
        self.estimator = estimator
        self.quantized_module_ = module

    @property
    def fhe_circuit(self) -> fhe.Circuit:
        """The circuit: encrypt, run, decrypt, keys, figures."""
        circuit = self.quantized_module_.fhe_circuit
        assert circuit is not None, "pipelines are compiled when they are made"
        return circuit

    @property
    def report(self) -> str:
        """What was decided, with bits and cost; it needs no keys."""
        return self.quantized_module_.report

    def predict(self, X: Any, fhe: FheMode | str = FheMode.DISABLE) -> np.ndarray:
        """Predictions, one for each sample."""
        return self._with_module("predict", X, fhe)

    def predict_proba(self, X: Any, fhe: FheMode | str = FheMode.DISABLE) -> np.ndarray:
        """A probability for each class, where the estimator has them."""
        return self._with_module("predict_proba", X, fhe)

    def decision_function(self, X: Any, fhe: FheMode | str = FheMode.DISABLE) -> np.ndarray:
        """The scores, where the estimator has them."""
        return self._with_module("decision_function", X, fhe)

    def _with_module(self, method: str, X: Any, mode: FheMode | str) -> np.ndarray:
        """A method of the estimator, on the program of the whole pipeline."""
        import copy

        stand_in = copy.copy(self.estimator)
        stand_in._module = self.quantized_module_
        stand_in.n_features_in_ = np.asarray(X).shape[1]
        return getattr(stand_in, method)(X, fhe=mode)


def fold_pipeline(pipeline: Any, X: Any) -> QuantizedModule:
    """The quantised model of a fitted pipeline whose last step is an estimator of `cloakwork.ml.sklearn`."""
    from .sklearn.base import QuantizedEstimator

    X = np.asarray(X, dtype=np.float64)
    *steps, (name, estimator) = pipeline.steps
    if not isinstance(estimator, QuantizedEstimator):
        raise TypeError(
            f"the last step, `{name}`, is a {type(estimator).__name__}; take the estimator of that name of "
            "`cloakwork.ml.sklearn`, or its `from_sklearn_model`"
        )
    return estimator._quantized(X, Affine.of_steps(steps, X))


def compile(pipeline: Any, X: Any, **options: Any) -> CompiledPipeline:
    """Compiles a fitted pipeline; scalers, PCA and selections of features fold into the model. `X` are samples of what
    its first step takes; options are those of an estimator's `compile`."""
    module = fold_pipeline(pipeline, X)
    module.compile(np.asarray(X, dtype=np.float64), **options)
    return CompiledPipeline(pipeline.steps[-1][1], module)
