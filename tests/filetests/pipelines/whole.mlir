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
    %4 = llvm.mlir.addressof @cloakwork_constant_1 : !llvm.ptr
    %5 = llvm.mlir.constant(0 : i32) : i32
    %6 = llvm.mlir.addressof @cloakwork_sum_main_0 : !llvm.ptr
    %7 = llvm.mlir.constant(4 : i64) : i64
    %8 = llvm.mlir.constant(16 : i64) : i64
    %9 = llvm.mlir.constant(15 : i64) : i64
    %10 = llvm.mlir.addressof @cloakwork_constant_0 : !llvm.ptr
    %11 = llvm.mlir.constant(1 : i64) : i64
    %12 = llvm.mlir.constant(0 : i64) : i64
    %13 = llvm.mlir.constant(2 : i64) : i64
    %14 = llvm.getelementptr %arg0[2] : (!llvm.ptr) -> !llvm.ptr, i64
    %15 = llvm.load %14 : !llvm.ptr -> !llvm.ptr
    %16 = llvm.getelementptr %arg0[3] : (!llvm.ptr) -> !llvm.ptr, i64
    %17 = llvm.load %16 : !llvm.ptr -> !llvm.ptr
    %18 = llvm.load %15 {alignment = 8 : i64} : !llvm.ptr -> i64
    %19 = llvm.load %17 : !llvm.ptr -> !llvm.ptr
    %20 = llvm.getelementptr %17[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %21 = llvm.load %20 : !llvm.ptr -> !llvm.ptr
    %22 = llvm.load %arg1 : !llvm.ptr -> !llvm.ptr
    %23 = llvm.getelementptr %arg1[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %24 = llvm.load %23 : !llvm.ptr -> !llvm.ptr
    %25 = llvm.load %arg2 : !llvm.ptr -> !llvm.ptr
    %26 = llvm.getelementptr %arg2[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %27 = llvm.load %26 : !llvm.ptr -> !llvm.ptr
    llvm.br ^bb1(%12 : i64)
  ^bb1(%28: i64):  // 2 preds: ^bb0, ^bb5
    %29 = llvm.icmp "slt" %28, %13 : i64
    llvm.cond_br %29, ^bb2, ^bb6
  ^bb2:  // pred: ^bb1
    %30 = llvm.mul %28, %18 : i64
    %31 = llvm.getelementptr %22[%30] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %32 = llvm.getelementptr %19[%30] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.br ^bb3(%12 : i64)
  ^bb3(%33: i64):  // 2 preds: ^bb2, ^bb4
    %34 = llvm.icmp "slt" %33, %18 : i64
    llvm.cond_br %34, ^bb4, ^bb5
  ^bb4:  // pred: ^bb3
    %35 = llvm.getelementptr %31[%33] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %36 = llvm.load %35 {alignment = 8 : i64} : !llvm.ptr -> i64
    %37 = llvm.getelementptr %32[%33] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %36, %37 {alignment = 8 : i64} : i64, !llvm.ptr
    %38 = llvm.add %33, %11 : i64
    llvm.br ^bb3(%38 : i64)
  ^bb5:  // pred: ^bb3
    %39 = llvm.add %28, %11 : i64
    llvm.br ^bb1(%39 : i64)
  ^bb6:  // pred: ^bb1
    llvm.br ^bb7(%12 : i64)
  ^bb7(%40: i64):  // 2 preds: ^bb6, ^bb11
    %41 = llvm.icmp "slt" %40, %13 : i64
    llvm.cond_br %41, ^bb8, ^bb12
  ^bb8:  // pred: ^bb7
    %42 = llvm.mul %40, %18 : i64
    %43 = llvm.getelementptr %19[%42] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %44 = llvm.getelementptr %25[%42] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %45 = llvm.getelementptr %10[%40] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %46 = llvm.load %45 {alignment = 8 : i64} : !llvm.ptr -> i64
    llvm.br ^bb9(%12 : i64)
  ^bb9(%47: i64):  // 2 preds: ^bb8, ^bb10
    %48 = llvm.icmp "slt" %47, %18 : i64
    llvm.cond_br %48, ^bb10, ^bb11
  ^bb10:  // pred: ^bb9
    %49 = llvm.getelementptr %43[%47] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %50 = llvm.load %49 {alignment = 8 : i64} : !llvm.ptr -> i64
    %51 = llvm.mul %50, %46 : i64
    %52 = llvm.getelementptr %44[%47] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %51, %52 {alignment = 8 : i64} : i64, !llvm.ptr
    %53 = llvm.add %47, %11 : i64
    llvm.br ^bb9(%53 : i64)
  ^bb11:  // pred: ^bb9
    %54 = llvm.add %40, %11 : i64
    llvm.br ^bb7(%54 : i64)
  ^bb12:  // pred: ^bb7
    %55 = llvm.add %18, %9 : i64
    %56 = llvm.udiv %55, %8 : i64
    %57 = llvm.icmp "ult" %18, %8 : i64
    %58 = llvm.select %57, %11, %56 : i1, i64
    %59 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %60 = llvm.getelementptr %59[2] : (!llvm.ptr) -> !llvm.ptr, i64
    %61 = llvm.load %60 : !llvm.ptr -> !llvm.ptr
    %62 = llvm.getelementptr %arg0[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %63 = llvm.load %62 : !llvm.ptr -> !llvm.ptr
    %64 = llvm.call %61(%63, %6, %arg0, %arg1, %arg2, %58, %7) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64) -> i32
    %65 = llvm.icmp "eq" %64, %5 : i32
    llvm.cond_br %65, ^bb14, ^bb13(%64 : i32)
  ^bb13(%66: i32):  // 3 preds: ^bb12, ^bb17, ^bb18
    llvm.return %66 : i32
  ^bb14:  // pred: ^bb12
    %67 = llvm.getelementptr %19[%18] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.br ^bb15(%12 : i64)
  ^bb15(%68: i64):  // 2 preds: ^bb14, ^bb16
    %69 = llvm.icmp "slt" %68, %18 : i64
    llvm.cond_br %69, ^bb16, ^bb17
  ^bb16:  // pred: ^bb15
    %70 = llvm.getelementptr %19[%68] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %71 = llvm.load %70 {alignment = 8 : i64} : !llvm.ptr -> i64
    %72 = llvm.getelementptr %67[%68] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %71, %72 {alignment = 8 : i64} : i64, !llvm.ptr
    %73 = llvm.add %68, %11 : i64
    llvm.br ^bb15(%73 : i64)
  ^bb17:  // pred: ^bb15
    %74 = llvm.sub %18, %11 : i64
    %75 = llvm.getelementptr %67[%74] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %76 = llvm.load %75 {alignment = 8 : i64} : !llvm.ptr -> i64
    %77 = llvm.load %24 {alignment = 8 : i64} : !llvm.ptr -> i64
    %78 = llvm.load %4 {alignment = 8 : i64} : !llvm.ptr -> i64
    %79 = llvm.shl %77, %78 : i64
    %80 = llvm.add %76, %79 : i64
    llvm.store %80, %75 {alignment = 8 : i64} : i64, !llvm.ptr
    %81 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %82 = llvm.load %81 : !llvm.ptr -> !llvm.ptr
    %83 = llvm.load %62 : !llvm.ptr -> !llvm.ptr
    %84 = llvm.call %82(%83, %5, %11, %67, %21) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr) -> i32
    %85 = llvm.icmp "eq" %84, %5 : i32
    llvm.cond_br %85, ^bb18, ^bb13(%84 : i32)
  ^bb18:  // pred: ^bb17
    %86 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %87 = llvm.getelementptr %86[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %88 = llvm.load %87 : !llvm.ptr -> !llvm.ptr
    %89 = llvm.load %62 : !llvm.ptr -> !llvm.ptr
    %90 = llvm.call %88(%89, %5, %11, %21, %27, %2, %1, %3, %0, %5) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32, i32) -> i32
    %91 = llvm.icmp "eq" %90, %5 : i32
    llvm.cond_br %91, ^bb19, ^bb13(%90 : i32)
  ^bb19:  // pred: ^bb18
    llvm.return %5 : i32
  }
  llvm.mlir.global internal constant @cloakwork_constant_0(dense<1> : tensor<2xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<2 x i64>
  llvm.func @cloakwork_sum_main_0(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr, %arg3: i64, %arg4: i64) -> i32 {
    %0 = llvm.mlir.constant(0 : i32) : i32
    %1 = llvm.mlir.constant(dense<0> : vector<8xi64>) : vector<8xi64>
    %2 = llvm.mlir.constant(15 : i64) : i64
    %3 = llvm.mlir.constant(16 : i64) : i64
    %4 = llvm.mlir.constant(1 : i64) : i64
    %5 = llvm.mlir.constant(0 : i64) : i64
    %6 = llvm.mlir.constant(2 : i64) : i64
    %7 = llvm.getelementptr %arg0[2] : (!llvm.ptr) -> !llvm.ptr, i64
    %8 = llvm.load %7 : !llvm.ptr -> !llvm.ptr
    %9 = llvm.getelementptr %arg0[3] : (!llvm.ptr) -> !llvm.ptr, i64
    %10 = llvm.load %9 : !llvm.ptr -> !llvm.ptr
    %11 = llvm.load %8 {alignment = 8 : i64} : !llvm.ptr -> i64
    %12 = llvm.load %10 : !llvm.ptr -> !llvm.ptr
    %13 = llvm.load %arg1 : !llvm.ptr -> !llvm.ptr
    %14 = llvm.sub %arg4, %arg3 : i64
    %15 = llvm.icmp "ult" %11, %3 : i64
    %16 = llvm.icmp "ugt" %11, %2 : i64
    llvm.cond_br %16, ^bb1, ^bb8
  ^bb1:  // pred: ^bb0
    llvm.br ^bb2(%5 : i64)
  ^bb2(%17: i64):  // 2 preds: ^bb1, ^bb6
    %18 = llvm.icmp "slt" %17, %14 : i64
    llvm.cond_br %18, ^bb3, ^bb7
  ^bb3:  // pred: ^bb2
    %19 = llvm.add %arg3, %17 : i64
    %20 = llvm.mul %19, %3 : i64
    %21 = llvm.sub %11, %3 : i64
    %22 = llvm.intr.umin(%20, %21) : (i64, i64) -> i64
    llvm.br ^bb4(%5, %1, %1 : i64, vector<8xi64>, vector<8xi64>)
  ^bb4(%23: i64, %24: vector<8xi64>, %25: vector<8xi64>):  // 2 preds: ^bb3, ^bb5
    %26 = llvm.icmp "slt" %23, %6 : i64
    llvm.cond_br %26, ^bb5, ^bb6
  ^bb5:  // pred: ^bb4
    %27 = llvm.mul %23, %11 : i64
    %28 = llvm.getelementptr %13[%27] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %29 = llvm.getelementptr %28[%22] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %30 = llvm.load %29 {alignment = 8 : i64} : !llvm.ptr -> vector<8xi64>
    %31 = llvm.getelementptr %29[8] : (!llvm.ptr) -> !llvm.ptr, i64
    %32 = llvm.load %31 {alignment = 8 : i64} : !llvm.ptr -> vector<8xi64>
    %33 = llvm.add %24, %30 : vector<8xi64>
    %34 = llvm.add %25, %32 : vector<8xi64>
    %35 = llvm.add %23, %4 : i64
    llvm.br ^bb4(%35, %33, %34 : i64, vector<8xi64>, vector<8xi64>)
  ^bb6:  // pred: ^bb4
    %36 = llvm.getelementptr %12[%22] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %24, %36 {alignment = 8 : i64} : vector<8xi64>, !llvm.ptr
    %37 = llvm.getelementptr %36[8] : (!llvm.ptr) -> !llvm.ptr, i64
    llvm.store %25, %37 {alignment = 8 : i64} : vector<8xi64>, !llvm.ptr
    %38 = llvm.add %17, %4 : i64
    llvm.br ^bb2(%38 : i64)
  ^bb7:  // pred: ^bb2
    llvm.br ^bb8
  ^bb8:  // 2 preds: ^bb0, ^bb7
    llvm.cond_br %15, ^bb9, ^bb19
  ^bb9:  // pred: ^bb8
    llvm.br ^bb10(%5 : i64)
  ^bb10(%39: i64):  // 2 preds: ^bb9, ^bb17
    %40 = llvm.icmp "slt" %39, %14 : i64
    llvm.cond_br %40, ^bb11, ^bb18
  ^bb11:  // pred: ^bb10
    llvm.br ^bb12(%5 : i64)
  ^bb12(%41: i64):  // 2 preds: ^bb11, ^bb16
    %42 = llvm.icmp "slt" %41, %11 : i64
    llvm.cond_br %42, ^bb13, ^bb17
  ^bb13:  // pred: ^bb12
    llvm.br ^bb14(%5, %5 : i64, i64)
  ^bb14(%43: i64, %44: i64):  // 2 preds: ^bb13, ^bb15
    %45 = llvm.icmp "slt" %43, %6 : i64
    llvm.cond_br %45, ^bb15, ^bb16
  ^bb15:  // pred: ^bb14
    %46 = llvm.mul %43, %11 : i64
    %47 = llvm.getelementptr %13[%46] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %48 = llvm.getelementptr %47[%41] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    %49 = llvm.load %48 {alignment = 8 : i64} : !llvm.ptr -> i64
    %50 = llvm.add %44, %49 : i64
    %51 = llvm.add %43, %4 : i64
    llvm.br ^bb14(%51, %50 : i64, i64)
  ^bb16:  // pred: ^bb14
    %52 = llvm.getelementptr %12[%41] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %44, %52 {alignment = 8 : i64} : i64, !llvm.ptr
    %53 = llvm.add %41, %4 : i64
    llvm.br ^bb12(%53 : i64)
  ^bb17:  // pred: ^bb12
    %54 = llvm.add %39, %4 : i64
    llvm.br ^bb10(%54 : i64)
  ^bb18:  // pred: ^bb10
    llvm.br ^bb19
  ^bb19:  // 2 preds: ^bb8, ^bb18
    llvm.return %0 : i32
  }
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
