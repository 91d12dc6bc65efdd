// The `fhe` dialect: registration, the `?` of a width, and C functions for its types.
#include "Fhe.h"
#include "Dialect.h"
#include "mlir/CAPI/Registration.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace cloakwork::fhe;

static constexpr unsigned maxWidth = 62; // cloakwork_abi::encoding::MAX_WIDTH

static ParseResult parseWidth(AsmParser &parser, unsigned &width) {
  width = 0;
  if (succeeded(parser.parseOptionalQuestion()))
    return success();
  auto place = parser.getCurrentLocation();
  if (parser.parseInteger(width))
    return failure();
  if (width == 0)
    return parser.emitError(place) << "width must be 1 to " << maxWidth << " or `?`, got 0";
  return success();
}
static void printWidth(AsmPrinter &printer, unsigned width) {
  if (width == 0)
    printer << '?';
  else
    printer << width;
}
static LogicalResult verifyWidth(function_ref<InFlightDiagnostic()> emitError, unsigned width) {
  if (width > maxWidth)
    return emitError() << "width must be 1 to " << maxWidth << " or `?`, got " << width;
  return success();
}

#include "FheDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "FheTypes.cpp.inc"
#define GET_OP_CLASSES
#include "FheOps.cpp.inc"

LogicalResult EIntType::verify(function_ref<InFlightDiagnostic()> emitError, unsigned width) {
  return verifyWidth(emitError, width);
}
LogicalResult ESIntType::verify(function_ref<InFlightDiagnostic()> emitError, unsigned width) {
  return verifyWidth(emitError, width);
}

void FheDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "FheOps.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "FheTypes.cpp.inc"
      >();
  addInterfaces<cloakwork::Inliner>();
}

extern "C" {
MLIR_DECLARE_CAPI_DIALECT_REGISTRATION(Fhe, fhe);

MlirType cloakworkIntegerTypeGet(MlirContext ctx, unsigned width, bool isSigned) {
  if (isSigned)
    return wrap(ESIntType::get(unwrap(ctx), width));
  return wrap(EIntType::get(unwrap(ctx), width));
}
MlirType cloakworkRealTypeGet(MlirContext ctx) { return wrap(EFloatType::get(unwrap(ctx))); }

/// 0: none of these, 1: eint, 2: esint, 3: efloat. Sets the width of an integer.
unsigned cloakworkFheTypeKind(MlirType type, unsigned *width) {
  Type t = unwrap(type);
  if (auto u = dyn_cast<EIntType>(t)) {
    *width = u.getWidth();
    return 1;
  }
  if (auto s = dyn_cast<ESIntType>(t)) {
    *width = s.getWidth();
    return 2;
  }
  return isa<EFloatType>(t) ? 3 : 0;
}
}
MLIR_DEFINE_CAPI_DIALECT_REGISTRATION(Fhe, fhe, cloakwork::fhe::FheDialect)
