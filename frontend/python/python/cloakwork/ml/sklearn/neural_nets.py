"""Neural networks that skorch trains with their quantisation, by Brevitas: `NeuralNetClassifier`, `NeuralNetRegressor`.

Parameters are those of skorch, and `module__…` for the perceptron that they train, as Concrete ML names them.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

try:
    import skorch
    import torch

    from .perceptrons import KeepGreatest, Perceptron
except ImportError as error:
    raise ImportError("`NeuralNetClassifier` and `NeuralNetRegressor` need torch, brevitas and skorch; install them") from error

from torch import nn

from ... import _cloakwork
from ..affine import Affine
from ..bits import Bits
from ..networks import exported_with_quantisers
from .base import QuantizedClassifier, QuantizedEstimator, QuantizedRegressor, softmax

#: Parameters of the perceptron that users give; the others come from the data.
_OF_MODULE: dict[str, Any] = {
    "module__n_layers": None,
    "module__n_w_bits": 4,
    "module__n_a_bits": 4,
    "module__n_accum_bits": 32,
    "module__n_hidden_neurons_multiplier": 4,
    "module__n_prune_neurons_percentage": 0.0,
    "module__activation_function": nn.ReLU,
    "module__quant_narrow": False,
    "module__quant_signed": True,
    "module__power_of_two_scaling": True,
}


#: What skorch takes parameters for with its name and `__` before theirs.
_PASSED_ON = ("callbacks", "criterion", "dataset", "iterator_train", "iterator_valid", "optimizer")


class NeuralNetEstimator(QuantizedEstimator):
    """A perceptron whose layers have few bits from the start of its training."""

    #: What skorch calls it, and what it has other defaults for here.
    _trainer: ClassVar[Any]
    _criterion: ClassVar[Any]
    _target: ClassVar[Any]

    def __init__(self, **parameters: Any) -> None:
        known = self._known()
        for name in parameters:
            if name not in known and name.split("__")[0] not in _PASSED_ON:
                allowed = f"those of skorch and {', '.join(_OF_MODULE)}"
                raise TypeError(f"{type(self).__name__} has no parameter `{name}`; allowed are {allowed}")
        self._parameters = {**known, **parameters}

    @classmethod
    def _known(cls) -> dict[str, Any]:
        import inspect

        ours = {"criterion": cls._criterion, "optimizer": torch.optim.Adam, "lr": 0.01, "max_epochs": 10, "batch_size": 128}
        found: dict[str, Any] = {}
        for ancestor in reversed(cls._trainer.__mro__):
            for one in inspect.signature(ancestor.__init__).parameters.values():
                if one.default is not inspect.Parameter.empty:
                    found[one.name] = one.default
        found.pop("module", None)
        return {**found, **ours, **_OF_MODULE}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name."""
        del deep
        return dict(self._parameters)

    def set_params(self, **parameters: Any) -> Any:
        """Changes parameters."""
        try:
            changed = type(self)(**{**self._parameters, **parameters})
        except TypeError as error:
            raise ValueError(str(error)) from error
        self._parameters = changed._parameters
        return self

    def __repr__(self, *_: Any) -> str:
        known = self._known()
        changed = {name: value for name, value in self._parameters.items() if name not in known or known[name] is not value}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    @property
    def base_module(self) -> Any:
        """The torch module that was trained."""
        return self.sklearn_model.module_

    def prune(self, X: Any, y: Any, n_prune_neurons_percentage: float, **fit_params: Any) -> Any:
        """A copy without that share of the neurons of each hidden layer, those with the least weights, trained on."""
        if not 0 <= n_prune_neurons_percentage < 1:
            raise ValueError(f"`n_prune_neurons_percentage` is {n_prune_neurons_percentage}; it is a share from 0 to below 1")
        pruned = type(self)(**self._parameters)
        pruned._start = self.base_module.without(n_prune_neurons_percentage)
        pruned.fit(X, y, **fit_params)
        return pruned

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Any:
        """Trains in the clear and quantises."""
        if self._parameters["module__n_layers"] is None:
            raise ValueError("`module__n_layers` is not given; say how many layers the network has, 2 or 3 for instance")
        return super().fit(X, y, **fit_params)

    def fit_benchmark(
        self, X: Any, y: Any, random_state: int | None = None, **fit_params: Any
    ) -> tuple[Any, BaseEstimator]:
        """Fits this estimator, and the same network on reals."""
        if random_state is not None:
            torch.manual_seed(random_state)
        fitted = self.fit(X, y, **fit_params)
        exact = self._trainer_of(self.base_module.on_reals())
        exact.fit(np.asarray(X, dtype=np.float32), self._targets(np.asarray(y)), **fit_params)
        return fitted, exact

    @classmethod
    def from_sklearn_model(cls, sklearn_model: Any, X: Any = None, n_bits: Any = None) -> Any:
        """Not there: networks are quantised while they are trained."""
        raise NotImplementedError(
            "networks are trained with their quantisation; use ml.compile_torch_model for one that is trained already"
        )

    def _train(self, X: np.ndarray, y: np.ndarray, bits: Bits, fit_params: dict[str, Any]) -> None:
        del bits
        outputs, module = self._outputs(y), self.__dict__.pop("_start", None)
        if module is None:
            own = {name.removeprefix("module__"): value for name, value in self._parameters.items() if name.startswith("module__")}
            share = own.pop("n_prune_neurons_percentage")
            module = Perceptron(input_dim=X.shape[1], n_outputs=outputs, **own).without(share)
        self.sklearn_model = self._trainer_of(module)
        self.sklearn_model.fit(X.astype(np.float32), self._targets(y), **fit_params)
        self.sklearn_model.module_.eval()

    def _trainer_of(self, module: Any) -> Any:
        options = {name: value for name, value in self._parameters.items() if not name.startswith("module__")}
        callbacks = list(options.pop("callbacks", None) or [])
        most = module.most_weights()
        if most is not None:
            callbacks.append(("keep_greatest", KeepGreatest(most)))
        return self._trainer(module=module, callbacks=callbacks or None, **options)

    def _targets(self, y: np.ndarray) -> np.ndarray:
        return y.astype(self._target)

    def _outputs(self, y: np.ndarray) -> int:
        raise NotImplementedError

    def _stored_parameters(self) -> dict[str, Any]:
        # Classes and objects are for training; files hold none.
        return {name: value for name, value in self._parameters.items() if isinstance(value, (str, int, float, bool))}

    def _float_model(self) -> Any:
        return None

    def _bits(self) -> Bits:
        return Bits.of(8, ("op_inputs",))

    def _rounding(self) -> tuple[int, bool]:
        # A function of a sum is as fine as its result, with room for what is cut off at its ends.
        return min(self._parameters["module__n_a_bits"] + 3, 8), False

    def _as_onnx(self) -> Any:
        import onnx

        return onnx.load_from_string(self._exported(None)[0])

    def _built(self, before: Affine | None) -> _cloakwork.Model:
        data, features = self._exported(before)
        (name,) = _cloakwork.Model.onnx_inputs(data)
        return _cloakwork.Model.from_onnx(data, {name: [1, features]}, set())

    def _exported(self, before: Affine | None) -> tuple[bytes, int]:
        """The network as an ONNX file, behind what comes before it, and how many features it takes."""
        module, features = self.base_module, self.base_module.input_dim
        if before is not None:
            features = before.matrix.shape[0]
            first = nn.Linear(*before.matrix.shape)
            first.weight.data = torch.tensor(before.matrix.T, dtype=torch.float32)
            first.bias.data = torch.tensor(before.offset, dtype=torch.float32)
            module = nn.Sequential(first, module)
        return exported_with_quantisers(module, np.zeros((1, features))), features


class NeuralNetClassifier(NeuralNetEstimator, QuantizedClassifier):
    """A neural network for classes."""

    _trainer = skorch.NeuralNetClassifier
    _criterion = nn.CrossEntropyLoss
    _target = np.int64

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The probabilities."""
        return softmax(y_preds)

    def _targets(self, y: np.ndarray) -> np.ndarray:
        return np.unique(y, return_inverse=True)[1].astype(self._target)

    def _outputs(self, y: np.ndarray) -> int:
        self.classes_ = np.unique(y)
        return len(self.classes_)

    def _learned(self) -> None:
        """Classes were learned with the shape of the network."""

    def _budget(self, budget: str) -> Any:
        # It has a score for each class, also of two.
        return NeuralNetEstimator._budget(self, budget)


class NeuralNetRegressor(NeuralNetEstimator, QuantizedRegressor):
    """A neural network for numbers."""

    _trainer = skorch.NeuralNetRegressor
    _criterion = nn.MSELoss
    _target = np.float32

    def predict_proba(self, X: Any, fhe: str = "disable") -> np.ndarray:
        """Not there: a regressor has no classes."""
        raise NotImplementedError("a regressor has no probabilities; use predict(X)")

    def _targets(self, y: np.ndarray) -> np.ndarray:
        y = y.astype(self._target)
        return y[:, np.newaxis] if y.ndim == 1 else y

    def _outputs(self, y: np.ndarray) -> int:
        return 1 if y.ndim == 1 else y.shape[1]
