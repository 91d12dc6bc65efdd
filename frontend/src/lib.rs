//! The operation graph, the tracer and calibration.
