//! Refuses text that is nested so deeply that MLIR's recursive parser would overflow the stack.

use crate::diagnostic::{Diagnostic, Severity};

/// Deepest nesting of brackets. Modules of this compiler have fewer than 20 levels.
const MAX_DEPTH: usize = 200;

/// An error at the first bracket beyond [`MAX_DEPTH`], in the file `name`.
pub(crate) fn check(source: &str, name: &str) -> Result<(), Diagnostic> {
    let (mut depth, mut line, mut column) = (0usize, 1, 0);
    let mut letters = source.chars().peekable();
    let mut previous = ' ';
    let mut text = Text::Code;
    while let Some(letter) = letters.next() {
        column += 1;
        match (text, letter) {
            (Text::Code, '"') => text = Text::Quoted,
            (Text::Code, '/') if letters.peek() == Some(&'/') => text = Text::Comment,
            (Text::Code, '(' | '[' | '{' | '<') => depth += 1,
            (Text::Code, '>') if previous == '-' => {} // an arrow closes nothing
            (Text::Code, ')' | ']' | '}' | '>') => depth = depth.saturating_sub(1),
            (Text::Quoted, '"') if previous != '\\' => text = Text::Code,
            (Text::Quoted | Text::Comment, '\n') => text = Text::Code, // strings end with their line, too
            _ => {}
        }
        if depth > MAX_DEPTH {
            let message = format!("brackets are nested more than {MAX_DEPTH} deep; flatten the text");
            return Err(Diagnostic::new(Severity::Error, format!("{name}:{line}:{column}"), message));
        }
        // A backslash behind a backslash escapes nothing more.
        previous = if previous == '\\' && letter == '\\' { ' ' } else { letter };
        if letter == '\n' {
            (line, column) = (line + 1, 0);
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Text {
    Code,
    Quoted,
    Comment,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brackets_that_stand_in_code_count() {
        let many = "[".repeat(MAX_DEPTH + 1);
        assert!(check(&format!("// {many}\n\"{many}\\\"{many}\""), "f").is_ok());
        assert!(check(&"(a) -> (b) <[{}]>\n".repeat(1000), "f").is_ok());
        let error = check(&format!("x\n  {many}"), "f").unwrap_err();
        assert_eq!(error.place, format!("f:2:{}", MAX_DEPTH + 3));
        assert!(check(&format!("\"\\\\\" {many}"), "f").is_err());
    }
}
