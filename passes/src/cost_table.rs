//! Which cost table the optimizer works with: the one that a module carries as JSON, or one of the repository by name.
//!
//! A table is measured with `cloakwork calibrate`; who compiles for the machine it was measured on puts it into the
//! module before `fhe-optimize-parameters`, which takes it out again.

use crate::facts::fail;
use crate::parameters::CostModel;
use crate::parameters::cost::TABLES;
use crate::pass::{Failed, Options};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::function::{remove_op_attribute, set_op_attribute};
use melior::Context;
use melior::ir::OperationRef;
use melior::ir::operation::OperationLike;

/// Module attribute with a table as JSON.
pub const COST_TABLE: &str = "cloakwork.cost_table";

/// Makes a module carry a table.
pub fn attach<'c>(context: &'c Context, module: OperationRef<'c, '_>, table: &CostModel) {
    set_op_attribute(module, COST_TABLE, attr::string(context, &table.to_json()));
}

/// The table for a module; a table that it carries is taken out of it.
pub(crate) fn take(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<CostModel, Failed> {
    let table = look(module, options)?;
    if module.attribute(COST_TABLE).is_ok() {
        remove_op_attribute(module, COST_TABLE);
    }
    Ok(table)
}

/// The table for a module, which stays as it is.
pub(crate) fn look(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<CostModel, Failed> {
    if module.attribute(COST_TABLE).is_ok() {
        let text = attr::get_string(&module, COST_TABLE).unwrap_or_default();
        return CostModel::from_json(&text)
            .map_err(|error| fail(module, &format!("the module's `{COST_TABLE}` is refused: {error}")));
    }
    let name = options.text("cost-table");
    CostModel::of_repository(name).ok_or_else(|| {
        let names = TABLES.map(|(name, _)| format!("`{name}`")).join(" or ");
        fail(module, &format!("option `cost-table` is `{name}`; allowed is {names}, and a module can carry its own as `{COST_TABLE}`"))
    })
}
