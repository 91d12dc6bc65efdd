//! The Python package of Cloakwork.
