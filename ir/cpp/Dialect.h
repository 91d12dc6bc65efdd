// What both dialects register the same way.
#pragma once
#include "mlir/Transforms/InliningUtils.h"

namespace cloakwork {
/// Every op of the dialects that stands in a function is pure: always legal to inline.
struct Inliner : mlir::DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(mlir::Operation *, mlir::Region *, bool, mlir::IRMapping &) const final { return true; }
  bool isLegalToInline(mlir::Region *, mlir::Region *, bool, mlir::IRMapping &) const final { return true; }
};
} // namespace cloakwork
