//! A function that is being written: where its values live, and calls of the runtime.

use crate::native::clear_source::ClearSource;
use crate::native::globals::Globals;
use crate::native::loops::{Elements, Loops, Predicate};
use crate::native::workspace::{Memory, Workspace, value_type};
use cloakwork_abi::spec::Keyset;
use cloakwork_ir::build::Builder;
use cloakwork_ir::function::Function;
use cloakwork_ir::types::Element;
use melior::ir::block::BlockLike;
use melior::ir::r#type::{FunctionType, IntegerType};
use melior::ir::{Block, BlockRef, Location, RegionLike, RegionRef, Type, Value};

/// What is known while a function is written.
pub(super) struct Emitter<'c, 'a, 's> {
    pub(super) function: Function<'c, 'a>,
    pub(super) keyset: &'s Keyset,
    pub(super) workspace: &'s Workspace,
    /// The arguments of the machine code: context, inputs, outputs.
    pub(super) arguments: [Value<'c, 'a>; 3],
    /// Words of a ciphertext under each secret key.
    pub(super) words: Vec<Value<'c, 'a>>,
    /// Scratch memory under each secret key.
    pub(super) scratch: Vec<Value<'c, 'a>>,
    /// Memory of each argument.
    pub(super) inputs: Vec<Value<'c, 'a>>,
    /// Memory of each result.
    pub(super) outputs: Vec<Value<'c, 'a>>,
    pub(super) region: RegionRef<'c, 'a>,
    /// Returns its argument, a status.
    pub(super) failed: BlockRef<'c, 'a>,
    /// Is being filled.
    pub(super) block: BlockRef<'c, 'a>,
    pub(super) globals: Globals<'c, 'a>,
    /// Where the function itself stands.
    pub(super) outer: Builder<'c, 'a>,
}

impl<'c: 'a, 'a> Emitter<'c, 'a, '_> {
    /// Continues the current block.
    pub(super) fn loops(&self, location: Location<'c>) -> Loops<'c, 'a> {
        Loops(Builder::at_end(self.outer.context, self.block, location))
    }

    /// Calls the runtime and returns from the function at once if it fails.
    pub(super) fn call(&mut self, loops: Loops<'c, 'a>, name: &str, arguments: &[Value<'c, 'a>]) {
        let status = loops.call_runtime(self.arguments[0], name, arguments);
        self.check(loops, status);
    }

    /// Returns from the function at once with a status other than success.
    pub(super) fn check(&mut self, loops: Loops<'c, 'a>, status: Value<'c, 'a>) {
        let is_ok = loops.compare(Predicate::Equal, status, loops.int32(0));
        let next = self.region.append_block(Block::new(&[]));
        let branch = melior::dialect::cf::cond_br(
            self.outer.context,
            is_ok,
            &next,
            &self.failed,
            &[],
            &[status],
            loops.0.location,
        );
        self.block.append_operation(branch);
        self.block = next;
    }

    /// Memory of a ciphertext value.
    pub(super) fn elements(&self, loops: Loops<'c, 'a>, value: Value<'c, 'a>) -> Elements<'c, 'a> {
        let place = self.workspace.place(value);
        let words = match value_type(value).element {
            Element::Lwe { key } => {
                self.keyset.secret_keys.iter().position(|known| known.name == key).map(|key| self.words[key])
            }
            _ => None,
        };
        let words = words.unwrap_or_else(|| loops.int(1));
        let base = match place.memory {
            Memory::Argument(i) => self.inputs[i],
            Memory::Output(i) => self.outputs[i],
            Memory::Scratch(key) => self.scratch[key],
        };
        let base = if place.offset == 0 {
            base
        } else {
            loops.element(Elements { base, words }, loops.int(place.offset))
        };
        Elements { base, words }
    }

    /// Type of the functions that [`cloakwork_abi::functions::Body`] describes.
    pub(super) fn body_type(&self) -> Type<'c> {
        let (context, pointer) = (self.outer.context, Loops(self.outer).pointer_type());
        let (word, status) = (IntegerType::new(context, 64).into(), IntegerType::new(context, 32).into());
        FunctionType::new(context, &[pointer, pointer, pointer, word, word], &[status]).into()
    }

    /// Where the elements of a clear value come from.
    pub(super) fn clear(&mut self, value: Value<'c, 'a>) -> ClearSource<'c, 'a> {
        ClearSource::of(self.function, &self.inputs, &mut self.globals, value)
    }
}

/// The body is the last word of a ciphertext.
pub(super) fn body_word<'c: 'a, 'a>(
    loops: Loops<'c, 'a>,
    element: Value<'c, 'a>,
    words: Value<'c, 'a>,
) -> Value<'c, 'a> {
    loops.word(element, loops.sub(words, loops.int(1)))
}
