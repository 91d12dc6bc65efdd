// From the `fhe` to the `llvm` dialect; the meaning of machine code is that of its phases without noise.
// RUN: prepare,fhe,parameters{p-error=1e-5},native
// run: @main([1, 3], 2) == ([1, 3], 1)
// run: @main([0, 0], 0) == ([0, 0], 0)
func.func @main(%x: tensor<2x!fhe.eint<?>> {fhe.name = "x", fhe.range = array<i64: 0, 3>}, %c: i64 {fhe.range = array<i64: 0, 2>}) -> (tensor<2x!fhe.eint<?>>, !fhe.eint<?>) {
  %0 = fhe.broadcast %x : (tensor<2x!fhe.eint<?>>) -> tensor<2x!fhe.eint<?>>
  %cs = arith.constant dense<1> : tensor<2xi64>
  %1 = fhe.mul_clear %0, %cs : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> tensor<2x!fhe.eint<?>>
  %2 = fhe.sum %x {axes = array<i64: 0>} : (tensor<2x!fhe.eint<?>>) -> !fhe.eint<?>
  %3 = fhe.add_clear %2, %c : (!fhe.eint<?>, i64) -> !fhe.eint<?>
  %4 = fhe.map %3 : (!fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %t = arith.constant 4 : i64
    %b = arith.cmpi sgt, %v, %t : i64
    %i = arith.extui %b : i1 to i64
    fhe.yield %i : i64
  }
  return %1, %4 : tensor<2x!fhe.eint<?>>, !fhe.eint<?>
}
// output:
module attributes {cloakwork.spec = "…", tfhe.global_p_error = 7.95462818e-6 : f64, tfhe.p_error = 7.95462818e-6 : f64, tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  llvm.func @cloakwork_entry_main(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
    %0 = llvm.mlir.constant(4 : i32) : i32
    %1 = llvm.mlir.zero : !llvm.ptr
    %2 = llvm.mlir.addressof @cloakwork_constant_2 : !llvm.ptr
    %3 = llvm.mlir.constant(0 : i32) : i32
    %4 = llvm.mlir.addressof @cloakwork_constant_1 : !llvm.ptr
    %5 = llvm.mlir.addressof @cloakwork_constant_0 : !llvm.ptr
    %6 = llvm.mlir.constant(1 : i64) : i64
    %7 = llvm.mlir.constant(0 : i64) : i64
    %8 = llvm.mlir.constant(2 : i64) : i64
    %9 = llvm.getelementptr %arg0[2] : (!llvm.ptr) -> !llvm.ptr, i64
    %10 = llvm.load %9 : !llvm.ptr -> !llvm.ptr
    %11 = llvm.getelementptr %arg0[3] : (!llvm.ptr) -> !llvm.ptr, i64
    %12 = llvm.load %11 : !llvm.ptr -> !llvm.ptr
    %13 = llvm.load %10 {alignment = 8 : i64} : !llvm.ptr -> i64
    %14 = llvm.load %12 : !llvm.ptr -> !llvm.ptr
    %15 = llvm.getelementptr %12[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %16 = llvm.load %15 : !llvm.ptr -> !llvm.ptr
    %17 = llvm.load %arg1 : !llvm.ptr -> !llvm.ptr
    %18 = llvm.getelementptr %arg1[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %19 = llvm.load %18 : !llvm.ptr -> !llvm.ptr
    %20 = llvm.load %arg2 : !llvm.ptr -> !llvm.ptr
    %21 = llvm.getelementptr %arg2[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %22 = llvm.load %21 : !llvm.ptr -> !llvm.ptr
    llvm.br ^bb1(%7 : i64)
  ^bb1(%23: i64):  // 2 preds: ^bb0, ^bb5
    %24 = llvm.icmp "slt" %23, %8 : i64
    llvm.cond_br %24, ^bb2, ^bb6
  ^bb2:  // pred: ^bb1
    %25 = llvm.mul %23, %13 : i64
    %26 = llvm.getelementptr %17[%25] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %27 = llvm.getelementptr %14[%25] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.br ^bb3(%7 : i64)
  ^bb3(%28: i64):  // 2 preds: ^bb2, ^bb4
    %29 = llvm.icmp "slt" %28, %13 : i64
    llvm.cond_br %29, ^bb4, ^bb5
  ^bb4:  // pred: ^bb3
    %30 = llvm.getelementptr %26[%28] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %31 = llvm.load %30 {alignment = 8 : i64} : !llvm.ptr -> i64
    %32 = llvm.getelementptr %27[%28] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %31, %32 {alignment = 8 : i64} : i64, !llvm.ptr
    %33 = llvm.add %28, %6 : i64
    llvm.br ^bb3(%33 : i64)
  ^bb5:  // pred: ^bb3
    %34 = llvm.add %23, %6 : i64
    llvm.br ^bb1(%34 : i64)
  ^bb6:  // pred: ^bb1
    llvm.br ^bb7(%7 : i64)
  ^bb7(%35: i64):  // 2 preds: ^bb6, ^bb11
    %36 = llvm.icmp "slt" %35, %8 : i64
    llvm.cond_br %36, ^bb8, ^bb12
  ^bb8:  // pred: ^bb7
    %37 = llvm.mul %35, %13 : i64
    %38 = llvm.getelementptr %14[%37] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %39 = llvm.getelementptr %20[%37] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %40 = llvm.getelementptr %5[%35] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %41 = llvm.load %40 {alignment = 8 : i64} : !llvm.ptr -> i64
    llvm.br ^bb9(%7 : i64)
  ^bb9(%42: i64):  // 2 preds: ^bb8, ^bb10
    %43 = llvm.icmp "slt" %42, %13 : i64
    llvm.cond_br %43, ^bb10, ^bb11
  ^bb10:  // pred: ^bb9
    %44 = llvm.getelementptr %38[%42] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %45 = llvm.load %44 {alignment = 8 : i64} : !llvm.ptr -> i64
    %46 = llvm.mul %45, %41 : i64
    %47 = llvm.getelementptr %39[%42] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %46, %47 {alignment = 8 : i64} : i64, !llvm.ptr
    %48 = llvm.add %42, %6 : i64
    llvm.br ^bb9(%48 : i64)
  ^bb11:  // pred: ^bb9
    %49 = llvm.add %35, %6 : i64
    llvm.br ^bb7(%49 : i64)
  ^bb12:  // pred: ^bb7
    llvm.br ^bb13(%7 : i64)
  ^bb13(%50: i64):  // 2 preds: ^bb12, ^bb14
    %51 = llvm.icmp "slt" %50, %13 : i64
    llvm.cond_br %51, ^bb14, ^bb15
  ^bb14:  // pred: ^bb13
    %52 = llvm.getelementptr %14[%50] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %7, %52 {alignment = 8 : i64} : i64, !llvm.ptr
    %53 = llvm.add %50, %6 : i64
    llvm.br ^bb13(%53 : i64)
  ^bb15:  // pred: ^bb13
    llvm.br ^bb16(%7 : i64)
  ^bb16(%54: i64):  // 2 preds: ^bb15, ^bb20
    %55 = llvm.icmp "slt" %54, %8 : i64
    llvm.cond_br %55, ^bb17, ^bb21
  ^bb17:  // pred: ^bb16
    %56 = llvm.mul %54, %13 : i64
    %57 = llvm.getelementptr %17[%56] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.br ^bb18(%7 : i64)
  ^bb18(%58: i64):  // 2 preds: ^bb17, ^bb19
    %59 = llvm.icmp "slt" %58, %13 : i64
    llvm.cond_br %59, ^bb19, ^bb20
  ^bb19:  // pred: ^bb18
    %60 = llvm.getelementptr %14[%58] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %61 = llvm.load %60 {alignment = 8 : i64} : !llvm.ptr -> i64
    %62 = llvm.getelementptr %57[%58] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %63 = llvm.load %62 {alignment = 8 : i64} : !llvm.ptr -> i64
    %64 = llvm.add %61, %63 : i64
    llvm.store %64, %60 {alignment = 8 : i64} : i64, !llvm.ptr
    %65 = llvm.add %58, %6 : i64
    llvm.br ^bb18(%65 : i64)
  ^bb20:  // pred: ^bb18
    %66 = llvm.add %54, %6 : i64
    llvm.br ^bb16(%66 : i64)
  ^bb21:  // pred: ^bb16
    %67 = llvm.getelementptr %14[%13] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.br ^bb22(%7 : i64)
  ^bb22(%68: i64):  // 2 preds: ^bb21, ^bb23
    %69 = llvm.icmp "slt" %68, %13 : i64
    llvm.cond_br %69, ^bb23, ^bb24
  ^bb23:  // pred: ^bb22
    %70 = llvm.getelementptr %14[%68] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %71 = llvm.load %70 {alignment = 8 : i64} : !llvm.ptr -> i64
    %72 = llvm.getelementptr %67[%68] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %71, %72 {alignment = 8 : i64} : i64, !llvm.ptr
    %73 = llvm.add %68, %6 : i64
    llvm.br ^bb22(%73 : i64)
  ^bb24:  // pred: ^bb22
    %74 = llvm.sub %13, %6 : i64
    %75 = llvm.getelementptr %67[%74] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %76 = llvm.load %75 {alignment = 8 : i64} : !llvm.ptr -> i64
    %77 = llvm.load %19 {alignment = 8 : i64} : !llvm.ptr -> i64
    %78 = llvm.load %4 {alignment = 8 : i64} : !llvm.ptr -> i64
    %79 = llvm.shl %77, %78 : i64
    %80 = llvm.add %76, %79 : i64
    llvm.store %80, %75 {alignment = 8 : i64} : i64, !llvm.ptr
    %81 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %82 = llvm.load %81 : !llvm.ptr -> !llvm.ptr
    %83 = llvm.getelementptr %arg0[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %84 = llvm.load %83 : !llvm.ptr -> !llvm.ptr
    %85 = llvm.call %82(%84, %3, %6, %67, %16) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr) -> i32
    %86 = llvm.icmp "eq" %85, %3 : i32
    llvm.cond_br %86, ^bb26, ^bb25(%85 : i32)
  ^bb25(%87: i32):  // 2 preds: ^bb24, ^bb26
    llvm.return %87 : i32
  ^bb26:  // pred: ^bb24
    %88 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %89 = llvm.getelementptr %88[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %90 = llvm.load %89 : !llvm.ptr -> !llvm.ptr
    %91 = llvm.load %83 : !llvm.ptr -> !llvm.ptr
    %92 = llvm.call %90(%91, %3, %6, %16, %22, %2, %1, %0, %3) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32) -> i32
    %93 = llvm.icmp "eq" %92, %3 : i32
    llvm.cond_br %93, ^bb27, ^bb25(%92 : i32)
  ^bb27:  // pred: ^bb26
    llvm.return %3 : i32
  }
  llvm.mlir.global internal constant @cloakwork_constant_0(dense<1> : tensor<2xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<2 x i64>
  llvm.mlir.global internal constant @cloakwork_constant_1(dense<59> : tensor<1xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<1 x i64>
  llvm.mlir.global internal constant @cloakwork_constant_2(dense<[0, 0, 0, 0, 0, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904]> : tensor<16xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<16 x i64>
}
// -----
// The place of a traced operation stands in the error of a pass far behind.
// RUN: prepare,fhe,parameters{p-error=1e-12},native
// expected-error at network.py:9:5 (activation): no parameters for the input of the lookup `fhe.lookup at network.py:9:5 (activation)`: 14 bits with norm2 1.0 have noise of at least 2^-14.68, allowed is 2^-18.83 for a p_error of 2^-39.86; reduce it to 9 bits
func.func @main(%x: !fhe.eint<14>) -> !fhe.eint<?> {
  %0 = fhe.map %x : (!fhe.eint<14>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %t = arith.constant 4 : i64
    %b = arith.cmpi sgt, %v, %t : i64
    %i = arith.extui %b : i1 to i64
    fhe.yield %i : i64
  } loc("activation"("network.py":9:5))
  return %0 : !fhe.eint<?>
}
// -----
// RUN: prepare,fhe-no-such-pass
// expected-error: the pipeline `builtin.module(fhe-no-such-pass)` cannot be parsed: failed to parse pass pipeline:
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
