// Registers what the C API does not reach: our dialects and the translations to LLVM IR.
#include "Fhe.h"
#include "Tfhe.h"
#include "mlir/CAPI/IR.h"
#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"

extern "C" void cloakworkRegisterCore(MlirDialectRegistry handle) {
  mlir::DialectRegistry &registry = *unwrap(handle);
  registry.insert<cloakwork::fhe::FheDialect, cloakwork::tfhe::TfheDialect>();
  mlir::func::registerInlinerExtension(registry);
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}
