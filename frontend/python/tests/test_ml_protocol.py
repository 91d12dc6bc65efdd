"""scikit-learn's protocol, messages, files; the program of the first page."""

import io

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_iris, make_classification
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from cloakwork import ml
from cloakwork.ml.sklearn import DecisionTreeClassifier, LogisticRegression, SGDClassifier


def test_the_first_program():
    X, y = make_classification(n_samples=500, n_features=30, random_state=42)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=42)
    model = Pipeline([("preprocessor", PCA()), ("cml_model", LogisticRegression(n_bits=8))]).fit(X_train, y_train)
    model["cml_model"].compile(model["preprocessor"].transform(X_train))
    label = model.predict(X_test[[0]], fhe="execute")
    probabilities = model.predict_proba(X_test, fhe="simulate")
    assert label[0] == model.predict(X_test[[0]])[0]
    assert np.abs(probabilities - model.predict_proba(X_test)).max() < 1e-6
    exact = model["cml_model"].sklearn_model.predict(model["preprocessor"].transform(X_test))
    assert np.mean(model.predict(X_test) == exact) > 0.98

    whole = ml.compile(model, X_train)
    assert np.mean(whole.predict(X_test, fhe="simulate") == exact) > 0.98
    assert whole.predict_proba(X_test[:2], fhe="execute").shape == (2, 2)
    assert whole.fhe_circuit.programmable_bootstrap_count == 0


def test_transformers_fold_into_trees():
    X, y = load_iris(return_X_y=True)
    pipeline = Pipeline([("scale", StandardScaler()), ("trees", DecisionTreeClassifier(max_depth=3, random_state=0))])
    pipeline.fit(X, y)
    whole = ml.compile(pipeline, X)
    assert (whole.predict(X) == pipeline.predict(X)).all()
    assert (whole.predict(X[:3], fhe="execute") == pipeline.predict(X[:3])).all()


def test_steps_that_do_not_fold_are_named():
    X, y = load_iris(return_X_y=True)
    pipeline = Pipeline([("powers", PolynomialFeatures(2)), ("model", LogisticRegression())]).fit(X, y)
    with pytest.raises(ValueError, match="step `powers` .PolynomialFeatures. is not an affine function"):
        ml.compile(pipeline, X)
    with pytest.raises(TypeError, match="the last step, `scale`, is a StandardScaler"):
        ml.compile(Pipeline([("scale", StandardScaler())]).fit(X), X)


def test_parameters_are_those_of_scikit_learn():
    model = LogisticRegression(C=0.5, n_bits=4)
    assert is_classifier(model)
    assert model.get_params()["C"] == 0.5
    copy = clone(model).set_params(n_bits=6)
    assert (copy.n_bits, copy.C, model.n_bits) == (6, 0.5, 4)
    assert repr(model) == "LogisticRegression(C=0.5, n_bits=4)"
    with pytest.raises(TypeError, match="unexpected keyword argument 'bits'"):
        LogisticRegression(bits=3)


def test_bits_are_searched_like_any_parameter():
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(DecisionTreeClassifier(max_depth=3, random_state=0), {"n_bits": [1, 5]}, cv=3).fit(X, y)
    assert search.best_params_ == {"n_bits": 5}
    assert search.best_score_ > 0.9


def test_messages():
    X, y = load_iris(return_X_y=True)
    model = DecisionTreeClassifier(max_depth=2)
    with pytest.raises(NotFittedError, match="call fit"):
        model.predict(X)
    model.fit(X, y)
    with pytest.raises(RuntimeError, match="call compile"):
        model.predict(X, fhe="execute")
    with pytest.raises(AttributeError, match="call compile"):
        model.fhe_circuit
    with pytest.raises(ValueError, match="allowed are 'disable', 'simulate', 'execute'"):
        model.predict(X, fhe="encrypt")
    with pytest.raises(ValueError, match="X has 3 features, but DecisionTreeClassifier is expecting 4"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match="cannot both be set"):
        model.compile(X, p_error=0.1, global_p_error=0.1)
    for bits, message in [
        (0, "`n_bits` is 0; allowed are 1 to 16"),
        ({"op_leaves": 3}, "of which `op_inputs` is needed"),
        ({"op_inputs": 3, "op_leaves": 4}, "`op_leaves` is 4, more than"),
    ]:
        with pytest.raises(ValueError, match=message):
            DecisionTreeClassifier(n_bits=bits).fit(X, y)
    with pytest.raises(AttributeError, match="probability estimates are not available"):
        SGDClassifier(loss="hinge").fit(X, y).predict_proba(X)


def test_loaded_estimators_predict_at_once():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, names)
    with pytest.raises(RuntimeError, match="not compiled"):
        ml.dumps(model)
    model.compile(X)
    file = io.StringIO()
    ml.dump(model, file)
    file.seek(0)
    loaded = ml.load(file)
    assert loaded.get_params() == model.get_params()
    assert (loaded.predict(X) == model.predict(X)).all()
    assert (loaded.predict(X[:2], fhe="execute") == model.predict(X[:2])).all()
    with pytest.raises(RuntimeError, match="has its circuit already"):
        loaded.compile(X)
    with pytest.raises(ValueError, match="version 7"):
        ml.loads('{"version": 7}')


def test_reports_need_no_keys():
    X, y = load_iris(return_X_y=True)
    model = DecisionTreeClassifier(max_depth=3).fit(X, y)
    circuit = model.compile(X)
    assert not circuit.keys.are_generated
    assert "predicted time" in model.report
    report = model.quantized_module_.bitwidth_and_range_report()
    assert report["x"] == {"range": (0, 1), "bitwidth": report["x"]["bitwidth"]}


def test_values_beyond_the_calibration_saturate_and_are_counted():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression().fit(X, y)
    model.predict(X)
    assert model.quantized_module_.saturated_inputs == 0
    far = np.full((1, 4), 1e6)
    model.predict(far)
    assert model.quantized_module_.saturated_inputs == 4
