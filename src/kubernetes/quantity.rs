//! How much a quantity is (`500m`, `64Mi`, `1e3`), to compare two of them.

use serde_json::Value;

/// What the suffixes stand for.
const SUFFIXES: &[(&str, f64)] = &[
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
];

/// How much it is; `None` for what is no quantity. Very large amounts are rounded.
pub fn amount(quantity: &Value) -> Option<f64> {
    let text = match quantity {
        Value::String(text) => text.trim(),
        Value::Number(number) => return number.as_f64(),
        _ => return None,
    };
    let suffix = SUFFIXES.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)));
    let (number, factor) = suffix.unwrap_or((text, 1.0));
    number.parse::<f64>().ok().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_can_be_compared_whatever_their_suffix() {
        let of = |text: &str| amount(&json!(text)).unwrap();
        assert!(of("128Mi") > of("64Mi") && of("1Gi") > of("1000M") && of("1500m") > of("1"));
        assert_eq!((of("1e3"), of("1k"), amount(&json!(1000))), (1000.0, 1000.0, Some(1000.0)));
        assert_eq!((amount(&json!("many")), amount(&json!(null))), (None, None));
    }
}
