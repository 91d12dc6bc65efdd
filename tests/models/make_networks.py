"""Makes networks/*.onnx, the networks that tests/benches/models_against_concrete_ml.py compares on.

    pip install torch brevitas onnx onnxoptimizer scikit-learn && python make_networks.py

Both are trained on the digits that ship with scikit-learn, on three quarters of them: a perceptron of 64, 32 and 10 neurons on
reals, and a convolutional network with 3 bits that is trained with its quantisation. Operator set 14 is what Concrete ML reads.
"""

import io
import pathlib

import brevitas.nn as brevitas
import numpy as np
import onnx
import torch
from brevitas.export import export_qonnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

OUT = pathlib.Path(__file__).parent / "networks"
OPSET = 14
BITS = 3


def digits():
    """Images with values from 0 to 1 and their labels: to train with, to test with."""
    X, y = load_digits(return_X_y=True)
    parts = train_test_split((X / 16).astype("float32"), y, test_size=0.25, random_state=42)
    return [torch.tensor(part) for part in parts]


def trained(model, X, y, epochs):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(epochs):
        for batch in torch.randperm(len(X)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
            optimizer.step()
    return model.eval()


def perceptron():
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def convolutions():
    """Three convolutions that leave one pixel, 384 values behind functions, and a linear layer."""

    def quantised(bits=BITS):
        return brevitas.QuantReLU(bit_width=bits, return_quant_tensor=True)

    return nn.Sequential(
        brevitas.QuantIdentity(bit_width=BITS, return_quant_tensor=True),
        brevitas.QuantConv2d(1, 8, 3, bias=True, weight_bit_width=BITS),
        quantised(),
        brevitas.QuantConv2d(8, 16, 3, stride=2, bias=True, weight_bit_width=BITS),
        quantised(),
        brevitas.QuantConv2d(16, 32, 2, bias=True, weight_bit_width=BITS),
        quantised(),
        nn.Flatten(),
        brevitas.QuantLinear(32, 10, bias=True, weight_bit_width=BITS),
    )


def save(name, data):
    """Writes a model with nothing but what it computes; shapes are for any number of samples."""
    model = onnx.load_from_string(data)
    model.ClearField("metadata_props")
    del model.graph.value_info[:]
    for node in model.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
        of_defaults = [one for one in node.attribute if one.name == "allowzero" or one.s == b"NOTSET"]
        for attribute in of_defaults:
            node.attribute.remove(attribute)
    shapes = {node.input[1] for node in model.graph.node if node.op_type == "Reshape"}
    for tensor in model.graph.initializer:
        if tensor.name in shapes:
            shape = onnx.numpy_helper.to_array(tensor)
            samples_first = onnx.numpy_helper.from_array(np.array([-1, *shape[1:]], dtype=np.int64), tensor.name)
            tensor.CopyFrom(samples_first)
    (OUT / f"{name}.onnx").write_bytes(model.SerializeToString())


def main():
    OUT.mkdir(exist_ok=True)
    torch.manual_seed(0)
    X, X_test, y, y_test = digits()

    model = trained(perceptron(), X, y, 60)
    print(f"digits_mlp {(model(X_test).argmax(1) == y_test).float().mean():.4f}")
    data = io.BytesIO()
    torch.onnx.export(model, (X[:1],), data, opset_version=OPSET, dynamo=False)
    save("digits_mlp", data.getvalue())

    X, X_test = X.reshape(-1, 1, 8, 8), X_test.reshape(-1, 1, 8, 8)
    model = trained(convolutions(), X, y, 60)
    print(f"digits_qat_cnn {(model(X_test).argmax(1) == y_test).float().mean():.4f}")
    data = io.BytesIO()
    export_qonnx(model, args=(X[:1],), export_path=data, opset_version=OPSET)
    save("digits_qat_cnn", data.getvalue())


main()
