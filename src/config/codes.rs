//! The stable names of the mistakes that the configuration knows, for documents, tests and scripts.

use crate::diagnostic::codes::codes;

codes! {
    /// A file or folder that was named is not there.
    MISSING_FILE = "missing-file";
    /// There is no configuration at all.
    NO_CONFIGURATION = "no-configuration";
    /// A file cannot be read.
    UNREADABLE_FILE = "unreadable-file";
    /// A file is not UTF-8.
    NOT_UTF8 = "not-utf8";
    /// The text is not TOML.
    SYNTAX = "syntax";
    /// A text has a private character that regplan keeps for itself.
    RESERVED_CHARACTER = "reserved-character";
    /// A key, or a block, is written twice.
    DUPLICATE_KEY = "duplicate-key";
    /// Keys stand together of which only one may.
    CONFLICTING_KEYS = "conflicting-keys";
    /// The table does not know this key.
    UNKNOWN_KEY = "unknown-key";
    /// The key fell into a table that does not know it; another one does.
    MISPLACED_KEY = "misplaced-key";
    /// A key that must be there is not.
    MISSING_KEY = "missing-key";
    /// The value has another type than it must have.
    WRONG_TYPE = "wrong-type";
    /// The value is not one of those that are allowed.
    BAD_VALUE = "bad-value";
    /// There is no block type of this name.
    UNKNOWN_BLOCK_TYPE = "unknown-block-type";
    /// A block has no name.
    BLOCK_WITHOUT_NAME = "block-without-name";
    /// The name of a block has characters that it may not have.
    BAD_NAME = "bad-name";
    /// A reference cannot be read.
    BAD_REFERENCE = "bad-reference";
    /// What is referred to is not there.
    UNKNOWN_REFERENCE = "unknown-reference";
    /// Values refer to each other in a circle.
    REFERENCE_CYCLE = "reference-cycle";
    /// A variable is used and has no value.
    UNSET_VARIABLE = "unset-variable";
    /// A value is given for a variable that is not declared.
    UNKNOWN_VARIABLE = "unknown-variable";
    /// A value that must be known before anything is planned refers to something that is not.
    NOT_KNOWN_YET = "not-known-yet";
    /// A secret stands in the file.
    SECRET_IN_CLEAR = "secret-in-clear";
    /// A secret is used where it would not stay one.
    SECRET_NOT_EXPECTED = "secret-not-expected";
    /// A limit that keeps regplan from hanging was reached.
    TOO_LARGE = "too-large";
    /// A schema of ours is broken: a bug.
    BROKEN_SCHEMA = "broken-schema";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_code_is_there_once_and_says_what_it_means() {
        let mut names: Vec<_> = ALL.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.iter().all(|(_, meaning)| !meaning.is_empty()));
    }
}
