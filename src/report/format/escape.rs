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

/// The same for a text of several lines: its line breaks stay.
pub fn escape_lines(text: &str) -> String {
    if text.chars().all(|c| c == '\n' || is_harmless(c)) {
        return text.to_owned();
    }
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

/// JSON in which no character steers a terminal: such characters stand within texts alone, and JSON has an escape for
/// each. It reads as it did.
pub fn escape_json(json: &str) -> String {
    let is_plain = |c: char| c == '\n' || is_harmless(c);
    if json.chars().all(is_plain) {
        return json.to_owned();
    }
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if is_plain(c) {
            safe.push(c);
        } else {
            let mut units = [0; 2];
            safe.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    safe
}

/// Puts other characters in the place of those that [`escape`] makes visible, each as many bytes long as the old one:
/// for a text into which places point. Line breaks stay.
pub fn escape_in_place(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let ends_line = c == '\n' || (c == '\r' && rest.peek() == Some(&'\n'));
        if ends_line || is_harmless(c) {
            safe.push(c);
            continue;
        }
        safe.push_str(match c.len_utf8() {
            1 => "?",
            2 => "??",
            3 => "\u{fffd}",
            _ => "\u{fffd}?",
        });
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
    fn json_reads_as_it_did_and_steers_no_terminal() {
        let object = serde_json::json!({"k": "a\u{1b}[2J\u{7}\u{7f}\u{9b}31m\u{e0041}\nb", "open": "größe"});
        let text = escape_json(&format!("{object:#}\n"));
        assert_eq!(escape_lines(&text), text);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), object);
    }

    #[test]
    fn what_steers_a_terminal_becomes_visible() {
        assert_eq!(escape("a\x1b[31mb"), "a\\u{1b}[31mb");
        assert_eq!(escape("a\u{202e}b\u{9b}c\r"), "a\\u{202e}b\\u{9b}c\\u{d}");
        assert_eq!(escape("a\u{200b}b\u{e0041}\u{61c}"), "a\\u{200b}b\\u{e0041}\\u{61c}");
        assert_eq!(escape("größe\tß"), "größe\tß");
        assert_eq!(escape_lines("a\u{7}\nb\r\n"), "a\\u{7}\nb\\u{d}\n");
    }

    #[test]
    fn places_in_a_text_stay_where_they_are() {
        let text = "a\u{1b}[2J\u{9b}\u{202e}\u{e0041}é\tb\r\nc\rd";
        let safe = escape_in_place(text);
        assert_eq!(safe, "a?[2J??\u{fffd}\u{fffd}?é\tb\r\nc?d");
        assert_eq!(safe.len(), text.len());
    }
}
