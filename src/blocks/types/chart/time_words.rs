//! Times in texts: how they are known, and whether two texts differ in a time alone.

use std::ops::RangeInclusive;

use serde_json::Value;

/// The names of months and days, which dates have beside numbers; most of them shorten these.
const NAMES: [&str; 19] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// The shortest form of such a name.
const SHORTEST_NAME: usize = 3;
/// The halves of a day.
const HALVES: [&str; 2] = ["am", "pm"];
/// A number that is at least as large may be a time in seconds.
const LEAST_TIME: u64 = 1_000_000_000;

/// The years of which a date may be.
const YEARS: RangeInclusive<u64> = 1970..=2999;

/// Whether both are the same but for a time: for numbers in a text, and for names of days and months.
pub(super) fn is_later(now: &Value, then: &Value) -> bool {
    match (now, then) {
        (Value::String(now), Value::String(then)) => is_later_text(now, then),
        (Value::Number(now), Value::Number(then)) => {
            let is_time =
                |number: &serde_json::Number| number.as_u64().is_some_and(|number| number >= LEAST_TIME);
            is_time(now) && is_time(then)
        }
        _ => false,
    }
}

/// The same of two texts.
pub(super) fn is_later_text(now: &str, then: &str) -> bool {
    holds_time(now) && holds_time(then) && shape(now) == shape(then)
}

/// The longest that may stand for a word at another time: a name has another length than others, and a number is only a
/// little longer. `None` where the word stays the same.
pub(super) fn widest(word: &str) -> Option<&str> {
    if is_name(word) {
        return NAMES.iter().copied().max_by_key(|name| name.len());
    }
    word.bytes().next().is_some_and(|first| first.is_ascii_digit()).then_some(word)
}

/// Whether a time is in a text: a year, seconds since 1970, a date without separators, an hour, or the name of a day or
/// month beside a number. Versions and ports are none.
pub(super) fn holds_time(text: &str) -> bool {
    let words = words(text);
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let has_name = words.iter().any(|word| is_name(word)) && words.iter().any(|word| is_number(word));
    let is_time = |(at, word): (usize, &&str)| {
        let behind = |distance: usize| words.get(at + distance).copied();
        let is_part = |word: Option<&str>| word.is_some_and(|word| word.len() <= 2 && is_number(word));
        let number = word.parse::<u64>().ok().filter(|_| is_number(word));
        let is_year = |year: u64| YEARS.contains(&year);
        let is_date = number.is_some_and(|number| match word.len() {
            4 => is_year(number) && matches!(behind(1), Some("-" | "/" | ".")) && is_part(behind(2)),
            8 => is_year(number / 10_000) && (1..=12).contains(&(number / 100 % 100)),
            10..=19 => number >= LEAST_TIME,
            _ => false,
        });
        let is_last_year = number.is_some_and(is_year) && word.len() == 4 && at >= 4 && {
            let before = |distance: usize| Some(words[at - distance]);
            matches!(before(1), Some("/" | ".")) && is_part(before(2)) && is_part(before(4))
        };
        let is_hour = word.len() == 2 && number.is_some() && behind(1) == Some(":") && {
            behind(2).is_some_and(|minutes| minutes.len() == 2 && is_number(minutes))
        };
        is_date || is_last_year || is_hour
    };
    has_name || words.iter().enumerate().any(is_time)
}

/// A text with `0` for each number, and `x` for each name of a day or month.
fn shape(text: &str) -> String {
    let of_word = |word: &str| match word.bytes().next() {
        Some(first) if first.is_ascii_digit() => "0".to_owned(),
        _ if is_name(word) => "x".to_owned(),
        _ => word.to_owned(),
    };
    words(text).into_iter().map(of_word).collect()
}

/// Digits that stand together, letters that do, and every other character by itself.
pub(super) fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_same_kind = |letter: char| {
            (first.is_ascii_digit() && letter.is_ascii_digit())
                || (first.is_ascii_alphabetic() && letter.is_ascii_alphabetic())
        };
        let length = rest.find(|letter| !is_same_kind(letter)).unwrap_or(rest.len()).max(first.len_utf8());
        let (word, behind) = rest.split_at(length);
        words.push(word);
        rest = behind;
    }
    words
}

fn is_name(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let is_short = word.len() >= SHORTEST_NAME && NAMES.iter().any(|name| name.starts_with(&word));
    is_short || HALVES.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_that_differ_in_their_times_alone_are_known() {
        let same = [
            (json!("2026-11-27T10:00:00Z"), json!("2027-01-02T23:59:59Z")),
            (json!("built on Fri, Nov 27 at 9 AM"), json!("built on Sunday, January 10 at 11 PM")),
            (json!("1700000000"), json!("1800000000")),
            (json!("at 27/11/2026"), json!("at 28/11/2026")),
            (json!("20261127"), json!("20261128")),
            (
                json!("2026-11-27 10:00:00.123 +0000 UTC m=+0.05"),
                json!("2027-01-02 11:30:01.9 +0000 UTC m=+1.25"),
            ),
            (json!(1_700_000_000), json!(1_800_000_000)),
        ];
        for (now, then) in same {
            assert!(is_later(&now, &then), "{now} {then}");
        }
        let other = [
            (json!("web"), json!("api")),
            (json!("2026-11-27"), json!("never")),
            (json!(1), json!(2)),
            (json!(true), json!(false)),
            (json!("apps/v1"), json!("apps/v2")),
            (json!("1.27.3"), json!("1.28.0")),
            (json!("--port=8080"), json!("--port=9090")),
            (json!("10.0.0.1:8443"), json!("10.0.0.2:8443")),
            (json!("web-1"), json!("web-2")),
            (json!("monitor:1"), json!("monitor:2")),
            (json!("2026-11-27"), json!(["2026-11-27"])),
        ];
        for (now, then) in other {
            assert!(!is_later(&now, &then), "{now} {then}");
        }
    }
}
