//! Coefficients that are not negative, fitted to times.

/// The coefficients, none negative, with the least squared relative error of `Σ coefficient·feature` over the points
/// `(features, time)`. Times are positive.
///
/// Of the best coefficients some are 0 and the rest solve the normal equations, so every choice of the rest is tried.
pub(super) fn fit<const F: usize>(points: &[([f64; F], f64)]) -> [f64; F] {
    let rows: Vec<[f64; F]> =
        points.iter().map(|(features, time)| features.map(|feature| feature / time)).collect();
    let error = |coefficients: &[f64; F]| -> f64 {
        let square = |row: &[f64; F]| (dot(row, coefficients) - 1.0).powi(2);
        rows.iter().map(square).sum()
    };
    let mut best = [0.0; F];
    for subset in 1u32..1 << F {
        let chosen: Vec<usize> = (0..F).filter(|i| subset >> i & 1 == 1).collect();
        let Some(solved) = least_squares(&rows, &chosen) else { continue };
        if solved.iter().all(|coefficient| *coefficient >= 0.0) && error(&solved) < error(&best) {
            best = solved;
        }
    }
    best
}

/// Coefficients of the chosen features for which the rows come closest to 1; nothing where they depend on each other.
fn least_squares<const F: usize>(rows: &[[f64; F]], chosen: &[usize]) -> Option<[f64; F]> {
    // Scaled to a diagonal of 1, so that pivots tell whether features depend on each other.
    let scale: Vec<f64> =
        chosen.iter().map(|&i| rows.iter().map(|row| row[i] * row[i]).sum::<f64>().sqrt()).collect();
    if scale.contains(&0.0) {
        return None;
    }
    let product = |a: usize, b: usize| rows.iter().map(|row| row[chosen[a]] * row[chosen[b]]).sum::<f64>();
    let n = chosen.len();
    let mut matrix: Vec<Vec<f64>> = (0..n)
        .map(|a| {
            let row = (0..n).map(|b| product(a, b) / (scale[a] * scale[b]));
            row.chain([rows.iter().map(|row| row[chosen[a]]).sum::<f64>() / scale[a]]).collect()
        })
        .collect();
    for i in 0..n {
        let pivot = matrix[i][i]; // positive definite: no exchange of rows is needed
        if pivot < 1e-9 {
            return None;
        }
        let row = matrix[i].clone();
        for (_, other) in matrix.iter_mut().enumerate().filter(|(j, _)| *j != i) {
            let factor = other[i] / pivot;
            other.iter_mut().zip(&row).for_each(|(value, of_row)| *value -= factor * of_row);
        }
    }
    let mut coefficients = [0.0; F];
    for (i, &feature) in chosen.iter().enumerate() {
        coefficients[feature] = matrix[i][n] / matrix[i][i] / scale[i];
    }
    Some(coefficients)
}

fn dot<const F: usize>(a: &[f64; F], b: &[f64; F]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Four digits.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_times_give_their_coefficients_back() {
        for coefficients in [[3.0, 0.5, 20.0], [0.0, 2.0, 1.0], [7.0, 0.0, 0.0]] {
            let features =
                [[1.0, 1.0, 1.0], [1.0, 2.0, 1.0], [1.0, 1.0, 4.0], [1.0, 2.0, 4.0], [1.0, 9.0, 0.0]];
            let found = fit(&features.map(|row| (row, dot(&row, &coefficients))));
            for (found, wanted) in found.iter().zip(coefficients) {
                assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
            }
        }
    }

    #[test]
    fn no_coefficient_is_negative() {
        // A line that would cross 0 before the first point.
        let found = fit(&[([1.0, 1.0], 1.0), ([1.0, 2.0], 3.0)]);
        assert_eq!(found[0], 0.0);
        assert!((1.0..1.5).contains(&found[1]), "{found:?}");
        assert!(fit(&[([1.0, 1.0], 2.0)]).iter().all(|c| *c >= 0.0)); // features that depend on each other
    }

    #[test]
    fn four_digits_stay() {
        assert_eq!([12345.6, 0.00123449, 0.0].map(rounded), [12350.0, 0.001234, 0.0]);
    }
}
