//! The list of operators, sorted by domain and name.

use super::super::node::{Imported, Node};
use super::reductions::Shape;
use super::{
    Cost, Operator, arithmetic, convolution, elementwise, indexing, linear_models, normalisation,
    preparation, quantisation, reductions, shapes, trees,
};
use crate::model::op::{Binary, Reduce};
use cloakwork_abi::processing::Function;

/// Names of the domains.
const QONNX: &str = "qonnx.custom_op.general";
const ML: &str = "ai.onnx.ml";

/// Every operator that can be imported.
pub const OPERATORS: &[Operator] = &[
    operator("", "Abs", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Abs)),
    operator("", "Acos", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Acos)),
    operator("", "Acosh", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Acosh)),
    operator("", "Add", 7, "a sum", Cost::Linear, |node| arithmetic::binary(node, Binary::Add)),
    operator("", "And", 7, "0 or 1; with a constant a function", Cost::Lookups, |node| {
        arithmetic::compare(node, Binary::And)
    }),
    operator("", "ArgMax", 1, "the position of the greatest", Cost::Client, |node| {
        reductions::arg_extreme(node, true)
    }),
    operator("", "ArgMin", 1, "the position of the least", Cost::Client, |node| {
        reductions::arg_extreme(node, false)
    }),
    operator("", "Asin", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Asin)),
    operator("", "Asinh", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Asinh)),
    operator("", "Atan", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Atan)),
    operator("", "Atanh", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Atanh)),
    operator("", "AveragePool", 7, "the mean of each window", Cost::Linear, convolution::average_pool),
    operator(
        "",
        "BatchNormalization",
        7,
        "a product and a sum, which the layer before takes in",
        Cost::Linear,
        normalisation::batch,
    ),
    operator(
        "",
        "Cast",
        6,
        "nothing; rounding towards 0 from reals to integers",
        Cost::Table,
        elementwise::cast,
    ),
    operator("", "CastLike", 15, "as `Cast`", Cost::Table, elementwise::cast_like),
    operator("", "Ceil", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Ceil)),
    operator("", "Celu", 1, "a function", Cost::Table, elementwise::celu),
    operator("", "Clip", 1, "a function", Cost::Table, elementwise::clip),
    operator("", "Concat", 4, "a rearrangement", Cost::Nothing, shapes::concat),
    operator("", "Constant", 1, "a constant", Cost::Nothing, shapes::constant),
    operator("", "ConstantOfShape", 9, "a constant", Cost::Nothing, shapes::constant_of_shape),
    operator("", "Conv", 1, "a convolution", Cost::Linear, convolution::conv),
    operator("", "ConvInteger", 10, "a convolution", Cost::Linear, quantisation::conv_integer),
    operator(
        "",
        "ConvTranspose",
        1,
        "a convolution of the value with zeros put in",
        Cost::Linear,
        convolution::conv_transpose,
    ),
    operator("", "Cos", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Cos)),
    operator("", "Cosh", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Cosh)),
    operator("", "CumSum", 11, "a product with a triangle of ones", Cost::Linear, arithmetic::cumulative_sum),
    operator("", "DepthToSpace", 1, "a rearrangement", Cost::Nothing, shapes::depth_to_space),
    operator(
        "",
        "DequantizeLinear",
        10,
        "the integers' reals",
        Cost::Nothing,
        quantisation::dequantise_linear,
    ),
    operator("", "Div", 7, "a quotient; by a constant, a product", Cost::Linear, arithmetic::div),
    operator("", "Dropout", 7, "nothing: another name", Cost::Nothing, elementwise::dropout),
    operator("", "Einsum", 12, "a matrix product between transpositions", Cost::Linear, arithmetic::einsum),
    operator("", "Elu", 1, "a function", Cost::Table, elementwise::elu),
    operator("", "Equal", 7, "0 or 1; with a constant a function", Cost::Lookups, |node| {
        arithmetic::compare(node, Binary::Equal)
    }),
    operator("", "Erf", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Erf)),
    operator("", "Exp", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Exp)),
    operator("", "Expand", 8, "a rearrangement", Cost::Nothing, shapes::expand),
    operator("", "EyeLike", 9, "a constant", Cost::Nothing, shapes::eye_like),
    operator("", "Flatten", 1, "a rearrangement", Cost::Nothing, shapes::flatten),
    operator("", "Floor", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Floor)),
    operator(
        "",
        "Gather",
        1,
        "a rearrangement; at computed positions a product with unit vectors",
        Cost::Linear,
        indexing::gather,
    ),
    operator("", "GatherElements", 11, "a rearrangement", Cost::Nothing, indexing::gather_elements),
    operator("", "GatherND", 11, "a rearrangement", Cost::Nothing, indexing::gather_nd),
    operator("", "Gelu", 1, "a function", Cost::Table, elementwise::gelu),
    operator("", "Gemm", 7, "a matrix product and a sum", Cost::Linear, arithmetic::gemm),
    operator("", "GlobalAveragePool", 1, "a mean", Cost::Linear, |node| {
        reductions::global_pool(node, Reduce::Mean)
    }),
    operator("", "GlobalMaxPool", 1, "the greatest of each channel", Cost::Lookups, |node| {
        reductions::global_pool(node, Reduce::Max)
    }),
    operator("", "Greater", 7, "0 or 1; with a constant a function", Cost::Lookups, |node| {
        arithmetic::compare(node, Binary::Greater)
    }),
    operator("", "GreaterOrEqual", 7, "0 or 1; with a constant a function", Cost::Lookups, |node| {
        arithmetic::compare(node, Binary::GreaterOrEqual)
    }),
    operator(
        "",
        "GroupNormalization",
        18,
        "means, squares, a power and products",
        Cost::Lookups,
        normalisation::group,
    ),
    operator("", "HardSigmoid", 1, "a function", Cost::Table, elementwise::hard_sigmoid),
    operator("", "HardSwish", 1, "a function", Cost::Table, |node| {
        elementwise::map(node, Function::HardSwish)
    }),
    operator("", "Identity", 1, "nothing: another name", Cost::Nothing, elementwise::identity),
    operator(
        "",
        "InstanceNormalization",
        6,
        "means, squares, a power and products",
        Cost::Lookups,
        normalisation::instance,
    ),
    operator("", "IsInf", 1, "a function", Cost::Table, elementwise::is_infinite),
    operator("", "IsNaN", 1, "a function", Cost::Table, |node| elementwise::test(node, Function::IsNan)),
    operator(
        "",
        "LayerNormalization",
        17,
        "means, squares, a power and products",
        Cost::Lookups,
        normalisation::layer,
    ),
    operator("", "LeakyRelu", 1, "a function", Cost::Table, elementwise::leaky_relu),
    operator("", "Less", 7, "0 or 1; with a constant a function", Cost::Lookups, |node| {
        arithmetic::compare(node, Binary::Less)
    }),
    operator("", "LessOrEqual", 7, "0 or 1; with a constant a function", Cost::Lookups, |node| {
        arithmetic::compare(node, Binary::LessOrEqual)
    }),
    operator("", "Log", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Log)),
    operator("", "LogSoftmax", 1, "the logarithm of softmax", Cost::Client, |node| {
        reductions::softmax(node, true)
    }),
    operator("", "LpNormalization", 1, "a quotient by a norm", Cost::Client, reductions::lp_normalisation),
    operator("", "MatMul", 1, "a matrix product", Cost::Linear, arithmetic::matmul),
    operator("", "MatMulInteger", 10, "a matrix product", Cost::Linear, quantisation::matmul_integer),
    operator(
        "",
        "Max",
        8,
        "the greater or smaller of two values; with a constant a function",
        Cost::Lookups,
        |node| arithmetic::fold(node, Binary::Max),
    ),
    operator("", "MaxPool", 1, "the greatest of each window", Cost::Lookups, convolution::max_pool),
    operator("", "Mean", 8, "sums and a product", Cost::Linear, arithmetic::mean),
    operator(
        "",
        "Min",
        8,
        "the greater or smaller of two values; with a constant a function",
        Cost::Lookups,
        |node| arithmetic::fold(node, Binary::Min),
    ),
    operator("", "Mish", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Mish)),
    operator("", "Mod", 10, "a remainder", Cost::Lookups, arithmetic::modulo),
    operator("", "Mul", 7, "a product", Cost::Linear, |node| arithmetic::binary(node, Binary::Mul)),
    operator("", "Neg", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Neg)),
    operator("", "Not", 1, "a function", Cost::Table, |node| elementwise::test(node, Function::Not)),
    operator("", "OneHot", 9, "comparisons with each position", Cost::Client, indexing::one_hot),
    operator("", "Or", 7, "0 or 1; with a constant a function", Cost::Lookups, |node| {
        arithmetic::compare(node, Binary::Or)
    }),
    operator("", "PRelu", 7, "sums of functions, a slope for each channel", Cost::Table, elementwise::prelu),
    operator("", "Pad", 1, "a rearrangement with constants put in", Cost::Nothing, shapes::pad),
    operator("", "Pow", 7, "a power; with a constant exponent a function", Cost::Table, arithmetic::pow),
    operator(
        "",
        "QLinearConv",
        10,
        "a convolution between roundings",
        Cost::Table,
        quantisation::qlinear_conv,
    ),
    operator(
        "",
        "QLinearMatMul",
        10,
        "a matrix product between roundings",
        Cost::Table,
        quantisation::qlinear_matmul,
    ),
    operator(
        "",
        "QuantizeLinear",
        10,
        "rounding to the integers' reals",
        Cost::Table,
        quantisation::quantise_linear,
    ),
    operator(
        "",
        "RMSNormalization",
        23,
        "squares, a mean, a power and products",
        Cost::Lookups,
        normalisation::root_mean_square,
    ),
    operator("", "Range", 11, "a constant", Cost::Nothing, shapes::range),
    operator("", "Reciprocal", 1, "a function", Cost::Table, |node| {
        elementwise::map(node, Function::Reciprocal)
    }),
    operator("", "ReduceL1", 1, "a sum of magnitudes", Cost::Table, |node| {
        reductions::reduce(node, Shape { before: Some(Function::Abs), kind: Reduce::Sum, after: None })
    }),
    operator("", "ReduceL2", 1, "the root of a sum of squares", Cost::Table, |node| {
        reductions::reduce(
            node,
            Shape {
                before: Some(Function::Power { exponent: 2.0 }),
                kind: Reduce::Sum,
                after: Some(Function::Sqrt),
            },
        )
    }),
    operator("", "ReduceLogSum", 1, "the logarithm of a sum", Cost::Table, |node| {
        reductions::reduce(node, Shape { before: None, kind: Reduce::Sum, after: Some(Function::Log) })
    }),
    operator(
        "",
        "ReduceLogSumExp",
        1,
        "the greatest, and the logarithm of a sum of powers",
        Cost::Lookups,
        reductions::log_sum_exp,
    ),
    operator("", "ReduceMax", 1, "the greatest over axes", Cost::Lookups, |node| {
        reductions::reduce(node, Shape { before: None, kind: Reduce::Max, after: None })
    }),
    operator("", "ReduceMean", 1, "a mean over axes", Cost::Linear, |node| {
        reductions::reduce(node, Shape { before: None, kind: Reduce::Mean, after: None })
    }),
    operator("", "ReduceMin", 1, "the least over axes", Cost::Lookups, |node| {
        reductions::reduce(node, Shape { before: None, kind: Reduce::Min, after: None })
    }),
    operator("", "ReduceProd", 1, "a product over axes", Cost::Lookups, |node| {
        reductions::reduce(node, Shape { before: None, kind: Reduce::Product, after: None })
    }),
    operator("", "ReduceSum", 1, "a sum over axes", Cost::Linear, |node| {
        reductions::reduce(node, Shape { before: None, kind: Reduce::Sum, after: None })
    }),
    operator("", "ReduceSumSquare", 1, "a sum of squares", Cost::Table, |node| {
        reductions::reduce(
            node,
            Shape { before: Some(Function::Power { exponent: 2.0 }), kind: Reduce::Sum, after: None },
        )
    }),
    operator("", "Relu", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Relu)),
    operator("", "Reshape", 1, "a rearrangement", Cost::Nothing, shapes::reshape),
    operator(
        "",
        "Resize",
        11,
        "a rearrangement, or products with weights between neighbours",
        Cost::Linear,
        indexing::resize,
    ),
    operator("", "Round", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Round)),
    operator("", "Selu", 1, "a function", Cost::Table, elementwise::selu),
    operator("", "Shape", 1, "a constant", Cost::Nothing, shapes::shape_of),
    operator("", "Shrink", 1, "a function", Cost::Table, elementwise::shrink),
    operator("", "Sigmoid", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Sigmoid)),
    operator("", "Sign", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Sign)),
    operator("", "Sin", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Sin)),
    operator("", "Sinh", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Sinh)),
    operator("", "Size", 1, "a constant", Cost::Nothing, shapes::size_of),
    operator("", "Slice", 1, "a rearrangement", Cost::Nothing, shapes::slice),
    operator("", "Softmax", 1, "softmax", Cost::Client, |node| reductions::softmax(node, false)),
    operator("", "Softplus", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Softplus)),
    operator("", "Softsign", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Softsign)),
    operator("", "SpaceToDepth", 1, "a rearrangement", Cost::Nothing, shapes::space_to_depth),
    operator("", "Split", 1, "a rearrangement", Cost::Nothing, shapes::split),
    operator("", "Sqrt", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Sqrt)),
    operator("", "Squeeze", 1, "a rearrangement", Cost::Nothing, shapes::squeeze),
    operator("", "Sub", 7, "a difference", Cost::Linear, |node| arithmetic::binary(node, Binary::Sub)),
    operator("", "Sum", 8, "sums", Cost::Linear, |node| arithmetic::fold(node, Binary::Add)),
    operator("", "Swish", 1, "a function", Cost::Table, elementwise::swish),
    operator("", "Tan", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Tan)),
    operator("", "Tanh", 1, "a function", Cost::Table, |node| elementwise::map(node, Function::Tanh)),
    operator("", "ThresholdedRelu", 1, "a function", Cost::Table, elementwise::thresholded_relu),
    operator("", "Tile", 6, "a rearrangement", Cost::Nothing, shapes::tile),
    operator("", "Transpose", 1, "a rearrangement", Cost::Nothing, shapes::transpose),
    operator("", "Trilu", 14, "a rearrangement", Cost::Nothing, shapes::trilu),
    operator("", "Unsqueeze", 1, "a rearrangement", Cost::Nothing, shapes::unsqueeze),
    operator("", "Upsample", 7, "a rearrangement", Cost::Nothing, indexing::upsample),
    operator("", "Where", 9, "a choice between two values", Cost::Lookups, elementwise::select),
    operator("", "Xor", 7, "0 or 1; with a constant a function", Cost::Lookups, |node| {
        arithmetic::compare(node, Binary::Xor)
    }),
    operator(
        ML,
        "ArrayFeatureExtractor",
        1,
        "a rearrangement; of labels at computed positions, labels",
        Cost::Nothing,
        indexing::array_feature_extractor,
    ),
    operator(ML, "Binarizer", 1, "a comparison with a constant", Cost::Table, preparation::binariser),
    operator(ML, "FeatureVectorizer", 1, "a rearrangement", Cost::Nothing, preparation::feature_vectoriser),
    operator(
        ML,
        "Imputer",
        1,
        "nothing; a choice where a number stands for missing ones",
        Cost::Table,
        preparation::imputer,
    ),
    operator(
        ML,
        "LabelEncoder",
        2,
        "labels, or comparisons with each key",
        Cost::Client,
        indexing::label_encoder,
    ),
    operator(
        ML,
        "LinearClassifier",
        1,
        "a matrix product; probabilities and labels from it",
        Cost::Linear,
        linear_models::classifier,
    ),
    operator(ML, "LinearRegressor", 1, "a matrix product", Cost::Linear, linear_models::regressor),
    operator(ML, "Normalizer", 1, "a quotient by a norm", Cost::Client, preparation::normaliser),
    operator(
        ML,
        "OneHotEncoder",
        1,
        "comparisons with each category",
        Cost::Client,
        indexing::one_hot_encoder,
    ),
    operator(
        ML,
        "SVMClassifier",
        1,
        "a matrix product; linear kernels only",
        Cost::Linear,
        linear_models::svm_classifier,
    ),
    operator(
        ML,
        "SVMRegressor",
        1,
        "a matrix product; linear kernels only",
        Cost::Linear,
        linear_models::svm_regressor,
    ),
    operator(ML, "Scaler", 1, "a difference and a product", Cost::Linear, preparation::scaler),
    operator(ML, "TreeEnsemble", 5, "trees", Cost::Lookups, trees::stored_by_position),
    operator(
        ML,
        "TreeEnsembleClassifier",
        1,
        "trees; probabilities and labels from their sums",
        Cost::Lookups,
        trees::classifier,
    ),
    operator(ML, "TreeEnsembleRegressor", 1, "trees", Cost::Lookups, trees::regressor),
    operator(ML, "ZipMap", 1, "nothing: probabilities stay a list", Cost::Nothing, preparation::zip_map),
    operator(QONNX, "BipolarQuant", 1, "a sign times a scale", Cost::Table, quantisation::bipolar_quant),
    operator(QONNX, "Quant", 1, "rounding to the integers' reals", Cost::Table, quantisation::quant),
    operator(QONNX, "Trunc", 1, "rounding to fewer bits", Cost::Table, quantisation::trunc),
];

#[allow(clippy::too_many_arguments, reason = "a row of the table")]
const fn operator(
    domain: &'static str,
    name: &'static str,
    since: i64,
    becomes: &'static str,
    cost: Cost,
    import: fn(&mut Node<'_>) -> Imported,
) -> Operator {
    Operator { domain, name, since, becomes, cost, import }
}
