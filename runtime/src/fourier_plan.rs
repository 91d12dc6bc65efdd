//! The transform of `tfhe` for each polynomial size: makes keys, and serves tests. The plan is fixed, so that the same key and
//! input give the same bits in every process; `tfhe` on its own picks the fastest plan of the moment.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tfhe::core_crypto::fft_impl::fft64::math::fft::{FftAlgo, Method, Plan, setup_custom_fft_plan};
use tfhe::core_crypto::prelude::{Fft, PolynomialSize};

/// The transform for polynomials of `size` coefficients.
pub(crate) fn fourier_plan(size: PolynomialSize) -> Fft {
    static PLANS: Mutex<BTreeMap<usize, Fft>> = Mutex::new(BTreeMap::new());
    let mut plans = PLANS.lock().unwrap_or_else(PoisonError::into_inner);
    let plan = plans.entry(size.0).or_insert_with(|| {
        let points = size.0 / 2;
        setup_custom_fft_plan(Plan::new(points, fastest(points)));
        Fft::new(size)
    });
    plan.clone()
}

/// The plan that was fastest with AVX-512, measured once for each size.
fn fastest(points: usize) -> Method {
    let (base_algo, base_n) = match points {
        512 | 2048 | 4096 => (FftAlgo::Dif8, 512),
        _ => (FftAlgo::Dif4, points.min(1024)),
    };
    Method::UserProvided { base_algo, base_n }
}
