// The `tfhe` dialect: registration and C functions for its type.
#include "Tfhe.h"
#include "Dialect.h"
#include "mlir/CAPI/Registration.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace cloakwork::tfhe;

#include "TfheDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "TfheTypes.cpp.inc"
#define GET_OP_CLASSES
#include "TfheOps.cpp.inc"

void TfheDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "TfheOps.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "TfheTypes.cpp.inc"
      >();
  addInterfaces<cloakwork::Inliner>();
}

extern "C" {
MLIR_DECLARE_CAPI_DIALECT_REGISTRATION(Tfhe, tfhe);

MlirType cloakworkLweTypeGet(MlirContext ctx, MlirStringRef key) {
  return wrap(LweType::get(unwrap(ctx), FlatSymbolRefAttr::get(unwrap(ctx), unwrap(key))));
}
/// Name of the key, or an empty string for another type.
MlirStringRef cloakworkLweTypeKey(MlirType type) {
  if (auto lwe = dyn_cast<LweType>(unwrap(type)))
    return wrap(lwe.getKey().getValue());
  return wrap(StringRef());
}
}
MLIR_DEFINE_CAPI_DIALECT_REGISTRATION(Tfhe, tfhe, cloakwork::tfhe::TfheDialect)
