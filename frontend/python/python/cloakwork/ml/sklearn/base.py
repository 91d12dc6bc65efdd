"""What all estimators share: scikit-learn's protocol around a quantised model.

An estimator of a family says with `_parent` which estimator it mirrors, trains it in `_train` and makes a model of it in
`_built`. Its constructor takes the parameters of the one it mirrors, and `n_bits`.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, TextIO

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_array, check_X_y

from ... import _cloakwork, fhe
from ..affine import Affine
from ..bits import Bits
from ..features import check_feature_names
from ..module import Budget, FheMode, QuantizedModule
from ..quantizers import Quantizer

#: What is there once an estimator is fitted, and what once it is compiled.
_OF_FITTED = ("quantized_module_", "input_quantizers", "output_quantizers", "onnx_model", "onnx_model_", "report")
_OF_COMPILED = ("fhe_circuit", "fhe_circuit_")


class QuantizedEstimator(BaseEstimator):
    """An estimator that predicts on encrypted data."""

    #: The estimator that it mirrors; those without one are not for direct use.
    _parent: ClassVar[Any] = None
    #: Parameters of the one it mirrors that have other defaults here.
    _defaults: ClassVar[dict[str, Any]] = {}
    #: The default of `n_bits`, and what a dictionary may say of.
    _n_bits: ClassVar[int] = 8
    _bit_names: ClassVar[tuple[str, ...]] = ("op_inputs", "op_weights")

    #: Whether affine transformers before it can become part of its model.
    _folds_transformers: ClassVar[bool] = True

    #: What was learned and is needed to predict, besides the model.
    _facts: ClassVar[tuple[str, ...]] = ("n_features_in_", "feature_names_in_")

    n_bits: int | dict[str, int]
    _module: QuantizedModule | None
    _calibration: np.ndarray

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_parent" in cls.__dict__:
            cls.__init__ = _constructor(cls)  # type: ignore[method-assign]

    @property
    def is_fitted(self) -> bool:
        """Whether it can predict."""
        return "sklearn_model" in self.__dict__ or self.__dict__.get("_module") is not None

    @property
    def is_compiled(self) -> bool:
        """Whether it has a circuit."""
        return self.__dict__.get("_module") is not None and self.quantized_module_.is_compiled

    def __sklearn_is_fitted__(self) -> bool:
        return self.is_fitted

    @property
    def quantized_module_(self) -> QuantizedModule:
        """The quantised model."""
        module: QuantizedModule | None = self.__dict__.get("_module")
        if module is None:
            if "sklearn_model" not in self.__dict__:
                raise AttributeError("quantized_module_")
            module = self._module = self._quantized(self._calibration, None)
        return module

    @property
    def fhe_circuit(self) -> fhe.Circuit:
        """The circuit: encrypt, run, decrypt, keys, figures."""
        circuit = self.quantized_module_.fhe_circuit
        if circuit is None:
            raise AttributeError("fhe_circuit")
        return circuit

    fhe_circuit_ = fhe_circuit

    @property
    def input_quantizers(self) -> list[Quantizer]:
        """Which integers the client encrypts for features."""
        return self.quantized_module_.input_quantizers

    @property
    def output_quantizers(self) -> list[Quantizer]:
        """Which reals decrypted integers stand for, before the last steps of the client."""
        return self.quantized_module_.output_quantizers

    @property
    def post_processing_params(self) -> dict[str, Any]:
        """What the client needs besides integers: what was learned about features and classes."""
        return {name: getattr(self, name) for name in self._facts if hasattr(self, name)}

    @property
    def onnx_model(self) -> Any:
        """The model that was trained, as `onnx.ModelProto`, for other tools: trees take the integers that features are
        quantised to, all others take reals."""
        if not self.is_fitted:
            raise AttributeError("onnx_model")
        return self._as_onnx()

    @property
    def onnx_model_(self) -> Any:
        """See `onnx_model`."""
        return self.onnx_model

    @property
    def report(self) -> str:
        """What was decided, with bits and cost; it needs no keys."""
        return self.quantized_module_.report

    def fit(self, X: Any, y: Any, **fit_params: Any) -> Any:
        """Trains in the clear and quantises."""
        bits = self._bits()
        check_feature_names(self, X, reset=True)
        of_numbers = is_regressor(self)
        # A regressor may have several targets, in columns.
        shape = np.asarray(y).shape
        has_several = of_numbers and len(shape) == 2 and shape[1] > 1
        X, y = check_X_y(X, y, dtype=np.float64, multi_output=has_several, y_numeric=of_numbers, estimator=self)
        self.n_features_in_ = X.shape[1]
        self._module = None
        self.sklearn_model = self._float_model()
        self._train(X, y, bits, fit_params)
        self._calibration = X
        self._learned()
        self._module = self._quantized(X, None)
        return self

    def fit_benchmark(
        self, X: Any, y: Any, random_state: int | None = None, **fit_params: Any
    ) -> tuple[Any, BaseEstimator]:
        """Fits this estimator and the one it mirrors on the same data: both are returned."""
        if random_state is not None and "random_state" in self.get_params():
            self.set_params(random_state=random_state)
        exact = self._float_model()
        exact.fit(np.asarray(X), np.asarray(y), **fit_params)
        return self.fit(X, y, **fit_params), exact

    @classmethod
    def from_sklearn_model(cls, sklearn_model: Any, X: Any = None, n_bits: int | dict[str, int] | None = None) -> Any:
        """This estimator with what another has learned; `X` are samples of its inputs."""
        own = set(cls().get_params()) - {"n_bits"}
        known = {name: value for name, value in sklearn_model.get_params(deep=False).items() if name in own}
        estimator = cls(**known, n_bits=cls._n_bits if n_bits is None else n_bits)
        estimator.sklearn_model = sklearn_model
        estimator.n_features_in_ = int(sklearn_model.n_features_in_)
        if X is None:
            X = estimator._substitute()
        estimator._calibration = estimator._checked(X)
        estimator._learned()
        estimator._module = estimator._quantized(estimator._calibration, None)
        return estimator

    def compile(
        self,
        X: Any,
        configuration: fhe.Configuration | None = None,
        ciphertext_format: str = "concrete",
        artifacts: Any = None,
        show_mlir: bool = False,
        p_error: float | None = None,
        global_p_error: float | None = None,
        verbose: bool = False,
        device: str = "cpu",
        budget: str | None = None,
        reply: str = "scores",
    ) -> fhe.Circuit:
        """Makes the circuit for inputs like `X`.

        With a budget such as `time=2s,accuracy=-1%` bits and, where none is given, the error probability are chosen by it,
        in place of `n_bits`: the fastest circuit that agrees so well with the model on reals.
        With `reply="label"` a classifier finds the likeliest class under encryption, and only that leaves the program.
        """
        if reply != "scores" and not isinstance(self, ClassifierMixin):
            raise ValueError(f"`reply` is {reply!r}; a regressor replies with 'scores', so leave it out")
        if ciphertext_format != "concrete":
            raise NotImplementedError(f"ciphertexts of `{ciphertext_format}` are not read here; leave it out")
        if device != "cpu":
            raise NotImplementedError(f"there is no code for `{device}`; use 'cpu'")
        del artifacts
        return self.quantized_module_.compile(
            self._checked(X),
            configuration=configuration,
            p_error=p_error,
            global_p_error=global_p_error,
            show_mlir=show_mlir,
            verbose=verbose,
            budget=None if budget is None else self._budget(budget),
            reply=reply,
        )

    def _budget(self, budget: str) -> Budget:
        """A budget in which accuracy is that of the predictions."""
        return Budget(budget)

    def quantize_input(self, X: Any) -> Any:
        """The integers that are encrypted."""
        return self.quantized_module_.quantize_input(self._checked(X))

    def dequantize_output(self, q_y_preds: np.ndarray) -> Any:
        """The reals that decrypted integers stand for."""
        return self.quantized_module_.dequantize_output(q_y_preds)

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """What the client makes of them: the predictions of a regressor, the probabilities of a classifier."""
        return y_preds

    def _raw(self, X: Any, mode: FheMode | str) -> np.ndarray:
        """What the circuit computes, as reals: a row for each sample."""
        return self.quantized_module_.forward(self._checked(X), fhe=mode)

    def dump(self, file: TextIO) -> None:
        """Writes what `dumps` gives."""
        from ..storage import dump

        dump(self, file)

    def dumps(self) -> str:
        """The compiled estimator as text, with its circuit: what `ml.loads` reads."""
        from ..storage import dumps

        return dumps(self)

    def _as_onnx(self) -> Any:
        try:
            import skl2onnx
        except ImportError as error:
            raise ImportError("`onnx_model` of estimators needs skl2onnx; install it") from error
        sample = np.zeros((1, self.n_features_in_), dtype=np.float32)
        return skl2onnx.to_onnx(self.sklearn_model, sample)

    def _checked(self, X: Any) -> np.ndarray:
        if self.is_fitted:
            check_feature_names(self, X, reset=False)
        X = check_array(X, dtype=np.float64, estimator=self)
        known = self.__dict__.get("n_features_in_") if self.is_fitted else None
        if known is not None and X.shape[1] != known:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting {known} features as input; pass "
                "those of the training, in their order"
            )
        return X

    def _bits(self) -> Bits:
        return Bits.of(self.n_bits, self._bit_names)

    def _stored_parameters(self) -> dict[str, Any]:
        """The parameters that a file keeps."""
        return self.get_params(deep=False)

    def _float_model(self) -> Any:
        parameters = self.get_params(deep=False)
        parameters.pop("n_bits", None)
        return self._parent(**parameters)

    def _train(self, X: np.ndarray, y: np.ndarray, bits: Bits, fit_params: dict[str, Any]) -> None:
        del bits
        self.sklearn_model.fit(X, y, **fit_params)

    def _learned(self) -> None:
        """Takes over what was learned beyond the model."""

    def _built(self, before: Affine | None) -> _cloakwork.Model:
        """The model of what was learned, on features to which `before` is applied."""
        raise NotImplementedError

    def _quantized(self, X: np.ndarray, before: Affine | None) -> QuantizedModule:
        return QuantizedModule.of(self._built(before), [X], self._bits().wishes(self._rounding()))

    def _rounding(self) -> tuple[int, bool] | None:
        """Bits that tables take of sums, and whether noise may move what is left by a step; `None` for all bits."""
        return None

    def _substitute(self) -> np.ndarray:
        """Samples where nobody gives any."""
        raise ValueError(f"{type(self).__name__}.from_sklearn_model needs samples `X` of the inputs to choose ranges")

    def __getstate__(self) -> dict[str, Any]:
        """Circuits are code of this process; `dump` keeps them."""
        state = super().__getstate__()
        return {**state, "_module": None}

    def __getattr__(self, name: str) -> Any:
        """What was learned: `coef_` and the like."""
        if name.endswith("_") and not name.startswith("_") and "sklearn_model" in self.__dict__:
            return getattr(self.sklearn_model, name)
        kind = type(self).__name__
        # A property that raises comes here too.
        if name in (*_OF_FITTED, *_OF_COMPILED) and not self.is_fitted:
            raise NotFittedError(f"this {kind} is not fitted; call fit(X, y) first")
        if name in _OF_COMPILED:
            raise AttributeError(f"this {kind} is not compiled; call compile(X) first")
        raise AttributeError(f"'{kind}' object has no attribute '{name}'")


class QuantizedRegressor(RegressorMixin, QuantizedEstimator):
    """A regressor: its model has a column for each target."""

    def predict(self, X: Any, fhe: FheMode | str = FheMode.DISABLE) -> np.ndarray:
        """Predictions, one for each sample."""
        return self.post_processing(self._raw(X, fhe))

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The predictions."""
        return y_preds[:, 0] if y_preds.shape[1] == 1 else y_preds


class QuantizedClassifier(ClassifierMixin, QuantizedEstimator):
    """A classifier: its model has a column for each class, or one of two classes."""

    _facts: ClassVar[tuple[str, ...]] = (*QuantizedEstimator._facts, "classes_")
    classes_: np.ndarray

    def predict_proba(self, X: Any, fhe: FheMode | str = FheMode.DISABLE) -> np.ndarray:
        """A probability for each class."""
        return self.post_processing(self._scores(X, fhe))

    def predict(self, X: Any, fhe: FheMode | str = FheMode.DISABLE) -> np.ndarray:
        """The likeliest class of each sample."""
        found = self._raw(X, fhe)
        if self.quantized_module_.reply == "label":
            return self.classes_[np.ravel(found).astype(int)]
        return self._labels(found)

    def _scores(self, X: Any, mode: FheMode | str) -> np.ndarray:
        """What the circuit computes, where it is a score for each class."""
        if self.quantized_module_.reply == "label":
            raise ValueError("the circuit replies with the label alone; compile(X, reply=\"scores\") for probabilities")
        return self._raw(X, mode)

    def post_processing(self, y_preds: np.ndarray) -> np.ndarray:
        """The probabilities."""
        raise NotImplementedError

    def _labels(self, scores: np.ndarray) -> np.ndarray:
        if scores.shape[1] == 1 and len(self.classes_) == 2:
            return self.classes_[(scores[:, 0] > 0).astype(int)]
        return self.classes_[np.argmax(scores, axis=1)]

    def _budget(self, budget: str) -> Budget:
        return Budget(budget, is_score=len(self.classes_) == 2)

    def _learned(self) -> None:
        self.classes_ = np.asarray(self.sklearn_model.classes_)


def both_classes(positive: np.ndarray) -> np.ndarray:
    """Probabilities of two classes, from those of the second."""
    return np.column_stack([1 - positive, positive])


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """`1 / (1 + e⁻ˢ)`, without overflow."""
    return np.exp(-np.logaddexp(0, -scores))


def softmax(scores: np.ndarray) -> np.ndarray:
    """`eˢ` over its sum in each row, without overflow."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _constructor(cls: type[QuantizedEstimator]) -> Any:
    """A constructor with the parameters of the estimator that a class mirrors, and `n_bits`."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    found: dict[str, inspect.Parameter] = {}
    for ancestor in cls._parent.__mro__:
        parameters = inspect.signature(ancestor.__init__).parameters.values()
        for one in parameters:
            if one.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
                found.setdefault(one.name, one if ancestor is cls._parent else one.replace(kind=keyword))
        # What is not named there is passed on to the next.
        if all(one.kind != inspect.Parameter.VAR_KEYWORD for one in parameters):
            break
    known = sorted(found.values(), key=lambda one: one.kind)
    own = [p.replace(default=cls._defaults.get(p.name, p.default)) for p in known]
    bits = inspect.Parameter("n_bits", keyword, default=cls._n_bits)
    signature = inspect.Signature([*own, bits])

    def __init__(self: QuantizedEstimator, *args: Any, **kwargs: Any) -> None:
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        for name, value in list(bound.arguments.items())[1:]:
            setattr(self, name, value)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    __init__.__doc__ = f"Takes the parameters of `{cls._parent.__name__}`, and `n_bits`."
    return __init__
