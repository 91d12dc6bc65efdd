//! Keys, encryption, decryption, encrypted execution and simulation.
