"""Generalised linear models: a matrix product under encryption, the inverse of the link in the clear."""

from __future__ import annotations

import numpy as np
from sklearn import linear_model

from .linear import LinearRegressor


class GeneralLinearRegressor(LinearRegressor):
    """A linear predictor behind a link."""

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The predictions."""
        predictor = super().post_processing(y_preds)
        return np.exp(predictor) if self._has_log_link() else predictor

    def _has_log_link(self) -> bool:
        return True


class PoissonRegressor(GeneralLinearRegressor):
    """Counts."""

    _parent = linear_model.PoissonRegressor


class GammaRegressor(GeneralLinearRegressor):
    """Positive targets."""

    _parent = linear_model.GammaRegressor


class TweedieRegressor(GeneralLinearRegressor):
    """Tweedie distributions."""

    _parent = linear_model.TweedieRegressor

    def _has_log_link(self) -> bool:
        parameters = self.get_params()
        link, power = parameters["link"], parameters["power"]
        return link == "log" or (link == "auto" and power > 0)
