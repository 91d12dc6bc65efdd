"""One protocol for every estimator: fitted, cloned, searched, in a pipeline, compiled, predicted in three modes, in a file."""

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cloakwork import ml
from cloakwork.ml import sklearn as estimators

#: What makes training quick and programs small; parameters that have no place here are those of no estimator.
SMALL = {
    "n_estimators": 3,
    "max_depth": 2,
    "num_leaves": 4,
    # With 1, as Lasso has it, no weight is left.
    "alpha": 0.01,
    # With their defaults, of 20, trees of 30 samples have no branch.
    "min_child_samples": 2,
    "min_samples_leaf": 2,
    "hidden_layer_sizes": (3,),
    "n_neighbors": 3,
    "random_state": 0,
    "verbosity": -1,
}
BITS = {"KNeighborsClassifier": 2, "MLPClassifier": 5, "MLPRegressor": 5}
#: Points are compared in all features at once.
FEATURES = {"KNeighborsClassifier": 2}
#: Those with networks of torch have tests of their own.
NAMES = [*estimators.__all__, *(name for name in estimators._OPTIONAL if not name.startswith("NeuralNet"))]

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)[::5]
NAMED = np.array(["setosa", "versicolor", "virginica"])[Y][::5]
#: Positive, as some general linear models need them.
NUMBERS = np.exp(0.3 * X[:, 0]) + 0.1 * X[:, 1] ** 2


def small(name, **parameters):
    kind = getattr(estimators, name)
    wanted = {**SMALL, "max_iter": 3 if name.startswith("Hist") else 500, **parameters}
    if name.startswith("XGB"):
        wanted["verbosity"] = 0
    known = kind().get_params()
    return kind(**{key: value for key, value in wanted.items() if key in known})


def features(name):
    return X[:, -FEATURES.get(name, 4) :]


def target(model):
    if is_classifier(model):
        return np.unique(NAMED, return_inverse=True)[1] if type(model).__name__.startswith("XGB") else NAMED
    return NUMBERS


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_every_estimator(name):
    model = small(name, n_bits=BITS.get(name, 4))
    X, y = features(name), target(model)
    copy = clone(model)
    assert copy.get_params() == model.get_params() and copy is not model
    assert not model.is_fitted
    assert model.fit(X, y) is model and model.is_fitted and not model.is_compiled

    exact = model.predict(X)
    assert exact.shape == (len(X),) and set(exact) <= set(y) | (set() if is_classifier(model) else set(exact))
    circuit = model.compile(X, p_error=1e-6)
    assert model.is_compiled and model.fhe_circuit is circuit and "p_error" in model.report
    # Nothing predicts the same for all.
    assert len(np.unique(exact)) > 1
    simulated, executed = model.predict(X, fhe="simulate"), model.predict(X[:2], fhe="execute")
    if is_classifier(model):
        assert (simulated == exact).all() and (executed == exact[:2]).all()
    else:
        # The noise of sums is a small part of a step.
        assert np.allclose(simulated, exact) and np.allclose(executed, exact[:2])
    if is_classifier(model) and (hasattr(model.sklearn_model, "predict_proba") or name == "LinearSVC"):
        assert np.allclose(model.predict_proba(X).sum(axis=1), 1)
    # The steps of client and server, one by one.
    decrypted = circuit.encrypt_run_decrypt(model.quantize_input(X[:1]))
    scores = model._raw(X[:1], "disable")
    assert np.allclose(model.dequantize_output(decrypted), scores)

    loaded = ml.loads(ml.dumps(model))
    # A parameter may be no number, which equals nothing.
    assert repr(loaded.get_params()) == repr(model.get_params())
    assert np.array_equal(loaded.predict(X), exact)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_is_searched_and_taken_over(name):
    model = small(name)
    X, y = features(name), target(model)
    search = GridSearchCV(model, {"n_bits": [2, 5]}, cv=2).fit(X, y)
    assert search.best_params_["n_bits"] in (2, 5)
    pipeline = make_pipeline(StandardScaler(), clone(model)).fit(X, y)
    assert pipeline.predict(X).shape == (len(X),)
    if name != "KNeighborsClassifier":
        assert np.array_equal(ml.fold_pipeline(pipeline, X).forward(X).shape[:1], [len(X)])

    # As far from the model on reals as bits allow.
    exact = model._float_model().fit(X, y)
    taken = getattr(estimators, name).from_sklearn_model(exact, X, n_bits=8 if name not in FEATURES else 4)
    assert taken.n_features_in_ == X.shape[1]
    if is_classifier(model):
        assert np.mean(taken.predict(X) == exact.predict(X)) > 0.9
    else:
        assert np.abs(taken.predict(X) - exact.predict(X)).max() < 0.1 * np.ptp(y)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["LogisticRegression", "LGBMClassifier"])
def test_labels_decided_under_encryption(name):
    model = small(name, n_bits=3)
    y = target(model)
    scores = model.fit(X, y)._raw(X, "disable")
    model.compile(X, p_error=1e-5, reply="label")
    # Scores are rounded to 5 bits before they are compared, by half a step each. Steps are powers of two, so up to twice as large
    # as they would have to be, and twice that where other inputs lead scores further than those of the samples.
    found = np.searchsorted(model.classes_, model.predict(X))
    lost = scores.max(axis=1) - scores[np.arange(len(X)), found]
    assert lost.max() <= 4 * np.ptp(scores) / 2**5
    # They are rounded exactly: noise changes no label.
    assert (model.predict(X, fhe="simulate") == model.predict(X)).all()
    # A sample whose scores are far apart.
    clear = [np.ptp(np.sort(scores, axis=1)[:, -2:], axis=1).argmax()]
    assert (model.predict(X[clear], fhe="execute") == model.predict(X[clear])).all()
    # Nothing but the class leaves the program.
    assert len(np.ravel(model.fhe_circuit.encrypt_run_decrypt(model.quantize_input(X[:1])))) == 1
    with pytest.raises(ValueError, match="replies with the label alone"):
        model.predict_proba(X)
    loaded = ml.loads(ml.dumps(model))
    assert (loaded.predict(X) == model.predict(X)).all()
    with pytest.raises(ValueError, match="a regressor replies with 'scores'"):
        estimators.Ridge().fit(X, NUMBERS).compile(X, reply="label")
