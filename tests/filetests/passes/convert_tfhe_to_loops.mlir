// Ciphertexts become words in memory, whose number the context tells; keys become numbers; the spec appears.
// RUN: convert-tfhe-to-loops,canonicalize,cse
// run: @main([1, 2], 3) == [4, 7]
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "none: small test keys"} {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 1.0e-30 : f64}
func.func @main(%x: tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 4, 0>}, %c: i64) -> (tensor<2x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 4, 0>}) attributes {tfhe.p_error = 1.0e-5 : f64, tfhe.global_p_error = 1.0e-5 : f64} {
  %w = arith.constant dense<3> : tensor<2xi64>
  %0 = tfhe.mul_clear %x, %w : (tensor<2x!tfhe.lwe<@big>>, tensor<2xi64>) -> tensor<2x!tfhe.lwe<@big>>
  %1 = tfhe.constant dense<[432345564227567616, 432345564227567616]> : tensor<2xi64> : tensor<2x!tfhe.lwe<@big>>
  %2 = tfhe.add %0, %1 : (tensor<2x!tfhe.lwe<@big>>, tensor<2x!tfhe.lwe<@big>>) -> tensor<2x!tfhe.lwe<@big>>
  return %2 : tensor<2x!tfhe.lwe<@big>>
}
}
// output:
module attributes {cloakwork.spec = "…", tfhe.security = 128 : i64, tfhe.security_source = "none: small test keys"} {
  func.func @cloakwork_entry_main(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
    %c0_i32 = arith.constant 0 : i32
    %0 = llvm.mlir.addressof @cloakwork_constant_1 : !llvm.ptr
    %1 = llvm.mlir.addressof @cloakwork_constant_0 : !llvm.ptr
    %c1_i64 = arith.constant 1 : i64
    %c0_i64 = arith.constant 0 : i64
    %c2_i64 = arith.constant 2 : i64
    %2 = llvm.getelementptr %arg0[2] : (!llvm.ptr) -> !llvm.ptr, i64
    %3 = llvm.load %2 : !llvm.ptr -> !llvm.ptr
    %4 = llvm.getelementptr %arg0[3] : (!llvm.ptr) -> !llvm.ptr, i64
    %5 = llvm.load %4 : !llvm.ptr -> !llvm.ptr
    %6 = llvm.load %3 {alignment = 8 : i64} : !llvm.ptr -> i64
    %7 = llvm.load %5 : !llvm.ptr -> !llvm.ptr
    %8 = llvm.load %arg1 : !llvm.ptr -> !llvm.ptr
    %9 = llvm.load %arg2 : !llvm.ptr -> !llvm.ptr
    scf.for %arg3 = %c0_i64 to %c2_i64 step %c1_i64  : i64 {
      %12 = arith.muli %arg3, %6 : i64
      %13 = llvm.getelementptr %8[%12] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %14 = llvm.getelementptr %7[%12] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %15 = llvm.getelementptr %1[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %16 = llvm.load %15 {alignment = 8 : i64} : !llvm.ptr -> i64
      scf.for %arg4 = %c0_i64 to %6 step %c1_i64  : i64 {
        %17 = llvm.getelementptr %13[%arg4] : (!llvm.ptr, i64) -> !llvm.ptr, i64
        %18 = llvm.load %17 {alignment = 8 : i64} : !llvm.ptr -> i64
        %19 = arith.muli %18, %16 : i64
        %20 = llvm.getelementptr %14[%arg4] : (!llvm.ptr, i64) -> !llvm.ptr, i64
        llvm.store %19, %20 {alignment = 8 : i64} : i64, !llvm.ptr
      }
    }
    %10 = arith.muli %6, %c2_i64 : i64
    %11 = llvm.getelementptr %7[%10] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    scf.for %arg3 = %c0_i64 to %c2_i64 step %c1_i64  : i64 {
      %12 = arith.muli %arg3, %6 : i64
      %13 = llvm.getelementptr %11[%12] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      scf.for %arg4 = %c0_i64 to %6 step %c1_i64  : i64 {
        %18 = llvm.getelementptr %13[%arg4] : (!llvm.ptr, i64) -> !llvm.ptr, i64
        llvm.store %c0_i64, %18 {alignment = 8 : i64} : i64, !llvm.ptr
      }
      %14 = llvm.getelementptr %0[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %15 = llvm.load %14 {alignment = 8 : i64} : !llvm.ptr -> i64
      %16 = arith.subi %6, %c1_i64 : i64
      %17 = llvm.getelementptr %13[%16] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      llvm.store %15, %17 {alignment = 8 : i64} : i64, !llvm.ptr
    }
    scf.for %arg3 = %c0_i64 to %10 step %c1_i64  : i64 {
      %12 = llvm.getelementptr %7[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %13 = llvm.load %12 {alignment = 8 : i64} : !llvm.ptr -> i64
      %14 = llvm.getelementptr %11[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %15 = llvm.load %14 {alignment = 8 : i64} : !llvm.ptr -> i64
      %16 = arith.addi %13, %15 : i64
      %17 = llvm.getelementptr %9[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      llvm.store %16, %17 {alignment = 8 : i64} : i64, !llvm.ptr
    }
    return %c0_i32 : i32
  }
  llvm.mlir.global internal constant @cloakwork_constant_0(dense<3> : tensor<2xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<2 x i64>
  llvm.mlir.global internal constant @cloakwork_constant_1(dense<432345564227567616> : tensor<2xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<2 x i64>
}
// -----
// Lookups are calls through the function table.
// run: @main(1) == 0
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "none: small test keys"} {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 10 : i64, variance = 1.0e-20 : f64}
tfhe.keyswitch_key @ksk from @big to @small {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
func.func @main(%x: !tfhe.lwe<@big> {tfhe.encoding = array<i64: 1, 0>}) -> (!tfhe.lwe<@big> {tfhe.encoding = array<i64: 1, 0>}) attributes {tfhe.p_error = 1.0e-5 : f64, tfhe.global_p_error = 1.0e-5 : f64} {
  %0 = tfhe.keyswitch @ksk, %x : (!tfhe.lwe<@big>) -> !tfhe.lwe<@small>
  %1 = tfhe.bootstrap @bsk, %0 {tables = dense<[[4611686018427387904, 0]]> : tensor<1x2xi64>} : (!tfhe.lwe<@small>) -> !tfhe.lwe<@big>
  return %1 : !tfhe.lwe<@big>
}
}
// output:
module attributes {cloakwork.spec = "…", tfhe.security = 128 : i64, tfhe.security_source = "none: small test keys"} {
  func.func @cloakwork_entry_main(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
    %0 = llvm.mlir.zero : !llvm.ptr
    %1 = llvm.mlir.addressof @cloakwork_constant_0 : !llvm.ptr
    %c1_i32 = arith.constant 1 : i32
    %c0_i32 = arith.constant 0 : i32
    %c1_i64 = arith.constant 1 : i64
    %2 = llvm.getelementptr %arg0[3] : (!llvm.ptr) -> !llvm.ptr, i64
    %3 = llvm.load %2 : !llvm.ptr -> !llvm.ptr
    %4 = llvm.getelementptr %3[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %5 = llvm.load %4 : !llvm.ptr -> !llvm.ptr
    %6 = llvm.load %arg1 : !llvm.ptr -> !llvm.ptr
    %7 = llvm.load %arg2 : !llvm.ptr -> !llvm.ptr
    %8 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %9 = llvm.load %8 : !llvm.ptr -> !llvm.ptr
    %10 = llvm.getelementptr %arg0[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %11 = llvm.load %10 : !llvm.ptr -> !llvm.ptr
    %12 = llvm.call %9(%11, %c0_i32, %c1_i64, %6, %5) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr) -> i32
    %13 = arith.cmpi eq, %12, %c0_i32 : i32
    cf.cond_br %13, ^bb2, ^bb1(%12 : i32)
  ^bb1(%14: i32):  // 2 preds: ^bb0, ^bb2
    return %14 : i32
  ^bb2:  // pred: ^bb0
    %15 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %16 = llvm.getelementptr %15[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %17 = llvm.load %16 : !llvm.ptr -> !llvm.ptr
    %18 = llvm.load %10 : !llvm.ptr -> !llvm.ptr
    %19 = llvm.call %17(%18, %c0_i32, %c1_i64, %5, %7, %1, %0, %c1_i32, %c1_i32, %c0_i32) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32, i32) -> i32
    %20 = arith.cmpi eq, %19, %c0_i32 : i32
    cf.cond_br %20, ^bb3, ^bb1(%19 : i32)
  ^bb3:  // pred: ^bb2
    return %c0_i32 : i32
  }
  llvm.mlir.global internal constant @cloakwork_constant_0(dense<[4611686018427387904, 0]> : tensor<2xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<2 x i64>
}
// -----
// Ciphertexts under several keys have words of their own; a conversion is a call like any keyswitch.
// run: @main(1) == (0, 1)
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "none: small test keys"} {
tfhe.secret_key @big0 {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @big1 {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small0 {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
tfhe.secret_key @small1 {lwe_dimension = 24 : i64, variance = 1.0e-20 : f64}
tfhe.keyswitch_key @ksk00 from @big0 to @small0 {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.keyswitch_key @ksk01 from @big0 to @small1 {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.keyswitch_key @ksk11 from @big1 to @small1 {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.keyswitch_key @to0 from @big1 to @big0 {base_log = 8 : i64, level = 3 : i64, variance = 1.0e-18 : f64, added_variance = 1.0e-15 : f64}
tfhe.bootstrap_key @bsk0 from @small0 to @big0 {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
tfhe.bootstrap_key @bsk1 from @small1 to @big1 {base_log = 15 : i64, level = 2 : i64, grouping = 2 : i64, extension = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
func.func @main(%x: !tfhe.lwe<@big1> {tfhe.encoding = array<i64: 1, 0>}) -> (!tfhe.lwe<@big0> {tfhe.encoding = array<i64: 1, 0>}, !tfhe.lwe<@big1> {tfhe.encoding = array<i64: 1, 0>}) attributes {tfhe.p_error = 1.0e-5 : f64, tfhe.global_p_error = 1.0e-5 : f64} {
  %0 = tfhe.keyswitch @ksk11, %x : (!tfhe.lwe<@big1>) -> !tfhe.lwe<@small1>
  %1 = tfhe.bootstrap @bsk1, %0 {outputs = 2 : i64, tables = dense<[[4611686018427387904, 0], [0, 4611686018427387904]]> : tensor<2x2xi64>} : (!tfhe.lwe<@small1>) -> tensor<2x!tfhe.lwe<@big1>>
  %2 = tfhe.slice %1 {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big1>>) -> tensor<1x!tfhe.lwe<@big1>>
  %3 = tfhe.slice %1 {offsets = array<i64: 1>, strides = array<i64: 1>} : (tensor<2x!tfhe.lwe<@big1>>) -> tensor<1x!tfhe.lwe<@big1>>
  %4 = tfhe.reshape %2 : (tensor<1x!tfhe.lwe<@big1>>) -> !tfhe.lwe<@big1>
  %5 = tfhe.reshape %3 : (tensor<1x!tfhe.lwe<@big1>>) -> !tfhe.lwe<@big1>
  %6 = tfhe.keyswitch @to0, %4 : (!tfhe.lwe<@big1>) -> !tfhe.lwe<@big0>
  %7 = tfhe.neg %6 : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@big0>
  %8 = tfhe.neg %7 : (!tfhe.lwe<@big0>) -> !tfhe.lwe<@big0>
  return %8, %5 : !tfhe.lwe<@big0>, !tfhe.lwe<@big1>
}
}
// output:
module attributes {cloakwork.spec = "…", tfhe.security = 128 : i64, tfhe.security_source = "none: small test keys"} {
  func.func @cloakwork_entry_main(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32 {
    %c3_i32 = arith.constant 3 : i32
    %c1_i32 = arith.constant 1 : i32
    %0 = llvm.mlir.zero : !llvm.ptr
    %1 = llvm.mlir.addressof @cloakwork_constant_0 : !llvm.ptr
    %c0_i32 = arith.constant 0 : i32
    %c2_i32 = arith.constant 2 : i32
    %c1_i64 = arith.constant 1 : i64
    %c0_i64 = arith.constant 0 : i64
    %2 = llvm.getelementptr %arg0[2] : (!llvm.ptr) -> !llvm.ptr, i64
    %3 = llvm.load %2 : !llvm.ptr -> !llvm.ptr
    %4 = llvm.getelementptr %arg0[3] : (!llvm.ptr) -> !llvm.ptr, i64
    %5 = llvm.load %4 : !llvm.ptr -> !llvm.ptr
    %6 = llvm.load %3 {alignment = 8 : i64} : !llvm.ptr -> i64
    %7 = llvm.getelementptr %3[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %8 = llvm.load %7 {alignment = 8 : i64} : !llvm.ptr -> i64
    %9 = llvm.load %5 : !llvm.ptr -> !llvm.ptr
    %10 = llvm.getelementptr %5[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %11 = llvm.load %10 : !llvm.ptr -> !llvm.ptr
    %12 = llvm.getelementptr %5[3] : (!llvm.ptr) -> !llvm.ptr, i64
    %13 = llvm.load %12 : !llvm.ptr -> !llvm.ptr
    %14 = llvm.load %arg1 : !llvm.ptr -> !llvm.ptr
    %15 = llvm.load %arg2 : !llvm.ptr -> !llvm.ptr
    %16 = llvm.getelementptr %arg2[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %17 = llvm.load %16 : !llvm.ptr -> !llvm.ptr
    %18 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %19 = llvm.load %18 : !llvm.ptr -> !llvm.ptr
    %20 = llvm.getelementptr %arg0[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %21 = llvm.load %20 : !llvm.ptr -> !llvm.ptr
    %22 = llvm.call %19(%21, %c2_i32, %c1_i64, %14, %13) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr) -> i32
    %23 = arith.cmpi eq, %22, %c0_i32 : i32
    cf.cond_br %23, ^bb2, ^bb1(%22 : i32)
  ^bb1(%24: i32):  // 3 preds: ^bb0, ^bb2, ^bb3
    return %24 : i32
  ^bb2:  // pred: ^bb0
    %25 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %26 = llvm.getelementptr %25[1] : (!llvm.ptr) -> !llvm.ptr, i64
    %27 = llvm.load %26 : !llvm.ptr -> !llvm.ptr
    %28 = llvm.load %20 : !llvm.ptr -> !llvm.ptr
    %29 = llvm.call %27(%28, %c1_i32, %c1_i64, %13, %11, %1, %0, %c2_i32, %c1_i32, %c0_i32) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32, i32) -> i32
    %30 = arith.cmpi eq, %29, %c0_i32 : i32
    cf.cond_br %30, ^bb3, ^bb1(%29 : i32)
  ^bb3:  // pred: ^bb2
    %31 = llvm.load %arg0 : !llvm.ptr -> !llvm.ptr
    %32 = llvm.load %31 : !llvm.ptr -> !llvm.ptr
    %33 = llvm.load %20 : !llvm.ptr -> !llvm.ptr
    %34 = llvm.call %32(%33, %c3_i32, %c1_i64, %11, %9) : !llvm.ptr, (!llvm.ptr, i32, i64, !llvm.ptr, !llvm.ptr) -> i32
    %35 = arith.cmpi eq, %34, %c0_i32 : i32
    cf.cond_br %35, ^bb4, ^bb1(%34 : i32)
  ^bb4:  // pred: ^bb3
    %36 = llvm.getelementptr %9[%6] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    scf.for %arg3 = %c0_i64 to %6 step %c1_i64  : i64 {
      %38 = llvm.getelementptr %9[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %39 = llvm.load %38 {alignment = 8 : i64} : !llvm.ptr -> i64
      %40 = arith.subi %c0_i64, %39 : i64
      %41 = llvm.getelementptr %36[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      llvm.store %40, %41 {alignment = 8 : i64} : i64, !llvm.ptr
    }
    scf.for %arg3 = %c0_i64 to %6 step %c1_i64  : i64 {
      %38 = llvm.getelementptr %36[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %39 = llvm.load %38 {alignment = 8 : i64} : !llvm.ptr -> i64
      %40 = arith.subi %c0_i64, %39 : i64
      %41 = llvm.getelementptr %15[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      llvm.store %40, %41 {alignment = 8 : i64} : i64, !llvm.ptr
    }
    %37 = llvm.getelementptr %11[%8] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    scf.for %arg3 = %c0_i64 to %8 step %c1_i64  : i64 {
      %38 = llvm.getelementptr %37[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      %39 = llvm.load %38 {alignment = 8 : i64} : !llvm.ptr -> i64
      %40 = llvm.getelementptr %17[%arg3] : (!llvm.ptr, i64) -> !llvm.ptr, i64
      llvm.store %39, %40 {alignment = 8 : i64} : i64, !llvm.ptr
    }
    return %c0_i32 : i32
  }
  llvm.mlir.global internal constant @cloakwork_constant_0(dense<[4611686018427387904, 0, 0, 4611686018427387904]> : tensor<4xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<4 x i64>
}
// -----
// expected-error: the module has no function to compile; define one with `func.func`
module {}
// -----
// expected-error: the module attribute `tfhe.security` is missing; run `fhe-optimize-parameters` first
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 1.0e-30 : f64}
func.func @main(%x: !tfhe.lwe<@big> {tfhe.encoding = array<i64: 4, 0>}) -> (!tfhe.lwe<@big> {tfhe.encoding = array<i64: 4, 0>}) {
  return %x : !tfhe.lwe<@big>
}
// -----
// expected-error: `!tfhe.lwe<@other>` names a key that is not defined
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "none"} {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 1.0e-30 : f64}
func.func @main(%x: !tfhe.lwe<@other> {tfhe.encoding = array<i64: 4, 0>}) -> (!tfhe.lwe<@other> {tfhe.encoding = array<i64: 4, 0>}) attributes {tfhe.p_error = 1.0e-5 : f64, tfhe.global_p_error = 1.0e-5 : f64} {
  return %x : !tfhe.lwe<@other>
}
}
// -----
// expected-error: argument 0 needs the attribute `tfhe.encoding = array<i64: width, is_signed>`
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "none"} {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 1.0e-30 : f64}
func.func @main(%x: !tfhe.lwe<@big>) -> (!tfhe.lwe<@big> {tfhe.encoding = array<i64: 4, 0>}) attributes {tfhe.p_error = 1.0e-5 : f64, tfhe.global_p_error = 1.0e-5 : f64} {
  return %x : !tfhe.lwe<@big>
}
}
