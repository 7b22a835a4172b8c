//! Shows an apply while it runs: spinners on a terminal, lines in a log, JSON for programs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::args::Format;
use super::output::Output;
use crate::apply::Event;
use crate::report::{self, Label, Styled};
use crate::resource::Address;

/// Prints the events of an apply.
pub(super) struct Progress {
    format: Format,
    output: Output,
    bars: MultiProgress,
    /// The resources that are under way, each with what it waits for.
    under_way: Mutex<BTreeMap<Address, UnderWay>>,
}

struct UnderWay {
    bar: Option<ProgressBar>,
    missing: String,
}

impl Progress {
    pub(super) fn new(format: Format, output: Output) -> Self {
        Self { format, output, bars: MultiProgress::new(), under_way: Mutex::new(BTreeMap::new()) }
    }

    /// Shows one event. Errors of the output are ignored: an apply does not fail because its output cannot be
    /// written.
    pub(super) fn show(&self, event: &Event) {
        if self.format == Format::Json {
            drop(Output::json_line(&report::event_json(event)));
            // A program reads the events, and a person the log beside it, in which a failure must not be missing.
            if !is_error(event) || Output::is_data_watched() {
                return;
            }
        } else {
            self.follow(event);
        }
        if let Some(line) = report::event_line(event) {
            self.line(event, line);
        }
    }

    /// Removes the spinners that are left.
    pub(super) fn finish(&self) {
        drop(self.bars.clear());
    }

    /// A failure is told whatever was asked for.
    fn line(&self, event: &Event, mut line: Styled) {
        line.end();
        let tell = || if is_error(event) { self.output.message(&line) } else { self.output.note(&line) };
        self.bars.suspend(|| drop(tell()));
    }

    fn follow(&self, event: &Event) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { address, action } => {
                let bar = self.output.is_watched().then(|| self.spinner(address, report::present(*action)));
                under_way.insert(address.clone(), UnderWay { bar, missing: String::new() });
            }
            Event::Waiting { address, missing } => {
                let Some(entry) = under_way.get_mut(address).filter(|entry| entry.missing != *missing) else {
                    return;
                };
                entry.missing.clone_from(missing);
                match &entry.bar {
                    Some(bar) => bar.set_message(report::escape(&format!("{address}: {missing}"))),
                    None => self.waiting_line(address, missing),
                }
            }
            Event::Finished { address, .. }
            | Event::Ready { address, .. }
            | Event::Unseen { address }
            | Event::Unwaited { address, .. }
            | Event::Leaving { address, .. } => {
                Self::end(&mut under_way, address);
            }
            Event::Failed { failure, .. } => Self::end(&mut under_way, &failure.address),
            Event::Skipped(skipped) => Self::end(&mut under_way, &skipped.address),
            Event::Warning { .. } | Event::NotRecorded { .. } | Event::Stopping => {}
        }
    }

    fn waiting_line(&self, address: &Address, missing: &str) {
        let mut text = Styled::default();
        text.push(Label::Dim, format!("{:>9} ", "waiting")).push(Label::Plain, address.to_string());
        text.push(Label::Dim, format!("  {}", report::escape(missing))).end();
        drop(self.output.note(&text));
    }

    fn end(under_way: &mut BTreeMap<Address, UnderWay>, address: &Address) {
        if let Some(bar) = under_way.remove(address).and_then(|entry| entry.bar) {
            bar.finish_and_clear();
        }
    }

    fn spinner(&self, address: &Address, doing: &str) -> ProgressBar {
        let elapsed = if self.output.styles_messages() { "{elapsed:.dim}" } else { "{elapsed}" };
        let style = ProgressStyle::with_template(&format!("{{spinner}} {{prefix:>9}} {{msg}} {elapsed}"));
        let bar = self.bars.add(ProgressBar::new_spinner());
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_prefix(doing.to_owned());
        bar.set_message(report::escape(&address.to_string()));
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }
}

/// Whether an event tells of what did not work.
fn is_error(event: &Event) -> bool {
    matches!(event, Event::Failed { .. } | Event::NotRecorded { .. })
}
