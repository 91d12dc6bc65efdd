// What both dialects need: MLIR headers and the hook to the Rust verifiers.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/CAPI/IR.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

/// Implemented in Rust (src/verify.rs); emits the error itself.
extern "C" bool cloakworkVerifyOp(MlirOperation op);

namespace cloakwork {
template <typename Op>
struct RustVerified : mlir::OpTrait::TraitBase<Op, RustVerified> {
  static llvm::LogicalResult verifyRegionTrait(mlir::Operation *op) {
    return llvm::success(cloakworkVerifyOp(wrap(op)));
  }
};
} // namespace cloakwork
