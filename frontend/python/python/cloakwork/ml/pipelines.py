"""A fitted pipeline as one program. Its last transformers become part of the model as far as they are affine; those before
them, such as encoders of categories, are the client's, in the clear."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from .. import fhe
from .affine import Affine
from .module import FheMode, QuantizedModule


class CompiledPipeline:
    """A pipeline on encrypted data: it predicts from what the first transformer takes."""

    def __init__(self, pipeline: Any, client: Pipeline | None, module: QuantizedModule) -> None:
        self.estimator = pipeline.steps[-1][1]
        self.quantized_module_ = module
        #: The transformers that the client applies before it encrypts; `None` where all are part of the program.
        self.client_steps = client
        self._first = pipeline.steps[0][1]

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

    def quantize_input(self, X: Any) -> Any:
        """The integers that are encrypted."""
        X = X if self.client_steps is None else _numbers(self.client_steps.transform(X))
        return self.as_estimator().quantize_input(X)

    def as_estimator(self) -> Any:
        """The estimator with the program of the pipeline: it predicts from what comes behind the client's steps."""
        estimator = copy.copy(self.estimator)
        estimator._module = self.quantized_module_
        shape = self.quantized_module_._processing.inputs()[0][1]
        estimator.n_features_in_ = int(np.prod(shape[1:]))
        # Names are those of the first step.
        estimator.__dict__.pop("feature_names_in_", None)
        if self.client_steps is None and hasattr(self._first, "feature_names_in_"):
            estimator.feature_names_in_ = self._first.feature_names_in_
        return estimator

    def _with_module(self, method: str, X: Any, mode: FheMode | str) -> np.ndarray:
        """A method of the estimator, on the program of the whole pipeline."""
        X = X if self.client_steps is None else _numbers(self.client_steps.transform(X))
        return getattr(self.as_estimator(), method)(X, fhe=mode)


def fold_pipeline(pipeline: Any, X: Any) -> QuantizedModule:
    """The quantised model of a fitted pipeline whose last step is an estimator of `cloakwork.ml.sklearn`, and whose others are
    all affine."""
    client, module, _ = _folded(pipeline, X)
    if client is not None:
        name, step = client.steps[-1]
        raise ValueError(
            f"step `{name}` ({type(step).__name__}) cannot be part of the program: affine functions can, before linear models, "
            "perceptrons and trees; `ml.compile` leaves it to the client, or transform the data with it before"
        )
    return module


def compile(pipeline: Any, X: Any, **options: Any) -> CompiledPipeline:
    """Compiles a fitted pipeline; scalers, PCA and selections of features fold into the model. Steps up to the last one that
    is no affine function, such as a `OneHotEncoder`, are the client's. `X` are samples of what the first step takes; options
    are those of an estimator's `compile`."""
    client, module, taken = _folded(pipeline, X)
    module.compile(taken, **options)
    return CompiledPipeline(pipeline, client, module)


def _folded(pipeline: Any, X: Any) -> tuple[Pipeline | None, QuantizedModule, np.ndarray]:
    """The client's transformers, the model with the others, and samples of what it takes."""
    from .sklearn.base import QuantizedEstimator

    *steps, (name, estimator) = pipeline.steps
    if not isinstance(estimator, QuantizedEstimator):
        raise TypeError(
            f"the last step, `{name}`, is a {type(estimator).__name__}; take the estimator of that name of "
            "`cloakwork.ml.sklearn`, or its `from_sklearn_model`"
        )
    steps = [step for step in steps if step[1] is not None and step[1] != "passthrough"]
    # What each step takes.
    taken = [X]
    for _, step in steps:
        taken.append(step.transform(taken[-1]))
    # From the last step on, as far as they are affine.
    affine, start = None, len(steps)
    while start > 0 and estimator._folds_transformers:
        try:
            affine = Affine.of_steps(steps[start - 1 :], _numbers(taken[start - 1]))
        except ValueError:
            break
        start -= 1
    client = Pipeline(steps[:start]) if start > 0 else None
    samples = _numbers(taken[start])
    return client, estimator._quantized(samples, affine), samples


def _numbers(X: Any) -> np.ndarray:
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, dtype=np.float64)
