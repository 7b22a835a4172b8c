//! Lists of the stable names of mistakes, each room's in a file of its own.

/// Declares constants with the stable names of mistakes, and `ALL`: every name with its documentation.
macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal;)*) => {
        $($(#[doc = $doc])* pub const $name: &str = $text;)*
        /// All of them, with what they mean.
        pub const ALL: &[(&str, &str)] = &[$(($text, concat!($($doc),*))),*];
    };
}

pub(crate) use codes;
