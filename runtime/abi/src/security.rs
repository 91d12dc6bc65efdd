//! Least noise of an LWE or GLWE encryption for a security level, from published curves.
