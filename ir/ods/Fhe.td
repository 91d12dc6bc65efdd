// The `fhe` dialect: encrypted integers of a width, tensors of them, lookups of clear tables.
// Meaning, verifiers and folding of every op are in Rust: src/linear.rs, src/fhe.rs, src/verify.rs.
#ifndef CLOAKWORK_FHE_TD
#define CLOAKWORK_FHE_TD

include "Common.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"

def Fhe_Dialect : Dialect {
  let name = "fhe";
  let summary = "Encrypted integers and tensors of them";
  let cppNamespace = "::cloakwork::fhe";
  let useDefaultTypePrinterParser = 1;
}

class Fhe_IntegerType<string cls, string text> : TypeDef<Fhe_Dialect, cls> {
  let mnemonic = text;
  let parameters = (ins "unsigned":$width); // 0: not yet known
  let assemblyFormat = "`<` custom<Width>($width) `>`";
  let genVerifyDecl = 1;
}
def Fhe_EInt : Fhe_IntegerType<"EInt", "eint"> { let summary = "An encrypted unsigned integer"; }
def Fhe_ESInt : Fhe_IntegerType<"ESInt", "esint"> { let summary = "An encrypted signed integer"; }
def Fhe_EFloat : TypeDef<Fhe_Dialect, "EFloat"> {
  let summary = "A real number between encrypted integers; fused away before parameters are chosen";
  let mnemonic = "efloat";
}

def Fhe_Integer : AnyTypeOf<[Fhe_EInt, Fhe_ESInt, RankedTensorOf<[Fhe_EInt, Fhe_ESInt]>],
                            "an encrypted integer or a tensor of them">;
def Fhe_MapOperand : AnyTypeOf<[Fhe_EInt, Fhe_ESInt, Fhe_EFloat, I64, F64,
                               RankedTensorOf<[Fhe_EInt, Fhe_ESInt, Fhe_EFloat, I64, F64]>],
                              "a number, encrypted or clear, or a tensor of them">;
def Fhe_MapResult : AnyTypeOf<[Fhe_EInt, Fhe_ESInt, Fhe_EFloat,
                               RankedTensorOf<[Fhe_EInt, Fhe_ESInt, Fhe_EFloat]>],
                              "an encrypted number or a tensor of them">;

def Fhe_ConstantOp : Cloakwork_ConstantOp<Fhe_Dialect, Fhe_Integer>;
def Fhe_AddOp : Cloakwork_BinaryOp<Fhe_Dialect, "add", Fhe_Integer, Fhe_Integer, Fhe_Integer, [Commutative]>;
def Fhe_SubOp : Cloakwork_BinaryOp<Fhe_Dialect, "sub", Fhe_Integer, Fhe_Integer, Fhe_Integer>;
def Fhe_NegOp : Cloakwork_UnaryOp<Fhe_Dialect, "neg", Fhe_Integer>;
def Fhe_AddClearOp : Cloakwork_BinaryOp<Fhe_Dialect, "add_clear", Fhe_Integer, Cloakwork_ClearInt, Fhe_Integer>;
def Fhe_MulClearOp : Cloakwork_BinaryOp<Fhe_Dialect, "mul_clear", Fhe_Integer, Cloakwork_ClearInt, Fhe_Integer>;
def Fhe_DotOp : Cloakwork_BinaryOp<Fhe_Dialect, "dot", Fhe_Integer, Cloakwork_ClearInt, Fhe_Integer>;
def Fhe_MatmulOp : Cloakwork_BinaryOp<Fhe_Dialect, "matmul", AnyTypeOf<[Fhe_Integer, Cloakwork_ClearInt]>,
                                      AnyTypeOf<[Fhe_Integer, Cloakwork_ClearInt]>, Fhe_Integer>;
def Fhe_Conv2dOp : Cloakwork_Conv2dOp<Fhe_Dialect, Fhe_Integer>;
def Fhe_SumOp : Cloakwork_SumOp<Fhe_Dialect, Fhe_Integer>;
def Fhe_ReshapeOp : Cloakwork_UnaryOp<Fhe_Dialect, "reshape", Fhe_Integer>;
def Fhe_TransposeOp : Cloakwork_TransposeOp<Fhe_Dialect, Fhe_Integer>;
def Fhe_SliceOp : Cloakwork_SliceOp<Fhe_Dialect, Fhe_Integer>;
def Fhe_GatherOp : Cloakwork_GatherOp<Fhe_Dialect, Fhe_Integer>;
def Fhe_GatherAtOp : Cloakwork_GatherAtOp<Fhe_Dialect, Fhe_Integer>;
def Fhe_SetAtOp : Cloakwork_SetAtOp<Fhe_Dialect, Fhe_Integer>;
def Fhe_ConcatOp : Cloakwork_ConcatOp<Fhe_Dialect, Fhe_Integer>;
def Fhe_BroadcastOp : Cloakwork_UnaryOp<Fhe_Dialect, "broadcast", Fhe_Integer>;

def Fhe_LookupOp : Cloakwork_PureOp<Fhe_Dialect, "lookup"> {
  let summary = "Table lookup: element i becomes tables[selector[i]][v mod 2^width]";
  let arguments = (ins Fhe_Integer:$input, I64ElementsAttr:$tables, OptionalAttr<I64ElementsAttr>:$selector);
  let results = (outs Fhe_Integer:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

class Fhe_PairwiseOp<string mnemonic, list<Trait> traits = []>
    : Cloakwork_BinaryOp<Fhe_Dialect, mnemonic, Fhe_Integer, Fhe_Integer, Fhe_Integer, traits>;

def Fhe_MulOp : Fhe_PairwiseOp<"mul", [Commutative]> { let summary = "Elementwise `x · y` of two encrypted integers"; }
def Fhe_MinOp : Fhe_PairwiseOp<"min", [Commutative]> { let summary = "The lesser of each pair"; }
def Fhe_MaxOp : Fhe_PairwiseOp<"max", [Commutative]> { let summary = "The greater of each pair"; }
def Fhe_AndOp : Fhe_PairwiseOp<"and", [Commutative]> { let summary = "Bits on in both; negative values in two's complement"; }
def Fhe_OrOp : Fhe_PairwiseOp<"or", [Commutative]> { let summary = "Bits on in either; negative values in two's complement"; }
def Fhe_XorOp : Fhe_PairwiseOp<"xor", [Commutative]> { let summary = "Bits on in exactly one; negative values in two's complement"; }
def Fhe_ShiftLeftOp : Fhe_PairwiseOp<"shift_left"> { let summary = "`x · 2^y`, `y ≥ 0`"; }
def Fhe_ShiftRightOp : Fhe_PairwiseOp<"shift_right"> { let summary = "`⌊x / 2^y⌋`, `y ≥ 0`"; }
def Fhe_CompareOp : Cloakwork_PureOp<Fhe_Dialect, "compare"> {
  let summary = "1 where the relation holds, else 0; `predicate` is eq, ne, lt, le, gt or ge";
  let arguments = (ins Fhe_Integer:$lhs, Fhe_Integer:$rhs, StrAttr:$predicate);
  let results = (outs Fhe_Integer:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}
def Fhe_SelectOp : Cloakwork_PureOp<Fhe_Dialect, "select"> {
  let summary = "The second operand where the first is 1, the third where it is 0";
  let arguments = (ins Fhe_Integer:$condition, Fhe_Integer:$then, Fhe_Integer:$otherwise);
  let results = (outs Fhe_Integer:$result);
  let assemblyFormat = "$condition `,` $then `,` $otherwise attr-dict `:` functional-type(operands, results)";
}
def Fhe_JointLookupOp : Cloakwork_PureOp<Fhe_Dialect, "joint_lookup"> {
  let summary = "Table lookup of several integers: operand `k` is at least `lows[k]`";
  let description = [{
    The tables have one axis for each operand behind the axis of tables: element `i` becomes
    `tables[selector[i], x₀ − lows[0], x₁ − lows[1], …]`.
  }];
  let arguments = (ins Variadic<Fhe_Integer>:$inputs, DenseI64ArrayAttr:$lows, I64ElementsAttr:$tables,
                       OptionalAttr<I64ElementsAttr>:$selector);
  let results = (outs Fhe_Integer:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
}

class Fhe_RoundingOp<string mnemonic> : Cloakwork_PureOp<Fhe_Dialect, mnemonic> {
  let description = [{
    With `approximate` the result may be one step off where noise carries a value over a boundary; the error
    probability is then that of being further off.
  }];
  let arguments = (ins Fhe_Integer:$input, I64Attr:$bits, UnitAttr:$approximate);
  let results = (outs Fhe_Integer:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def Fhe_RoundOp : Fhe_RoundingOp<"round"> { let summary = "`⌊(x + 2^(bits−1)) / 2^bits⌋`"; }
def Fhe_TruncateOp : Fhe_RoundingOp<"truncate"> { let summary = "`⌊x / 2^bits⌋`"; }

def Fhe_LowBitsOp : Cloakwork_PureOp<Fhe_Dialect, "low_bits"> {
  let summary = "`x mod 2^bits`; with bit `bits` of `x` as `top` it is a single lookup";
  let arguments = (ins Fhe_Integer:$input, Optional<Fhe_Integer>:$top, I64Attr:$bits);
  let results = (outs Fhe_Integer:$result);
  let assemblyFormat = "$input (`,` $top^)? attr-dict `:` functional-type(operands, results)";
}
def Fhe_BitOp : Cloakwork_PureOp<Fhe_Dialect, "bit"> {
  let summary = "`⌊x / 2^position⌋ mod 2`, or that of the difference `x − less`, by a lookup of width `position`";
  let arguments = (ins Fhe_Integer:$input, Optional<Fhe_Integer>:$less, I64Attr:$position);
  let results = (outs Fhe_Integer:$result);
  let assemblyFormat = "$input (`,` $less^)? attr-dict `:` functional-type(operands, results)";
}
def Fhe_ReinterpretOp : Cloakwork_PureOp<Fhe_Dialect, "reinterpret"> {
  let summary = "The same ciphertext, plus `half_steps / 2` of its unit, as a message of the result's width";
  let description = [{
    To a wider type the value is multiplied by a power of two; to a narrower one divided and rounded to the nearest
    integer, halves upwards. Where the division leaves a rest, only lookups may use the result: they round.
  }];
  let arguments = (ins Fhe_Integer:$input, OptionalAttr<I64Attr>:$half_steps);
  let results = (outs Fhe_Integer:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def Fhe_MapOp : Cloakwork_PureOp<Fhe_Dialect, "map", [IsolatedFromAbove, SingleBlock]> {
  let summary = "Applies the scalar function in `body` to every element";
  let arguments = (ins Variadic<Fhe_MapOperand>:$inputs);
  let results = (outs Fhe_MapResult:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results) $body";
}

def Fhe_YieldOp : Op<Fhe_Dialect, "yield", [Pure, Terminator, HasParent<"MapOp">]> {
  let summary = "Ends the body of a map";
  let arguments = (ins AnyTypeOf<[I64, F64]>:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

def Fhe_CallHostOp : Op<Fhe_Dialect, "call_host", [Pure, HasParent<"MapOp">]> {
  let summary = "A function of the embedding program, by number";
  let arguments = (ins Variadic<AnyTypeOf<[I64, F64]>>:$inputs, I64Attr:$function);
  let results = (outs AnyTypeOf<[I64, F64]>:$result);
  let assemblyFormat = "$function `(` $inputs `)` attr-dict `:` functional-type(operands, results)";
}
#endif
