//! Starts everything of a bed, and watches it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::runtime::Runtime;

use super::addresses::{FOLLOWED, FOLLOWER, GATEWAY, LETS_ENCRYPT, NODE, ZONE};
use super::workloads::{self, Images};
use super::{
    Facts, Records, Size, acme, certificates, charts, cloud, dns, https, ingress, namespaces, node, tool,
};
use crate::plane::program::{Program, Start};
use crate::plane::{self, Error, Nodes, Plane};

/// How long a program may take until it does its work. On a busy machine it takes seconds.
const START_TIMEOUT: Duration = Duration::from_secs(90);

/// How often is looked whether it does.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The kinds of the Gateway API that its controllers here know.
const GATEWAY_API: [&str; 5] = ["gatewayclasses", "gateways", "httproutes", "grpcroutes", "referencegrants"];

/// A program, and how one sees that it does its work.
pub(super) struct Service {
    program: Running,
    is_ready: Box<dyn Fn() -> bool>,
}

/// A program that runs.
struct Running {
    program: Program,
    /// How it is started again when it has ended. Where nobody says how, its end is the end of the bed.
    again: Option<Start>,
}

impl Running {
    /// Starts it again where that is possible; else it says that the program has ended, if it has.
    fn look(&mut self) -> Option<String> {
        let ended = self.program.exit_message()?;
        let Some(start) = &self.again else { return Some(ended) };
        match start.clone().start() {
            Ok(program) => self.program = program,
            Err(error) => return Some(error.to_string()),
        }
        None
    }
}

impl Service {
    pub(super) fn new(program: Program, is_ready: impl Fn() -> bool + 'static) -> Self {
        Self { program: Running { program, again: None }, is_ready: Box::new(is_ready) }
    }

    /// The same, started again in this way whenever it ends, as a node's own services are.
    pub(super) fn or_again(mut self, start: Start) -> Self {
        self.program.again = Some(start);
        self
    }
}

/// A bed that runs for as long as this process. The plane's own programs are not in it.
pub(crate) struct Bed {
    folder: PathBuf,
    plane: plane::Facts,
    facts: Facts,
    running: Vec<Running>,
    /// What is started when its definitions are there.
    waiting: Vec<Start>,
    runtime: Runtime,
}

impl Bed {
    /// Starts one of this size in the namespaces of this process, on the main thread: its programs end with it.
    pub(crate) fn start(size: Size, plane_programs: &Path, programs: &Path) -> Result<(Plane, Self), Error> {
        namespaces::set_up(size)?;
        let plane = Plane::start(plane_programs, Nodes::Elsewhere(NODE.parse()?))?;
        let folder = plane.facts().folder.join("bed");
        fs::create_dir(&folder)?;
        let mut bed = Self {
            facts: facts(programs, &folder, size),
            folder,
            plane: plane.facts().clone(),
            running: Vec::new(),
            waiting: Vec::new(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        };
        bed.start_all(size)?;
        bed.facts.save(&bed.plane.folder)?;
        Ok((plane, bed))
    }

    /// Starts what has become due, and says which of the programs has ended by itself, if one has.
    pub(crate) fn look(&mut self) -> Option<String> {
        if !self.waiting.is_empty() && self.has_definition(certificates::DEFINITION) {
            for program in std::mem::take(&mut self.waiting) {
                match program.start() {
                    Ok(program) => self.running.push(Running { program, again: None }),
                    Err(error) => return Some(error.to_string()),
                }
            }
        }
        self.running.iter_mut().find_map(Running::look)
    }

    fn start_all(&mut self, size: Size) -> Result<(), Error> {
        let mut services = vec![
            dns::start(&self.own_folder("dns")?, &self.facts, size.ingress())?,
            acme::start(&self.own_folder("acme")?)?,
        ];
        match size {
            Size::Processes => {
                services.push(dns::start_follower(&self.own_folder("follower")?, &self.facts.followed)?);
                services.extend(self.start_stack()?);
                workloads::play(&self.plane, self.played_images(), self.own_folder("pods")?)?;
            }
            Size::Node => {
                services.extend(self.start_stack()?);
                self.start_node(self.images()?)?;
            }
            Size::Journey => {
                let cloud = cloud::start(&self.plane, &self.facts.programs, &self.own_folder("cloud")?)?;
                self.running.push(Running { program: cloud, again: None });
                self.start_node([self.images()?, charts::images(&self.facts.programs)?].concat())?;
            }
        }
        for service in services {
            self.wait_for(service)?;
        }
        let folder = self.folder.join("acme");
        self.runtime.block_on(acme::of_all(&folder).save_root())
    }

    /// Starts what stands around a registry: the ingress controller, and, when its definitions are there, cert-manager.
    fn start_stack(&mut self) -> Result<[Service; 2], Error> {
        self.apply_definitions()?;
        let programs = self.facts.programs.clone();
        let folder = self.own_folder("cert-manager")?;
        self.waiting = certificates::programs(&self.plane, &programs, &folder).into();
        Ok([
            ingress::start_contour(&self.plane, &programs, &self.own_folder("contour")?)?,
            ingress::start_envoy(&programs, &self.own_folder("envoy")?)?,
        ])
    }

    /// Starts containerd, and, when it has the images, what runs pods by it.
    fn start_node(&mut self, images: node::Images) -> Result<(), Error> {
        let (folder, programs) = (self.own_folder("node")?, self.facts.programs.clone());
        self.wait_for(node::start_containerd(&programs, &self.facts.acme_root, &folder)?)?;
        node::import(&programs, &folder, images)?;
        for service in node::start_kubelet(&self.plane, &programs, &folder)? {
            self.wait_for(service)?;
        }
        Ok(())
    }

    /// The images that a node has from the beginning.
    fn images(&self) -> Result<node::Images, Error> {
        let version_2 = &["serve", "/etc/docker/registry/config.yml"];
        let version_3 = &["serve", "/etc/distribution/config.yml"];
        Ok(vec![
            ("registry:2.8.2".into(), find("docker-registry")?, version_2),
            ("registry:3.1.2".into(), self.plane.program("registry"), version_3),
            ("kubectl:1".into(), self.plane.program("kubectl"), &["version"]),
            (certificates::SOLVER_IMAGE.into(), self.facts.programs.join("acmesolver"), &[]),
        ])
    }

    /// The programs that play images.
    fn played_images(&self) -> Images {
        Images::default()
            .add("registry", self.plane.program("registry"))
            .add(certificates::SOLVER_IMAGE, self.facts.programs.join("acmesolver"))
    }

    /// A new folder for one of the programs.
    fn own_folder(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.folder.join(name);
        fs::create_dir(&folder)?;
        Ok(folder)
    }

    fn wait_for(&mut self, service: Service) -> Result<(), Error> {
        let Service { mut program, is_ready } = service;
        let deadline = Instant::now() + START_TIMEOUT;
        while !is_ready() {
            if let Some(message) = program.look() {
                return Err(message.into());
            }
            if Instant::now() > deadline {
                return Err(program
                    .program
                    .last_lines(&format!("is not ready after {START_TIMEOUT:?}"))
                    .into());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        self.running.push(program);
        Ok(())
    }

    /// Makes the definitions that the bed's own programs need, and waits until they are served.
    fn apply_definitions(&self) -> Result<(), Error> {
        let paths = ["contour".to_owned()]
            .into_iter()
            .chain(GATEWAY_API.map(|kind| format!("gateway-api/gateway.networking.k8s.io_{kind}.yaml")));
        let folder = self.facts.programs.join("definitions");
        let files: Vec<String> =
            paths.map(|path| format!("--filename={}", folder.join(path).display())).collect();
        self.kubectl(&["apply", "--server-side"], &files)?;
        self.kubectl(&["wait", "--for=condition=Established", "--timeout=60s"], &files)
    }

    fn kubectl(&self, args: &[&str], more: &[String]) -> Result<(), Error> {
        let kubeconfig = format!("--kubeconfig={}", self.plane.kubeconfig.display());
        let args = [kubeconfig.as_str()].into_iter().chain(args.iter().copied());
        let args = args.chain(more.iter().map(String::as_str));
        tool::run(&self.plane.program("kubectl").to_string_lossy(), args).map(drop)
    }

    /// Whether the cluster has this definition of a kind.
    fn has_definition(&self, name: &str) -> bool {
        let server = &self.plane.server;
        let url = format!("{server}/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        let answer = https::get(&url, &self.plane.authority, Some(https::Login::Token(&self.plane.token)));
        self.runtime.block_on(answer).is_ok_and(|(status, _)| status == StatusCode::OK)
    }
}

fn facts(programs: &Path, folder: &Path, size: Size) -> Facts {
    let acme = folder.join("acme");
    let acme = acme::of_all(&acme);
    let records = dns::facts();
    Facts {
        programs: programs.to_owned(),
        address: NODE.into(),
        zone: ZONE.into(),
        ingress: size.ingress().into(),
        lets_encrypt: LETS_ENCRYPT.into(),
        gateway: GATEWAY.into(),
        followed: Records { zone: FOLLOWED.into(), ..records.clone() },
        follower: FOLLOWER.into(),
        records,
        webhook_port: certificates::WEBHOOK,
        acme: acme.directory(),
        acme_authority: acme.authority(),
        acme_root: acme.root(),
    }
}

/// The path of one of the machine's own programs.
pub(super) fn find(name: &str) -> Result<PathBuf, Error> {
    crate::harness::find_program(name)
}
