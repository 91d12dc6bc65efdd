"""Whether features come under the names, and in the order, of the training."""

from __future__ import annotations

from typing import Any

from sklearn.utils import validation


def check_feature_names(estimator: Any, X: Any, *, reset: bool) -> None:
    """Keeps the names of the columns of a table of data, or compares with those that were kept: `ValueError` where they
    differ, a warning where only one of both has names."""
    check = getattr(validation, "_check_feature_names", None)
    # Before release 1.6 of scikit-learn it was a method.
    if check is None:
        estimator._check_feature_names(X, reset=reset)
    else:
        check(estimator, X, reset=reset)
