// Maps between integers become one; the real numbers between them vanish.
// RUN: fhe-fuse-maps
// run: @main([4, -2, 9]) == [-2, -1, -3]
func.func @main(%x: tensor<3x!fhe.esint<5>>) -> tensor<3x!fhe.esint<?>> {
  %1 = fhe.map %x : (tensor<3x!fhe.esint<5>>) -> tensor<3x!fhe.efloat> {
  ^bb0(%v: i64):
    %f = arith.sitofp %v : i64 to f64
    %a = math.absf %f : f64
    %s = math.sqrt %a : f64
    fhe.yield %s : f64
  }
  %2 = fhe.map %1 : (tensor<3x!fhe.efloat>) -> tensor<3x!fhe.esint<?>> {
  ^bb0(%v: f64):
    %r = arith.fptosi %v : f64 to i64
    %m = arith.constant -1 : i64
    %n = arith.muli %r, %m : i64
    fhe.yield %n : i64
  }
  return %2 : tensor<3x!fhe.esint<?>>
}
// output:
module {
  func.func @main(%arg0: tensor<3x!fhe.esint<5>>) -> tensor<3x!fhe.esint<?>> {
    %0 = fhe.map %arg0 : (tensor<3x!fhe.esint<5>>) -> tensor<3x!fhe.esint<?>> {
    ^bb0(%arg1: i64):
      %1 = arith.sitofp %arg1 : i64 to f64
      %2 = math.absf %1 : f64
      %3 = math.sqrt %2 : f64
      %4 = arith.fptosi %3 : f64 to i64
      %c-1_i64 = arith.constant -1 : i64
      %5 = arith.muli %4, %c-1_i64 : i64
      fhe.yield %5 : i64
    }
    return %0 : tensor<3x!fhe.esint<?>>
  }
}
// -----
// A diamond of maps on one value is one function of it.
// run: @main(3) == 12
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<?> {
  %0 = fhe.map %x : (!fhe.eint<3>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %s = arith.muli %v, %v : i64
    fhe.yield %s : i64
  }
  %1 = fhe.map %0, %x : (!fhe.eint<?>, !fhe.eint<3>) -> !fhe.eint<?> {
  ^bb0(%v: i64, %w: i64):
    %s = arith.addi %v, %w : i64
    fhe.yield %s : i64
  }
  return %1 : !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<3>) -> !fhe.eint<?> {
    %0 = fhe.map %arg0 : (!fhe.eint<3>) -> !fhe.eint<?> {
    ^bb0(%arg1: i64):
      %1 = arith.muli %arg1, %arg1 : i64
      %2 = arith.addi %1, %arg1 : i64
      fhe.yield %2 : i64
    }
    return %0 : !fhe.eint<?>
  }
}
// -----
// A narrow map with several users stays: a lookup of its result is cheaper than several of its input.
// run: @main(5) == (1, 2)
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 200>}) -> (!fhe.eint<?>, !fhe.eint<?>) {
  %0 = fhe.map %x {fhe.range = array<i64: 0, 1>} : (!fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %c = arith.constant 4 : i64
    %b = arith.cmpi sgt, %v, %c : i64
    %i = arith.extui %b : i1 to i64
    fhe.yield %i : i64
  }
  %1 = fhe.map %0 : (!fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    fhe.yield %v : i64
  }
  %2 = fhe.map %0 : (!fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %s = arith.addi %v, %v : i64
    fhe.yield %s : i64
  }
  return %1, %2 : !fhe.eint<?>, !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<?> {fhe.range = array<i64: 0, 200>}) -> (!fhe.eint<?>, !fhe.eint<?>) {
    %0 = fhe.map %arg0 {fhe.range = array<i64: 0, 1>} : (!fhe.eint<?>) -> !fhe.eint<?> {
    ^bb0(%arg1: i64):
      %c4_i64 = arith.constant 4 : i64
      %3 = arith.cmpi sgt, %arg1, %c4_i64 : i64
      %4 = arith.extui %3 : i1 to i64
      fhe.yield %4 : i64
    }
    %1 = fhe.map %0 : (!fhe.eint<?>) -> !fhe.eint<?> {
    ^bb0(%arg1: i64):
      fhe.yield %arg1 : i64
    }
    %2 = fhe.map %0 : (!fhe.eint<?>) -> !fhe.eint<?> {
    ^bb0(%arg1: i64):
      %3 = arith.addi %arg1, %arg1 : i64
      fhe.yield %3 : i64
    }
    return %1, %2 : !fhe.eint<?>, !fhe.eint<?>
  }
}
// -----
// A constant of unsigned words is no literal of a map, where it would be negative.
// run: @main(3) == 1
func.func @main(%x: !fhe.eint<3>) -> !fhe.eint<?> {
  %c = fhe.constant dense<-9223372036854775803> : tensor<i64> {fhe.unsigned} : !fhe.eint<?>
  %1 = fhe.map %x, %c : (!fhe.eint<3>, !fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%v: i64, %w: i64):
    %b = arith.cmpi slt, %v, %w : i64
    %e = arith.extui %b : i1 to i64
    fhe.yield %e : i64
  }
  return %1 : !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<3>) -> !fhe.eint<?> {
    %0 = fhe.constant dense<-9223372036854775803> : tensor<i64> {fhe.unsigned} : !fhe.eint<?>
    %1 = fhe.map %arg0, %0 : (!fhe.eint<3>, !fhe.eint<?>) -> !fhe.eint<?> {
    ^bb0(%arg1: i64, %arg2: i64):
      %2 = arith.cmpi slt, %arg1, %arg2 : i64
      %3 = arith.extui %2 : i1 to i64
      fhe.yield %3 : i64
    }
    return %1 : !fhe.eint<?>
  }
}
