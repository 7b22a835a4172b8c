//! What `--verbose` says: each question to somebody outside, the steps of the program, what the libraries say.
//!
//! Each is a line on stderr, with the seconds since the start before it. No line holds a secret: our own notes name
//! methods, paths and outcomes, and of the libraries only those are heard that say nothing of what is sent.

use std::fmt::{self, Write as _};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::output::Output;
use crate::report::escape;
use crate::resource::ASKED;

/// The libraries that are heard. Those for object stores are not: their addresses may carry a signature.
const LIBRARIES: [&str; 3] = ["kube_client", "hickory_resolver", "hyper_util"];

/// Begins to listen, for the whole process: as much as the flag was given often. Without the flag nobody listens.
pub(super) fn begin(verbosity: u8) {
    let Some(heard) = heard(verbosity) else { return };
    let lines = Lines { begun: Instant::now() };
    let subscriber = Registry::default().with(lines.with_filter(heard));
    // Whoever calls the library may listen already.
    drop(tracing::subscriber::set_global_default(subscriber));
}

fn heard(verbosity: u8) -> Option<Targets> {
    let asked = Targets::new().with_target(ASKED, LevelFilter::INFO);
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

/// Writes what it hears, line by line.
struct Lines {
    begun: Instant,
}

/// A span that has begun, in words.
struct Begun {
    words: String,
    at: Instant,
}

impl Lines {
    fn line(&self, words: &str) {
        let seconds = self.begun.elapsed().as_secs_f64();
        // Nothing fails because this cannot be written.
        drop(Output::raw_message(&format!("{seconds:8.3}  {}\n", escape(words))));
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let name = attributes.metadata().name().replace('_', " ");
        let mut words = Words::of(attributes.metadata(), &name);
        attributes.record(&mut words);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Begun { words: words.0, at: Instant::now() });
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::of(event.metadata(), "");
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

/// The message of a note, and its fields as `name=value`.
struct Words(String);

impl Words {
    /// Those that a note begins with. What a library says begins with its name.
    fn of(metadata: &Metadata<'_>, name: &str) -> Self {
        let library = LIBRARIES.iter().find(|library| metadata.target().starts_with(*library));
        Self(library.map_or_else(|| name.to_owned(), |library| format!("{library}: {name}")))
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !self.0.is_empty() && !self.0.ends_with(' ') {
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
