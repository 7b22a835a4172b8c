//! Words of others in Markdown: nothing in them means anything there.

use std::fmt::Write as _;

use crate::report::format::escape::escape;

/// Longer texts of others are cut: a table is read by a person.
const LONGEST: usize = 200;

/// A text of others as code that nothing in it can end, and in which nothing means anything: no table, no
/// mention, no link, no tag. Every character that Markdown or HTML could read as its own is written as a
/// reference, which neither does.
pub(in crate::report) fn code(text: &str) -> String {
    let visible: Vec<char> = escape(text).chars().collect();
    let mut safe = String::from("<code>");
    for (at, c) in visible.iter().enumerate().take(LONGEST) {
        let before = at.checked_sub(1).and_then(|at| visible.get(at));
        if is_plain(*c, before, visible.get(at + 1)) {
            safe.push(*c);
        } else {
            // Writing into a string does not fail.
            let _ = write!(safe, "&#{};", u32::from(*c));
        }
    }
    if visible.len() > LONGEST {
        safe.push('…');
    }
    safe.push_str("</code>");
    safe
}

/// Whether the character means nothing between these two. `://` and `www.` make links of what they stand in.
fn is_plain(c: char, before: Option<&char>, after: Option<&char>) -> bool {
    match c {
        ':' => after != Some(&'/'),
        '.' => !matches!(before, Some('w' | 'W')),
        _ => c.is_alphanumeric() || " -/=,;()\"'+%?".contains(c),
    }
}

/// Lines as a block of code in this language. Each one begins with what we put there, and the fence is longer
/// than anything in them that looks like one, so that nothing in them ends it.
pub(in crate::report) fn fence(language: &str, lines: &[String]) -> String {
    let ticks = "`".repeat(lines.iter().map(|line| longest_run(line)).max().unwrap_or_default().max(2) + 1);
    let mut text = format!("{ticks}{language}\n");
    for line in lines {
        // A line of ours is one line, whatever is in it.
        text.push_str(&escape(line));
        text.push('\n');
    }
    text.push_str(&ticks);
    text.push('\n');
    text
}

/// The longest run of backticks.
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
