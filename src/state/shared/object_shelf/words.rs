//! What an error of an object store means, in words for a person.

use std::error::Error as _;

use object_store::Error;

use super::bucket::{Bucket, Language};
use crate::resource::{Problem, ProblemKind};
use crate::state::shared::shelf::ShelfError;

/// By these words a store says that the bucket is missing, not the object.
const NO_BUCKET: [&str; 4] =
    ["NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist", "ResourceNotFound"];

/// By these words Azure says of a write that its container or its account is not there for it. All other conflicts of a write
/// are about the object.
const OF_THE_PLACE: [&str; 3] = ["ContainerBeingDeleted", "ContainerDisabled", "AccountBeingCreated"];

/// By this word a store says that the time of a request is wrong.
const WRONG_TIME: &str = "RequestTimeTooSkewed";

/// Before the HTTP status in the text of an error.
const STATUS: &str = "status code: ";

/// Whether there is no such object. A bucket that is missing is none that is empty.
pub(super) fn is_absent(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && !is_without_bucket(error)
}

/// The error of a read.
pub(super) fn not_done(error: &Error, bucket: &Bucket) -> ShelfError {
    ShelfError::Failed(Box::new(problem(error, bucket)))
}

/// The error of a write. Where the store did not say itself that it refuses it, nobody knows what became of it.
pub(super) fn unanswered_where_unclear(error: &Error, bucket: &Bucket) -> ShelfError {
    if is_without_bucket(error) {
        return not_done(error, bucket);
    }
    match error {
        Error::AlreadyExists { .. } if is_conflict_of_azure(error, bucket) => not_done(error, bucket),
        Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. } => {
            ShelfError::Taken
        }
        Error::Generic { .. } if !is_refusal(error) => {
            ShelfError::Unanswered(Box::new(problem(error, bucket)))
        }
        _ => not_done(error, bucket),
    }
}

/// The store does not look at this condition.
pub(super) fn ignores_conditions(bucket: &Bucket, header: &str) -> ShelfError {
    let message = format!(
        "{bucket} ignores the condition of a write (`{header}`), so that two processes could hold the lock at once"
    );
    let help = "use a store that knows conditional writes: AWS S3, MinIO, Ceph from version 19 on, Cloudflare R2, \
                versitygw, Google Cloud Storage, Azure Blob Storage; or let whatever stands in front of it pass the header on";
    ShelfError::Failed(Box::new(Problem::new(ProblemKind::Settings, message).help(help)))
}

/// The store did not say which content it has.
pub(super) fn without_version(bucket: &Bucket) -> ShelfError {
    let message = format!("{bucket} gives its objects no versions (`{}`)", bucket.language.version());
    let help = "use a store that does, or let whatever stands in front of it pass the header on";
    ShelfError::Failed(Box::new(Problem::new(ProblemKind::Settings, message).help(help)))
}

fn problem(error: &Error, bucket: &Bucket) -> Problem {
    let answer = answer(error);
    let of = |kind, help: &str| Problem::new(kind, format!("{bucket}: {answer}")).help(help);
    if is_without_bucket(error) {
        return of(ProblemKind::Settings, bucket.language.help_without_bucket());
    }
    if answer.contains(WRONG_TIME) {
        return of(
            ProblemKind::Settings,
            "set the clock of this machine: a store refuses requests whose time is too far from its own",
        );
    }
    if is_busy(error) {
        let help =
            "wait a minute and run the same command again: the store takes a limited number of requests";
        return of(ProblemKind::Unreachable, help);
    }
    match error {
        Error::PermissionDenied { .. } => of(
            ProblemKind::Forbidden,
            "check the credentials, and that they may read, write and delete objects below `[state] prefix`",
        ),
        Error::Unauthenticated { .. } => of(ProblemKind::Unauthenticated, "check the credentials"),
        Error::NotImplemented { .. } | Error::NotSupported { .. } => {
            of(ProblemKind::Settings, "use a store that knows conditional writes")
        }
        _ if is_refusal(error) => of(ProblemKind::Rejected, bucket.language.help_when_refused()),
        _ => of(
            ProblemKind::Unreachable,
            "check the network, `[state] endpoint` and the credentials, and run the same command again",
        ),
    }
}

fn is_without_bucket(error: &Error) -> bool {
    let text = error.to_string();
    NO_BUCKET.iter().any(|words| text.contains(words))
}

/// Whether Azure refuses a write for its container or its account, and not for an object that is there.
fn is_conflict_of_azure(error: &Error, bucket: &Bucket) -> bool {
    let text = error.to_string();
    bucket.language == Language::Azblob
        && element(&text, "Code").is_some_and(|code| OF_THE_PLACE.contains(&code))
}

/// Whether the store has answered that it was asked too often.
fn is_busy(error: &Error) -> bool {
    error.to_string().contains(&format!("{STATUS}429"))
}

/// Whether the store has answered, and refused: an answer 4xx, but for 408, after which a write may still be done.
fn is_refusal(error: &Error) -> bool {
    let text = error.to_string();
    let Some((_, status)) = text.split_once(STATUS) else { return false };
    status.starts_with('4') && !status.starts_with("408")
}

/// What the store said, or why it could not be asked. Of an answer only code and message are told: what else is in it
/// (such as the text that was signed) helps nobody.
pub(super) fn answer(error: &Error) -> String {
    let text = error.to_string();
    match (element(&text, "Code"), element(&text, "Message")) {
        (Some(code), Some(message)) if !message.is_empty() => format!("{message} ({code})"),
        (Some(code), _) => code.to_owned(),
        _ => innermost(error),
    }
}

/// The content of an element of a store's answer.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (content, _) = rest.split_once("</")?;
    // Azure adds lines with numbers that help only its own people.
    content.trim().lines().next().map(str::trim)
}

/// The words of the error at the bottom, and of the one above it: what happened, and why.
fn innermost(error: &Error) -> String {
    let mut words = vec![error.to_string()];
    let mut source = error.source();
    while let Some(below) = source {
        words.push(below.to_string());
        source = below.source();
    }
    words.dedup();
    let told = &words[words.len().saturating_sub(2)..];
    // An error that quotes the one below it says all of it.
    match told {
        [above, below] if !above.contains(below.as_str()) => format!("{above}: {below}"),
        [above, _] | [above] => above.clone(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AZURE: Bucket = Bucket { name: String::new(), language: Language::Azblob };

    fn said(answer: &'static str) -> Box<dyn std::error::Error + Send + Sync> {
        answer.into()
    }

    fn conflict(answer: &'static str) -> Error {
        Error::AlreadyExists { path: "shop/key".to_owned(), source: said(answer) }
    }

    #[test]
    fn what_is_said_of_an_object_means_that_somebody_was_faster() {
        for answer in [
            "<Code>BlobAlreadyExists</Code><Message>It is there.</Message>",
            "<Code>ConditionNotMet</Code><Message>It is there.</Message>",
            "<Code>TargetConditionNotMet</Code><Message>It is there.</Message>",
            "<Code>UnheardOf</Code>",
        ] {
            let taken = unanswered_where_unclear(&conflict(answer), &AZURE);
            assert!(matches!(taken, ShelfError::Taken), "{taken:?}");
        }
    }

    #[test]
    fn a_container_that_goes_is_no_other_writer() {
        let answer =
            "<Code>ContainerBeingDeleted</Code><Message>It is being deleted.\nRequestId:1\nTime:2</Message>";
        let ShelfError::Failed(problem) = unanswered_where_unclear(&conflict(answer), &AZURE) else {
            panic!("it is no other writer's")
        };
        assert!(problem.message.ends_with("It is being deleted. (ContainerBeingDeleted)"), "{problem}");
    }

    #[test]
    fn a_busy_store_is_no_matter_of_credentials() {
        let answer =
            said("Error performing PUT: Server returned non-2xx status code: 429 Too Many Requests: ");
        let error = Error::Generic { store: "GCS", source: answer };
        let problem = problem(&error, &AZURE);
        assert_eq!(problem.kind, ProblemKind::Unreachable);
        assert!(problem.help.unwrap().starts_with("wait a minute"));
    }
}
