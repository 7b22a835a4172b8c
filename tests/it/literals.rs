//! What the harness finds of the strings in a source.

use crate::harness::{Literal, literals, literals_of};

tests! {
    a_string_is_found_with_where_it_stands,
    the_strings_of_the_program_are_found,
}

fn a_string_is_found_with_where_it_stands() {
    let source = r#"
/// No comment.
const LIMIT: &str = "a constant";

#[derive(Error)]
#[error("in an attribute")]
struct Error;

impl Error {
    fn words(&self) -> Problem {
        Problem::new(Kind::Other, format!("a {} {}", 1, text("nested")))
            .help("a \
                   line")
    }
}

#[cfg(test)]
mod tests {
    fn left_out() -> &'static str { "of a test" }
}
"#;
    let found = literals_of("a.rs", source);
    let literal = |line, function: &str, passed_to: &str, text: &str| Literal {
        file: "a.rs".to_owned(),
        line,
        function: function.to_owned(),
        passed_to: passed_to.to_owned(),
        text: text.to_owned(),
    };
    let expected = [
        literal(3, "LIMIT", "", "a constant"),
        literal(6, "", "#[error]", "in an attribute"),
        literal(11, "words", "format!", "a {} {}"),
        literal(11, "words", "format!", "nested"),
        literal(12, "words", ".help", "a line"),
    ];
    assert_eq!(found, expected);
}

fn the_strings_of_the_program_are_found() {
    let found = literals();
    let has = |file: &str, text: &str| found.iter().any(|one| one.file == file && one.text.contains(text));
    assert!(has("cli/carry_out.rs", "Apply this plan"));
    assert!(!found.iter().any(|one| one.file.contains("tests")), "those of tests are left out");
}
