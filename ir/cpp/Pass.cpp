// Passes written in Rust, as MLIR passes: known to its registry, with textual options.
#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Support.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

extern "C" {
struct CloakworkPassOption {
  MlirStringRef name, description, initial;
};
struct CloakworkPassInfo {
  MlirTypeID id;
  MlirStringRef name, argument, description, anchor;
  intptr_t optionCount;
  const CloakworkPassOption *options;
  intptr_t dialectCount;
  const MlirDialectHandle *dialects;
  bool (*run)(const void *pass, MlirOperation op, void *running);
  const void *pass; // immutable, lives as long as the process
};
}

namespace {
class RustPass : public Pass {
public:
  explicit RustPass(const CloakworkPassInfo &info)
      : Pass(unwrap(info.id), unwrap(info.anchor)), info(info) {
    for (intptr_t i = 0; i < info.optionCount; ++i)
      options.push_back(std::make_unique<Option<std::string>>(
          *this, unwrap(info.options[i].name), llvm::cl::desc(unwrap(info.options[i].description)),
          llvm::cl::init(unwrap(info.options[i].initial).str())));
  }
  StringRef getName() const override { return unwrap(info.name); }
  StringRef getArgument() const override { return unwrap(info.argument); }
  StringRef getDescription() const override { return unwrap(info.description); }
  void getDependentDialects(DialectRegistry &registry) const override {
    for (intptr_t i = 0; i < info.dialectCount; ++i)
      mlirDialectHandleInsertDialect(info.dialects[i], wrap(&registry));
  }
  bool canScheduleOn(RegisteredOperationName name) const override {
    return name.getStringRef() == *getOpName();
  }
  std::unique_ptr<Pass> clonePass() const override { return std::make_unique<RustPass>(info); }
  void runOnOperation() override {
    if (!info.run(info.pass, wrap(getOperation()), this))
      signalPassFailure();
  }

  CloakworkPassInfo info;
  std::vector<std::unique_ptr<Option<std::string>>> options;
};
} // namespace

extern "C" {
void cloakworkRegisterPass(const CloakworkPassInfo *info) {
  registerPass([copy = *info] { return std::make_unique<RustPass>(copy); });
}
MlirStringRef cloakworkPassOption(const void *running, intptr_t i) {
  const std::string &value = *static_cast<const RustPass *>(running)->options[i];
  return mlirStringRefCreate(value.data(), value.size());
}
/// The C API only emits errors.
void cloakworkEmit(MlirLocation location, int severity, MlirStringRef message) {
  Location l = unwrap(location);
  l.getContext()->getDiagEngine().emit(l, static_cast<DiagnosticSeverity>(severity)) << unwrap(message);
}
}
