//! What `--verbose` says: each question to somebody outside, the steps of the program, what the libraries say.
//!
//! Each is a line on stderr, with the seconds since the start before it. No line holds a secret: our own notes name
//! methods, paths and outcomes, and of the libraries only those parts are heard that say nothing of what is sent and
//! of what comes back.

use std::fmt::{self, Write as _};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::output::Output;
use crate::report::escape;
use crate::resource::ASKED;

/// The parts of libraries that are heard. Others print answers, or addresses that may carry a signature or a password.
const LIBRARIES: [&str; 3] =
    ["kube_client::client::builder", "hickory_resolver", "hyper_util::client::legacy::connect"];

/// How long the end of the program waits until all lines are written. A terminal that was stopped takes none.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// Says what it hears, until it is dropped.
pub(super) struct Verbose {
    lines: Sender<Said>,
}

/// What goes to the thread that writes.
enum Said {
    Line(String),
    /// All before this is written: whoever waits is told.
    Flush(Sender<()>),
}

impl Verbose {
    /// Begins to listen, for the whole process: as much as the flag was given often. Without the flag nobody listens.
    pub(super) fn begin(verbosity: u8) -> Option<Self> {
        let heard = heard(verbosity)?;
        // A thread of its own writes: a terminal that is stopped must not stop what renews a lock.
        let (lines, said) = channel();
        thread::spawn(move || write(&said));
        let layer = Lines { begun: Instant::now(), lines: lines.clone() };
        // Whoever calls the library may listen already.
        drop(tracing::subscriber::set_global_default(Registry::default().with(layer.with_filter(heard))));
        Some(Self { lines })
    }
}

impl Drop for Verbose {
    fn drop(&mut self) {
        let (done, all_written) = channel();
        if self.lines.send(Said::Flush(done)).is_ok() {
            let _ = all_written.recv_timeout(FLUSH_LIMIT);
        }
    }
}

fn write(said: &Receiver<Said>) {
    for said in said {
        // Nothing fails because this cannot be written.
        match said {
            Said::Line(line) => drop(Output::raw_message(&line)),
            Said::Flush(done) => drop(done.send(())),
        }
    }
}

fn heard(verbosity: u8) -> Option<Targets> {
    let asked = Targets::new().with_target(ASKED, LevelFilter::DEBUG);
    match verbosity {
        0 => None,
        1 => Some(asked),
        2 => Some(asked.with_target("regplan", LevelFilter::INFO)),
        _ => {
            let libraries = LIBRARIES.map(|library| (library, LevelFilter::DEBUG));
            Some(asked.with_target("regplan", LevelFilter::INFO).with_targets(libraries))
        }
    }
}

/// Puts into lines what it hears.
struct Lines {
    begun: Instant,
    lines: Sender<Said>,
}

/// A span that has begun, in words.
struct Begun {
    words: String,
    at: Instant,
}

impl Lines {
    fn line(&self, words: &str) {
        let seconds = self.begun.elapsed().as_secs_f64();
        drop(self.lines.send(Said::Line(format!("{seconds:8.3}  {}\n", escape(words)))));
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Lines {
    /// The steps of the program are spans. Those of libraries carry whole addresses, and are left out.
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if library(attributes.metadata()).is_some() {
            return;
        }
        let mut words = Words(attributes.metadata().name().replace('_', " "));
        attributes.record(&mut words);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Begun { words: words.0, at: Instant::now() });
        }
    }

    /// What a step only knows when it has begun.
    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(begun) = span.extensions_mut().get_mut::<Begun>() {
            let mut words = Words(std::mem::take(&mut begun.words));
            values.record(&mut words);
            begun.words = words.0;
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words(library(event.metadata()).map(|name| format!("{name}:")).unwrap_or_default());
        event.record(&mut words);
        self.line(&words.0);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(begun) = span.extensions().get::<Begun>() {
            self.line(&format!("{}: {} ms", begun.words, begun.at.elapsed().as_millis()));
        }
    }
}

/// The library that says it; `None` for our own notes.
fn library(metadata: &Metadata<'_>) -> Option<&'static str> {
    let part = LIBRARIES.into_iter().find(|part| metadata.target().starts_with(part))?;
    part.split("::").next()
}

/// The message of a note, and its fields as `name=value`.
struct Words(String);

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        let text = &mut self.0;
        // A text never fails.
        let _ = match field.name() {
            "message" => write!(text, "{value:?}"),
            name => write!(text, "{name}={value:?}"),
        };
    }
}
