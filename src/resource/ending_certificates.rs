//! Certificates that a chart has made, and that stay until somebody has them made anew.

use jiff::Timestamp;

use super::BlockAddress;
use crate::diagnostic::nearest::list;

/// The certificates of a chart that have ended or end soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingCertificates {
    /// The chart.
    pub chart: BlockAddress,
    /// The fields that hold them, with their objects: `Secret/web:data["tls.crt"]`.
    pub fields: Vec<String>,
    /// When the first of them ends, or has ended.
    pub end: Timestamp,
}

impl EndingCertificates {
    /// Those in these fields; `None` where there are none.
    pub fn of(chart: BlockAddress, ends: Vec<(String, Timestamp)>) -> Option<Self> {
        let end = ends.iter().map(|(_, end)| *end).min()?;
        Some(Self { chart, fields: ends.into_iter().map(|(field, _)| field).collect(), end })
    }

    /// What is said of them.
    pub fn message(&self, now: Timestamp) -> String {
        let (chart, day) = (&self.chart, self.end.strftime("%Y-%m-%d"));
        if self.end <= now {
            format!("a certificate that `{chart}` has made ended on {day}, and stays as it is")
        } else {
            format!("a certificate that `{chart}` has made ends on {day}, and stays as it is")
        }
    }

    /// Where they are, and what to do.
    pub fn help(&self) -> String {
        let fields = list(self.fields.iter().map(String::as_str));
        let chart = &self.chart;
        format!("{fields}. To make all that the chart makes at random anew, use `regplan rotate {chart}`")
    }
}
