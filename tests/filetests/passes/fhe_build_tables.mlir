// A map becomes a lookup; distinct constants become a table each, which elements choose.
// RUN: fhe-infer-ranges,fhe-build-tables
// run: @main([1, 2, 3]) == [1, 4, 27]
func.func @main(%x: tensor<3x!fhe.eint<2>>) -> tensor<3x!fhe.eint<?>> {
  %p = arith.constant dense<[2, 2, 3]> : tensor<3xi64>
  %0 = fhe.map %x, %p : (tensor<3x!fhe.eint<2>>, tensor<3xi64>) -> tensor<3x!fhe.eint<?>> {
  ^bb0(%v: i64, %e: i64):
    %s = math.ipowi %v, %e : i64
    fhe.yield %s : i64
  }
  return %0 : tensor<3x!fhe.eint<?>>
}
// output:
module {
  func.func @main(%arg0: tensor<3x!fhe.eint<2>> {fhe.range = array<i64: 0, 3>}) -> tensor<3x!fhe.eint<?>> {
    %cst = arith.constant dense<[2, 2, 3]> : tensor<3xi64>
    %0 = fhe.lookup %arg0 {fhe.range = array<i64: 0, 27>, selector = dense<[0, 0, 1]> : tensor<3xi64>, tables = dense<[[0, 1, 4, 9], [0, 1, 8, 27]]> : tensor<2x4xi64>} : (tensor<3x!fhe.eint<2>>) -> tensor<3x!fhe.eint<?>>
    return %0 : tensor<3x!fhe.eint<?>>
  }
}
// -----
// The second half of the table of a signed value belongs to the negative ones.
// run: @main(-3) == 3
// run: @main(-4) == 4
func.func @main(%x: !fhe.esint<3>) -> !fhe.eint<?> {
  %0 = fhe.map %x : (!fhe.esint<3>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %a = math.absi %v : i64
    fhe.yield %a : i64
  }
  return %0 : !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.esint<3> {fhe.range = array<i64: -4, 3>}) -> !fhe.eint<?> {
    %0 = fhe.lookup %arg0 {fhe.range = array<i64: 0, 4>, tables = dense<[[0, 1, 2, 3, 4, 3, 2, 1]]> : tensor<1x8xi64>} : (!fhe.esint<3>) -> !fhe.eint<?>
    return %0 : !fhe.eint<?>
  }
}
// -----
// A map of several values becomes a lookup of all of them.
// run: @main(3, 1) == 3
// run: @main(2, 2) == 4
func.func @main(%x: !fhe.eint<2>, %y: !fhe.eint<2> {fhe.range = array<i64: 1, 2>}) -> !fhe.eint<?> {
  %0 = fhe.map %x, %y : (!fhe.eint<2>, !fhe.eint<2>) -> !fhe.eint<?> {
  ^bb0(%v: i64, %w: i64):
    %s = arith.muli %v, %w : i64
    fhe.yield %s : i64
  }
  return %0 : !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<2> {fhe.range = array<i64: 0, 3>}, %arg1: !fhe.eint<2> {fhe.range = array<i64: 1, 2>}) -> !fhe.eint<?> {
    %0 = fhe.joint_lookup %arg0, %arg1 {fhe.range = array<i64: 0, 6>, lows = array<i64: 0, 1>, tables = dense<[[[0, 0], [1, 2], [2, 4], [3, 6]]]> : tensor<1x4x2xi64>} : (!fhe.eint<2>, !fhe.eint<2>) -> !fhe.eint<?>
    return %0 : !fhe.eint<?>
  }
}
// -----
func.func @main(%x: !fhe.eint<9>, %y: !fhe.esint<8>) -> !fhe.esint<?> {
  // expected-error@+1: this is a function of 2 encrypted values, which take 512 values from 0 to 511 and 256 values from -128 to 127: a table for all of them together has at most 2^16 entries; make the values smaller, or split the function into functions of fewer
  %0 = fhe.map %x, %y : (!fhe.eint<9>, !fhe.esint<8>) -> !fhe.esint<?> {
  ^bb0(%v: i64, %w: i64):
    %s = arith.muli %v, %w : i64
    fhe.yield %s : i64
  }
  return %0 : !fhe.esint<?>
}
// -----
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<?> {
  // expected-error@+1: the map cannot be tabulated for the inputs 0 to 3: `arith.divsi` of 7 and 0 has no result
  %0 = fhe.map %x : (!fhe.eint<2>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %c = arith.constant 7 : i64
    %s = arith.divsi %c, %v : i64
    fhe.yield %s : i64
  }
  return %0 : !fhe.eint<?>
}
// -----
func.func @main(%x: !fhe.eint<17>) -> !fhe.eint<?> {
  // expected-error@+1: the map's input takes the values 0 to 131071, which needs 17 bits, but a table takes at most 16; make the inputs or weights before it smaller, or shift low bits away first
  %0 = fhe.map %x : (!fhe.eint<17>) -> !fhe.eint<?> {
  ^bb0(%v: i64):
    %f = arith.sitofp %v : i64 to f64
    %g = math.sqrt %f : f64
    %s = arith.fptosi %g : f64 to i64
    fhe.yield %s : i64
  }
  return %0 : !fhe.eint<?>
}
// -----
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 5>}) -> !fhe.eint<?> {
  // expected-error@+1: the table has 4 entries, but the input takes the values 0 to 5, which needs 2^3 entries; extend the table, or make the input smaller
  %0 = fhe.lookup %x {tables = dense<0> : tensor<1x4xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
