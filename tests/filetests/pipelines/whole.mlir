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
module attributes {cloakwork.spec = "…", tfhe.security = 128 : i64, tfhe.security_source = "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10: log2(sigma) = -2.56967787e-2 * dimension + 2.67593137e0, uniform binary secrets, Gaussian noise"} {
  llvm.func @cloakwork_entry_main(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
    %0 = llvm.mlir.constant(4 : i32) : i32
    %1 = llvm.mlir.zero : !llvm.ptr
    %2 = llvm.mlir.addressof @cloakwork_constant_2 : !llvm.ptr
    %3 = llvm.mlir.constant(1 : i32) : i32
    %4 = llvm.mlir.constant(0 : i32) : i32
    %5 = llvm.mlir.addressof @cloakwork_constant_1 : !llvm.ptr
    %6 = llvm.mlir.addressof @cloakwork_constant_0 : !llvm.ptr
    %7 = llvm.mlir.constant(1 : i64) : i64
    %8 = llvm.mlir.constant(0 : i64) : i64
    %9 = llvm.mlir.constant(2 : i64) : i64
    %10 = llvm.getelementptr %arg0[2] : (!llvm.ptr) -> !llvm.ptr, i64
    %11 = llvm.load %10 : !llvm.ptr -> !llvm.ptr
    %12 = llvm.getelementptr %arg0[3] : (!llvm.ptr) -> !llvm.ptr, i64
    %13 = llvm.load %12 : !llvm.ptr -> !llvm.ptr
    %14 = llvm.load %11 {alignment = 8 : i64} : !llvm.ptr -> i64
    %15 = llvm.load %13 : !llvm.ptr -> !llvm.ptr
    %16 = llvm.getelementptr %13[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %17 = llvm.load %16 : !llvm.ptr -> !llvm.ptr
    %18 = llvm.load %arg1 : !llvm.ptr -> !llvm.ptr
    %19 = llvm.getelementptr %arg1[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %20 = llvm.load %19 : !llvm.ptr -> !llvm.ptr
    %21 = llvm.load %arg2 : !llvm.ptr -> !llvm.ptr
    %22 = llvm.getelementptr %arg2[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %23 = llvm.load %22 : !llvm.ptr -> !llvm.ptr
    llvm.br ^bb1(%8 : i64)
  ^bb1(%24: i64):  // 2 preds: ^bb0, ^bb5
    %25 = llvm.icmp "slt" %24, %9 : i64
    llvm.cond_br %25, ^bb2, ^bb6
  ^bb2:  // pred: ^bb1
    %26 = llvm.mul %24, %14 : i64
    %27 = llvm.getelementptr %18[%26] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %28 = llvm.getelementptr %15[%26] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.br ^bb3(%8 : i64)
  ^bb3(%29: i64):  // 2 preds: ^bb2, ^bb4
    %30 = llvm.icmp "slt" %29, %14 : i64
    llvm.cond_br %30, ^bb4, ^bb5
  ^bb4:  // pred: ^bb3
    %31 = llvm.getelementptr %27[%29] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %32 = llvm.load %31 {alignment = 8 : i64} : !llvm.ptr -> i64
    %33 = llvm.getelementptr %28[%29] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %32, %33 {alignment = 8 : i64} : i64, !llvm.ptr
    %34 = llvm.add %29, %7 : i64
    llvm.br ^bb3(%34 : i64)
  ^bb5:  // pred: ^bb3
    %35 = llvm.add %24, %7 : i64
    llvm.br ^bb1(%35 : i64)
  ^bb6:  // pred: ^bb1
    llvm.br ^bb7(%8 : i64)
  ^bb7(%36: i64):  // 2 preds: ^bb6, ^bb11
    %37 = llvm.icmp "slt" %36, %9 : i64
    llvm.cond_br %37, ^bb8, ^bb12
  ^bb8:  // pred: ^bb7
    %38 = llvm.mul %36, %14 : i64
    %39 = llvm.getelementptr %15[%38] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %40 = llvm.getelementptr %21[%38] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %41 = llvm.getelementptr %6[%36] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %42 = llvm.load %41 {alignment = 8 : i64} : !llvm.ptr -> i64
    llvm.br ^bb9(%8 : i64)
  ^bb9(%43: i64):  // 2 preds: ^bb8, ^bb10
    %44 = llvm.icmp "slt" %43, %14 : i64
    llvm.cond_br %44, ^bb10, ^bb11
  ^bb10:  // pred: ^bb9
    %45 = llvm.getelementptr %39[%43] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %46 = llvm.load %45 {alignment = 8 : i64} : !llvm.ptr -> i64
    %47 = llvm.mul %46, %42 : i64
    %48 = llvm.getelementptr %40[%43] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %47, %48 {alignment = 8 : i64} : i64, !llvm.ptr
    %49 = llvm.add %43, %7 : i64
    llvm.br ^bb9(%49 : i64)
  ^bb11:  // pred: ^bb9
    %50 = llvm.add %36, %7 : i64
    llvm.br ^bb7(%50 : i64)
  ^bb12:  // pred: ^bb7
    llvm.br ^bb13(%8 : i64)
  ^bb13(%51: i64):  // 2 preds: ^bb12, ^bb14
    %52 = llvm.icmp "slt" %51, %14 : i64
    llvm.cond_br %52, ^bb14, ^bb15
  ^bb14:  // pred: ^bb13
    %53 = llvm.getelementptr %15[%51] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %8, %53 {alignment = 8 : i64} : i64, !llvm.ptr
    %54 = llvm.add %51, %7 : i64
    llvm.br ^bb13(%54 : i64)
  ^bb15:  // pred: ^bb13
    llvm.br ^bb16(%8 : i64)
  ^bb16(%55: i64):  // 2 preds: ^bb15, ^bb20
    %56 = llvm.icmp "slt" %55, %9 : i64
    llvm.cond_br %56, ^bb17, ^bb21
  ^bb17:  // pred: ^bb16
    %57 = llvm.mul %55, %14 : i64
    %58 = llvm.getelementptr %18[%57] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.br ^bb18(%8 : i64)
  ^bb18(%59: i64):  // 2 preds: ^bb17, ^bb19
    %60 = llvm.icmp "slt" %59, %14 : i64
    llvm.cond_br %60, ^bb19, ^bb20
  ^bb19:  // pred: ^bb18
    %61 = llvm.getelementptr %15[%59] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %62 = llvm.load %61 {alignment = 8 : i64} : !llvm.ptr -> i64
    %63 = llvm.getelementptr %58[%59] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %64 = llvm.load %63 {alignment = 8 : i64} : !llvm.ptr -> i64
    %65 = llvm.add %62, %64 : i64
    llvm.store %65, %61 {alignment = 8 : i64} : i64, !llvm.ptr
    %66 = llvm.add %59, %7 : i64
    llvm.br ^bb18(%66 : i64)
  ^bb20:  // pred: ^bb18
    %67 = llvm.add %55, %7 : i64
    llvm.br ^bb16(%67 : i64)
  ^bb21:  // pred: ^bb16
    %68 = llvm.getelementptr %15[%14] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.br ^bb22(%8 : i64)
  ^bb22(%69: i64):  // 2 preds: ^bb21, ^bb23
    %70 = llvm.icmp "slt" %69, %14 : i64
    llvm.cond_br %70, ^bb23, ^bb24
  ^bb23:  // pred: ^bb22
    %71 = llvm.getelementptr %15[%69] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %72 = llvm.load %71 {alignment = 8 : i64} : !llvm.ptr -> i64
    %73 = llvm.getelementptr %68[%69] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %72, %73 {alignment = 8 : i64} : i64, !llvm.ptr
    %74 = llvm.add %69, %7 : i64
    llvm.br ^bb22(%74 : i64)
  ^bb24:  // pred: ^bb22
    %75 = llvm.sub %14, %7 : i64
    %76 = llvm.getelementptr %68[%75] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %77 = llvm.load %76 {alignment = 8 : i64} : !llvm.ptr -> i64
    %78 = llvm.load %20 {alignment = 8 : i64} : !llvm.ptr -> i64
    %79 = llvm.load %5 {alignment = 8 : i64} : !llvm.ptr -> i64
    %80 = llvm.shl %78, %79 : i64
    %81 = llvm.add %77, %80 : i64
    llvm.store %81, %76 {alignment = 8 : i64} : i64, !llvm.ptr
    %82 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %83 = llvm.load %82 : !llvm.ptr -> !llvm.ptr
    %84 = llvm.getelementptr %arg0[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %85 = llvm.load %84 : !llvm.ptr -> !llvm.ptr
    %86 = llvm.call %83(%85, %4, %7, %68, %17) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr) -> i32
    %87 = llvm.icmp "eq" %86, %4 : i32
    llvm.cond_br %87, ^bb26, ^bb25(%86 : i32)
  ^bb25(%88: i32):  // 2 preds: ^bb24, ^bb26
    llvm.return %88 : i32
  ^bb26:  // pred: ^bb24
    %89 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %90 = llvm.getelementptr %89[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %91 = llvm.load %90 : !llvm.ptr -> !llvm.ptr
    %92 = llvm.load %84 : !llvm.ptr -> !llvm.ptr
    %93 = llvm.call %91(%92, %4, %7, %17, %23, %2, %1, %3, %0, %4) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32, i32) -> i32
    %94 = llvm.icmp "eq" %93, %4 : i32
    llvm.cond_br %94, ^bb27, ^bb25(%93 : i32)
  ^bb27:  // pred: ^bb26
    llvm.return %4 : i32
  }
  llvm.mlir.global internal constant @cloakwork_constant_0(dense<1> : tensor<2xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<2 x i64>
  llvm.mlir.global internal constant @cloakwork_constant_1(dense<59> : tensor<1xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<1 x i64>
  llvm.mlir.global internal constant @cloakwork_constant_2(dense<[0, 0, 0, 0, 0, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904, 4611686018427387904]> : tensor<16xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<16 x i64>
}
// -----
// The place of a traced operation stands in the error of a pass far behind.
// RUN: prepare,fhe{lookups=whole},parameters{p-error=1e-50},native
// expected-error at network.py:9:5 (activation): no parameters for the input of the lookup `fhe.lookup at network.py:9:5 (activation)`: 16 bits with norm2 1.0 have noise of at least 2^-20.97, allowed is 2^-21.90 for a p_error of 2^-166.10; reduce it to 15 bits, or allow a p_error of 2^-47.90
func.func @main(%x: !fhe.eint<16>) -> !fhe.eint<?> {
  %0 = fhe.map %x : (!fhe.eint<16>) -> !fhe.eint<?> {
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
