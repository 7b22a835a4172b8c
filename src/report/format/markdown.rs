//! Puts text from outside into Markdown so that nothing in it is read as markup.

use std::fmt::Write as _;

use crate::report::format::escape::escape;

/// The most characters of a text from outside; longer ones are cut, so that a table stays readable.
const LONGEST: usize = 200;

/// A text from outside as inline code. Nothing in it can end the code or make a table, a mention, a link or a
/// tag: every character that Markdown or HTML could read as markup is written as a character reference.
pub(in crate::report) fn code(text: &str) -> String {
    let visible: Vec<char> = escape(text).chars().collect();
    let mut safe = String::from("<code>");
    for (at, c) in visible.iter().enumerate().take(LONGEST) {
        let before = at.checked_sub(1).and_then(|at| visible.get(at));
        if is_plain(*c, before, visible.get(at + 1)) {
            safe.push(*c);
        } else {
            // Writing into a string cannot fail.
            let _ = write!(safe, "&#{};", u32::from(*c));
        }
    }
    if visible.len() > LONGEST {
        safe.push('…');
    }
    safe.push_str("</code>");
    safe
}

/// Whether the character is no markup between these two. `://` and `www.` would make a link.
fn is_plain(c: char, before: Option<&char>, after: Option<&char>) -> bool {
    match c {
        ':' => after != Some(&'/'),
        '.' => !matches!(before, Some('w' | 'W')),
        _ => c.is_alphanumeric() || " -/=,;()\"'+%?".contains(c),
    }
}

/// Lines as a block of code in this language. The fence is longer than every run of backticks in the lines,
/// so that no line ends the block.
pub(in crate::report) fn fence(language: &str, lines: &[String]) -> String {
    let ticks = "`".repeat(lines.iter().map(|line| longest_run(line)).max().unwrap_or_default().max(2) + 1);
    let mut text = format!("{ticks}{language}\n");
    for line in lines {
        // Line ends in the text are escaped, so that each line stays one line.
        text.push_str(&escape(line));
        text.push('\n');
    }
    text.push_str(&ticks);
    text.push('\n');
    text
}

/// The length of the longest run of backticks.
fn longest_run(line: &str) -> usize {
    line.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{code, fence};

    #[test]
    fn nothing_breaks_out_of_code() {
        let hostile =
            "a|b`c``d</code></details>@team #1 [x](http://y) www.z ~~z~~ _u_ *v* \\| \u{1b}[31m\nnew";
        let shown = code(hostile);
        let inner = shown.strip_prefix("<code>").unwrap().strip_suffix("</code>").unwrap();
        for meaningful in
            ["|", "`", "<", ">", "@", "[", "]", "~", "_", "*", "\\", "\n", "\u{1b}", "://", "www."]
        {
            assert!(!inner.contains(meaningful), "{meaningful:?} in {inner}");
        }
        // Those that are left begin a reference.
        assert_eq!(inner.matches("&#").count(), inner.matches('#').count());
        assert_eq!(inner.matches("&#").count(), inner.matches('&').count());
        assert_eq!(code(&"x".repeat(1000)).chars().filter(|c| *c == 'x').count(), 200);
    }

    #[test]
    fn nothing_ends_a_block_of_code() {
        let lines = ["+ a".to_owned(), "  ```".to_owned(), "+ b````c\r\n```\u{202e}".to_owned()];
        let shown = fence("diff", &lines);
        let inner = shown.strip_prefix("`````diff\n").unwrap().strip_suffix("`````\n").unwrap();
        assert_eq!(inner.lines().count(), 3);
        assert!(!inner.contains("`````") && !inner.contains(['\r', '\u{202e}']), "{inner}");
    }
}
