//! Values of arguments that have a form of their own, and what is said to those who write another one.

use std::time::Duration;

use crate::config;
use crate::kubernetes::names::dns_label;

/// A length of time.
pub(in crate::cli) fn time(text: &str) -> Result<Duration, &'static str> {
    config::duration(text).ok_or("write hours, minutes and seconds, largest first: `90s`, `10m`, `1h30m`")
}

/// The name of a namespace.
pub(in crate::cli) fn namespace(text: &str) -> Result<String, String> {
    dns_label(text).map(|()| text.to_owned())
}

/// The number of a revision.
pub(in crate::cli) fn revision(text: &str) -> Result<u64, &'static str> {
    text.parse()
        .map_err(|_| "there is no such revision: `regplan history` lists the numbers of those that are kept")
}

/// How many resources are worked on at once.
pub(in crate::cli) fn parallelism(text: &str) -> Result<u16, &'static str> {
    let number = text.parse().ok().filter(|number| (1..=256).contains(number));
    number.ok_or("write a number from 1 to 256")
}

/// With less than this, there is no room for anything worth reading.
pub(in crate::cli) fn limit(text: &str) -> Result<usize, String> {
    const LEAST: usize = 1000;
    let limit = text.parse().ok().filter(|limit| *limit >= LEAST);
    limit.ok_or_else(|| format!("write a number of bytes, at least {LEAST}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::Cli;

    #[test]
    fn a_value_of_another_form_is_refused_in_plain_words() {
        let refused = |line: &str| Cli::try_parse_from(line.split(' ')).unwrap_err().to_string();
        for line in
            ["regplan rollback abc", "regplan rollback -1", "regplan history 1.5", "regplan history -2"]
        {
            let said = refused(line);
            assert!(said.contains("there is no such revision"), "{said}");
            assert!(!said.contains("-- -") && !said.contains("digit"), "{said}");
        }
        let said = refused("regplan plan --parallelism many");
        assert!(said.contains("write a number from 1 to 256"), "{said}");
        assert_eq!(
            [revision("3").is_ok(), parallelism("0").is_ok(), limit("999").is_ok()],
            [true, false, false]
        );
    }
}
