//! What users of other tools type, and our word for it.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Long flags with one dash, as Terraform and its forks have them. A parser would read the rest of the word as
/// the value of a short flag: `-out=tf.plan` as the file `ut=tf.plan`.
const ONE_DASH: &[(&str, &str)] = &[
    ("auto-approve", "`--auto-approve`"),
    ("chdir", "`-f FOLDER`"),
    ("compact-warnings", "`--quiet`"),
    ("destroy", "`regplan plan --destroy`, or `regplan destroy`"),
    ("detailed-exitcode", "`--detailed-exitcode`"),
    ("file", "`--file PATH`, or `-f PATH`"),
    ("help", "`--help`"),
    ("input", "`--no-input`, which never asks"),
    ("json", "`--format json`"),
    ("lock", "nothing: the state is always locked while it is written"),
    ("lock-timeout", "nothing: a locked state is told at once"),
    ("no-color", "`--color never`"),
    ("out", "`--out FILE`"),
    ("output", "`--format FORM`; `regplan drift --output FILE` writes to a file"),
    ("parallelism", "`--parallelism N`"),
    ("quiet", "`--quiet`"),
    ("refresh", "nothing: the cluster is read for every plan"),
    ("refresh-only", "`regplan drift`"),
    ("replace", "`--replace ADDRESS`"),
    ("state", "`[state] path` in the configuration"),
    ("target", "`--target ADDRESS`"),
    ("var", "`--var NAME=VALUE`"),
    ("var-file", "`--var-file PATH`"),
    ("version", "`--version`"),
];

/// Flags of other tools that we do not have.
const FLAGS: &[(&str, &str)] = &[
    ("-A", "`[cluster] namespace`; each object says its own namespace"),
    ("--all-namespaces", "`[cluster] namespace`; each object says its own namespace"),
    ("--dry-run", "`regplan plan`, which asks the server and changes nothing"),
    ("--field-manager", "nothing: each project has a field manager of its own"),
    ("--force", "`--consent ADDRESS` for what is protected, `--adopt ADDRESS` for what exists already"),
    ("--force-conflicts", "`--adopt ADDRESS` for an object that others made; conflicts are in the plan"),
    ("-i", "nothing: `regplan apply` asks"),
    ("-k", "`[manifest.NAME]` with the output of `kubectl kustomize`"),
    ("--kustomize", "`[manifest.NAME]` with the output of `kubectl kustomize`"),
    ("--kube-context", "`--context NAME`"),
    ("-l", "`--target ADDRESS`"),
    ("--selector", "`--target ADDRESS`"),
    ("-n", "`[cluster] namespace` in the configuration"),
    ("--namespace", "`[cluster] namespace` in the configuration"),
    ("--no-color", "`--color never`"),
    ("-o", "`--format FORM`"),
    ("--output", "`--format FORM`"),
    ("--prune", "nothing: what was taken out of the configuration is deleted by the next apply"),
    ("-R", "a pattern in `[manifest.NAME] path`: `**/*.yaml`"),
    ("--recursive", "a pattern in `[manifest.NAME] path`: `**/*.yaml`"),
    ("--refresh-only", "`regplan drift`"),
    ("--server-side", "nothing: every write is a server-side apply"),
    ("--set", "`--var NAME=VALUE`"),
    ("--values", "`--var-file PATH`"),
    ("--wait", "nothing: an apply waits until everything is ready"),
    ("-y", "`--auto-approve`"),
    ("--yes", "`--auto-approve`"),
];

/// Commands of other tools that we do not have.
const COMMANDS: &[(&str, &str)] = &[
    ("create", "`regplan apply`"),
    ("delete", "`regplan destroy`; one object goes when it is taken out of the configuration"),
    ("describe", "`regplan state show ADDRESS`"),
    ("diff", "`regplan plan`"),
    ("fmt", "a formatter for TOML, such as Taplo"),
    ("force-unlock", "`regplan unlock ID`"),
    ("get", "`regplan state list`"),
    ("install", "`regplan apply`"),
    ("lint", "`regplan validate`"),
    ("providers", "nothing: there are no plug-ins to install"),
    ("refresh", "`regplan drift`, which only reads"),
    ("status", "`regplan drift`"),
    ("taint", "`regplan apply --replace ADDRESS`"),
    ("template", "`regplan render`"),
    ("test", "`regplan validate`"),
    ("undo", "`regplan rollback`"),
    ("uninstall", "`regplan destroy`"),
    ("upgrade", "`regplan apply`"),
    ("version", "`regplan --version`"),
    ("workspace", "a file for each environment: `-f base.toml -f production.toml`"),
];

/// Begins what is said of a word for which nothing is needed here.
const NOTHING: &str = "nothing: ";

/// A word of another tool, and ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ForeignWord {
    /// As it was typed.
    pub(super) typed: String,
    /// What to use here; or why nothing is needed.
    pub(super) ours: &'static str,
}

impl ForeignWord {
    /// What to do instead.
    pub(super) fn help(&self) -> String {
        let Self { typed, ours } = self;
        match ours.strip_prefix(NOTHING) {
            Some(why) => format!("leave `{typed}` out: {why}"),
            None => format!("instead of `{typed}`, use {ours}"),
        }
    }
}

/// The first long flag with one dash among the arguments, whether or not a parser would take it.
pub(super) fn one_dash(args: &[OsString]) -> Option<ForeignWord> {
    before_the_end(args).find_map(|arg| {
        let word = arg.strip_prefix('-').filter(|word| !word.starts_with('-'))?;
        found(ONE_DASH, arg, word)
    })
}

/// The word that the parser does not know, if it is one of another tool. A flag that one of our commands has is none there.
pub(super) fn refused(error: &clap::Error) -> Option<ForeignWord> {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            word(ContextKind::InvalidSubcommand).and_then(|command| found(COMMANDS, command, command))
        }
        ErrorKind::UnknownArgument => word(ContextKind::InvalidArg).and_then(|flag| found(FLAGS, flag, flag)),
        _ => None,
    }
}

/// The arguments behind the program's name that may be flags.
fn before_the_end(args: &[OsString]) -> impl Iterator<Item = &str> {
    args.iter().skip(1).filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--")
}

fn found(table: &[(&str, &'static str)], typed: &str, word: &str) -> Option<ForeignWord> {
    let name = word.split('=').next().unwrap_or_default();
    let (_, ours) = table.iter().find(|(theirs, _)| *theirs == name)?;
    Some(ForeignWord { typed: typed.split('=').next().unwrap_or_default().to_owned(), ours })
}

#[cfg(test)]
mod tests {
    use super::super::args::Cli;
    use super::*;
    use clap::Parser as _;

    fn args(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn refused_in(line: &str) -> Option<ForeignWord> {
        refused(&Cli::try_parse_from(args(line)).err()?)
    }

    #[test]
    fn long_flags_with_one_dash_are_found_wherever_they_stand() {
        for (line, ours) in [
            ("regplan plan -out=tf.plan", "`--out FILE`"),
            ("regplan plan -out tf.plan", "`--out FILE`"),
            ("regplan apply -auto-approve", "`--auto-approve`"),
            ("regplan plan -var a=b", "`--var NAME=VALUE`"),
            ("regplan plan -refresh-only", "`regplan drift`"),
        ] {
            assert_eq!(one_dash(&args(line)).unwrap().ours, ours, "{line}");
        }
        for line in
            ["regplan plan -o x", "regplan plan -fprod.toml", "regplan plan --out x", "regplan x -- -out"]
        {
            assert_eq!(one_dash(&args(line)), None, "{line}");
        }
    }

    #[test]
    fn commands_and_flags_of_other_tools_have_our_word() {
        let word = |line: &str| refused_in(line).map(|word| word.typed);
        assert_eq!(word("regplan diff").as_deref(), Some("diff"));
        assert_eq!(word("regplan apply --dry-run=server").as_deref(), Some("--dry-run"));
        assert_eq!(word("regplan -n x delete").as_deref(), Some("-n"));
        assert_eq!(word("regplan state list -o json").as_deref(), Some("-o"));
        assert_eq!(word("regplan plan --frobnicate"), None);
        // It is one of ours there, and another word is refused.
        assert_eq!(word("regplan plan -o p.regplan --frobnicate"), None);
    }

    #[test]
    fn what_to_do_instead_is_a_whole_sentence() {
        let help = |line: &str| refused_in(line).or_else(|| one_dash(&args(line))).unwrap().help();
        assert_eq!(
            help("regplan plan -detailed-exitcode"),
            "instead of `-detailed-exitcode`, use `--detailed-exitcode`"
        );
        assert_eq!(
            help("regplan plan -refresh=false"),
            "leave `-refresh` out: the cluster is read for every plan"
        );
        assert_eq!(help("regplan diff"), "instead of `diff`, use `regplan plan`");
    }

    #[test]
    fn no_command_or_flag_of_ours_is_taken_for_a_foreign_one() {
        use clap::CommandFactory as _;
        let ours = Cli::command();
        let names: Vec<&str> = ours.get_subcommands().map(clap::Command::get_name).collect();
        assert!(COMMANDS.iter().all(|(theirs, _)| !names.contains(theirs)));
    }
}
