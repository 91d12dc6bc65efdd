//! What `fhe-optimize-parameters` says about its choice, on its way out of the module: text for people, JSON for
//! programs. It is no part of the program; whoever asked for it takes it out.

/// Module attribute: the explanation as text.
pub const EXPLANATION: &str = "cloakwork.explanation";
/// Module attribute: the explanation as JSON.
pub const EXPLANATION_JSON: &str = "cloakwork.explanation_json";
