//! What a pattern says: its alternatives, and the steps of each through folders to files.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::blocks::FilePattern;

/// How many alternatives a pattern may have: `{a,b}{c,d}` has four.
const MOST: usize = 1_000;

/// One alternative of a pattern.
pub(super) struct Route {
    /// The path that every file of it begins with, by name. Without steps it is what is meant.
    pub(super) start: PathBuf,
    /// The steps from there.
    pub(super) steps: Vec<Step>,
}

/// A step from a folder to what is in it.
pub(super) enum Step {
    /// To what has this name.
    Named(PathBuf),
    /// To all whose names fit.
    Fitting(GlobMatcher),
    /// To all folders below it, and to itself.
    AnyDepth,
}

/// Whether a text is more than a path.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// The alternatives of a pattern. Each of them is looked for by itself, so that one that is named and not there is
/// noticed beside those that are.
///
/// # Errors
/// Why it is no pattern, in words.
pub(super) fn routes(pattern: &FilePattern) -> Result<Vec<Route>, String> {
    let fail = |why: String| format!("{pattern}: it is not a pattern: {why}");
    alternatives(&pattern.text)
        .and_then(|texts| texts.iter().map(|text| route(&pattern.folder, text)).collect())
        .map_err(fail)
}

fn route(folder: &Path, text: &str) -> Result<Route, String> {
    let mut route = Route { start: folder.components().collect(), steps: Vec::new() };
    for component in Path::new(text).components() {
        let name = component.as_os_str();
        match name.to_str().filter(|name| matches!(component, Component::Normal(_)) && is_pattern(name)) {
            Some("**") if matches!(route.steps.last(), Some(Step::AnyDepth)) => {}
            Some("**") => route.steps.push(Step::AnyDepth),
            Some(glob) => route.steps.push(Step::Fitting(matcher(glob)?)),
            None if component == Component::CurDir => {}
            None if route.steps.is_empty() => route.start.push(name),
            None => route.steps.push(Step::Named(name.into())),
        }
    }
    if let Some(Step::AnyDepth) = route.steps.last() {
        route.steps.push(Step::Fitting(matcher("*")?));
    }
    Ok(route)
}

fn matcher(glob: &str) -> Result<GlobMatcher, String> {
    let built = GlobBuilder::new(glob).literal_separator(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
}

/// The texts that `{a,b}` stands for, in order.
fn alternatives(text: &str) -> Result<Vec<String>, String> {
    let mut plain = Vec::new();
    let mut open = vec![text.to_owned()];
    while let Some(text) = open.pop() {
        match first_choice(&text)? {
            None => plain.push(text),
            Some(Choice { before, of, after }) => {
                open.extend(of.iter().rev().map(|one| format!("{before}{one}{after}")));
            }
        }
        if plain.len() + open.len() > MOST {
            return Err(format!("it has more than {MOST} alternatives"));
        }
    }
    Ok(plain)
}

/// The first `{a,b}` of a text, with the text around it.
struct Choice<'t> {
    before: &'t str,
    of: Vec<&'t str>,
    after: &'t str,
}

fn first_choice(text: &str) -> Result<Option<Choice<'_>>, String> {
    let mut borders: Vec<usize> = Vec::new();
    let mut depth = 0_usize;
    let mut rest = 0;
    while let Some(char) = text[rest..].chars().next() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => return Err("a `}` has no `{` before it".to_owned()),
            '}' => depth -= 1,
            _ => {}
        }
        let is_border = match char {
            '{' | ',' => depth == 1,
            '}' => depth == 0,
            _ => false,
        };
        if is_border {
            borders.push(rest);
        }
        if let (true, '}', [first, ..]) = (is_border, char, borders.as_slice()) {
            let of = borders.windows(2).map(|ends| &text[ends[0] + 1..ends[1]]).collect();
            return Ok(Some(Choice { before: &text[..*first], of, after: &text[rest + 1..] }));
        }
        rest += length_of_one(&text[rest..], char);
    }
    if depth == 0 { Ok(None) } else { Err("a `{` has no `}` after it".to_owned()) }
}

/// How many bytes belong together at the beginning of a text: a character with its `\`, a class like `[{,]`.
fn length_of_one(text: &str, first: char) -> usize {
    let escaped = || text.chars().nth(1).map_or(1, |next| 1 + next.len_utf8());
    match first {
        '\\' => escaped(),
        '[' => class_length(text).unwrap_or(1),
        _ => first.len_utf8(),
    }
}

/// The length of a class, if it ends. A `]` that comes first is a member of it.
fn class_length(text: &str) -> Option<usize> {
    let members = text.strip_prefix('[')?.trim_start_matches(['!', '^']);
    let first = members.chars().next()?;
    let begin = text.len() - members.len() + first.len_utf8();
    text[begin..].find(']').map(|end| begin + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> String {
        alternatives(text).unwrap_or_else(|why| vec![format!("! {why}")]).join(" ")
    }

    #[test]
    fn braces_stand_for_each_of_their_texts() {
        assert_eq!(all("m/{a,b}.yaml"), "m/a.yaml m/b.yaml");
        assert_eq!(all("{a,b}{1,2}"), "a1 a2 b1 b2");
        assert_eq!(all("{a,{b,c}d}"), "a bd cd");
        assert_eq!(all("{a/b,c}/*"), "a/b/* c/*");
        assert_eq!(all("m{,-more}.yaml"), "m.yaml m-more.yaml");
        assert_eq!(all("a,b"), "a,b");
        assert_eq!(all("{ä,ö}"), "ä ö");
    }

    #[test]
    fn braces_in_classes_and_after_a_backslash_are_plain() {
        for text in ["[{]a,b[}]", "\\{a,b\\}", "[]{]", "[!]},]"] {
            assert_eq!(all(text), text);
        }
        assert_eq!(all("{[,]a,b}"), "[,]a b");
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        assert_eq!(all("{a"), "! a `{` has no `}` after it");
        assert_eq!(all("a}*"), "! a `}` has no `{` before it");
        assert_eq!(all(&"{a,b}".repeat(20)), "! it has more than 1000 alternatives");
    }
}
