"""Multi-layer perceptrons: each layer a matrix product and one lookup for each neuron."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import neural_network

from ... import _cloakwork
from ..affine import Affine
from .base import QuantizedClassifier, QuantizedEstimator, QuantizedRegressor, both_classes, sigmoid, softmax

#: What scikit-learn calls the functions, and what the compiler does.
_FUNCTIONS = {"relu": '"relu"', "tanh": '"tanh"', "logistic": '"sigmoid"'}


class PerceptronEstimator(QuantizedEstimator):
    """Layers of weights with a function between them."""

    _n_bits = 6
    _bit_names = ("op_inputs", "op_weights", "model_inputs", "model_outputs")

    def _rounding(self) -> tuple[int, bool]:
        # A function of a sum is as fine as its result; half of what it takes may be below 0. Exactly, so that executed is
        # what was measured: noise that moves sums by a step changes up to three of a hundred classes, for a third less time.
        return min(self._bits().op_inputs + 1, 8), False

    def _built(self, before: Affine | None) -> _cloakwork.Model:
        inner: Any = self.sklearn_model
        layers = [(np.asarray(w, dtype=np.float64), np.asarray(b, dtype=np.float64)) for w, b in zip(inner.coefs_, inner.intercepts_)]
        if before is not None:
            folded = before.then(*layers[0])
            layers[0] = folded.matrix, folded.offset
        builder = _cloakwork.ModelBuilder("perceptron")
        x = builder.input("x", [1, layers[0][0].shape[0]])
        for number, (weights, bias) in enumerate(layers):
            builder.at(f"layer {number}")
            x = builder.matmul(x, builder.constant(np.ascontiguousarray(weights)))
            builder.at(f"layer {number} bias")
            x = builder.binary("add", x, builder.constant(bias[np.newaxis]))
            if number + 1 < len(layers) and inner.activation != "identity":
                builder.at(f"layer {number} {inner.activation}")
                x = builder.function(_FUNCTIONS[inner.activation], x)
        builder.output("score", x)
        return builder.finish()


class MLPClassifier(PerceptronEstimator, QuantizedClassifier):
    """A perceptron for classes."""

    _parent = neural_network.MLPClassifier
    _facts = (*QuantizedClassifier._facts, "out_activation_")

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The probabilities."""
        if y_preds.shape[1] == 1:
            return both_classes(sigmoid(y_preds[:, 0]))
        return sigmoid(y_preds) if self.out_activation_ == "logistic" else softmax(y_preds)


class MLPRegressor(PerceptronEstimator, QuantizedRegressor):
    """A perceptron for numbers."""

    _parent = neural_network.MLPRegressor
