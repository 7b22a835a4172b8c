//! Sizes as nginx writes them: `512m`.

/// What a limit in nginx's notation comes to; `None` for no limit, and for what is none.
pub fn bytes(limit: &str) -> Option<u64> {
    let digits = limit.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match limit.get(digits.len()..) {
        Some("k" | "K") => 1 << 10,
        Some("m" | "M") => 1 << 20,
        Some("g" | "G") => 1 << 30,
        _ => 1,
    };
    // One that is larger than any number is none.
    digits.parse::<u64>().ok()?.checked_mul(unit).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn limits_are_read_as_nginx_reads_them() {
        assert_eq!(
            ["0", "512", "1k", "8m", "2G"].map(bytes),
            [None, Some(512), Some(1024), Some(8 << 20), Some(2 << 30)]
        );
        assert_eq!(bytes("99999999999999999999g"), None);
    }
}
