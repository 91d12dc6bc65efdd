"""scikit-learn's protocol, messages, files; the program of the first page."""

import io

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris, make_classification
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PolynomialFeatures, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from cloakwork import fhe, ml
from cloakwork.ml.sklearn import DecisionTreeClassifier, LogisticRegression, MLPClassifier, RandomForestRegressor, SGDClassifier


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


def test_steps_that_do_not_fold_are_the_clients():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(PolynomialFeatures(2), StandardScaler(), PCA(3), LogisticRegression()).fit(X, y)
    with pytest.raises(ValueError, match="step `polynomialfeatures` .PolynomialFeatures. cannot be part of the program"):
        ml.fold_pipeline(pipeline, X)
    whole = ml.compile(pipeline, X)
    assert [name for name, _ in whole.client_steps.steps] == ["polynomialfeatures"]
    # 15 features of the client, 8 bits each, where 3 components of 8 bits were quantised before.
    assert np.mean(whole.predict(X) == pipeline.predict(X)) > 0.98
    assert (whole.predict(X[:2], fhe="execute") == whole.predict(X[:2])).all()
    with pytest.raises(TypeError, match="the last step, `scale`, is a StandardScaler"):
        ml.compile(Pipeline([("scale", StandardScaler())]).fit(X), X)


@pytest.mark.parametrize("last", [LogisticRegression(), DecisionTreeClassifier(max_depth=3, random_state=0)])
def test_categories_are_encoded_by_the_client(last):
    draw = np.random.default_rng(0)
    colours, sizes = draw.choice(["red", "green", "blue"], 200), draw.choice(["s", "m", "l"], 200)
    X = pd.DataFrame({"colour": colours, "size": sizes, "weight": draw.normal(size=200)})
    y = np.where(X["weight"] + 1.5 * (colours == "red") - (sizes == "l") > 0, "yes", "no")
    encoder = ColumnTransformer(
        [("colour", OneHotEncoder(), ["colour"]), ("size", OrdinalEncoder(), ["size"])], remainder="passthrough"
    )
    pipeline = make_pipeline(encoder, StandardScaler(), last).fit(X, y)
    whole = ml.compile(pipeline, X)
    assert len(whole.client_steps) == 1
    with pytest.raises(ValueError, match="the steps `columntransformer` of the pipeline are the client's"):
        ml.dumps(whole)
    loaded = ml.loads(ml.dumps(whole.as_estimator()))
    assert (loaded.predict(whole.client_steps.transform(X)) == whole.predict(X)).all()
    # The features of linear models are quantised before they are scaled, those of trees behind.
    assert np.mean(whole.predict(X, fhe="simulate") == pipeline.predict(X)) > 0.98
    assert (whole.predict(X[:2], fhe="execute") == whole.predict(X[:2])).all()


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
    with pytest.raises(ValueError, match="contains NaN"):
        model.predict(np.full((1, 4), np.nan))
    for name in ("fhe_circuit", "input_quantizers", "onnx_model", "quantized_module_", "report"):
        with pytest.raises(NotFittedError, match="call fit"):
            getattr(DecisionTreeClassifier(), name)
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
    model.dump(file)
    file.seek(0)
    loaded = ml.load(file)
    assert loaded.get_params() == model.get_params()
    assert (loaded.predict(X) == model.predict(X)).all()
    assert (loaded.predict(X[:2], fhe="execute") == model.predict(X[:2])).all()
    with pytest.raises(RuntimeError, match="has its circuit already"):
        loaded.compile(X)
    with pytest.raises(ValueError, match="version 7"):
        ml.loads('{"version": 7}')


def test_features_have_the_names_of_the_training():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=500).fit(X, y)
    model.compile(X)
    swapped = X[X.columns[::-1]]
    for one in (model, ml.loads(model.dumps())):
        assert list(one.feature_names_in_) == list(X.columns)
        with pytest.raises(ValueError, match="feature names"):
            one.predict(swapped)
    whole = ml.compile(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), X)
    # A file holds the program of the whole pipeline.
    for one in (whole, ml.loads(ml.dumps(whole))):
        assert (one.predict(X) == whole.predict(X)).all()
        with pytest.raises(ValueError, match="feature names"):
            one.predict(swapped)


#: What the checks of scikit-learn find and what stays: the model that was trained is there by its name, as in Concrete ML.
KNOWN = {"check_dont_overwrite_parameters": "`sklearn_model` is public"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", [LogisticRegression(), DecisionTreeClassifier(), RandomForestRegressor(n_estimators=2)])
def test_checks_of_scikit_learn(estimator):
    found = check_estimator(estimator, on_skip=None, on_fail=None)
    failed = {check["check_name"] for check in found if check["status"] == "failed"}
    assert len(found) > 40 and failed == set(KNOWN)


def test_reports_need_no_keys():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier(hidden_layer_sizes=(3,), max_iter=20, random_state=0, n_bits=4).fit(X, y)
    assert model.quantized_module_.bitwidth_and_range_report() is None
    circuit = model.compile(X)
    assert not circuit.keys.are_generated
    assert "predicted time" in model.report
    report = model.quantized_module_.bitwidth_and_range_report()
    # Its bits are those of sums on the calibration set, its function takes one more than values have.
    layer = report["layer 0"]
    least, greatest = layer["range"]
    assert layer["bitwidth"] == max((-least - 1).bit_length() + 1, greatest.bit_length() + (least < 0))
    assert layer["table_bitwidth"] == 5 and layer["operation"] == "matmul" and layer["signal_to_noise"] > 10
    assert {"x", "layer 1"} <= set(report)


def test_values_between_layers_are_shown():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier(hidden_layer_sizes=(5,), max_iter=200, random_state=0, n_bits=8).fit(X, y)
    module, inner = model.quantized_module_, model.sklearn_model
    scores, layers = module.forward(X, debug=True)
    sums = X @ inner.coefs_[0]
    # 8 bits of inputs and weights.
    assert np.abs(layers["layer 0"] - sums).max() < 0.05 * np.abs(sums).max()
    # But for the last bias, which the client adds.
    assert np.allclose(np.ptp(scores - layers["layer 1"], axis=0), 0)
    with pytest.raises(ValueError, match="`debug` shows values between layers"):
        module.forward(X, fhe="simulate", debug=True)


def test_nothing_wraps_but_where_bounds_are_measured():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier(hidden_layer_sizes=(4,), max_iter=200, random_state=0, n_bits=4).fit(X[:20], y[:20] + np.arange(20) % 2)
    # Corners of what inputs may be: no sample was there, and sums reach as far as they can.
    least, greatest = X[:20].min(axis=0), X[:20].max(axis=0)
    corners = np.where(np.array(np.meshgrid(*[[False, True]] * 4)).reshape(4, -1).T, greatest, least)
    measured = model.compile(X[:20], configuration=fhe.Configuration(bounds="measured"))
    provable = model.compile(X[:20], configuration=fhe.Configuration(bounds="provable"))
    assert provable.unproven_bounds == [] and measured.unproven_bounds != []
    assert np.allclose(model._raw(corners, "simulate"), model._raw(corners, "disable"))
    assert model.quantized_module_.values_outside == 0
    # All features share a scale, so each may be whatever one of them is. Sums saturate by default, and are counted.
    corners = np.where(corners == least, X[:20].min(), X[:20].max())
    assert model.compile(X[:20]).unproven_bounds == []
    found = model._raw(corners, "disable")
    assert model.quantized_module_.values_outside > 0
    assert np.allclose(found, model._raw(corners, "simulate"))
    assert np.allclose(found[:3], model._raw(corners[:3], "execute"))


def test_quantizers():
    X, y = load_iris(return_X_y=True)
    linear, trees = LogisticRegression(max_iter=500).fit(X, y), DecisionTreeClassifier(max_depth=2, n_bits=3).fit(X, y)
    (quantizer,) = linear.input_quantizers
    assert quantizer.n_bits == 8 and (quantizer.quant(X) == linear.quantize_input(X)).all()
    assert np.abs(quantizer.dequant(quantizer.quant(X)) - X).max() <= quantizer.scale.max() / 2 + 1e-9
    (quantizer,) = linear.output_quantizers
    assert quantizer.n_bits is None and quantizer.dequant(np.zeros((2, 3), dtype=int)).shape == (2, 3)
    # Features of trees are encrypted as bits; their quantiser is that of the features.
    assert trees.input_quantizers[0].n_bits == 3
    assert set(trees.post_processing_params) == {"n_features_in_", "classes_"}


def test_values_beyond_the_calibration_saturate_and_are_counted():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression().fit(X, y)
    model.predict(X)
    assert model.quantized_module_.saturated_inputs == 0
    far = np.full((1, 4), 1e6)
    model.predict(far)
    assert model.quantized_module_.saturated_inputs == 4
