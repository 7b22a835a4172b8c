//! Amounts, and the form in which the server stores them: `1000m` as `1`, `1024Mi` as `1Gi`.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>

use std::cmp::Ordering;

use serde_json::Value;

/// Units of a thousandth of a thousandth of a thousandth, from which every amount is a whole number.
const NANO: i128 = 1_000_000_000;
const DECIMAL: &[(&str, i128)] = &[
    ("E", 1_000_000_000_000_000_000 * NANO),
    ("P", 1_000_000_000_000_000 * NANO),
    ("T", 1_000_000_000_000 * NANO),
    ("G", 1_000_000_000 * NANO),
    ("M", 1_000_000 * NANO),
    ("k", 1_000 * NANO),
    ("", NANO),
    ("m", NANO / 1_000),
    ("u", NANO / 1_000_000),
    ("n", 1),
];
const BINARY: &[(&str, i128)] = &[
    ("Ei", (1 << 60) * NANO),
    ("Pi", (1 << 50) * NANO),
    ("Ti", (1 << 40) * NANO),
    ("Gi", (1 << 30) * NANO),
    ("Mi", (1 << 20) * NANO),
    ("Ki", (1 << 10) * NANO),
];

/// The amount as the server stores it; `None` where it is none, or in a form that is not known here (`1e3`).
pub fn canonical(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let (amount, is_binary) = amount(text.trim())?;
    // Below one unit of the binary form, and for what is no whole unit of it, the server writes decimal units.
    let units = if is_binary { BINARY.iter().chain(DECIMAL) } else { DECIMAL.iter().chain(&[]) };
    let (unit, size) = units.copied().find(|(_, size)| amount % size == 0)?;
    if amount == 0 {
        return Some("0".to_owned());
    }
    Some(format!("{}{unit}", amount / size))
}

/// Which of two amounts is larger; `None` where one of them is none, or in a form that is not known here.
pub fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    Some(billionths(one)?.cmp(&billionths(other)?))
}

/// The amount in billionths; `None` where it is none, or in a form that is not known here.
pub fn billionths(value: &Value) -> Option<i128> {
    let amount = match value {
        Value::String(text) => amount(text.trim()),
        Value::Number(number) => amount(&number.to_string()),
        _ => None,
    };
    Some(amount?.0)
}

/// The amount in billionths, and whether its unit is a binary one.
fn amount(text: &str) -> Option<(i128, bool)> {
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let binary = BINARY.iter().find(|(name, _)| *name == unit);
    let (_, size) = binary.or_else(|| DECIMAL.iter().find(|(name, _)| *name == unit))?;
    let (sign, digits) = match number.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let figures: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let scaled = figures.checked_mul(*size)?;
    (scaled % scale == 0).then_some((sign * scaled / scale, binary.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_have_the_form_of_the_server() {
        for (written, stored) in [
            (json!("1000m"), Some("1")),
            (json!("1500m"), Some("1500m")),
            (json!(0.5), Some("500m")),
            (json!("1024Mi"), Some("1Gi")),
            (json!("1.5Gi"), Some("1536Mi")),
            (json!("2147483648"), Some("2147483648")),
            (json!(128_974_848), Some("128974848")),
            (json!("129M"), Some("129M")),
            (json!("0.5Ki"), Some("512")),
            (json!("0"), Some("0")),
            (json!("1000k"), Some("1M")),
            (json!("-1000m"), Some("-1")),
            (json!("1e3"), None),
            (json!("lots"), None),
            (json!(""), None),
            (json!(true), None),
        ] {
            assert_eq!(canonical(&written).as_deref(), stored, "{written}");
        }
    }

    #[test]
    fn amounts_can_be_compared_whatever_their_unit() {
        let compared = |one: &str, other: &str| compare(&json!(one), &json!(other));
        assert_eq!(compared("128Mi", "64Mi"), Some(Ordering::Greater));
        assert_eq!(compared("1000m", "1"), Some(Ordering::Equal));
        assert_eq!(compared("1G", "1Gi"), Some(Ordering::Less));
        assert_eq!(compared("many", "1"), None);
    }
}
