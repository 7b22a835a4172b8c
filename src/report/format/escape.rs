//! Makes strings from outside safe to print.

use std::fmt::Write as _;

/// Makes every character visible that could control a terminal, change the direction of text or be invisible.
///
/// Text from a cluster cannot be trusted: a label may have an escape sequence that hides the rest of a plan.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmless(c) {
            safe.push(c);
        } else {
            // Writing into a string cannot fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        }
    }
    safe
}

fn is_harmless(c: char) -> bool {
    let steers = c.is_control() && c != '\t';
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks_line = matches!(c, '\u{2028}' | '\u{2029}');
    // Otherwise two different values could look the same.
    let hides = matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    !(steers || turns || breaks_line || hides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_becomes_visible() {
        assert_eq!(escape("a\x1b[31mb"), "a\\u{1b}[31mb");
        assert_eq!(escape("a\u{202e}b\u{9b}c\r"), "a\\u{202e}b\\u{9b}c\\u{d}");
        assert_eq!(escape("a\u{200b}b\u{e0041}\u{61c}"), "a\\u{200b}b\\u{e0041}\\u{61c}");
        assert_eq!(escape("größe\tß"), "größe\tß");
    }
}
