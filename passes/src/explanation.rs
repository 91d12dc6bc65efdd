//! What `fhe-optimize-parameters` says about its choice, on its way out of the module: text for people, JSON for
//! programs. It is no part of the program; whoever asked for it takes it out.

use crate::facts::fail;
use crate::parameters::{Request, Solution, explain_solution};
use crate::pass::{Failed, Options};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::function::set_op_attribute;
use melior::Context;
use melior::ir::OperationRef;

/// Module attribute: the explanation as text.
pub const EXPLANATION: &str = "cloakwork.explanation";
/// Module attribute: the explanation as JSON.
pub const EXPLANATION_JSON: &str = "cloakwork.explanation_json";

/// Writes the explanation if the option `explain` asks for it.
pub(crate) fn write<'c>(
    context: &'c Context,
    module: OperationRef<'c, '_>,
    options: &Options<'_>,
    (request, solution): (&Request<'_>, &Solution),
) -> Result<(), Failed> {
    match options.text("explain") {
        "off" => Ok(()),
        "on" => {
            let explanation = explain_solution(request, solution);
            let json = serde_json::to_string_pretty(&explanation).expect("an explanation is plain data");
            set_op_attribute(module, EXPLANATION, attr::string(context, &explanation.to_string()));
            set_op_attribute(module, EXPLANATION_JSON, attr::string(context, &json));
            Ok(())
        }
        other => Err(fail(module, &format!("option `explain` is `{other}`; allowed is `on` or `off`"))),
    }
}
