//! Where the journey takes place: a cluster in which there was nothing, and a folder for each project.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;

use super::page::Page;
use crate::bed::https;
use crate::bed::image::Image;
use crate::harness::{Bed, Cluster, Command, Ended, Namespace, Project, Running, block_on, program};

/// The password of the user who pushes, as commands name it, and as it is.
const PASSWORD: (&str, &str) = ("$OPS_PASSWORD", "a long enough password");

/// How the user `ops` pushes an image. The source and the destination follow.
pub(super) const COPY: &str = "skopeo copy --quiet --dest-cert-dir trusted --dest-creds ops:$OPS_PASSWORD";

/// A project in the cluster of the journey.
pub(super) struct Place<'n> {
    project: Project<'n>,
    host: &'static str,
}

impl<'n> Place<'n> {
    /// One with this file, in which the bed's own facts are filled in. It is about the registry with this name.
    #[track_caller]
    pub(super) fn new(ns: &'n Namespace, host: &'static str, file: &str) -> Self {
        let bed = Bed::shared();
        let facts = bed.facts();
        let file = file.replace("DIRECTORY", &facts.acme);
        let project = ns
            .project()
            .write("regplan.toml", &file)
            .env("REGPLAN_HELM", facts.programs.join("helm"))
            .env("TSIG_KEY", &facts.records.secret)
            .env("OPS_PASSWORD", PASSWORD.1);
        fs::copy(&facts.acme_authority, project.path("acme.pem")).unwrap();
        std::os::unix::fs::symlink(facts.programs.join("charts"), project.path("charts")).unwrap();
        let place = Self { project, host };
        place.trust(fs::read(&facts.acme_root).unwrap());
        place
    }

    /// The project.
    pub(super) fn project(&self) -> &Project<'n> {
        &self.project
    }

    /// Has `root.pem` and the folder `trusted` hold this certificate.
    pub(super) fn trust(&self, root: impl AsRef<[u8]>) {
        fs::create_dir_all(self.project.path("trusted")).unwrap();
        for file in ["root.pem", "trusted/ca.crt"] {
            fs::write(self.project.path(file), &root).unwrap();
        }
    }

    /// Writes an image into the folder `image`: a program that waits for so many seconds.
    pub(super) fn write_image(&self, seconds: &str) {
        self.write(&Image::of_program(&program("busybox"), &["sleep", seconds]).unwrap());
    }

    /// Pushes an image with this tag, and returns its name.
    #[track_caller]
    pub(super) fn push(&self, image: &Image, tag: &str) -> String {
        self.write(image);
        let name = format!("{}/team/app:{tag}", self.host);
        self.command(&format!("{COPY} dir:image docker://{name}")).run().success();
        name
    }

    /// Writes an image into the folder `image`.
    fn write(&self, image: &Image) {
        let folder = self.project.path("image");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        image.write(&folder).unwrap();
    }

    /// Runs a command, which is to end with this code, and shows it on the page.
    #[track_caller]
    pub(super) fn run(&self, page: &mut Page, line: &str, code: i32) -> Ended {
        let ended = self.command(line).run().code(code);
        page.command(line, &both(&ended));
        ended
    }

    /// The same for a command that ends with 0. Shows what it wrote from the first line on that begins with this.
    #[track_caller]
    pub(super) fn run_from(&self, page: &mut Page, line: &str, first: &str) -> Ended {
        self.run_from_while(page, line, first, |run| run.wait().success())
    }

    /// The same, and something is done until the command has ended.
    #[track_caller]
    pub(super) fn run_from_while(
        &self,
        page: &mut Page,
        line: &str,
        first: &str,
        until_it_ends: impl FnOnce(Running) -> Ended,
    ) -> Ended {
        let ended = until_it_ends(self.command(line).spawn());
        page.command_from(line, &both(&ended), first);
        ended
    }

    /// A command in the folder of the project.
    fn command(&self, line: &str) -> Command {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let args = words.map(|word| word.replace(PASSWORD.0, PASSWORD.1));
        let command = match name {
            "regplan" => self.project.regplan([]),
            "kubectl" => Cluster::shared().kubectl([]),
            _ => Command::new(program(name)).inherit_env(),
        };
        command.folder(self.project.folder()).args(args)
    }

    /// The status with which the registry answers somebody without a password; `None` where nobody answers.
    pub(super) fn status(&self) -> Option<StatusCode> {
        let url = format!("https://{}/v2/", self.host);
        block_on(https::get(&url, &self.project.path("root.pem"), None)).ok().map(|(status, _)| status)
    }

    /// The status with which plain HTTP is answered, for a request with this target and these further lines, which carries the
    /// password.
    #[track_caller]
    pub(super) fn status_in_clear(&self, target: &str, lines: &str) -> u16 {
        let mut stream = TcpStream::connect((self.host, 80)).unwrap();
        let login = BASE64_STANDARD.encode(format!("ops:{}", PASSWORD.1));
        let host = &self.host;
        write!(
            stream,
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {login}\r\n{lines}Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
    }

    /// Uploads a blob in these pieces, with a pause before each, and returns the status at the end.
    #[track_caller]
    pub(super) fn upload(
        &self,
        repository: &str,
        pieces: &'static [&'static str],
        pause: Duration,
    ) -> StatusCode {
        let url = format!("https://{}/v2/{repository}", self.host);
        let root = self.project.path("root.pem");
        block_on(https::upload_slowly(&url, &root, ("ops", PASSWORD.1), pieces, pause)).unwrap()
    }

    /// The lines of the file that differ from those of this one.
    pub(super) fn difference(&self, example: &Path) -> String {
        let (example, own) = (fs::read_to_string(example).unwrap(), self.project.read("regplan.toml"));
        lines_alone_in(&example, &own, "-") + &lines_alone_in(&own, &example, "+")
    }
}

/// What a command wrote, as a terminal shows it.
fn both(ended: &Ended) -> String {
    format!("{}{}", ended.stdout(), ended.stderr())
}

/// The lines that only the first of two texts has, each behind this mark.
fn lines_alone_in(text: &str, other: &str, mark: &str) -> String {
    let lines = text.lines().filter(|line| !line.is_empty() && !other.lines().any(|it| it == *line));
    lines.fold(String::new(), |text, line| format!("{text}{mark} {line}\n"))
}
