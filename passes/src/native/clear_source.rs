//! Where the elements of a clear value come from: an argument, a constant, or arithmetic on them.

use crate::facts::clear_constant;
use crate::native::globals::Globals;
use crate::native::loops::Loops;
use cloakwork_ir::function::Function;
use cloakwork_ir::interpret::Clear;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::tfhe::TfheOp;
use cloakwork_ir::walk;
use melior::ir::Value;
use melior::ir::operation::OperationLike;

/// A clear value, computed element by element where it is used.
pub(super) enum ClearSource<'c, 'a> {
    /// Memory of an argument.
    Argument(Value<'c, 'a>),
    /// Name of a constant.
    Global(String),
    /// Element `indices[i]` of another.
    Gathered { indices: String, from: Box<ClearSource<'c, 'a>> },
    /// A binary `arith` op.
    Computed { name: String, operands: Vec<ClearSource<'c, 'a>> },
}

impl<'c: 'a, 'a> ClearSource<'c, 'a> {
    /// The source of `value`; constants are defined in `globals`. `inputs` is the memory of the arguments.
    pub(super) fn of(
        function: Function<'c, 'a>,
        inputs: &[Value<'c, 'a>],
        globals: &mut Globals<'c, 'a>,
        value: Value<'c, 'a>,
    ) -> Self {
        if let Some(Clear::Int(elements)) = clear_constant(value) {
            return Self::Global(globals.words(elements.iter().copied().collect()));
        }
        match walk::defining_op(value) {
            Some(op) if let Some(TfheOp::Linear(Linear::Gather { indices })) = TfheOp::of(op) => {
                let indices = globals.words(indices.iter().map(|&index| index as i64).collect());
                let from = Box::new(Self::of(function, inputs, globals, walk::operand(op, 0)));
                Self::Gathered { indices, from }
            }
            Some(op) => {
                let operands =
                    op.operands().map(|operand| Self::of(function, inputs, globals, operand)).collect();
                Self::Computed { name: walk::name(&op), operands }
            }
            None => {
                let position = function.arguments().iter().position(|argument| *argument == value);
                Self::Argument(inputs[position.expect("verified: an argument of the function")])
            }
        }
    }

    /// Element `i`.
    pub(super) fn load(&self, loops: Loops<'c, 'a>, i: Value<'c, 'a>) -> Value<'c, 'a> {
        match self {
            Self::Argument(base) => loops.load(loops.word(*base, i)),
            Self::Global(name) => loops.load(loops.word(loops.address_of(name), i)),
            Self::Gathered { indices, from } => {
                from.load(loops, loops.load(loops.word(loops.address_of(indices), i)))
            }
            Self::Computed { name, operands } => {
                loops.binary(name, operands[0].load(loops, i), operands[1].load(loops, i))
            }
        }
    }
}
