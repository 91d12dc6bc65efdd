// Bit by bit: each low bit by a lookup of width 0, then what is left is the same ciphertext at fewer bits.
// RUN: fhe-decompose-rounding{strategy=bits}
// run: @main([0, 11, 15]) == [0, 1, 4]
func.func @main(%x: tensor<3x!fhe.eint<4>>) -> tensor<3x!fhe.eint<3>> {
  %0 = fhe.truncate %x {bits = 2 : i64} : (tensor<3x!fhe.eint<4>>) -> tensor<3x!fhe.eint<2>>
  %1 = fhe.lookup %0 {tables = dense<[[0, 2, 1, 4]]> : tensor<1x4xi64>} : (tensor<3x!fhe.eint<2>>) -> tensor<3x!fhe.eint<3>>
  return %1 : tensor<3x!fhe.eint<3>>
}
// output:
module attributes {fhe.rounding = ["2 of 4 bits removed exactly: bit by bit"]} {
  func.func @main(%arg0: tensor<3x!fhe.eint<4>>) -> tensor<3x!fhe.eint<3>> {
    %0 = fhe.bit %arg0 {position = 0 : i64} : (tensor<3x!fhe.eint<4>>) -> tensor<3x!fhe.eint<4>>
    %1 = fhe.sub %arg0, %0 : (tensor<3x!fhe.eint<4>>, tensor<3x!fhe.eint<4>>) -> tensor<3x!fhe.eint<4>>
    %2 = fhe.reinterpret %1 : (tensor<3x!fhe.eint<4>>) -> tensor<3x!fhe.eint<3>>
    %3 = fhe.bit %2 {position = 0 : i64} : (tensor<3x!fhe.eint<3>>) -> tensor<3x!fhe.eint<3>>
    %4 = fhe.sub %2, %3 : (tensor<3x!fhe.eint<3>>, tensor<3x!fhe.eint<3>>) -> tensor<3x!fhe.eint<3>>
    %5 = fhe.reinterpret %4 : (tensor<3x!fhe.eint<3>>) -> tensor<3x!fhe.eint<2>>
    %6 = fhe.lookup %5 {tables = dense<[[0, 2, 1, 4]]> : tensor<1x4xi64>} : (tensor<3x!fhe.eint<2>>) -> tensor<3x!fhe.eint<3>>
    return %6 : tensor<3x!fhe.eint<3>>
  }
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
// output:
module attributes {fhe.rounding = ["3 of 7 bits removed exactly: in chunks of 2, 1 bits"]} {
  func.func @main(%arg0: !fhe.esint<7> {fhe.range = array<i64: -64, 59>}) -> !fhe.esint<4> {
    %c4_i64 = arith.constant 4 : i64
    %0 = fhe.add_clear %arg0, %c4_i64 : (!fhe.esint<7>, i64) -> !fhe.esint<7>
    %1 = fhe.bit %0 {position = 2 : i64} : (!fhe.esint<7>) -> !fhe.eint<1>
    %2 = fhe.low_bits %0, %1 {bits = 2 : i64} : (!fhe.esint<7>, !fhe.eint<1>) -> !fhe.eint<7>
    %3 = fhe.sub %0, %2 : (!fhe.esint<7>, !fhe.eint<7>) -> !fhe.esint<7>
    %4 = fhe.reinterpret %3 : (!fhe.esint<7>) -> !fhe.esint<5>
    %5 = fhe.bit %4 {position = 0 : i64} : (!fhe.esint<5>) -> !fhe.eint<5>
    %6 = fhe.sub %4, %5 : (!fhe.esint<5>, !fhe.eint<5>) -> !fhe.esint<5>
    %7 = fhe.reinterpret %6 : (!fhe.esint<5>) -> !fhe.esint<4>
    return %7 : !fhe.esint<4>
  }
}
// -----
// Low bits: each chunk stands at its place in the result, whose width is another.
// RUN: fhe-decompose-rounding{strategy=chunks-2}
// run: @main(0) == 0
// run: @main(45) == 5
// run: @main(63) == 7
func.func @main(%x: !fhe.eint<6>) -> !fhe.eint<3> {
  %0 = fhe.low_bits %x {bits = 3 : i64} : (!fhe.eint<6>) -> !fhe.eint<3>
  return %0 : !fhe.eint<3>
}
// output:
module attributes {fhe.rounding = ["lowest 3 of 6 bits: in chunks of 2, 1 bits"]} {
  func.func @main(%arg0: !fhe.eint<6>) -> !fhe.eint<3> {
    %0 = fhe.bit %arg0 {position = 2 : i64} : (!fhe.eint<6>) -> !fhe.eint<1>
    %1 = fhe.low_bits %arg0, %0 {bits = 2 : i64} : (!fhe.eint<6>, !fhe.eint<1>) -> !fhe.eint<6>
    %c8_i64 = arith.constant 8 : i64
    %2 = fhe.mul_clear %1, %c8_i64 : (!fhe.eint<6>, i64) -> !fhe.eint<6>
    %3 = fhe.sub %arg0, %1 : (!fhe.eint<6>, !fhe.eint<6>) -> !fhe.eint<6>
    %4 = fhe.reinterpret %3 : (!fhe.eint<6>) -> !fhe.eint<4>
    %5 = fhe.reinterpret %2 : (!fhe.eint<6>) -> !fhe.eint<3>
    %6 = fhe.bit %4 {position = 0 : i64} : (!fhe.eint<4>) -> !fhe.eint<1>
    %7 = fhe.reinterpret %6 : (!fhe.eint<1>) -> !fhe.eint<3>
    %8 = fhe.add %5, %7 : (!fhe.eint<3>, !fhe.eint<3>) -> !fhe.eint<3>
    return %8 : !fhe.eint<3>
  }
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
// output:
module attributes {fhe.rounding = ["1 of 4 bits removed exactly: bit by bit"]} {
  func.func @main(%arg0: !fhe.eint<4>) -> (!fhe.eint<7>, !fhe.eint<3>) {
    %c100_i64 = arith.constant 100 : i64
    %0 = fhe.bit %arg0 {position = 0 : i64} : (!fhe.eint<4>) -> !fhe.eint<4>
    %1 = fhe.sub %arg0, %0 : (!fhe.eint<4>, !fhe.eint<4>) -> !fhe.eint<4>
    %2 = fhe.reinterpret %1 : (!fhe.eint<4>) -> !fhe.eint<3>
    %3 = fhe.lookup %2 {tables = dense<[[0, 1, 2, 3, 4, 5, 6, 7]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<7>
    %4 = fhe.add_clear %3, %c100_i64 : (!fhe.eint<7>, i64) -> !fhe.eint<7>
    %5 = fhe.bit %arg0 {position = 0 : i64} : (!fhe.eint<4>) -> !fhe.eint<4>
    %6 = fhe.sub %arg0, %5 : (!fhe.eint<4>, !fhe.eint<4>) -> !fhe.eint<4>
    %7 = fhe.reinterpret %6 : (!fhe.eint<4>) -> !fhe.eint<3>
    return %4, %7 : !fhe.eint<7>, !fhe.eint<3>
  }
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
// output:
module attributes {fhe.rounding = ["2 of 4 bits removed exactly: one lookup"]} {
  func.func @main(%arg0: !fhe.eint<4>) -> !fhe.eint<2> {
    %0 = fhe.lookup %arg0 {tables = dense<[[0, 0, 0, 0, 1, 1, 1, 1, 3, 3, 3, 3, 2, 2, 2, 2]]> : tensor<1x16xi64>} : (!fhe.eint<4>) -> !fhe.eint<2>
    return %0 : !fhe.eint<2>
  }
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
// output:
module attributes {fhe.rounding = ["3 of 6 bits removed approximately: by the boxes of what follows"]} {
  func.func @main(%arg0: !fhe.eint<6> {fhe.range = array<i64: 0, 31>}) -> (!fhe.eint<4> {fhe.range = array<i64: 7, 9>}, !fhe.eint<3> {fhe.range = array<i64: 1, 5>}) {
    %c1_i64 = arith.constant 1 : i64
    %0 = fhe.reinterpret %arg0 {half_steps = 9 : i64} : (!fhe.eint<6>) -> !fhe.eint<3>
    %1 = fhe.lookup %0 {fhe.range = array<i64: 7, 9>, tables = dense<[[7, 7, 8, 8, 9, 9, 9, 9]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<4>
    %2 = fhe.reinterpret %arg0 {half_steps = 1 : i64} : (!fhe.eint<6>) -> !fhe.eint<3>
    %3 = fhe.lookup %2 {fhe.range = array<i64: 0, 4>, tables = dense<[[0, 1, 2, 3, 4, 4, 4, 4]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
    %4 = fhe.add_clear %3, %c1_i64 {fhe.range = array<i64: 1, 5>} : (!fhe.eint<3>, i64) -> !fhe.eint<3>
    return %1, %4 : !fhe.eint<4>, !fhe.eint<3>
  }
}
// -----
// What costs least: many low bits of a wide input in one part, of a narrow input with it.
// RUN: fhe-decompose-rounding
// run: @main(1023, 13) == (93, 3)
func.func @main(%x: !fhe.eint<10>, %y: !fhe.eint<4>) -> (!fhe.eint<8>, !fhe.eint<2>) {
  %0 = fhe.truncate %x {bits = 5 : i64} : (!fhe.eint<10>) -> !fhe.eint<5>
  %1 = fhe.lookup %0 {tables = dense<[[0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45, 48, 51, 54, 57, 60, 63, 66, 69, 72, 75, 78, 81, 84, 87, 90, 93]]> : tensor<1x32xi64>} : (!fhe.eint<5>) -> !fhe.eint<8>
  %2 = fhe.truncate %y {bits = 2 : i64} : (!fhe.eint<4>) -> !fhe.eint<2>
  return %1, %2 : !fhe.eint<8>, !fhe.eint<2>
}
// output:
module attributes {fhe.rounding = ["2 of 4 bits removed exactly: one lookup", "5 of 10 bits removed exactly: in chunks of 5 bits"]} {
  func.func @main(%arg0: !fhe.eint<10>, %arg1: !fhe.eint<4>) -> (!fhe.eint<8>, !fhe.eint<2>) {
    %0 = fhe.bit %arg0 {position = 5 : i64} : (!fhe.eint<10>) -> !fhe.eint<1>
    %1 = fhe.low_bits %arg0, %0 {bits = 5 : i64} : (!fhe.eint<10>, !fhe.eint<1>) -> !fhe.eint<10>
    %2 = fhe.sub %arg0, %1 : (!fhe.eint<10>, !fhe.eint<10>) -> !fhe.eint<10>
    %3 = fhe.reinterpret %2 : (!fhe.eint<10>) -> !fhe.eint<5>
    %4 = fhe.lookup %3 {tables = dense<[[0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45, 48, 51, 54, 57, 60, 63, 66, 69, 72, 75, 78, 81, 84, 87, 90, 93]]> : tensor<1x32xi64>} : (!fhe.eint<5>) -> !fhe.eint<8>
    %5 = fhe.lookup %arg1 {tables = dense<[[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]]> : tensor<1x16xi64>} : (!fhe.eint<4>) -> !fhe.eint<2>
    return %4, %5 : !fhe.eint<8>, !fhe.eint<2>
  }
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
// output:
module {
  func.func @main(%arg0: !fhe.eint<9> {fhe.range = array<i64: 0, 255>}) -> (!fhe.eint<5> {fhe.range = array<i64: 0, 16>}, !fhe.eint<4> {fhe.range = array<i64: 0, 15>}) {
    %0 = fhe.round %arg0 {bits = 4 : i64, fhe.range = array<i64: 0, 16>} : (!fhe.eint<9>) -> !fhe.eint<5>
    %1 = fhe.low_bits %arg0 {bits = 4 : i64, fhe.range = array<i64: 0, 15>} : (!fhe.eint<9>) -> !fhe.eint<4>
    return %0, %1 : !fhe.eint<5>, !fhe.eint<4>
  }
}
// -----
// RUN: fhe-decompose-rounding{strategy=bitwise}
// expected-error: option `strategy` of `fhe-decompose-rounding` is `bitwise`; allowed is auto, whole, bits, chunks-2 to chunks-5, or approximate
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
