//! The types and operations of both dialects with their meaning, from which `docs/operations.md` is made.

/// An operation of a dialect.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Name without the dialect.
    pub name: &'static str,
    /// Operands and attributes as one writes them.
    pub operands: &'static str,
    /// The result as a formula or in words.
    pub meaning: &'static str,
}

const fn operation(name: &'static str, operands: &'static str, meaning: &'static str) -> Operation {
    Operation { name, operands, meaning }
}

/// Types of both dialects.
pub const TYPES: &[(&str, &str)] = &[
    ("!fhe.eint<w>", "encrypted unsigned integer, `0 ≤ v < 2^w`, `w` from 1 to 62"),
    ("!fhe.esint<w>", "encrypted signed integer, `−2^(w−1) ≤ v < 2^(w−1)`"),
    ("!fhe.eint<?>, !fhe.esint<?>", "encrypted integer whose width is inferred"),
    ("!fhe.efloat", "real number between encrypted integers; `fhe-fuse-maps` makes it vanish"),
    ("!tfhe.lwe<@key>", "LWE ciphertext under the secret key `@key`"),
];

/// The `fhe` dialect, sorted by what the operations do.
pub const FHE_OPERATIONS: &[Operation] = &[
    operation("constant", " dense<…>", "trivial encryption of a clear constant"),
    operation("add", " x, y", "`x + y`, elementwise on one shape"),
    operation("sub", " x, y", "`x − y`, elementwise on one shape"),
    operation("neg", " x", "`−x`"),
    operation("add_clear", " x, c", "`x + c`, elementwise on one shape"),
    operation("mul_clear", " x, c", "`x · c`, elementwise on one shape"),
    operation("dot", " x, c", "`Σᵢ xᵢ · cᵢ` of two vectors"),
    operation("matmul", " a, b", "`rᵢⱼ = Σₖ aᵢₖ · bₖⱼ`; exactly one of the two is encrypted"),
    operation(
        "conv2d",
        " x, c {strides, padding, dilations, groups}",
        "2-D convolution of `[n, channels, h, w]` with `[filters, channels/groups, kh, kw]`; `padding` is top, left, bottom, right, with zeros",
    ),
    operation("sum", " x {axes}", "sum over axes, which vanish"),
    operation("reshape", " x", "the same elements in the result's shape"),
    operation("transpose", " x {permutation}", "axis `i` of the result is axis `permutation[i]` of `x`"),
    operation(
        "slice",
        " x {offsets, strides}",
        "element `i` of an axis is element `offset + i · stride` of `x`; sizes are the result's",
    ),
    operation("concat", " x, … {axis}", "the operands one behind the other along an axis"),
    operation("broadcast", " x", "`x` repeated to the result's shape by NumPy's rule"),
    operation(
        "gather",
        " x {indices}",
        "element `i`, row-major, is element `indices[i]` of `x`; of a clear `x` the result is clear",
    ),
    operation(
        "gather_at",
        " x, c {axis}",
        "what lies at the clear positions `c` of an axis, whose place the axes of `c` take; from `−size` to `size − 1`, others count modulo the size when the program runs",
    ),
    operation(
        "set_at",
        " x, v, c {axis}",
        "`x` with `v` at the positions that `gather_at` would take; the last of several stays",
    ),
    operation(
        "lookup",
        " x {tables, selector}",
        "element `i` becomes `tables[selector[i]][xᵢ mod 2^w]`; without a selector there is one table",
    ),
    operation("mul", " x, y", "`x · y`, elementwise, of two encrypted integers of any signs"),
    operation(
        "compare",
        " x, y {predicate}",
        "1 where the relation holds, else 0; the predicate is `eq`, `ne`, `lt`, `le`, `gt` or `ge`",
    ),
    operation("min", " x, y", "the lesser of each pair"),
    operation("max", " x, y", "the greater of each pair"),
    operation("and", " x, y", "bits on in both; of negative integers those of two's complement"),
    operation("or", " x, y", "bits on in either"),
    operation("xor", " x, y", "bits on in exactly one"),
    operation("shift_left", " x, y", "`x · 2^y`, `y ≥ 0`"),
    operation("shift_right", " x, y", "`⌊x / 2^y⌋`, `y ≥ 0`"),
    operation("select", " c, x, y", "`x` where `c` is 1, `y` where it is 0"),
    operation(
        "joint_lookup",
        " x, y, … {lows, tables, selector}",
        "element `i` becomes `tables[selector[i], xᵢ − lows₀, yᵢ − lows₁, …]`",
    ),
    operation(
        "round",
        " x {bits, approximate}",
        "`⌊(x + 2^(bits−1)) / 2^bits⌋`; with `approximate` noise may move it by one",
    ),
    operation(
        "truncate",
        " x {bits, approximate}",
        "`⌊x / 2^bits⌋`; with `approximate` noise may move it by one",
    ),
    operation(
        "low_bits",
        " x, top {bits}",
        "`x mod 2^bits`; with bit `bits` of `x` as `top`, which is optional, it is a single lookup",
    ),
    operation(
        "bit",
        " x, y {position}",
        "`⌊(x − y) / 2^position⌋ mod 2`, without `y` that of `x`; one lookup of width `position`",
    ),
    operation(
        "reinterpret",
        " x {half_steps}",
        "the same ciphertext at another width: `(x + half_steps/2) · 2^(w' − w)`, to the nearest integer",
    ),
    operation(
        "map",
        " x, … {region}",
        "the region's scalar function of every element, of `arith` and `math` operations",
    ),
    operation("yield", " v", "ends the region of a map with its value"),
    operation(
        "call_host",
        " n(v)",
        "inside a map: function `n` of the embedding program; never in text that is compiled elsewhere",
    ),
];

/// The `tfhe` dialect, sorted by what the operations do.
pub const TFHE_OPERATIONS: &[Operation] = &[
    operation(
        "secret_key",
        " @key {lwe_dimension or glwe_dimension, polynomial_size; variance or tuniform_log2_bound}",
        "binary secret key, and the noise of a fresh encryption under it",
    ),
    operation(
        "keyswitch_key",
        " @key from @a to @b {base_log, level, variance or tuniform_log2_bound, added_variance}",
        "switches ciphertexts from a GLWE key to an LWE key, or to another GLWE key",
    ),
    operation(
        "bootstrap_key",
        " @key from @a to @b {base_log, level, grouping, extension, modulus_switch_variance, output_variance}",
        "bootstraps ciphertexts from an LWE key to a GLWE key; `grouping` 2 takes two key coefficients a step, `extension` polynomials hold the accumulator",
    ),
    operation("constant", " dense<…>", "trivial encryption of encoded words"),
    operation("add", " x, y", "`x + y`"),
    operation("sub", " x, y", "`x − y`"),
    operation("neg", " x", "`−x`"),
    operation("add_clear", " x, c", "`x + c` of encoded words `c`"),
    operation("mul_clear", " x, c", "`x · c` of integers `c`"),
    operation("dot", " x, c", "as in `fhe`"),
    operation("matmul", " a, b", "as in `fhe`"),
    operation("conv2d", " x, c {strides, padding, dilations, groups}", "as in `fhe`"),
    operation("sum", " x {axes}", "as in `fhe`"),
    operation("reshape", " x", "as in `fhe`"),
    operation("transpose", " x {permutation}", "as in `fhe`"),
    operation("slice", " x {offsets, strides}", "as in `fhe`"),
    operation("concat", " x, … {axis}", "as in `fhe`"),
    operation("broadcast", " x", "as in `fhe`"),
    operation("gather", " x {indices}", "as in `fhe`"),
    operation("gather_at", " x, c {axis}", "as in `fhe`"),
    operation("set_at", " x, v, c {axis}", "as in `fhe`"),
    operation("keyswitch", " @key, x", "every ciphertext under the key's output key"),
    operation(
        "bootstrap",
        " @key, x {tables, selector, outputs, is_signed}",
        "every ciphertext looked up in a table of encoded words, with the key's output noise; with `outputs` in as many tables, whose results are one more axis, the last",
    ),
];
