//! Which results of a module's functions may be fed to which arguments of another run: the module attribute
//! `fhe.composition`, an array of strings such as `"f:0 -> g:1"` for result 0 of `@f` and argument 1 of `@g`.
//!
//! Both ends have one shape, and after `fhe-infer-bit-widths` one width and signedness.

use crate::facts::fail;
use crate::pass::Failed;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::function::{Function, Side};
use cloakwork_ir::types::{Element, ValueType};
use melior::ir::OperationRef;
use melior::ir::attribute::ArrayAttribute;
use melior::ir::operation::OperationLike;

/// Module attribute: the feeds, as an array of strings.
pub const COMPOSITION: &str = "fhe.composition";

/// A result that may be fed to an argument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feed {
    pub(crate) from: End,
    pub(crate) to: End,
}

/// A result or an argument: the function by its place in the list, and which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) function: usize,
    pub(crate) position: usize,
}

/// Reads the feeds of a module, whose ends have one shape; `functions` are those that the ends' places refer to.
pub(crate) fn feeds(
    module: OperationRef<'_, '_>,
    functions: &[Function<'_, '_>],
) -> Result<Vec<Feed>, Failed> {
    let Ok(attribute) = module.attribute(COMPOSITION) else { return Ok(vec![]) };
    let malformed =
        || fail(module, &format!("`{COMPOSITION}` must be an array of strings such as \"f:0 -> g:1\""));
    let array = ArrayAttribute::try_from(attribute).map_err(|_| malformed())?;
    let texts = (0..array.len()).map(|i| array.element(i).ok().and_then(attr::read_string));
    let texts: Vec<String> = texts.collect::<Option<_>>().ok_or_else(malformed)?;
    let feed = |text: String| {
        read(&text, functions)
            .map_err(|problem| fail(module, &format!("`{COMPOSITION}` has \"{text}\": {problem}")))
    };
    texts.into_iter().map(feed).collect()
}

/// Requires one width and signedness of both ends of each feed.
pub(crate) fn check_types(
    module: OperationRef<'_, '_>,
    functions: &[Function<'_, '_>],
    feeds: &[Feed],
) -> Result<(), Failed> {
    for &Feed { from, to } in feeds {
        let ends = (end_type(functions, from, Side::Result), end_type(functions, to, Side::Argument));
        let (Some(result), Some(argument)) = ends else { continue };
        if result.element != argument.element {
            let (from, to) =
                (described(functions, from, Side::Result), described(functions, to, Side::Argument));
            let (found, taken) = (result.element, argument.element);
            return Err(fail(
                module,
                &format!(
                    "`{COMPOSITION}` feeds `{from}` to `{to}`, but they are `{found}` and `{taken}`; both must have one width and signedness; declare them so, or run `fhe-infer-bit-widths`"
                ),
            ));
        }
    }
    Ok(())
}

fn end_type(functions: &[Function<'_, '_>], end: End, side: Side) -> Option<ValueType> {
    functions[end.function].value_types(side).swap_remove(end.position)
}

fn read(text: &str, functions: &[Function<'_, '_>]) -> Result<Feed, String> {
    let (from, to) =
        text.split_once("->").ok_or_else(|| "it lacks `->`; write it like \"f:0 -> g:1\"".to_owned())?;
    let from = end(from.trim(), functions, Side::Result)?;
    let to = end(to.trim(), functions, Side::Argument)?;
    let encrypted = |end: End, side: Side| {
        let ty = end_type(functions, end, side);
        ty.filter(|ty| matches!(ty.element, Element::Encrypted { .. }))
            .ok_or_else(|| format!("`{}` is no encrypted integer", described(functions, end, side)))
    };
    let (result, argument) = (encrypted(from, Side::Result)?, encrypted(to, Side::Argument)?);
    if result.shape() != argument.shape() {
        let (found, taken) = (result.shape(), argument.shape());
        return Err(format!(
            "the result has shape {found:?}, the argument {taken:?}; both must have one shape"
        ));
    }
    Ok(Feed { from, to })
}

fn end(text: &str, functions: &[Function<'_, '_>], side: Side) -> Result<End, String> {
    let what = match side {
        Side::Argument => "argument",
        Side::Result => "result",
    };
    let (name, position) = text
        .split_once(':')
        .ok_or_else(|| format!("`{text}` names no {what}; write a function and a number, like `f:0`"))?;
    let function = functions.iter().position(|function| function.name() == name).ok_or_else(|| {
        let known: Vec<String> = functions.iter().map(|function| format!("`{}`", function.name())).collect();
        format!("`{name}` is no function of the module; there are {}", known.join(", "))
    })?;
    let count = functions[function].types(side).len();
    let position: usize = position
        .trim()
        .parse()
        .ok()
        .filter(|&position| position < count)
        .ok_or_else(|| format!("`{text}` is no {what}; `{name}` has {count}, counted from 0"))?;
    Ok(End { function, position })
}

/// A value of a function's signature by its name.
pub(crate) fn described(functions: &[Function<'_, '_>], end: End, side: Side) -> String {
    let function = functions[end.function];
    format!("{} of @{}", function.value_name(side, end.position), function.name())
}
