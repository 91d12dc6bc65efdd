"""Makes operators/*.onnx, a small model for each operator, and operators.json with inputs and what ONNX Runtime computes.

    pip install onnx onnxruntime qonnx && python make_operators.py

The models of QONNX have no runtime: what they mean is written here with NumPy.
"""

import json
import pathlib

import numpy as np
import onnx
import onnx.reference
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
OUT = HERE / "operators"
rng = np.random.default_rng(7)
cases = []


def reals(*shape, lo=-2.0, hi=2.0):
    """Numbers of few digits, so that the files stay small."""
    return np.round(rng.uniform(lo, hi, shape), 2).astype(np.float32)


def ints(*values):
    return np.array(values, dtype=np.int64)


def node(op, inputs, outputs, domain="", **attributes):
    return helper.make_node(op, inputs, outputs, name=f"the_{op}", domain=domain, **attributes)


def save(name, nodes, inputs, constants=None, outputs=("y",), opset=21, ml=3, expected=None, tolerance=1e-5):
    """Writes a model and computes what it gives for its inputs."""
    constants = constants or {}
    value = lambda n, a: helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
    graph = helper.make_graph(
        nodes,
        name,
        [value(n, a) for n, a in inputs.items()],
        [helper.make_empty_tensor_value_info(n) for n in outputs],
        [numpy_helper.from_array(a, n) for n, a in constants.items()],
    )
    domains = {n.domain for n in nodes} - {""}
    versions = {"ai.onnx.ml": ml, "qonnx.custom_op.general": 1, "com.example": 1}
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, versions[d]) for d in sorted(domains)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    model.producer_name = ""
    data = model.SerializeToString()
    if expected is None:
        try:
            options = onnxruntime.SessionOptions()
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            expected = session.run(list(outputs), inputs)
        except Exception as error:  # an operator that it lacks
            print(f"{name}: by the reference ({str(error)[:60]})")
            expected = onnx.reference.ReferenceEvaluator(model).run(list(outputs), inputs)
    (OUT / f"{name}.onnx").write_bytes(data)
    tensor = lambda a: {"shape": list(np.shape(a)), "values": np.asarray(a).astype(object).ravel().tolist()}
    cases.append(
        {
            "name": name,
            "operators": sorted({(f"{n.domain}." if n.domain else "") + n.op_type for n in nodes}),
            "inputs": {n: tensor(a) for n, a in inputs.items()},
            "outputs": {n: tensor(a) for n, a in zip(outputs, expected)},
            "tolerance": tolerance,
        }
    )


def one(op, x, *constants, name=None, opset=21, domain="", outputs=("y",), ml=3, tolerance=1e-5, **attributes):
    """A model of one node, whose other inputs are constants."""
    names = [f"c{i}" if c is not None else "" for i, c in enumerate(constants)]
    given = {n: c for n, c in zip(names, constants) if c is not None}
    nodes = [node(op, ["x", *names], list(outputs), domain=domain, **attributes)]
    save(name or op, nodes, {"x": x}, given, outputs, opset=opset, ml=ml, tolerance=tolerance)


def functions():
    inside = lambda f, *range_: one(f, reals(1, 8, lo=range_[0], hi=range_[1]))
    for f in "Abs Asinh Atan Ceil Cos Erf Exp Floor HardSwish Mish Neg Relu Round Sigmoid Sign Sin Sinh Cosh Softplus Softsign Tanh".split():
        one(f, np.append(reals(1, 7), [[0.5]], axis=1).astype(np.float32))
    for f, lo, hi in [("Acos", -1, 1), ("Asin", -1, 1), ("Atanh", -0.9, 0.9), ("Acosh", 1, 3), ("Log", 0.1, 3), ("Sqrt", 0, 3), ("Reciprocal", 0.2, 3), ("Tan", -1, 1)]:
        inside(f, lo, hi)
    x = reals(1, 3, 4)
    one("LeakyRelu", x, alpha=0.2)
    one("LeakyRelu", x, name="LeakyRelu_default")
    for f in ["Elu", "Selu", "Celu", "HardSigmoid"]:
        one(f, x, name=f"{f}_default")
        one(f, x, alpha=0.3)
    one("Gelu", x)
    one("Gelu", x, name="Gelu_tanh", approximate="tanh")
    one("Swish", x, opset=24, alpha=1.5)
    one("ThresholdedRelu", x, alpha=0.4)
    one("Shrink", x, bias=0.3, lambd=0.5)
    one("IsInf", x, name="IsInf")
    one("IsNaN", x)
    one("Clip", x, np.float32(-0.5), np.float32(1))
    one("Clip", x, None, np.float32(1), name="Clip_upper")
    one("Clip", x, name="Clip_attributes", opset=10, min=-0.25, max=0.75)
    one("PRelu", x, reals(3, 1))
    one("PRelu", x, reals(1), name="PRelu_one")
    one("Identity", x)
    one("Dropout", x)
    one("Dropout", x, name="Dropout_attribute", opset=11, ratio=0.3)
    one("Cast", 3 * x, to=TensorProto.INT64)
    one("Cast", x, name="Cast_bool", to=TensorProto.BOOL)
    one("CastLike", 3 * x, ints(1))
    bits = np.round(x)
    is_set = [node("Cast", ["x"], ["b"], to=TensorProto.BOOL)]
    other = {"c": np.array([[[True], [False], [True]]])}
    save("Not", [*is_set, node("Not", ["b"], ["y"])], {"x": bits})
    for op in ["And", "Or", "Xor"]:
        save(op, [*is_set, node(op, ["b", "c"], ["y"])], {"x": bits}, other)
    save("Where", [*is_set, node("Where", ["b", "x", "c"], ["y"])], {"x": bits}, {"c": reals(4)})


def arithmetic():
    x, z = reals(1, 3, 4), reals(1, 3, 4, lo=0.5)
    two = lambda op, name, **a: save(name, [node(op, ["x", "z"], ["y"], **a)], {"x": x, "z": z})
    for op in ["Add", "Sub", "Mul", "Div", "Max", "Min", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]:
        two(op, op)
        one(op, x, reals(3, 1), name=f"{op}_constant")
    for op in ["Sum", "Mean"]:
        save(op, [node(op, ["x", "z", "c"], ["y"])], {"x": x, "z": z}, {"c": reals(4)})
    save("Max_three", [node("Max", ["x", "z", "c"], ["y"])], {"x": x, "z": z}, {"c": reals(4)})
    one("Mod", x, np.float32(0.7), name="Mod_fmod", fmod=1)
    whole = [node("Cast", ["x"], ["i"], to=TensorProto.INT64)]
    save("Mod", [*whole, node("Mod", ["i", "c"], ["y"])], {"x": np.round(5 * x)}, {"c": ints(3)})
    save("Div_integers", [*whole, node("Div", ["i", "c"], ["y"])], {"x": np.round(5 * x)}, {"c": ints(3)})
    one("Pow", x, np.float32(3))
    one("Pow", z, np.float32(0.5), name="Pow_root")
    one("Pow", z, reals(4, lo=0.5), name="Pow_each")
    one("MatMul", reals(1, 3, 4), reals(4, 2))
    one("MatMul", reals(1, 2, 3, 4), reals(2, 4, 2), name="MatMul_batched")
    one("MatMul", reals(1, 4), reals(4), name="MatMul_vector")
    save("MatMul_two", [node("MatMul", ["x", "z"], ["y"])], {"x": reals(1, 3, 4), "z": reals(1, 4, 2)})
    one("Gemm", reals(1, 4), reals(2, 4), reals(2), transB=1)
    one("Gemm", reals(1, 4), reals(4, 2), reals(1, 2), name="Gemm_scaled", alpha=0.5, beta=2.0)
    one("Gemm", reals(1, 4), reals(1, 3), name="Gemm_transposed", transA=1)
    one("CumSum", reals(1, 3, 4), np.int64(1))
    one("CumSum", reals(1, 3, 4), np.int64(-1), name="CumSum_reverse", exclusive=1, reverse=1)
    one("Einsum", reals(1, 3, 4), reals(5, 4), equation="bij,kj->bki")
    one("Einsum", reals(1, 3, 4), name="Einsum_one", equation="bij->ji")
    one("Einsum", reals(1, 2, 3, 4), reals(2, 4, 5), name="Einsum_batch", equation="bhqd,hdk->bhqk")
    one("Einsum", reals(1, 3), reals(3), name="Einsum_implicit", equation="bi,i")


def convolutions():
    x, w = reals(1, 4, 5, 6), reals(6, 4, 3, 3)
    one("Conv", x, w, reals(6), pads=[1, 1, 1, 1])
    one("Conv", x, reals(4, 2, 3, 2), name="Conv_groups", group=2, strides=[2, 1], pads=[0, 1, 1, 0])
    one("Conv", x, reals(4, 1, 3, 3), name="Conv_depthwise", group=4, dilations=[2, 1])
    one("Conv", x, w, name="Conv_same_upper", auto_pad="SAME_UPPER", strides=[2, 2])
    one("Conv", x, w, name="Conv_same_lower", auto_pad="SAME_LOWER", strides=[2, 2])
    one("Conv", reals(1, 2, 7), reals(3, 2, 3), reals(3), name="Conv_1d", strides=[2], pads=[1, 1])
    one("Conv", reals(1, 2, 3, 4, 3), reals(2, 2, 2, 2, 2), name="Conv_3d")
    one("ConvTranspose", reals(1, 2, 3, 3), reals(2, 3, 3, 3), reals(3), strides=[2, 2], pads=[1, 0, 1, 1], output_padding=[1, 0])
    one("ConvTranspose", reals(1, 4, 3, 2), reals(4, 2, 2, 3), name="ConvTranspose_groups", group=2, dilations=[2, 1])
    one("ConvTranspose", reals(1, 2, 4), reals(2, 1, 3), name="ConvTranspose_shape", strides=[3], output_shape=[11])
    one("ConvTranspose", reals(1, 2, 4), reals(2, 1, 3), name="ConvTranspose_same", strides=[2], auto_pad="SAME_UPPER")
    for op, more in [("MaxPool", {}), ("AveragePool", {}), ("AveragePool", {"count_include_pad": 1})]:
        end = "_included" if more else ""
        one(op, x, name=f"{op}{end}", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1], **more)
        one(op, x, name=f"{op}{end}_ceil", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, pads=[1, 1, 0, 0], **more)
    one("MaxPool", x, name="MaxPool_same", kernel_shape=[2, 2], auto_pad="SAME_UPPER")
    one("MaxPool", reals(1, 2, 7), name="MaxPool_1d", kernel_shape=[3])
    one("GlobalAveragePool", x)
    one("GlobalMaxPool", x)


def reductions():
    x = reals(1, 3, 4, lo=0.1)
    for op in "Sum Mean Max Min Prod L1 L2 SumSquare LogSum LogSumExp".split():
        one(f"Reduce{op}", x, ints(1), keepdims=0)
        one(f"Reduce{op}", x, ints(-1, 1), name=f"Reduce{op}_keep")
    one("ReduceSum", x, name="ReduceSum_all", opset=13)
    one("ReduceMean", x, name="ReduceMean_attribute", opset=13, axes=[-1])
    one("ReduceSum", x, name="ReduceSum_none", noop_with_empty_axes=1)
    ties = np.array([[[1, 3, 3], [2, 0, 2]]], dtype=np.float32)
    for op in ["ArgMax", "ArgMin"]:
        one(op, ties, axis=-1, keepdims=0)
        one(op, ties, name=f"{op}_last", axis=2, select_last_index=1)
    for op in ["Softmax", "LogSoftmax"]:
        one(op, reals(1, 3, 4), axis=1)
        one(op, reals(1, 3, 4), name=f"{op}_old", opset=11, axis=1)
    one("LpNormalization", x, axis=-1, p=1)
    one("LpNormalization", x, name="LpNormalization_2", axis=1)


def normalisations():
    x = reals(1, 4, 3, 2)
    c = lambda: reals(4, lo=0.5)
    one("BatchNormalization", x, c(), c(), c(), c(), epsilon=1e-3)
    one("InstanceNormalization", x, c(), c())
    one("GroupNormalization", x, c(), c(), num_groups=2)
    one("GroupNormalization", x, reals(2), reals(2), name="GroupNormalization_18", opset=18, num_groups=2)
    one("LayerNormalization", reals(1, 3, 4), c(), c())
    one("LayerNormalization", reals(1, 3, 4), reals(3, 4), name="LayerNormalization_axis", axis=1)
    one("RMSNormalization", reals(1, 3, 4), c(), opset=23)


def shapes():
    x = reals(1, 2, 3, 4)
    one("Reshape", x, ints(0, -1, 4))
    one("Flatten", x)
    one("Flatten", x, name="Flatten_2", axis=2)
    one("Squeeze", x, ints(0))
    one("Squeeze", x, name="Squeeze_old", opset=11, axes=[0])
    one("Unsqueeze", x, ints(1, -1))
    one("Transpose", x, perm=[0, 3, 1, 2])
    one("Transpose", x, name="Transpose_default")
    one("Expand", reals(1, 3, 1), ints(2, 1, 4))
    one("Tile", x, ints(1, 2, 1, 2))
    save("Concat", [node("Concat", ["x", "c", "x"], ["y"], axis=-1)], {"x": reals(1, 3)}, {"c": reals(1, 2)})
    one("Split", reals(1, 5), ints(2, 3), outputs=("y", "z"), axis=1)
    one("Split", reals(1, 5), name="Split_even", outputs=("y", "z"), axis=1, num_outputs=2)
    one("Slice", x, ints(0, 2), ints(3, -10), ints(1, 3), ints(1, -1))
    one("Slice", x, ints(-1, 3), ints(-100, 0), ints(2, 3), ints(-2, -2), name="Slice_backwards")
    one("Slice", x, name="Slice_old", opset=9, starts=[1], ends=[9], axes=[2])
    for mode in ["constant", "reflect", "edge", "wrap"]:
        value = (np.float32(1.5),) if mode == "constant" else ()
        one("Pad", x, ints(0, 0, 1, 2, 0, 0, 1, 1), *value, name=f"Pad_{mode}", mode=mode)
    one("Pad", x, ints(1, -1), None, ints(3), name="Pad_axes")
    for mode in ["DCR", "CRD"]:
        one("DepthToSpace", reals(1, 8, 2, 3), name=f"DepthToSpace_{mode}", blocksize=2, mode=mode)
    one("SpaceToDepth", reals(1, 2, 4, 6), blocksize=2)
    one("Trilu", reals(1, 3, 4), np.int64(1))
    one("Trilu", reals(1, 3, 4), name="Trilu_lower", upper=0)
    one("Size", x)
    one("EyeLike", reals(1, 3))
    dims = [node("Shape", ["x"], ["s"]), node("Gather", ["s", "i"], ["d"]), node("Concat", ["one", "d"], ["t"], axis=0)]
    save("Shape", [*dims, node("Reshape", ["x", "t"], ["y"])], {"x": x}, {"i": ints(3), "one": ints(-1)})
    save("Range", [node("Range", ["a", "b", "c"], ["r"]), node("Mul", ["x", "r"], ["y"])], {"x": reals(1, 4)},
         {"a": np.float32(1), "b": np.float32(9), "c": np.float32(2)})
    filled = node("ConstantOfShape", ["s"], ["f"], value=numpy_helper.from_array(np.array([2.5], np.float32)))
    save("ConstantOfShape", [filled, node("Add", ["x", "f"], ["y"])], {"x": reals(1, 3)}, {"s": ints(2, 3)})
    for name, given in [("value_float", 1.5), ("value_floats", [1.0, 2.0]), ("value_ints", [1, 2]), ("value_int", 3)]:
        made = [node("Constant", [], ["c"], **{name: given}), node("Cast", ["c"], ["f"], to=1)]
        save(f"Constant_{name}", [*made, node("Add", ["x", "f"], ["y"])], {"x": reals(1, 2)})
    one("Gather", x, ints(2, 0, -1), axis=2)
    one("Gather", x, np.int64(1), name="Gather_scalar", axis=1)
    computed = [node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("Gather", ["t", "i"], ["y"])]
    save("Gather_computed", computed, {"x": np.array([[2, 0, 1]], np.float32)}, {"t": reals(4, 3)})
    one("GatherElements", reals(1, 2, 3), np.array([[[0, -1], [2, 1]]]), axis=2)
    one("GatherND", reals(1, 2, 3), np.array([[[0, 1], [0, 0]]]))
    hot = [node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("OneHot", ["i", "d", "v"], ["y"])]
    save("OneHot", hot, {"x": np.array([[2, 0, -1]], np.float32)}, {"d": ints(4), "v": np.array([0, 1], np.float32)})
    for mode in ["nearest", "linear"]:
        for place in ["half_pixel", "asymmetric", "align_corners"]:
            one("Resize", reals(1, 1, 3, 4), None, np.array([1, 1, 2, 1.5], np.float32), name=f"Resize_{mode}_{place}",
                mode=mode, coordinate_transformation_mode=place, tolerance=1e-4)
    one("Resize", reals(1, 1, 4, 4), None, None, ints(1, 1, 3, 6), name="Resize_sizes", mode="nearest")
    one("Upsample", reals(1, 1, 2, 2), np.array([1, 1, 2, 3], np.float32), opset=9)


def quantised():
    x = reals(1, 3, 4, lo=-3, hi=3)
    u8, i8, f = (lambda *v: np.array(v, np.uint8)), (lambda *v: np.array(v, np.int8)), (lambda *v: np.array(v, np.float32))

    def pair(name, scale, zero, **axis):
        nodes = [node("QuantizeLinear", ["x", "s", "z"], ["q"], **axis), node("DequantizeLinear", ["q", "s", "z"], ["y"], **axis)]
        save(name, nodes, {"x": x}, {"s": scale, "z": zero})

    pair("QuantizeLinear", np.float32(0.25), np.uint8(7))
    pair("QuantizeLinear_signed", np.float32(0.25), np.int8(-3))
    pair("QuantizeLinear_axis", f(0.25, 0.5, 0.125), i8(0, 3, -2), axis=1)
    four = helper.make_node("QuantizeLinear", ["x", "s"], ["q"], output_dtype=TensorProto.INT4)
    save("QuantizeLinear_int4", [four, node("DequantizeLinear", ["q", "s"], ["y"])], {"x": x}, {"s": np.float32(0.5)})
    narrow = [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("Clip", ["q", "lo", "hi"], ["c"]), node("DequantizeLinear", ["c", "s", "z"], ["y"])]
    save("QuantizeLinear_clip", narrow, {"x": x}, {"s": np.float32(0.25), "z": np.int8(0), "lo": np.int8(-4), "hi": np.int8(3)})
    shaped = [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("Transpose", ["q"], ["t"], perm=[0, 2, 1]), node("DequantizeLinear", ["t", "s", "z"], ["y"])]
    save("QuantizeLinear_moved", shaped, {"x": x}, {"s": np.float32(0.25), "z": np.uint8(100)})
    stored = [node("DequantizeLinear", ["w", "s", "z"], ["f"], axis=1), node("MatMul", ["x", "f"], ["y"])]
    save("DequantizeLinear", stored, {"x": x}, {"w": rng.integers(-128, 128, (4, 2)).astype(np.int8), "s": f(0.5, 0.25), "z": i8(1, 0)})
    quantise = node("QuantizeLinear", ["x", "s", "z"], ["q"])
    dequantise = node("DequantizeLinear", ["r", "ys", "yz"], ["y"])
    scales = {"s": np.float32(0.0217), "z": np.uint8(128), "ys": np.float32(0.0573), "yz": np.uint8(120)}
    weights = {"w": rng.integers(-9, 10, (2, 3, 3)).astype(np.int8), "ws": f(0.1, 0.2), "wz": i8(0, 0), "b": np.array([5, -7], np.int32)}
    conv = node("QLinearConv", ["q", "s", "z", "w", "ws", "wz", "ys", "yz", "b"], ["r"], pads=[1, 1])
    save("QLinearConv", [quantise, conv, dequantise], {"x": x}, {**scales, **weights}, tolerance=1e-4)
    weights = {"w": rng.integers(0, 256, (4, 2)).astype(np.uint8), "ws": np.float32(0.01), "wz": np.uint8(128)}
    matmul = node("QLinearMatMul", ["q", "s", "z", "w", "ws", "wz", "ys", "yz"], ["r"])
    save("QLinearMatMul", [quantise, matmul, dequantise], {"x": x}, {**scales, **weights}, tolerance=1e-4)
    to_real = node("Cast", ["r"], ["y"], to=1)
    integers = node("MatMulInteger", ["q", "w", "z", "wz"], ["r"])
    save("MatMulInteger", [quantise, integers, to_real], {"x": x}, {"s": scales["s"], "z": scales["z"], "w": weights["w"], "wz": weights["wz"]})
    integers = node("ConvInteger", ["q", "w", "z"], ["r"], pads=[0, 1])
    save("ConvInteger", [quantise, integers, to_real], {"x": x}, {"s": scales["s"], "z": scales["z"], "w": rng.integers(0, 9, (2, 3, 2)).astype(np.uint8)})

    def qonnx(name, op, constants, expected, **attributes):
        nodes = [node(op, ["x", *constants], ["y"], domain="qonnx.custom_op.general", **attributes)]
        save(name, nodes, {"x": x}, constants, expected=[expected])

    def quant(scale, zero, lo, hi, rounding=np.round):
        return (np.clip(rounding(x.astype(float) / scale + zero), lo, hi) - zero) * scale

    bits = lambda scale, zero, width: {"s": np.float32(scale), "z": np.float32(zero), "b": np.float32(width)}
    qonnx("Quant", "Quant", bits(0.5, 0, 3), quant(0.5, 0, -4, 3), signed=1, narrow=0, rounding_mode="ROUND")
    qonnx("Quant_narrow", "Quant", bits(0.5, 0, 3), quant(0.5, 0, -3, 3), signed=1, narrow=1, rounding_mode="ROUND")
    qonnx("Quant_unsigned", "Quant", bits(0.5, 3, 3), quant(0.5, 3, 0, 7), signed=0, narrow=0, rounding_mode="ROUND")
    qonnx("Quant_floor", "Quant", bits(0.25, 0, 8), quant(0.25, 0, -128, 127, np.floor), signed=1, narrow=0, rounding_mode="FLOOR")
    each = np.array([[[0.25], [0.5], [1]]], np.float32)
    qonnx("Quant_axis", "Quant", {**bits(1, 0, 4), "s": each}, quant(each.astype(float), 0, -8, 7), signed=1, narrow=0, rounding_mode="ROUND")
    qonnx("BipolarQuant", "BipolarQuant", {"s": np.float32(0.5)}, np.where(x >= 0, 0.5, -0.5))
    steps = np.round(x.astype(float) / 0.125)
    cut = {"s": np.float32(0.125), "z": np.float32(0), "i": np.float32(6), "o": np.float32(4)}
    qonnx("Trunc", "Trunc", cut, np.floor(steps / 4) * 0.125, rounding_mode="FLOOR")


def machine_learning():
    ml = lambda op, x, *c, name=None, **a: one(op, x, *c, name=name or op, domain="ai.onnx.ml", **a)
    x = reals(1, 3)
    ml("Scaler", x, offset=[0.5, 1.0, -1.0], scale=[2.0, 0.5, 3.0])
    for norm in ["L1", "L2", "MAX"]:
        ml("Normalizer", x, name=f"Normalizer_{norm}", norm=norm)
    ml("Binarizer", x, threshold=0.25)
    ml("Imputer", np.array([[1, 0, 2]], np.float32), imputed_value_floats=[7.0, 8.0, 9.0], replaced_value_float=0.0)
    ml("ArrayFeatureExtractor", x, ints(2, 0))
    save("FeatureVectorizer", [node("FeatureVectorizer", ["x", "z"], ["y"], domain="ai.onnx.ml", inputdimensions=[3, 2])], {"x": x, "z": reals(1, 2)})
    whole = [node("Cast", ["x"], ["i"], to=TensorProto.INT64)]
    labels = np.array([[2, 5, 9]], np.float32)
    encoder = lambda **a: [*whole, node("LabelEncoder", ["i"], ["y"], domain="ai.onnx.ml", **a)]
    save("LabelEncoder", encoder(keys_int64s=[5, 2], values_floats=[1.5, 2.5], default_float=-1.0), {"x": labels})
    save("LabelEncoder_strings", encoder(keys_int64s=[9, 2, 5], values_strings=["c", "a", "b"]), {"x": labels})
    save("OneHotEncoder", [*whole, node("OneHotEncoder", ["i"], ["y"], domain="ai.onnx.ml", cats_int64s=[2, 5, 7], zeros=1)], {"x": labels})
    ml("LinearRegressor", x, coefficients=list(reals(6)), intercepts=[0.5, -1.0], targets=2)
    classify = lambda name, op, **a: ml(op, x, name=name, outputs=("label", "y"), **a)
    for transform in ["NONE", "SOFTMAX", "LOGISTIC"]:
        classify(f"LinearClassifier_{transform}", "LinearClassifier", coefficients=list(reals(9)), intercepts=[0.1, 0.2, 0.3],
                 classlabels_ints=[3, 5, 8], post_transform=transform)
    for transform in ["NONE", "LOGISTIC"]:
        classify(f"LinearClassifier_one_{transform}", "LinearClassifier", coefficients=list(reals(3)), intercepts=[0.1],
                 classlabels_strings=["no", "yes"], post_transform=transform)
    ml("SVMRegressor", x, kernel_type="LINEAR", kernel_params=[0.0, 0.0, 0.0], coefficients=[0.5, -1.0], support_vectors=list(reals(6)), n_supports=2, rho=[0.25])
    ml("SVMRegressor", x, name="SVMRegressor_weights", kernel_type="LINEAR", kernel_params=[0.0, 0.0, 0.0], coefficients=list(reals(3)), rho=[0.25])
    classify("SVMClassifier", "SVMClassifier", kernel_type="LINEAR", kernel_params=[0.0, 0.0, 0.0], coefficients=[0.5, -1.0], support_vectors=list(reals(6)),
             vectors_per_class=[1, 1], rho=[0.25], classlabels_ints=[0, 1])
    classify("SVMClassifier_weights", "SVMClassifier", kernel_type="LINEAR", kernel_params=[0.0, 0.0, 0.0], coefficients=list(reals(9)), rho=[0.25], classlabels_ints=[0, 1, 2])
    table = node("ZipMap", ["p"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])
    p = reals(1, 2)
    save("ZipMap", [node("Sigmoid", ["x"], ["p"]), table], {"x": p}, expected=[1 / (1 + np.exp(-p.astype(float)))])
    # x0 <= 0 ? (x1 < 1 ? leaf : leaf) : leaf, twice
    tree = dict(
        nodes_treeids=[0] * 5 + [1] * 3, nodes_nodeids=[0, 1, 2, 3, 4, 0, 1, 2], nodes_featureids=[0, 1, 0, 0, 0, 2, 0, 0],
        nodes_values=[0.0, 1.0, 0, 0, 0, -0.5, 0, 0], nodes_modes=["BRANCH_LEQ", "BRANCH_LT", "LEAF", "LEAF", "LEAF", "BRANCH_GT", "LEAF", "LEAF"],
        nodes_truenodeids=[1, 2, 0, 0, 0, 1, 0, 0], nodes_falsenodeids=[4, 3, 0, 0, 0, 2, 0, 0],
    )
    leaves = dict(treeids=[0, 0, 0, 1, 1], nodeids=[2, 3, 4, 1, 2])
    targets = {f"target_{k}": v for k, v in leaves.items()}
    for aggregate in ["SUM", "AVERAGE"]:
        ml("TreeEnsembleRegressor", x, name=f"TreeEnsembleRegressor_{aggregate}", **tree, **targets, target_ids=[0] * 5,
           target_weights=[1.0, 2.0, 3.0, -4.0, 5.0], n_targets=1, base_values=[0.5], aggregate_function=aggregate)
    classes = {f"class_{k}": v for k, v in leaves.items()}
    for transform in ["NONE", "LOGISTIC"]:
        for sign, weights in [("", [0.1, 0.2, 0.3, 0.2, 0.5]), ("_signed", [1.0, -2.0, 0.5, -0.25, 1.5])]:
            classify(f"TreeEnsembleClassifier_{transform}{sign}", "TreeEnsembleClassifier", **tree, **classes, class_ids=[0] * 5,
                     class_weights=weights, classlabels_int64s=[0, 1], post_transform=transform)
    classify("TreeEnsembleClassifier_many", "TreeEnsembleClassifier", **tree, **classes, class_ids=[0, 1, 2, 1, 2],
             class_weights=[1.0, 2.0, 3.0, 1.0, 2.0], classlabels_strings=["a", "b", "c"], post_transform="SOFTMAX")
    as_tensor = lambda a: numpy_helper.from_array(a)
    new = dict(
        n_targets=2, aggregate_function=1, post_transform=0, tree_roots=[0, 2], nodes_featureids=[0, 1, 2],
        nodes_modes=as_tensor(np.array([0, 1, 3], np.uint8)), nodes_splits=as_tensor(np.array([0, 1, -0.5], np.float32)),
        nodes_truenodeids=[1, 0, 3], nodes_trueleafs=[0, 1, 1], nodes_falsenodeids=[2, 1, 4], nodes_falseleafs=[1, 1, 1],
        leaf_targetids=[0, 1, 0, 1, 1], leaf_weights=as_tensor(np.array([1, 2, 3, -4, 5], np.float32)),
    )
    ml("TreeEnsemble", x, ml=5, **new)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.onnx"):
        old.unlink()
    for make in [functions, arithmetic, convolutions, reductions, normalisations, shapes, quantised, machine_learning]:
        make()
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "operators.json").write_text(f"[\n{lines}\n]\n")
    print(len(cases), "models")
