"""PyTorch and Brevitas modules: close to what they compute, the same simulated and encrypted."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from cloakwork import ml

torch.manual_seed(0)
X, Y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)


def trained(model, data, epochs=40):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    inputs, labels = torch.tensor(data), torch.tensor(Y)
    for _ in range(epochs):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    return model.eval()


def check(model, module, data, agreement):
    exact = model(torch.tensor(data)).detach().numpy().argmax(axis=1)
    quantised = module.forward(data).argmax(axis=1)
    assert np.mean(quantised == exact) > agreement
    assert np.mean(module.forward(data[:30], fhe="simulate").argmax(axis=1) == quantised[:30]) > 0.95
    assert (module.forward(data[:1], fhe="execute").argmax(axis=1) == quantised[:1]).all()


def test_a_perceptron():
    model = trained(nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10)), X)
    module = ml.compile_torch_model(model, X[:300], n_bits=6, rounding_threshold_bits=6, p_error=1e-3)
    check(model, module, X[:200], 0.95)
    # A budget chooses in place of the bits.
    module = ml.compile_torch_model(model, X[:300], budget=ml.Budget("accuracy=-2%", truth=Y[:300].tolist()))
    right = module.forward(X[:300], fhe="simulate").argmax(axis=1) == Y[:300]
    assert np.mean(right) > np.mean(model(torch.tensor(X[:300])).detach().numpy().argmax(axis=1) == Y[:300]) - 0.03
    assert module.onnx_model.graph.node[0].op_type == "Gemm"
    # The layers of the network, and those of the module.
    _, layers = module.forward(X[:100], debug=True)
    exact = model[:2](torch.tensor(X[:100])).detach().numpy()
    relu = next(values for name, values in layers.items() if "relu" in name.lower())
    # 6 bits and more from 0 to the greatest value that the calibration set gave.
    assert np.abs(relu - exact).max() < 0.1 * exact.max()
    # The quantised module before it is compiled.
    built = ml.build_quantized_module(model, X[:300], n_bits=6)
    assert not built.is_compiled and built.forward(X[:5]).shape == (5, 10)


def test_a_convolution():
    images = X.reshape(-1, 1, 8, 8)
    layers = (nn.Conv2d(1, 4, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(36, 10))
    model = trained(nn.Sequential(*layers), images)
    rounding = {"n_bits": 6, "method": "approximate"}
    module = ml.compile_torch_model(model, images[:300], n_bits=6, rounding_threshold_bits=rounding, p_error=1e-3)
    check(model, module, images[:200], 0.9)


def test_quantisation_aware_training():
    import brevitas.nn as brevitas

    model = nn.Sequential(
        brevitas.QuantIdentity(bit_width=4, return_quant_tensor=True),
        brevitas.QuantLinear(64, 16, bias=True, weight_bit_width=4),
        brevitas.QuantReLU(bit_width=4, return_quant_tensor=True),
        brevitas.QuantLinear(16, 10, bias=True, weight_bit_width=4),
    )
    model = trained(model, X)
    module = ml.compile_brevitas_qat_model(model, X[:300], p_error=1e-3)
    check(model, module, X[:200], 0.97)


def test_estimators_as_onnx():
    from cloakwork.ml.sklearn import DecisionTreeClassifier, LogisticRegression

    linear = LogisticRegression(max_iter=500).fit(X, Y)
    # What skl2onnx wrote is the model that was trained, and compiles by the other way.
    module = ml.compile_onnx_model(linear.onnx_model, X[:300])
    assert np.mean(module.forward(X)[0].ravel() == linear.sklearn_model.predict(X)) > 0.99
    trees = DecisionTreeClassifier(max_depth=3).fit(X, Y)
    assert any("TreeEnsemble" in node.op_type for node in trees.onnx_model_.graph.node)
