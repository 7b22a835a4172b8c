//! What kubectl makes of each form of a plain scalar, and what we make of it.

use serde_json::Value;

use super::{Called, read};

/// Scalars, and the JSON that `sigs.k8s.io/yaml` v1.6.0 makes of them, by which kubectl reads its files; empty where it
/// refuses them.
const AS_KUBECTL: &[(&str, &str)] = &[
    ("0o17", "15"),
    ("017", "15"),
    ("0644", "420"),
    ("08", "8"),
    ("0x1F", "31"),
    ("0X1F", "31"),
    ("0b1", "1"),
    ("0b102", "\"0b102\""),
    ("1_000", "1000"),
    ("1__0", "10"),
    ("_1", "\"_1\""),
    ("1_", "1"),
    ("0o1_7", "15"),
    ("0x_1F", "31"),
    ("1_000.5", "1000.5"),
    (".5", "0.5"),
    ("5.", "5"),
    (".", "\".\""),
    ("+1", "1"),
    ("-0", "0"),
    ("+0", "0"),
    ("-0.0", "-0"),
    ("1.0", "1"),
    ("1e3", "1000"),
    ("1E+3", "1000"),
    ("1e-3", "0.001"),
    ("1e", "\"1e\""),
    ("e3", "\"e3\""),
    ("1e3.5", "\"1e3.5\""),
    (".5e1", "5"),
    (".inf", ""),
    ("-.INF", ""),
    (".Inf", ""),
    ("+.inf", ""),
    (".NaN", ""),
    (".nan", ""),
    ("inf", "\"inf\""),
    ("NaN", "\"NaN\""),
    ("~", "null"),
    ("null", "null"),
    ("Null", "null"),
    ("NULL", "null"),
    ("nULL", "\"nULL\""),
    ("true", "true"),
    ("True", "true"),
    ("TRUE", "true"),
    ("tRUE", "\"tRUE\""),
    ("yes", "true"),
    ("Yes", "true"),
    ("YES", "true"),
    ("no", "false"),
    ("No", "false"),
    ("on", "true"),
    ("On", "true"),
    ("off", "false"),
    ("OFF", "false"),
    ("y", "true"),
    ("Y", "true"),
    ("n", "false"),
    ("N", "false"),
    ("false", "false"),
    ("7e12345", "\"7e12345\""),
    ("1e400", "\"1e400\""),
    ("-1e400", "\"-1e400\""),
    ("1e308", "1e+308"),
    ("1e-400", "0"),
    ("2001-01-01", "\"2001-01-01\""),
    ("2001-1-1", "\"2001-1-1\""),
    ("2001-01-01T00:00:00Z", "\"2001-01-01T00:00:00Z\""),
    ("2001-01-01 10:00:00", "\"2001-01-01 10:00:00\""),
    ("0b11", "3"),
    ("-0b11", "-3"),
    ("-0x1F", "-31"),
    ("-017", "-15"),
    ("-0o17", "-15"),
    ("+0x1F", "31"),
    ("+017", "15"),
    ("1:30", "\"1:30\""),
    ("12:30:45", "\"12:30:45\""),
    ("-1:30", "\"-1:30\""),
    ("1:30.5", "\"1:30.5\""),
    ("9223372036854775807", "9223372036854775807"),
    ("9223372036854775808", "9223372036854775808"),
    ("-9223372036854775808", "-9223372036854775808"),
    ("-9223372036854775809", "-9223372036854776000"),
    ("18446744073709551615", "18446744073709551615"),
    ("18446744073709551616", "18446744073709552000"),
    ("99999999999999999999999", "1e+23"),
    ("0xFFFFFFFFFFFFFFFF", "18446744073709551615"),
    ("0x1FFFFFFFFFFFFFFFF", "\"0x1FFFFFFFFFFFFFFFF\""),
    ("0777777777777777777777", "9223372036854775807"),
    ("1.5", "1.5"),
    ("1.10", "1.1"),
    ("100000000000000000000.0", "100000000000000000000"),
    ("123456789.123456789", "123456789.12345679"),
    ("0.1", "0.1"),
    ("1e21", "1e+21"),
    ("1e20", "100000000000000000000"),
    ("\"=\"", "\"=\""),
    ("=", "\"=\""),
    ("<<", "\"<<\""),
    ("1,000", "\"1,000\""),
    ("1 000", "\"1 000\""),
    ("0.", "0"),
    ("-.5", "-0.5"),
    ("+.5", "0.5"),
    ("00", "0"),
    ("000", "0"),
    ("0o8", "\"0o8\""),
    ("0xG", "\"0xG\""),
    ("+", "\"+\""),
    ("1.2.3", "\"1.2.3\""),
    ("1e+", "\"1e+\""),
    ("yES", "\"yES\""),
    ("nO", "\"nO\""),
    ("oN", "\"oN\""),
    ("oFF", "\"oFF\""),
    ("fALSE", "\"fALSE\""),
    ("fAlse", "\"fAlse\""),
    ("nUlL", "\"nUlL\""),
    (".iNf", "\".iNf\""),
    (".nAn", "\".nAn\""),
    ("-1_000", "-1000"),
    ("1_000e3", "1000000"),
    ("1_0.0_1", "10.01"),
    ("_", "\"_\""),
    ("__", "\"__\""),
    ("0_7", "7"),
    ("0_8", "8"),
    ("0x1_F", "31"),
    ("1_e3", "1000"),
    ("1e1_0", "10000000000"),
    ("_1.5", "\"_1.5\""),
    (".5_0", "0.5"),
    ("-_1", "-1"),
    ("+_1", "1"),
    ("0_", "0"),
    ("!!str 1", "\"1\""),
    ("!!int \"1\"", "1"),
    ("!!float 1", "1"),
    ("!!bool \"yes\"", "true"),
    ("\"017\"", "\"017\""),
    ("'yes'", "\"yes\""),
    ("!!binary aGk=", "\"hi\""),
    ("! 017", "\"017\""),
];

/// Where we read otherwise. Words in an odd mixture of cases are truth values for our reader, and numbers with `_` in
/// other places than between two digits of a whole number are text. A field that takes one sort of value refuses the
/// other, so there it is no silent difference; whoever means the text puts it in quotes.
const OTHERWISE: &[&str] = &[
    "tRUE", "yES", "nO", "oN", "oFF", "fALSE", "fAlse", "1__0", "1_", "1_000.5", "1_000e3", "1_0.0_1", "0_8",
    "1_e3", "1e1_0", ".5_0", "-_1", "+_1", "0_",
];

fn ours(scalar: &str) -> Option<Value> {
    let documents = read(&format!("v: {scalar}\n"), Called::Either).ok()?;
    documents.into_iter().next().map(|document| document.object["v"].clone())
}

/// Whether both are the same for the server: the same text, or the same number, however it is written.
fn is_same(ours: Option<&Value>, theirs: &str) -> bool {
    let theirs: Option<Value> = serde_json::from_str(theirs).ok();
    match (ours, theirs.as_ref()) {
        (Some(Value::Number(ours)), Some(Value::Number(theirs))) => {
            ours == theirs || ours.as_f64() == theirs.as_f64() && !(ours.is_u64() && theirs.is_u64())
        }
        (ours, theirs) => ours == theirs,
    }
}

#[test]
fn scalars_are_read_as_kubectl_reads_them() {
    let others: Vec<&str> = AS_KUBECTL
        .iter()
        .filter(|(scalar, theirs)| !is_same(ours(scalar).as_ref(), theirs))
        .map(|(scalar, _)| *scalar)
        .collect();
    let known =
        |list: &[&str]| list.iter().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(known(&others), known(OTHERWISE));
}
