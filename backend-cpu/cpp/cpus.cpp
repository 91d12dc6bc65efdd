// Names and features of the x86-64 processors that LLVM knows. LLVM's C interface has neither, and a
// target machine made for an unknown name only prints a warning and goes on with a generic one.
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/TargetParser/X86TargetParser.h"

using Visit = void (*)(const char *text, size_t length, void *data);

static void visitAll(const llvm::SmallVectorImpl<llvm::StringRef> &texts, Visit visit, void *data) {
  for (llvm::StringRef text : texts)
    visit(text.data(), text.size(), data);
}

extern "C" void cloakworkVisitCpus(Visit visit, void *data) {
  llvm::SmallVector<llvm::StringRef, 128> names;
  llvm::X86::fillValidCPUArchList(names, /*Only64Bit=*/true);
  visitAll(names, visit, data);
}

// The name must be one of the above.
extern "C" void cloakworkVisitCpuFeatures(const char *name, size_t length, Visit visit, void *data) {
  llvm::SmallVector<llvm::StringRef, 64> features;
  llvm::X86::getFeaturesForCPU(llvm::StringRef(name, length), features);
  visitAll(features, visit, data);
}
