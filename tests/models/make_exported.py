"""Makes exported/*.onnx, models as tools write them, and exported.json with samples and what each model gives for them.

    pip install skl2onnx onnxmltools lightgbm xgboost torch brevitas onnxscript onnxruntime && python make_exported.py

Data ships with scikit-learn. What is expected comes from ONNX Runtime, or for QONNX from the network itself.
"""

import io
import json
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from sklearn import datasets, decomposition, ensemble, linear_model, neural_network, pipeline, preprocessing, svm, tree
from torch import nn

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
OUT = HERE / "exported"
SAMPLES = 8
cases = []


def save(name, data, samples, expected=None, tolerance=1e-4):
    """Writes a model; samples are lists of arrays with an axis of one sample, one for each input."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    model = onnx.load_from_string(data)
    names = [output.name for output in model.graph.output]
    known = {tensor.name for tensor in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in known]
    if expected is None:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        expected = [session.run(names, dict(zip(inputs, sample))) for sample in samples]
    (OUT / f"{name}.onnx").write_bytes(data)
    for sample, results in zip(samples, expected):
        results = [[list(r[0].values())] if isinstance(r, list) else r for r in results]
        cases.append(
            {
                "name": name,
                "operators": sorted({(f"{n.domain}." if n.domain else "") + n.op_type for n in model.graph.node}),
                "inputs": {n: tensor(a) for n, a in zip(inputs, sample)},
                "outputs": {n: tensor(a) for n, a in zip(names, results)},
                "tolerance": tolerance,
            }
        )


def tensor(a):
    return {"shape": list(np.shape(a)), "values": np.asarray(a).astype(object).ravel().tolist()}


def rows(X):
    return [[X[i : i + 1].astype(np.float32)] for i in range(SAMPLES)]


def sklearn_models():
    import skl2onnx

    cancer, iris, diabetes = (f(return_X_y=True) for f in (datasets.load_breast_cancer, datasets.load_iris, datasets.load_diabetes))

    def convert(name, model, data, tolerance=1e-4):
        X, y = data
        model.fit(X, y)
        try:
            made = skl2onnx.to_onnx(model, X[:1].astype(np.float32))
        except Exception as error:
            print(f"sklearn {name} is not converted: {str(error)[:100]}")
            return
        spread = X[:: len(X) // SAMPLES]
        save(f"sklearn_{name}", made.SerializeToString(), rows(spread), tolerance=tolerance)

    scaled = lambda model: pipeline.make_pipeline(preprocessing.StandardScaler(), model)
    convert("linear_regression", linear_model.LinearRegression(), diabetes)
    convert("ridge", linear_model.Ridge(), diabetes)
    convert("lasso", linear_model.Lasso(), diabetes)
    convert("elastic_net", linear_model.ElasticNet(), diabetes)
    convert("linear_svr", svm.LinearSVR(random_state=0), diabetes)
    convert("svr_linear", svm.SVR(kernel="linear"), diabetes)
    convert("poisson", linear_model.PoissonRegressor(), diabetes)
    convert("gamma", linear_model.GammaRegressor(), diabetes)
    convert("tweedie", linear_model.TweedieRegressor(power=1.5), diabetes)
    convert("sgd_regressor", scaled(linear_model.SGDRegressor(random_state=0)), diabetes)
    convert("logistic_two", scaled(linear_model.LogisticRegression()), cancer)
    convert("logistic_three", scaled(linear_model.LogisticRegression()), iris)
    convert("sgd_classifier", scaled(linear_model.SGDClassifier(loss="log_loss", random_state=0)), iris)
    convert("sgd_modified_huber", scaled(linear_model.SGDClassifier(loss="modified_huber", random_state=0)), cancer)
    convert("linear_svc", svm.LinearSVC(random_state=0), iris)
    convert("svc_linear", svm.SVC(kernel="linear"), (preprocessing.scale(cancer[0]), cancer[1]))
    convert("pca_logistic", pipeline.make_pipeline(decomposition.PCA(5), linear_model.LogisticRegression(max_iter=1000)), cancer, tolerance=1e-3)
    convert("min_max_normaliser", pipeline.make_pipeline(preprocessing.MinMaxScaler(), preprocessing.Normalizer(), linear_model.LogisticRegression()), iris)
    convert("tree", tree.DecisionTreeClassifier(max_depth=4, random_state=0), cancer)
    convert("tree_three", tree.DecisionTreeClassifier(max_depth=3, random_state=0), iris)
    convert("tree_regressor", tree.DecisionTreeRegressor(max_depth=4, random_state=0), diabetes)
    convert("forest", ensemble.RandomForestClassifier(5, max_depth=3, random_state=0), iris)
    convert("forest_regressor", ensemble.RandomForestRegressor(5, max_depth=3, random_state=0), diabetes)
    convert("extra_trees", ensemble.ExtraTreesClassifier(5, max_depth=3, random_state=0), cancer)
    convert("gradient_boosting", ensemble.GradientBoostingClassifier(n_estimators=4, max_depth=2, random_state=0), cancer)
    convert("gradient_boosting_three", ensemble.GradientBoostingClassifier(n_estimators=3, max_depth=2, random_state=0), iris)
    convert("gradient_boosting_regressor", ensemble.GradientBoostingRegressor(n_estimators=4, max_depth=2, random_state=0), diabetes)
    convert("hist_gradient_boosting", ensemble.HistGradientBoostingClassifier(max_iter=4, max_depth=2), cancer)
    convert("hist_gradient_boosting_regressor", ensemble.HistGradientBoostingRegressor(max_iter=4, max_depth=2), diabetes)
    convert("mlp", scaled(neural_network.MLPClassifier((6,), max_iter=300, random_state=0)), iris)
    named = (iris[0], datasets.load_iris().target_names[iris[1]])
    convert("mlp_names", neural_network.MLPClassifier((4,), max_iter=300, random_state=0), named)
    convert("logistic_names", linear_model.LogisticRegression(max_iter=1000), named)
    convert("tree_names", tree.DecisionTreeClassifier(max_depth=2, random_state=0), named)
    convert("mlp_two", scaled(neural_network.MLPClassifier((5,), activation="tanh", max_iter=200, random_state=0)), cancer)
    convert("mlp_regressor", scaled(neural_network.MLPRegressor(hidden_layer_sizes=(6,), max_iter=300, random_state=0)), diabetes, tolerance=1e-3)


def boosted_models():
    import lightgbm
    import onnxmltools
    import xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    cancer, iris, diabetes = (f(return_X_y=True) for f in (datasets.load_breast_cancer, datasets.load_iris, datasets.load_diabetes))

    def convert(name, model, data, to_onnx, prefix):
        X, y = data
        X = X.astype(np.float32)
        model.fit(X, y)
        made = to_onnx(model, initial_types=[("x", FloatTensorType([None, X.shape[1]]))])
        save(f"{prefix}_{name}", made.SerializeToString(), rows(X[:: len(X) // SAMPLES]))

    small = dict(n_estimators=4, max_depth=2, random_state=0)
    xgb, lgb = onnxmltools.convert_xgboost, onnxmltools.convert_lightgbm
    convert("two", xgboost.XGBClassifier(**small), cancer, xgb, "xgboost")
    convert("three", xgboost.XGBClassifier(**small), iris, xgb, "xgboost")
    convert("regressor", xgboost.XGBRegressor(**small), diabetes, xgb, "xgboost")
    convert("two", lightgbm.LGBMClassifier(verbose=-1, **small), cancer, lgb, "lightgbm")
    convert("three", lightgbm.LGBMClassifier(verbose=-1, **small), iris, lgb, "lightgbm")
    convert("regressor", lightgbm.LGBMRegressor(verbose=-1, **small), diabetes, lgb, "lightgbm")


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3, stride=2, groups=1), nn.Hardswish()
        )
        self.classify = nn.Linear(4, 5)

    def forward(self, x):
        return torch.log_softmax(self.classify(torch.flatten(self.features(x), 1)), 1)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.Conv2d(2, 2, 1)
        self.up = nn.ConvTranspose2d(2, 1, 2, stride=2)

    def forward(self, x):
        y = x + torch.nn.functional.gelu(self.one(x)) * torch.sigmoid(self.two(x))
        y = torch.nn.functional.pad(y, (1, 1, 0, 0), mode="reflect")
        return self.up(torch.nn.functional.avg_pool2d(y, 2)).mean(dim=(2, 3))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.norm, self.out = nn.Linear(4, 12), nn.LayerNorm(4), nn.Linear(4, 2)

    def forward(self, x):
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=-1)
        weights = torch.softmax(q @ k.transpose(1, 2) / 2.0, dim=-1)
        return self.out((weights @ v).view(x.shape[0], -1, 4)[:, 0] + x.mean(1))


class Embedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.out = nn.Embedding(6, 3), nn.Linear(6, 2)

    def forward(self, x):
        return self.out(self.table(x).reshape(x.shape[0], -1))


class Unfold(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        return self.out(torch.nn.functional.unfold(x, 2).transpose(1, 2)).amax(1)


def torch_models():
    torch.manual_seed(0)
    mlp = nn.Sequential(nn.Linear(5, 6), nn.SiLU(), nn.Linear(6, 6), nn.LeakyReLU(0.1), nn.Linear(6, 3), nn.Softmax(1))
    networks = {
        "mlp": (mlp, torch.randn(SAMPLES, 5)),
        "cnn": (Cnn(), torch.randn(SAMPLES, 1, 8, 8)),
        "residual": (Residual(), torch.randn(SAMPLES, 2, 6, 6)),
        "attention": (Attention(), torch.randn(SAMPLES, 3, 4)),
        "embedding": (Embedding(), torch.randint(0, 6, (SAMPLES, 2))),
        "unfold": (Unfold(), torch.randn(SAMPLES, 1, 3, 4)),
    }
    for name, (network, x) in networks.items():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-1, 1), module.running_var.uniform_(0.5, 2)
        network.eval()
        samples = [[x[i : i + 1].numpy()] for i in range(4)]
        for dynamo, end in [(False, "script"), (True, "dynamo")]:
            made = io.BytesIO()
            try:
                if dynamo:
                    program = torch.onnx.export(network, (x[:1],), dynamo=True, verbose=False, input_names=["x"], output_names=["y"])
                    for node in program.model.graph:
                        node.metadata_props.clear()
                    model = program.model_proto
                    for part in [model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]:
                        part.ClearField("metadata_props"), part.ClearField("doc_string")
                    made.write(model.SerializeToString())
                else:
                    axes = {"x": {0: "samples"}} if name in ("mlp", "cnn") else None
                    torch.onnx.export(network, (x[:1],), made, dynamo=False, opset_version=17, input_names=["x"], output_names=["y"], dynamic_axes=axes)
            except Exception as error:
                print(f"torch {name} {end}: {str(error)[:200]}")
                continue
            save(f"torch_{name}_{end}", made.getvalue(), samples)


def brevitas_models():
    import brevitas.nn as qnn
    from brevitas.export import export_onnx_qcdq, export_qonnx
    from brevitas.quant import Int8ActPerTensorFixedPoint, Int8WeightPerChannelFloat

    torch.manual_seed(1)

    def network():
        return nn.Sequential(
            qnn.QuantIdentity(bit_width=4, return_quant_tensor=True),
            qnn.QuantConv2d(1, 3, 3, bias=True, weight_bit_width=3, weight_quant=Int8WeightPerChannelFloat),
            qnn.QuantReLU(bit_width=4, return_quant_tensor=True),
            nn.Flatten(),
            qnn.QuantLinear(3 * 4, 5, bias=True, weight_bit_width=4),
        )

    x = torch.randn(32, 1, 4, 4)
    for name, write in [("qcdq", export_onnx_qcdq), ("qonnx", export_qonnx)]:
        torch.manual_seed(1)
        model = network()
        model.train()
        model(x)
        model.eval()
        samples = [[x[i : i + 1].numpy()] for i in range(6)]
        expected = [[model(x[i : i + 1]).detach().numpy()] for i in range(6)]
        path = OUT / "brevitas.tmp"
        try:
            write(model, args=x[:1], export_path=str(path), dynamo=False)
        except TypeError:
            write(model, args=x[:1], export_path=str(path))
        data = path.read_bytes()
        path.unlink()
        save(f"brevitas_{name}", data, samples, expected)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.onnx"):
        old.unlink()
    for make in [sklearn_models, boosted_models, torch_models, brevitas_models]:
        make()
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "exported.json").write_text(f"[\n{lines}\n]\n")
    print(len(cases), "samples of", len({case["name"] for case in cases}), "models")
