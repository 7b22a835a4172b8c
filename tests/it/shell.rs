//! A shell in a bed, in the place of tests, to try things by hand: `REGPLAN_BED_SHELL=node cargo test --test it`.

use std::process::{Child, Command};

use crate::bed::{self, Size};
use crate::plane::{Error, Facts};

/// The environment variable with the size of the bed.
const WISH: &str = "REGPLAN_BED_SHELL";

/// The size of the bed in which a shell is asked for.
pub(crate) fn asked_for() -> Result<Option<Size>, Error> {
    let Ok(wish) = std::env::var(WISH) else { return Ok(None) };
    let size = Size::ALL.into_iter().find(|size| size.name() == wish);
    let sizes = Size::ALL.map(Size::name).join(", ");
    size.map(Some).ok_or_else(|| format!("{WISH} is `{wish}`; it can be one of: {sizes}").into())
}

/// Starts the shell in the bed of this process. kubectl finds the cluster, and the bed's programs are on its path.
pub(crate) fn start(plane: &Facts) -> Result<Child, Error> {
    let bed = bed::Facts::load(&plane.folder)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = [plane.programs.clone(), bed.programs.clone()].into_iter().chain(std::env::split_paths(&path));
    eprintln!(
        "every name in {} leads to {}: to the ingress controller, if there is one",
        bed.zone, bed.ingress
    );
    eprintln!(
        "the ACME directory is {}; the root of its certificates is {}",
        bed.acme,
        bed.acme_root.display()
    );
    let shell = std::env::var_os("SHELL").unwrap_or_else(|| "sh".into());
    Ok(Command::new(shell)
        .env_remove(WISH)
        .env_remove(bed::SIZE)
        .env("KUBECONFIG", &plane.kubeconfig)
        .env("PATH", std::env::join_paths(path)?)
        .spawn()?)
}
