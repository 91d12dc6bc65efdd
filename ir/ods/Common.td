// What the `fhe` and `tfhe` dialects share: the base of every op, and the linear ops, which mean
// the same on encrypted integers and on LWE ciphertexts.
#ifndef CLOAKWORK_COMMON_TD
#define CLOAKWORK_COMMON_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Verified by the Rust function behind the hook `cloakworkVerifyOp`.
def RustVerified : NativeOpTrait<"RustVerified"> { let cppNamespace = "::cloakwork"; }

class Cloakwork_PureOp<Dialect dialect, string mnemonic, list<Trait> traits = []>
    : Op<dialect, mnemonic, !listconcat([Pure, RustVerified], traits)>;

def Cloakwork_ClearInt : AnyTypeOf<[I64, RankedTensorOf<[I64]>], "a clear i64 or a tensor of them">;

class Cloakwork_BinaryOp<Dialect d, string mnemonic, Type lhs_t, Type rhs_t,
                         Type out_t, list<Trait> traits = []>
    : Cloakwork_PureOp<d, mnemonic, traits> {
  let arguments = (ins lhs_t:$lhs, rhs_t:$rhs);
  let results = (outs out_t:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

class Cloakwork_UnaryOp<Dialect d, string mnemonic, Type t> : Cloakwork_PureOp<d, mnemonic> {
  let arguments = (ins t:$input);
  let results = (outs t:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

class Cloakwork_ConstantOp<Dialect d, Type t> : Cloakwork_PureOp<d, "constant"> {
  let summary = "Trivial encryption of a clear constant";
  let arguments = (ins I64ElementsAttr:$value);
  let results = (outs t:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
}
class Cloakwork_Conv2dOp<Dialect d, Type t> : Cloakwork_PureOp<d, "conv2d"> {
  let summary = "2-D convolution, NCHW by FCHW, of an encrypted image with clear weights";
  let arguments = (ins t:$input, Cloakwork_ClearInt:$weights, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$padding, DenseI64ArrayAttr:$dilations, I64Attr:$groups);
  let results = (outs t:$result);
  let assemblyFormat = "$input `,` $weights attr-dict `:` functional-type(operands, results)";
}
class Cloakwork_SumOp<Dialect d, Type t> : Cloakwork_UnaryOp<d, "sum", t> {
  let summary = "Sum over `axes`, which vanish";
  let arguments = (ins t:$input, DenseI64ArrayAttr:$axes);
}
class Cloakwork_TransposeOp<Dialect d, Type t> : Cloakwork_UnaryOp<d, "transpose", t> {
  let summary = "Axis `i` of the result is axis `permutation[i]` of the input";
  let arguments = (ins t:$input, DenseI64ArrayAttr:$permutation);
}
class Cloakwork_SliceOp<Dialect d, Type t> : Cloakwork_UnaryOp<d, "slice", t> {
  let summary = "Element `i` of the result is element `offsets + i·strides` of the input";
  let arguments = (ins t:$input, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$strides);
}
class Cloakwork_GatherOp<Dialect d, Type t> : Cloakwork_PureOp<d, "gather"> {
  let summary = "Element `i` of the result, row-major, is element `indices[i]` of the input, row-major";
  let description = "Of a clear input the result is clear.";
  let arguments = (ins AnyTypeOf<[t, Cloakwork_ClearInt]>:$input, DenseI64ArrayAttr:$indices);
  let results = (outs AnyTypeOf<[t, Cloakwork_ClearInt]>:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
class Cloakwork_GatherAtOp<Dialect d, Type t> : Cloakwork_BinaryOp<d, "gather_at", t, Cloakwork_ClearInt, t> {
  let summary = "Takes positions of `axis` that are known when the program runs; the axes of `rhs` stand in its place";
  let description = "A position counts modulo the size of the axis, so that -1 is the last one.";
  let arguments = (ins t:$lhs, Cloakwork_ClearInt:$rhs, I64Attr:$axis);
}
class Cloakwork_SetAtOp<Dialect d, Type t> : Cloakwork_PureOp<d, "set_at"> {
  let summary = "`input` with `value` at positions of `axis` that are known when the program runs";
  let description = [{
    `value` has the shape that `gather_at` of the same positions gives. Of several values at one position the last stays.
  }];
  let arguments = (ins t:$input, t:$value, Cloakwork_ClearInt:$positions, I64Attr:$axis);
  let results = (outs t:$result);
  let assemblyFormat = "$input `,` $value `,` $positions attr-dict `:` functional-type(operands, results)";
}
class Cloakwork_ConcatOp<Dialect d, Type t> : Cloakwork_PureOp<d, "concat"> {
  let summary = "Joins tensors along `axis`";
  let arguments = (ins Variadic<t>:$inputs, I64Attr:$axis);
  let results = (outs t:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
}
#endif
