//! The macro by which each room declares the stable names of its mistakes.

/// Declares constants with the stable names of mistakes, and `ALL`: every name with its documentation.
macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal;)*) => {
        $($(#[doc = $doc])* pub const $name: &str = $text;)*
        /// All names, each with its meaning.
        pub const ALL: &[(&str, &str)] = &[$(($text, concat!($($doc),*))),*];
    };
}

pub(crate) use codes;
