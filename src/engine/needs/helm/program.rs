//! Where the program is, and how it is run.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::HelmSettings;
use crate::provider::ProgramAccess;
use crate::resource::{asked, done_or_failed};

/// The oldest version of Helm 3 that renders as we expect. All of Helm 4 do.
const OLDEST: (u32, u32) = (3, 18);
/// How long the program may ask for its own version.
const VERSION_LIMIT: Duration = Duration::from_secs(20);
/// The program, which is asked for its version before it is first used.
pub(super) struct Program<'a> {
    settings: &'a HelmSettings,
    version: OnceCell<Result<String, String>>,
}

/// What a run that did its work has said.
pub(super) struct Said {
    /// What it was asked for.
    pub(super) output: Vec<u8>,
    /// What it remarked beside that.
    pub(super) remarks: Vec<u8>,
}

impl<'a> Program<'a> {
    pub(super) fn new(settings: &'a HelmSettings) -> Self {
        Self { settings, version: OnceCell::new() }
    }

    /// Runs the program, and gives what it said. Without an access it reaches no cluster.
    ///
    /// # Errors
    /// What it said is wrong; it is not there, is too old, or does not end in time.
    pub(super) async fn run(
        &self,
        arguments: &[impl AsRef<OsStr>],
        input: &str,
        limit: Duration,
        access: Option<&ProgramAccess>,
    ) -> Result<Said, String> {
        self.version().await?;
        self.run_unchecked(self.command(access), arguments, input, limit).await
    }

    /// The version of the program, as it says it.
    ///
    /// # Errors
    /// It is not there, or is too old.
    pub(super) async fn version(&self) -> Result<&str, String> {
        let found = self.version.get_or_init(|| self.checked_version()).await;
        found.as_deref().map_err(Clone::clone)
    }

    /// Its version, if it is new enough.
    async fn checked_version(&self) -> Result<String, String> {
        let arguments = ["version", "--template", "{{.Version}}"];
        let said = self.run_unchecked(self.command(None), &arguments, "", VERSION_LIMIT).await?;
        let text = String::from_utf8_lossy(&said.output);
        let found = text.trim();
        match version(found) {
            Some(version) if version >= OLDEST => Ok(found.to_owned()),
            _ => {
                let (major, minor) = OLDEST;
                let program = self.settings.program.display();
                Err(format!("`{program}` is Helm {found}; Helm {major}.{minor} or newer is needed"))
            }
        }
    }

    async fn run_unchecked(
        &self,
        command: Command,
        arguments: &[impl AsRef<OsStr>],
        input: &str,
        limit: Duration,
    ) -> Result<Said, String> {
        // The first word says what it does. The others may hold more than everybody should read.
        let what = || format!("helm {}", arguments.first().map_or("".as_ref(), AsRef::as_ref).display());
        asked(what, self.told(command, arguments, input, limit), done_or_failed).await
    }

    /// What the program says.
    async fn told(
        &self,
        mut command: Command,
        arguments: &[impl AsRef<OsStr>],
        input: &str,
        limit: Duration,
    ) -> Result<Said, String> {
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.not_started(&error))?;
        let (stdin, input) = (child.stdin.take(), input.to_owned());
        // Written beside the reading: the program may print before it has read all.
        let writing = async move {
            if let Some(mut stdin) = stdin {
                // A program that ends early says itself what is wrong.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
        };
        let ended = timeout(limit, async { futures::join!(writing, child.wait_with_output()).1 }).await;
        let program = self.settings.program.display();
        let output = ended
            .map_err(|_| format!("`{program}` did not end within {} s, and was stopped", limit.as_secs()))?
            .map_err(|error| format!("`{program}` could not be read: {error}"))?;
        if output.status.success() {
            Ok(Said { output: output.stdout, remarks: output.stderr })
        } else {
            Err(wrong(&output.stderr))
        }
    }

    fn command(&self, access: Option<&ProgramAccess>) -> Command {
        let mut command = Command::new(&self.settings.program);
        command.env_clear();
        match access {
            // Without one it would take the kubeconfig of the user.
            None => command.envs(&self.settings.environment).env("KUBECONFIG", Path::new("/dev/null")),
            Some(access) => {
                let wide = self.settings.wide_environment.iter().filter(|(name, _)| access.gives(name));
                command.envs(wide).env("KUBECONFIG", access.files())
            }
        };
        for (name, folder) in
            [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")]
        {
            command.env(name, self.settings.cache.join("helm").join(folder));
        }
        command
    }

    fn not_started(&self, error: &io::Error) -> String {
        let program = self.settings.program.display();
        if error.kind() == io::ErrorKind::NotFound {
            let (major, minor) = OLDEST;
            return format!(
                "the program `{program}` is not there, and charts need it: install Helm {major}.{minor} or newer \
                 (https://helm.sh/docs/intro/install), or name it by REGPLAN_HELM"
            );
        }
        format!("the program `{program}` cannot be started: {error}")
    }
}

/// Major and minor version: `v3.18.2`, `v4.1`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// What the program said is wrong, without its warnings.
fn wrong(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let error = text.find("Error: ").map_or(text.as_ref(), |at| &text[at + "Error: ".len()..]);
    let lines: Vec<&str> = error.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let advice = |line: &&str| !line.starts_with("Use --debug flag");
    let lines: Vec<&str> = lines.into_iter().filter(advice).collect();
    if lines.is_empty() { "it failed and said nothing".to_owned() } else { lines.join("\n") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Instant;

    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(version("v3.18.2"), Some((3, 18)));
        assert_eq!(version("v4.1"), Some((4, 1)));
        assert_eq!(version("unknown"), None);
        assert!(version("v3.9.0").unwrap() < OLDEST && version("v4.0.0").unwrap() > OLDEST);
    }

    /// A program that says who it is, and never ends by itself.
    #[tokio::test]
    async fn a_program_that_does_not_end_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let noted = folder.path().join("process");
        let settings = HelmSettings {
            program: "sh".into(),
            cache: folder.path().to_owned(),
            environment: BTreeMap::new(),
            wide_environment: BTreeMap::new(),
        };
        let program = Program::new(&settings);
        let script = format!("echo $$ > {}; exec sleep 1000", noted.display());
        let arguments = ["-c", script.as_str()];
        let said = program.run_unchecked(program.command(None), &arguments, "", Duration::from_secs(1));
        let reason = said.await.err().unwrap();
        assert_eq!(reason, "`sh` did not end within 1 s, and was stopped");
        let process = std::fs::read_to_string(noted).unwrap();
        let status = Path::new("/proc").join(process.trim()).join("status");
        // One that was ended, and that nobody has asked for its end, is a zombie.
        let is_alive = || std::fs::read_to_string(&status).is_ok_and(|status| !status.contains("State:\tZ"));
        let deadline = Instant::now() + Duration::from_secs(10);
        while is_alive() {
            assert!(Instant::now() < deadline, "the program still runs");
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn errors_are_told_without_warnings_and_advice() {
        let stderr = b"WARNING: x\nError: chart requires kubeVersion: >=1.99\n\nUse --debug flag to render out invalid YAML\n";
        assert_eq!(wrong(stderr), "chart requires kubeVersion: >=1.99");
        assert_eq!(wrong(b"\n"), "it failed and said nothing");
    }
}
