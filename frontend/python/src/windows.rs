//! How a kernel moves, as Python says it, and the elements of each window of a value that is known already.

use crate::arrays::to_python;
use cloakwork_frontend::compositions::windows::{Around, LastWindow, WindowOptions, window_positions};
use pyo3::exceptions::PyValueError;
use pyo3::{Bound, FromPyObject, PyAny, PyResult, Python, pyfunction};

/// Strides, dilations, pads, automatic padding, and whether the last window may end behind the value.
#[derive(FromPyObject)]
pub(crate) struct WindowsArgument(Vec<usize>, Vec<usize>, Vec<(usize, usize)>, String, bool);

impl WindowsArgument {
    pub(crate) fn into_options(self) -> PyResult<WindowOptions> {
        let Self(strides, dilations, pads, automatic, may_end_behind) = self;
        let around = match automatic.as_str() {
            "NOTSET" if pads.is_empty() => Around::Nothing,
            "NOTSET" => Around::Each(pads),
            "VALID" => Around::Nothing,
            "SAME_UPPER" => Around::SameUpper,
            "SAME_LOWER" => Around::SameLower,
            _ => {
                return Err(PyValueError::new_err(format!("the automatic padding `{automatic}` is unknown")));
            }
        };
        let last = if may_end_behind { LastWindow::MayEndBehind } else { LastWindow::Inside };
        Ok(WindowOptions { strides, dilations, around, last })
    }
}

/// Flat positions as `[n, c, outputs…, kernel]`; -1 where a window leaves the value.
#[pyfunction]
pub(crate) fn positions_of_windows<'py>(
    py: Python<'py>,
    name: &str,
    shape: Vec<usize>,
    kernel: Vec<usize>,
    windows: WindowsArgument,
) -> PyResult<Bound<'py, PyAny>> {
    let positions = window_positions(name, &shape, &kernel, &windows.into_options()?);
    let positions = positions.map_err(|error| PyValueError::new_err(error.to_string()))?;
    let positions = positions.mapv(|position| position.map_or(-1, |position| position as i64));
    Ok(to_python(py, positions))
}
