//! Certificates that charts have made, and that end soon. They are as they were applied: nothing makes them anew by itself.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::kubernetes::certificate_texts::near_end;
use crate::resource::{Address, BlockAddress, EndingCertificates, Reading};
use crate::state::StoredResource;

/// The certificates that have ended or end soon, by the chart. Only fields are looked at that a chart makes at random.
pub fn ending_certificates<'a>(
    found: impl Iterator<Item = (&'a Address, &'a StoredResource, &'a Reading)>,
    now: Timestamp,
) -> Vec<EndingCertificates> {
    let mut of_charts: BTreeMap<&BlockAddress, Vec<(String, Timestamp)>> = BTreeMap::new();
    for (address, resource, reading) in found {
        let ends = ends(resource, reading, now);
        if !ends.is_empty() {
            of_charts.entry(&address.block).or_default().extend(ends);
        }
    }
    let ending =
        of_charts.into_iter().filter_map(|(chart, ends)| EndingCertificates::of(chart.clone(), ends));
    ending.collect()
}

/// The fields of an object with such a certificate, and its end.
fn ends(resource: &StoredResource, reading: &Reading, now: Timestamp) -> Vec<(String, Timestamp)> {
    let (Some(applied), Reading::Present(live)) = (&resource.applied, reading) else { return Vec::new() };
    if live.stamp.uid != resource.uid || resource.hook.is_some() {
        return Vec::new();
    }
    let object = format!("{}/{}", resource.identity.kind, resource.identity.name);
    let fields = applied.unstable_fields.iter();
    let ends =
        fields.filter_map(|path| Some((format!("{object}:{path}"), near_end(path.get(&live.object)?, now)?)));
    ends.collect()
}
