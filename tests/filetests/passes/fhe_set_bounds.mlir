// Where the ranges of the arguments lead further than what was measured, the pass says how far.
// RUN: fhe-set-bounds
// run: @main(3, 4) == (7, 14, 5)
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}, %y: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}) -> (!fhe.eint<?>, !fhe.eint<?>, !fhe.eint<?>) {
  %two = arith.constant 2 : i64
  %0 = fhe.add %x, %y {fhe.range = array<i64: 6, 7>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  %1 = fhe.mul_clear %0, %two {fhe.range = array<i64: 12, 14>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
  %2 = fhe.add_clear %x, %two {fhe.range = array<i64: 2, 9>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
  return %0, %1, %2 : !fhe.eint<?>, !fhe.eint<?>, !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}, %arg1: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}) -> (!fhe.eint<?>, !fhe.eint<?>, !fhe.eint<?>) attributes {fhe.unproven} {
    %c2_i64 = arith.constant 2 : i64
    %0 = fhe.add %arg0, %arg1 {fhe.provable = array<i64: 0, 14>, fhe.range = array<i64: 6, 7>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
    %1 = fhe.mul_clear %0, %c2_i64 {fhe.provable = array<i64: 0, 28>, fhe.range = array<i64: 12, 14>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
    %2 = fhe.add_clear %arg0, %c2_i64 {fhe.range = array<i64: 2, 9>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
    return %0, %1, %2 : !fhe.eint<?>, !fhe.eint<?>, !fhe.eint<?>
  }
}
// -----
// Provable ranges are left to inference; what may be negative then is signed.
// RUN: fhe-set-bounds{bounds=provable},fhe-infer-ranges
// run: @main(5, 3) == (2, 4)
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}, %y: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}) -> (!fhe.eint<?>, !fhe.eint<?>) {
  %0 = fhe.sub %x, %y {fhe.range = array<i64: 0, 3>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  %1 = fhe.map %0 {fhe.range = array<i64: 0, 9>} : (!fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%a: i64):
    %s = arith.muli %a, %a : i64
    fhe.yield %s : i64
  }
  return %0, %1 : !fhe.eint<?>, !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}, %arg1: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}) -> (!fhe.esint<?>, !fhe.eint<?>) {
    %0 = fhe.sub %arg0, %arg1 {fhe.range = array<i64: -7, 7>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.esint<?>
    %1 = fhe.map %0 {fhe.range = array<i64: 0, 49>} : (!fhe.esint<?>) -> !fhe.eint<?> {
    ^bb0(%arg2: i64):
      %2 = arith.muli %arg2, %arg2 : i64
      fhe.yield %2 : i64
    }
    return %0, %1 : !fhe.esint<?>, !fhe.eint<?>
  }
}
// -----
// What a lookup takes is clipped to what was measured; what no argument can lead out of its range is not.
// RUN: fhe-set-bounds{bounds=saturate},fhe-infer-ranges
// run: @main(3, 1) == (4, 10)
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}, %y: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}) -> (!fhe.eint<?>, !fhe.eint<?>) {
  %seven = arith.constant 7 : i64
  %0 = fhe.sub %x, %y {fhe.range = array<i64: 0, 3>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  %1 = fhe.map %0 {fhe.range = array<i64: 0, 9>} : (!fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%a: i64):
    %s = arith.muli %a, %a : i64
    fhe.yield %s : i64
  }
  %2 = fhe.add_clear %x, %seven {fhe.range = array<i64: 7, 14>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
  %3 = fhe.map %2 {fhe.range = array<i64: 7, 14>} : (!fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%a: i64):
    fhe.yield %a : i64
  }
  return %1, %3 : !fhe.eint<?>, !fhe.eint<?>
}
// output:
module {
  func.func @main(%arg0: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}, %arg1: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}) -> (!fhe.eint<?>, !fhe.eint<?>) {
    %c7_i64 = arith.constant 7 : i64
    %0 = fhe.sub %arg0, %arg1 {fhe.range = array<i64: -7, 7>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.esint<?>
    %1 = fhe.map %0 {fhe.range = array<i64: 0, 9>} : (!fhe.esint<?>) -> !fhe.eint<?> {
    ^bb0(%arg2: i64):
      %c0_i64 = arith.constant 0 : i64
      %c3_i64 = arith.constant 3 : i64
      %4 = arith.maxsi %arg2, %c0_i64 : i64
      %5 = arith.minsi %4, %c3_i64 : i64
      %6 = arith.muli %5, %5 : i64
      fhe.yield %6 : i64
    }
    %2 = fhe.add_clear %arg0, %c7_i64 {fhe.range = array<i64: 7, 14>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
    %3 = fhe.map %2 {fhe.range = array<i64: 7, 14>} : (!fhe.eint<?>) -> !fhe.eint<?> {
    ^bb0(%arg2: i64):
      fhe.yield %arg2 : i64
    }
    return %1, %3 : !fhe.eint<?>, !fhe.eint<?>
  }
}
// -----
// Room in which what leaves measured ranges saturates: the sum can be led to 14, which with 3 bits still folds back to the entry
// of 7; what a comparison takes gets its provable range; the last result needs 4 bits, as with 3 only -4 to 11 are read as the nearest.
// RUN: fhe-set-bounds{bounds=guarded},fhe-infer-ranges,fhe-build-tables,fhe-decompose-pairwise,fhe-infer-bit-widths
// run: @main(3, 4) == (49, 1, 7)
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}, %y: !fhe.eint<?> {fhe.range = array<i64: 0, 7>}) -> (!fhe.eint<?>, !fhe.eint<?>, !fhe.eint<?>) {
  %0 = fhe.add %x, %y {fhe.range = array<i64: 6, 7>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  %1 = fhe.map %0 {fhe.range = array<i64: 36, 49>} : (!fhe.eint<?>) -> !fhe.eint<?> {
  ^bb0(%a: i64):
    %s = arith.muli %a, %a : i64
    fhe.yield %s : i64
  }
  %two = arith.constant 2 : i64
  %2 = fhe.mul_clear %x, %two {fhe.range = array<i64: 6, 8>} : (!fhe.eint<?>, i64) -> !fhe.eint<?>
  %3 = fhe.compare %2, %y {predicate = "gt", fhe.range = array<i64: 1, 1>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  %4 = fhe.add %x, %y {fhe.range = array<i64: 5, 7>} : (!fhe.eint<?>, !fhe.eint<?>) -> !fhe.eint<?>
  return %1, %3, %4 : !fhe.eint<?>, !fhe.eint<?>, !fhe.eint<?>
}
// output:
module attributes {fhe.pairwise = ["order of 4 and 3 bits: the sign of the difference"]} {
  func.func @main(%arg0: !fhe.eint<4> {fhe.range = array<i64: 0, 7>}, %arg1: !fhe.eint<4> {fhe.range = array<i64: 0, 7>}) -> (!fhe.eint<6> {fhe.range = array<i64: 36, 49>}, !fhe.eint<1> {fhe.range = array<i64: 0, 1>}, !fhe.eint<4> {fhe.range = array<i64: 5, 7>}) attributes {fhe.unproven} {
    %0 = fhe.add %arg0, %arg1 {fhe.range = array<i64: 6, 7>, fhe.reached = array<i64: 0, 14>} : (!fhe.eint<4>, !fhe.eint<4>) -> !fhe.eint<4>
    %c2_i64 = arith.constant 2 : i64
    %1 = fhe.mul_clear %0, %c2_i64 : (!fhe.eint<4>, i64) -> !fhe.eint<4>
    %2 = fhe.reinterpret %1 : (!fhe.eint<4>) -> !fhe.eint<3>
    %3 = fhe.lookup %2 {fhe.range = array<i64: 36, 49>, fhe.within = array<i64: 6, 7>, tables = dense<[[36, 36, 36, 36, 36, 36, 36, 49]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<6>
    %c2_i64_0 = arith.constant 2 : i64
    %4 = fhe.mul_clear %arg0, %c2_i64_0 {fhe.range = array<i64: 0, 14>} : (!fhe.eint<4>, i64) -> !fhe.eint<4>
    %5 = fhe.bit %arg1, %4 {fhe.range = array<i64: 0, 1>, position = 4 : i64} : (!fhe.eint<4>, !fhe.eint<4>) -> !fhe.eint<1>
    %6 = fhe.add %arg0, %arg1 {fhe.range = array<i64: 5, 7>, fhe.reached = array<i64: 0, 14>} : (!fhe.eint<4>, !fhe.eint<4>) -> !fhe.eint<4>
    return %3, %5, %6 : !fhe.eint<6>, !fhe.eint<1>, !fhe.eint<4>
  }
}
// -----
// RUN: fhe-set-bounds{bounds=guessed}
// expected-error: option `bounds` of `fhe-set-bounds` is `guessed`; allowed is `measured`, `guarded`, `provable` or `saturate`
func.func @main(%x: !fhe.eint<2>) -> !fhe.eint<2> {
  return %x : !fhe.eint<2>
}
