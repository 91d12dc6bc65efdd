//! Sums of products in Einstein's notation: `"ij,jk->ik"`, with `...` for leading axes that are broadcast.
//!
//! Operands are contracted from the left. Axes that end with a pair become a product of matrices, unless both
//! operands keep one of the others: then elementwise products and a sum.

use crate::compositions::axes::positions;
use crate::error::{Refusal, TraceError, refuse_argument};
use crate::graph::{NodeId, OpGraph};
use crate::shapes::KeepAxes;
use ndarray::{ArrayD, IxDyn};

/// A value with a letter for each axis.
#[derive(Clone)]
struct Named {
    letters: Vec<char>,
    value: NodeId,
}

impl OpGraph {
    /// NumPy's `einsum` in its notation with letters.
    pub fn einsum(&mut self, notation: &str, operands: &[NodeId]) -> Result<NodeId, TraceError> {
        let ranks: Vec<usize> = operands.iter().map(|&operand| self.node(operand).shape.len()).collect();
        let (names, result) = self.wrong(parsed(notation, &ranks))?;
        let mut terms = vec![];
        for (letters, &value) in names.into_iter().zip(operands) {
            terms.push(self.diagonals(Named { letters, value })?);
        }
        let mut terms = terms.into_iter();
        let mut product = terms.next().expect("a notation has at least one operand");
        while let Some(term) = terms.next() {
            let later = terms.as_slice().iter().flat_map(|term| term.letters.iter());
            let kept: Vec<char> = result.iter().chain(later).copied().collect();
            product = self.contracted(product, term, &kept)?;
        }
        let product = self.summed(product, &result)?;
        self.ordered(product, &result)
    }

    /// Axes of one letter become one.
    fn diagonals(&mut self, term: Named) -> Result<Named, TraceError> {
        let mut letters: Vec<char> = vec![];
        for &letter in &term.letters {
            if !letters.contains(&letter) {
                letters.push(letter);
            }
        }
        if letters == term.letters {
            return Ok(term);
        }
        let shape = self.shape_of(term.value);
        let size = |letter: &char| {
            let sizes = term.letters.iter().zip(&shape).filter(|(other, _)| *other == letter);
            sizes.map(|(_, &size)| size).collect::<Vec<_>>()
        };
        if let Some(letter) =
            letters.iter().find(|letter| size(letter).windows(2).any(|two| two[0] != two[1]))
        {
            let found = format!("axes of {:?} elements called `{letter}`", size(letter));
            let refusal = refuse_argument("einsum", found, "axes of one letter have one size", "rename one");
            return self.wrong(refusal);
        }
        let sizes: Vec<usize> = letters.iter().map(|letter| size(letter)[0]).collect();
        let known = positions(&shape);
        let moved = ArrayD::from_shape_fn(IxDyn(&sizes), |at| {
            let place = |letter: &char| letters.iter().position(|other| other == letter).unwrap_or_default();
            let from: Vec<usize> = term.letters.iter().map(|letter| at[place(letter)]).collect();
            known[IxDyn(&from)]
        });
        Ok(Named { letters, value: self.gather(term.value, &moved)? })
    }

    /// Without the axes that nobody needs.
    fn summed(&mut self, term: Named, kept: &[char]) -> Result<Named, TraceError> {
        let is_kept = |letter: &char| kept.contains(letter);
        let axes: Vec<i64> =
            (0..).zip(&term.letters).filter(|(_, letter)| !is_kept(letter)).map(|(axis, _)| axis).collect();
        if axes.is_empty() {
            return Ok(term);
        }
        let value = self.sum(term.value, Some(&axes), KeepAxes::No)?;
        Ok(Named { letters: term.letters.into_iter().filter(is_kept).collect(), value })
    }

    fn contracted(&mut self, one: Named, other: Named, kept: &[char]) -> Result<Named, TraceError> {
        let one = self.summed(one, &[kept, other.letters.as_slice()].concat())?;
        let other = self.summed(other, &[kept, one.letters.as_slice()].concat())?;
        let axis = |term: &Named, letter: &char| {
            term.letters.iter().position(|other| other == letter).unwrap_or_default()
        };
        let (first, second) = (self.shape_of(one.value), self.shape_of(other.value));
        let is_shared = |letter: &&char| other.letters.contains(letter);
        let shared: Vec<char> = one.letters.iter().filter(is_shared).copied().collect();
        let only = |term: &Named| -> Vec<char> {
            term.letters.iter().filter(|letter| !shared.contains(letter)).copied().collect()
        };
        let (left, right) = (only(&one), only(&other));
        let (both, summed): (Vec<char>, Vec<char>) = shared.iter().partition(|letter| kept.contains(letter));
        // Axes of one element stand for as many as the other has.
        let is_equal = |letter: &char| first[axis(&one, letter)] == second[axis(&other, letter)];
        if both.is_empty() && !shared.is_empty() && shared.iter().all(is_equal) {
            let axes =
                |term: &Named| shared.iter().map(|letter| axis(term, letter) as i64).collect::<Vec<_>>();
            let value = self.tensordot(one.value, other.value, &axes(&one), &axes(&other))?;
            return Ok(Named { letters: [left, right].concat(), value });
        }
        let all = [both.as_slice(), &left, &right, &summed].concat();
        let (a, b) = (self.aligned(one, &all)?, self.aligned(other, &all)?);
        let product = self.mul(a, b)?;
        self.summed(Named { letters: all, value: product }, &[both, left, right].concat())
    }

    /// Axes in the order of the letters, with one element where the value has none.
    fn aligned(&mut self, term: Named, letters: &[char]) -> Result<NodeId, TraceError> {
        let present: Vec<char> =
            letters.iter().filter(|letter| term.letters.contains(letter)).copied().collect();
        let value = self.ordered(term, &present)?;
        let mut sizes = self.shape_of(value).into_iter();
        let shape: Vec<usize> = letters
            .iter()
            .map(|letter| if present.contains(letter) { sizes.next().unwrap_or(1) } else { 1 })
            .collect();
        self.in_shape(value, &shape)
    }

    /// Axes in the order of the letters, which are those of the value.
    fn ordered(&mut self, term: Named, letters: &[char]) -> Result<NodeId, TraceError> {
        if term.letters == letters {
            return Ok(term.value);
        }
        let axis = |letter: &char| term.letters.iter().position(|other| other == letter).unwrap_or_default();
        let order: Vec<i64> = letters.iter().map(|letter| axis(letter) as i64).collect();
        self.transpose(term.value, Some(&order))
    }
}

/// A letter for each axis of each operand and of the result.
fn parsed(notation: &str, ranks: &[usize]) -> Result<(Vec<Vec<char>>, Vec<char>), Refusal> {
    let refuse = |found: String, allowed: &str| -> Refusal {
        let refusal: Result<(), Refusal> =
            refuse_argument("einsum", found, allowed, "write a notation like \"ij,jk->ik\"");
        refusal.expect_err("it refuses")
    };
    let text: String = notation.chars().filter(|letter| !letter.is_whitespace()).collect();
    let (operands, result) = match text.split_once("->") {
        Some((operands, result)) => (operands, Some(result)),
        None => (text.as_str(), None),
    };
    let operands: Vec<&str> = operands.split(',').collect();
    if operands.len() != ranks.len() {
        return Err(refuse(
            format!("{} subscripts for {} operands", operands.len(), ranks.len()),
            "each operand has subscripts",
        ));
    }
    // Axes of `...`, counted from the last; letters of no alphabet.
    let extra = |number: usize| char::from_u32(0xE000 + number as u32).unwrap_or('\u{E000}');
    let filled = |name: &str, count: usize| -> Vec<char> {
        let (before, behind) = name.split_once("...").unwrap_or((name, ""));
        let has_extra = name.contains("...");
        let extra = (0..if has_extra { count } else { 0 }).rev().map(extra);
        before.chars().chain(extra).chain(behind.chars()).collect()
    };
    let (mut names, mut most) = (vec![], 0);
    for (name, &rank) in operands.iter().zip(ranks) {
        let letters = name.replacen("...", "", 1);
        if let Some(letter) = letters.chars().find(|letter| !letter.is_alphabetic()) {
            return Err(refuse(format!("the subscript `{letter}`"), "axes have letters"));
        }
        let named = letters.chars().count();
        let hidden = rank.checked_sub(named).filter(|&hidden| hidden == 0 || name.contains("..."));
        let Some(hidden) = hidden else {
            return Err(refuse(
                format!("subscripts `{name}` that name {named} axes, but the operand has {rank}"),
                "each axis has a letter",
            ));
        };
        most = most.max(hidden);
        names.push(filled(name, hidden));
    }
    let used: Vec<char> = names.concat();
    let result = match result {
        Some(result) => filled(result, most),
        None => {
            let is_extra = |letter: &char| ('\u{E000}'..'\u{F000}').contains(letter);
            let mut once: Vec<char> = used.clone();
            once.retain(|letter| {
                !is_extra(letter) && used.iter().filter(|other| *other == letter).count() == 1
            });
            once.sort_unstable();
            (0..most).rev().map(extra).chain(once).collect()
        }
    };
    let is_twice = |(i, letter): (usize, &char)| result[..i].contains(letter);
    if result.iter().any(|letter| !used.contains(letter)) || result.iter().enumerate().any(is_twice) {
        return Err(refuse(
            format!("the result of `{notation}`"),
            "it has axes that an operand has, each once",
        ));
    }
    Ok((names, result))
}
