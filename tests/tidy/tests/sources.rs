//! House rules that a program can check: headers, length, banned words, unsafe code only where it is announced,
//! links between documents.

use std::collections::BTreeSet;
use std::fs;

use cloakwork_tidy::{SourceFile, code_of, root, source_files};

const LONGEST: usize = 700;

/// What no text file may contain, in two halves so that this list does not find itself.
const BANNED: &[(&str, &str, &str)] = &[
    ("/wor", "k/", "an absolute path"),
    ("/roo", "t/", "an absolute path"),
    ("/hom", "e/", "an absolute path"),
    ("todo", "!(", "unfinished code"),
    ("unimplemented", "!(", "unfinished code"),
    ("#[igno", "re", "a test that nothing runs"),
    ("#[should_", "panic", "a test that accepts any failure"),
    ("[sourc", "e.", "a substitute for crates.io"),
    ("[regist", "ries", "a substitute for crates.io"),
    ("index-", "url", "a substitute for PyPI"),
];

#[test]
fn rust_files_say_what_they_are() {
    let files = rust_files();
    let bare: Vec<_> =
        files.iter().filter(|file| !file.text.starts_with("//!")).map(|file| &file.path).collect();
    assert!(bare.is_empty(), "files whose first line is not `//! …`: {bare:#?}");
}

#[test]
fn files_are_short() {
    let mut long = Vec::new();
    for file in source_files().unwrap() {
        let lines = file.text.lines().count();
        if file.has_extension(&["rs", "py", "cpp", "h", "td", "md"]) && lines > LONGEST {
            long.push(format!("{}: {lines} lines, at most {LONGEST}; split it by idea", file.path));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn nothing_banned_is_written() {
    let mut wrong = Vec::new();
    for file in source_files().unwrap() {
        for (number, line) in file.text.lines().enumerate() {
            for (start, end, why) in BANNED {
                let word = format!("{start}{end}");
                if line.contains(&word) {
                    wrong.push(format!("{}:{}: `{word}` is {why}", file.path, number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_stands_only_in_listed_files() {
    let list_path = "tests/tidy/unsafe_files.txt";
    let list = fs::read_to_string(root().join(list_path)).unwrap();
    let listed: BTreeSet<_> =
        list.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect();
    let found: BTreeSet<_> =
        rust_files().into_iter().filter(|file| uses_unsafe(&file.text)).map(|file| file.path).collect();
    let missing: Vec<_> = found.difference(&listed).collect();
    let superfluous: Vec<_> = listed.difference(&found).collect();
    assert!(
        missing.is_empty() && superfluous.is_empty(),
        "{list_path}: files with unsafe code that are not listed: {missing:#?}; listed without unsafe code: {superfluous:#?}"
    );
}

#[test]
fn unsafe_blocks_say_who_guarantees_what() {
    let mut wrong = Vec::new();
    for file in rust_files() {
        let lines: Vec<_> = file.text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            if opens_unsafe_block(line) && !explained(&lines[..number]) {
                wrong.push(format!("{}:{}: no `// SAFETY:` above", file.path, number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for file in source_files().unwrap().into_iter().filter(|file| file.has_extension(&["md"])) {
        let folder = root().join(&file.path).parent().unwrap().to_owned();
        for link in file.text.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next()) {
            if !link.is_empty() && !link.contains("://") && !folder.join(link).exists() {
                broken.push(format!("{}: `{link}`", file.path));
            }
        }
    }
    assert!(broken.is_empty(), "links to nothing:\n{}", broken.join("\n"));
}

fn rust_files() -> Vec<SourceFile> {
    let files = source_files().expect("the checkout is readable");
    files.into_iter().filter(|file| file.has_extension(&["rs"])).collect()
}

fn uses_unsafe(text: &str) -> bool {
    text.lines().any(|line| words(&code_of(line)).any(|word| word == "unsafe"))
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|character: char| !character.is_alphanumeric() && character != '_')
}

fn opens_unsafe_block(line: &str) -> bool {
    let code = code_of(line);
    code.contains("unsafe {") || code.trim_start().starts_with("unsafe impl")
}

/// Whether the comment that belongs to the statement after `above` holds `SAFETY:`. Lines of the same statement, and
/// unsafe lines that one comment covers together, may stand between.
fn explained(above: &[&str]) -> bool {
    let nearest = above.iter().rev().take(12);
    nearest.into_iter().take_while(|line| !line.trim().is_empty()).any(|line| line.contains("SAFETY:"))
}
