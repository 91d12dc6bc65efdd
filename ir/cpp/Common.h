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
    // A misspelt attribute would be ignored; facts that passes add carry the name of a dialect.
    for (mlir::NamedAttribute attribute : op->getDiscardableAttrs())
      if (!attribute.getName().strref().contains('.'))
        return unknown(op, attribute.getName());
    return llvm::success(cloakworkVerifyOp(wrap(op)));
  }

  static llvm::LogicalResult unknown(mlir::Operation *op, mlir::StringAttr name) {
    auto known = op->getName().getAttributeNames();
    auto error = op->emitOpError() << "has no attribute `" << name.strref() << "`";
    llvm::interleave(
        known, [&](mlir::StringAttr one) { error << (one == known.front() ? "; it takes `" : "`") << one.strref() << "`"; },
        [&] { error << ", "; });
    return error;
  }
};
} // namespace cloakwork
