// The `tfhe` dialect: LWE ciphertexts under named keys, keyswitch, bootstrap, linear operations.
// Meaning and verifiers are in Rust: src/linear.rs, src/tfhe.rs, src/verify.rs.
#ifndef CLOAKWORK_TFHE_TD
#define CLOAKWORK_TFHE_TD

include "Common.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"

def Tfhe_Dialect : Dialect {
  let name = "tfhe";
  let summary = "LWE ciphertexts, their keys, keyswitches and bootstraps";
  let cppNamespace = "::cloakwork::tfhe";
  let useDefaultTypePrinterParser = 1;
}

def Tfhe_Lwe : TypeDef<Tfhe_Dialect, "Lwe"> {
  let summary = "An LWE ciphertext under a secret key";
  let mnemonic = "lwe";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$key);
  let assemblyFormat = "`<` $key `>`";
}
def Tfhe_Ciphertext : AnyTypeOf<[Tfhe_Lwe, RankedTensorOf<[Tfhe_Lwe]>], "an LWE ciphertext or a tensor of them">;

class Tfhe_KeyOp<string mnemonic> : Op<Tfhe_Dialect, mnemonic, [Symbol, RustVerified, HasParent<"::mlir::ModuleOp">]>;

def Tfhe_SecretKeyOp : Tfhe_KeyOp<"secret_key"> {
  let summary = "A binary secret key: LWE of `lwe_dimension`, or GLWE of `glwe_dimension` and `polynomial_size`";
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<I64Attr>:$lwe_dimension,
                       OptionalAttr<I64Attr>:$glwe_dimension, OptionalAttr<I64Attr>:$polynomial_size,
                       OptionalAttr<F64Attr>:$variance, OptionalAttr<I64Attr>:$tuniform_log2_bound);
  let description = [{
    Noise of a fresh encryption: Gaussian of `variance` on the torus, or TUniform of `tuniform_log2_bound` in units of
    the modulus, `2^32` under an LWE key and `2^64` under a GLWE key.
  }];
  let assemblyFormat = "$sym_name attr-dict";
}
def Tfhe_KeyswitchKeyOp : Tfhe_KeyOp<"keyswitch_key"> {
  let summary = "Switches ciphertexts from a GLWE key to an LWE key or to another GLWE key";
  let description = [{
    The key's ciphertexts are modulo `2^32`; their noise is given as in `tfhe.secret_key`, and is that of the LWE key `to`
    where it is not given.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$from, FlatSymbolRefAttr:$to,
                       I64Attr:$base_log, I64Attr:$level, OptionalAttr<F64Attr>:$variance,
                       OptionalAttr<I64Attr>:$tuniform_log2_bound, F64Attr:$added_variance);
  let assemblyFormat = "$sym_name `from` $from `to` $to attr-dict";
}
def Tfhe_BootstrapKeyOp : Tfhe_KeyOp<"bootstrap_key"> {
  let summary = "Bootstraps ciphertexts from an LWE key to a GLWE key";
  let description = [{
    `grouping` coefficients of the key `from` are one step, 1 (if absent) or 2; the accumulator is spread over `extension`
    polynomials, 1 if absent.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$from, FlatSymbolRefAttr:$to,
                       I64Attr:$base_log, I64Attr:$level, OptionalAttr<I64Attr>:$grouping,
                       OptionalAttr<I64Attr>:$extension, F64Attr:$modulus_switch_variance,
                       F64Attr:$output_variance);
  let assemblyFormat = "$sym_name `from` $from `to` $to attr-dict";
}

def Tfhe_ConstantOp : Cloakwork_ConstantOp<Tfhe_Dialect, Tfhe_Ciphertext>;
def Tfhe_AddOp : Cloakwork_BinaryOp<Tfhe_Dialect, "add", Tfhe_Ciphertext, Tfhe_Ciphertext, Tfhe_Ciphertext, [Commutative]>;
def Tfhe_SubOp : Cloakwork_BinaryOp<Tfhe_Dialect, "sub", Tfhe_Ciphertext, Tfhe_Ciphertext, Tfhe_Ciphertext>;
def Tfhe_NegOp : Cloakwork_UnaryOp<Tfhe_Dialect, "neg", Tfhe_Ciphertext>;
def Tfhe_AddClearOp : Cloakwork_BinaryOp<Tfhe_Dialect, "add_clear", Tfhe_Ciphertext, Cloakwork_ClearInt, Tfhe_Ciphertext>;
def Tfhe_MulClearOp : Cloakwork_BinaryOp<Tfhe_Dialect, "mul_clear", Tfhe_Ciphertext, Cloakwork_ClearInt, Tfhe_Ciphertext>;
def Tfhe_DotOp : Cloakwork_BinaryOp<Tfhe_Dialect, "dot", Tfhe_Ciphertext, Cloakwork_ClearInt, Tfhe_Ciphertext>;
def Tfhe_MatmulOp : Cloakwork_BinaryOp<Tfhe_Dialect, "matmul", AnyTypeOf<[Tfhe_Ciphertext, Cloakwork_ClearInt]>,
                                       AnyTypeOf<[Tfhe_Ciphertext, Cloakwork_ClearInt]>, Tfhe_Ciphertext>;
def Tfhe_Conv2dOp : Cloakwork_Conv2dOp<Tfhe_Dialect, Tfhe_Ciphertext>;
def Tfhe_SumOp : Cloakwork_SumOp<Tfhe_Dialect, Tfhe_Ciphertext>;
def Tfhe_ReshapeOp : Cloakwork_UnaryOp<Tfhe_Dialect, "reshape", Tfhe_Ciphertext>;
def Tfhe_TransposeOp : Cloakwork_TransposeOp<Tfhe_Dialect, Tfhe_Ciphertext>;
def Tfhe_SliceOp : Cloakwork_SliceOp<Tfhe_Dialect, Tfhe_Ciphertext>;
def Tfhe_GatherOp : Cloakwork_GatherOp<Tfhe_Dialect, Tfhe_Ciphertext>;
def Tfhe_GatherAtOp : Cloakwork_GatherAtOp<Tfhe_Dialect, Tfhe_Ciphertext>;
def Tfhe_SetAtOp : Cloakwork_SetAtOp<Tfhe_Dialect, Tfhe_Ciphertext>;
def Tfhe_ConcatOp : Cloakwork_ConcatOp<Tfhe_Dialect, Tfhe_Ciphertext>;
def Tfhe_BroadcastOp : Cloakwork_UnaryOp<Tfhe_Dialect, "broadcast", Tfhe_Ciphertext>;

def Tfhe_KeyswitchOp : Cloakwork_PureOp<Tfhe_Dialect, "keyswitch"> {
  let summary = "Switches every ciphertext to the key's output key";
  let arguments = (ins Tfhe_Ciphertext:$input, FlatSymbolRefAttr:$key);
  let results = (outs Tfhe_Ciphertext:$result);
  let assemblyFormat = "$key `,` $input attr-dict `:` functional-type(operands, results)";
}
def Tfhe_BootstrapOp : Cloakwork_PureOp<Tfhe_Dialect, "bootstrap"> {
  let summary = "Looks every ciphertext up in an encoded table and refreshes its noise";
  let description = [{
    With `outputs = m` every ciphertext is looked up in `m` tables at once: the result has one axis of length `m` more
    than the input, the last. The selector has the shape of the result; without it table `r` makes result `r`.
  }];
  let arguments = (ins Tfhe_Ciphertext:$input, FlatSymbolRefAttr:$key, I64ElementsAttr:$tables,
                       OptionalAttr<I64ElementsAttr>:$selector, OptionalAttr<I64Attr>:$outputs, UnitAttr:$is_signed);
  let results = (outs Tfhe_Ciphertext:$result);
  let assemblyFormat = "$key `,` $input attr-dict `:` functional-type(operands, results)";
}
#endif
