// Bit by bit: each low bit by a lookup of width 0, then what is left is the same ciphertext at fewer bits.
// RUN: fhe-decompose-rounding{strategy=bits}
// run: @main([0, 11, 15]) == [0, 1, 4]
func.func @main(%x: tensor<3x!fhe.eint<4>>) -> tensor<3x!fhe.eint<3>> {
  %0 = fhe.truncate %x {bits = 2 : i64} : (tensor<3x!fhe.eint<4>>) -> tensor<3x!fhe.eint<2>>
  %1 = fhe.lookup %0 {tables = dense<[[0, 2, 1, 4]]> : tensor<1x4xi64>} : (tensor<3x!fhe.eint<2>>) -> tensor<3x!fhe.eint<3>>
  return %1 : tensor<3x!fhe.eint<3>>
}
// -----
// In chunks: the bit above a chunk first, then the chunk; rounding adds half a step before. The last chunk is the rest.
// RUN: fhe-decompose-rounding{strategy=chunks-2}
// run: @main(3) == 0
// run: @main(4) == 1
// run: @main(-5) == -1
// run: @main(59) == 7
func.func @main(%x: !fhe.esint<7> {fhe.range = array<i64: -64, 59>}) -> !fhe.esint<4> {
  %0 = fhe.round %x {bits = 3 : i64} : (!fhe.esint<7>) -> !fhe.esint<4>
  return %0 : !fhe.esint<4>
}
// -----
// Low bits: each chunk stands at its place in the result, whose width is another.
// run: @main(0) == 0
// run: @main(45) == 5
// run: @main(63) == 7
func.func @main(%x: !fhe.eint<6>) -> !fhe.eint<3> {
  %0 = fhe.low_bits %x {bits = 3 : i64} : (!fhe.eint<6>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// -----
// A result of the width of values that it is added to needs a lookup; an input of more room is moved up.
// RUN: fhe-decompose-rounding{strategy=bits}
// run: @main(12) == (106, 6)
func.func @main(%x: !fhe.eint<4>) -> (!fhe.eint<7>, !fhe.eint<3>) {
  %c = arith.constant 100 : i64
  %0 = fhe.truncate %x {bits = 1 : i64} : (!fhe.eint<4>) -> !fhe.eint<7>
  %1 = fhe.add_clear %0, %c : (!fhe.eint<7>, i64) -> !fhe.eint<7>
  %2 = fhe.truncate %x {bits = 1 : i64} : (!fhe.eint<4>) -> !fhe.eint<3>
  return %1, %2 : !fhe.eint<7>, !fhe.eint<3>
}
// -----
// One lookup of the whole input, which the lookup behind it joins.
// RUN: fhe-decompose-rounding{strategy=whole}
// run: @main(9) == 3
func.func @main(%x: !fhe.eint<4>) -> !fhe.eint<2> {
  %0 = fhe.truncate %x {bits = 2 : i64} : (!fhe.eint<4>) -> !fhe.eint<2>
  %1 = fhe.lookup %0 {tables = dense<[[0, 1, 3, 2]]> : tensor<1x4xi64>} : (!fhe.eint<2>) -> !fhe.eint<2>
  return %1 : !fhe.eint<2>
}
// -----
// Approximately: the lookup behind it rounds; it has a box more than there are steps on either side.
// RUN: fhe-infer-ranges,fhe-infer-bit-widths,fhe-decompose-rounding{strategy=approximate}
// run: @main(0) == (7, 1)
// run: @main(31) == (9, 5)
func.func @main(%x: !fhe.eint<5>) -> (!fhe.eint<?>, !fhe.eint<?>) {
  %c = arith.constant 1 : i64
  %0 = fhe.truncate %x {bits = 3 : i64, approximate} : (!fhe.eint<5>) -> !fhe.eint<?>
  %1 = fhe.lookup %0 {tables = dense<[[7, 8, 8, 9]]> : tensor<1x4xi64>} : (!fhe.eint<?>) -> !fhe.eint<?>
  %2 = fhe.round %x {bits = 3 : i64, approximate} : (!fhe.eint<5>) -> !fhe.eint<?>
  %3 = fhe.add_clear %2, %c : (!fhe.eint<?>, i64) -> !fhe.eint<?>
  return %1, %3 : !fhe.eint<?>, !fhe.eint<?>
}
// -----
// What costs least: many low bits of a wide input in parts, of a narrow input with it.
// RUN: fhe-decompose-rounding
// run: @main(4095, 13) == (225, 3)
func.func @main(%x: !fhe.eint<12>, %y: !fhe.eint<4>) -> (!fhe.eint<8>, !fhe.eint<2>) {
  %0 = fhe.truncate %x {bits = 8 : i64} : (!fhe.eint<12>) -> !fhe.eint<4>
  %1 = fhe.lookup %0 {tables = dense<[[0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121, 144, 169, 196, 225]]> : tensor<1x16xi64>} : (!fhe.eint<4>) -> !fhe.eint<8>
  %2 = fhe.truncate %y {bits = 2 : i64} : (!fhe.eint<4>) -> !fhe.eint<2>
  return %1, %2 : !fhe.eint<8>, !fhe.eint<2>
}
// -----
// Widths leave room for the result: rounding up makes one more bit.
// RUN: fhe-infer-bit-widths
// run: @main(255) == (16, 15)
func.func @main(%x: !fhe.eint<?> {fhe.range = array<i64: 0, 255>}) -> (!fhe.eint<?>, !fhe.eint<?>) {
  %0 = fhe.round %x {bits = 4 : i64, fhe.range = array<i64: 0, 16>} : (!fhe.eint<?>) -> !fhe.eint<?>
  %1 = fhe.low_bits %x {bits = 4 : i64, fhe.range = array<i64: 0, 15>} : (!fhe.eint<?>) -> !fhe.eint<?>
  return %0, %1 : !fhe.eint<?>, !fhe.eint<?>
}
// -----
// RUN: fhe-decompose-rounding{strategy=bitwise}
// expected-error@-1: option `strategy` of `fhe-decompose-rounding` is `bitwise`; allowed is auto, whole, bits, chunks-2 to chunks-5, or approximate
func.func @main(%x: !fhe.eint<4>) -> !fhe.eint<4> {
  return %x : !fhe.eint<4>
}
// -----
// RUN: fhe-decompose-rounding{strategy=bits}
func.func @main(%x: !fhe.eint<4>) -> !fhe.eint<3> {
  // expected-error@+1: the input has 4 bits and the result 3, needed are 5 and 0; run `fhe-infer-bit-widths` first
  %0 = fhe.round %x {bits = 2 : i64} : (!fhe.eint<4>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// -----
func.func @main(%x: !fhe.eint<?>) -> !fhe.eint<?> {
  // expected-error@+1: the integer has no width yet; run `fhe-infer-bit-widths` first
  %0 = fhe.truncate %x {bits = 2 : i64} : (!fhe.eint<?>) -> !fhe.eint<?>
  return %0 : !fhe.eint<?>
}
// -----
// RUN: fhe-decompose-rounding{strategy=whole}
func.func @main(%x: !fhe.eint<20>) -> !fhe.eint<4> {
  // expected-error@+1: this needs a lookup of 20 bits, but a table takes at most 16; take more low bits away, or make the values before it smaller
  %0 = fhe.truncate %x {bits = 16 : i64} : (!fhe.eint<20>) -> !fhe.eint<4>
  return %0 : !fhe.eint<4>
}
// -----
// RUN: fhe-optimize-parameters
func.func @main(%x: !fhe.eint<4>) -> !fhe.eint<2> {
  // expected-error@+1: `fhe.truncate` is left; run `fhe-decompose-rounding` first
  %0 = fhe.truncate %x {bits = 2 : i64} : (!fhe.eint<4>) -> !fhe.eint<2>
  return %0 : !fhe.eint<2>
}
