// What the C API does not reach: registration of our dialects and of the translations to LLVM IR, and parsing under
// a file name.
#include "Fhe.h"
#include "Tfhe.h"
#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Support.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"

extern "C" void cloakworkRegisterCore(MlirDialectRegistry handle) {
  mlir::DialectRegistry &registry = *unwrap(handle);
  registry.insert<cloakwork::fhe::FheDialect, cloakwork::tfhe::TfheDialect>();
  mlir::func::registerInlinerExtension(registry);
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

/// Parses and verifies `source`, which ends in a NUL behind its length; null if it is refused.
extern "C" MlirModule cloakworkParseModule(MlirContext context, MlirStringRef source, MlirStringRef name) {
  mlir::ParserConfig config(unwrap(context));
  return wrap(mlir::parseSourceString<mlir::ModuleOp>(unwrap(source), config, unwrap(name)).release());
}
