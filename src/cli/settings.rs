//! Turns parsed flags into the engine's settings.

use super::args::{Global, PlanningArgs};
use super::failure::Failure;
use crate::engine::{ConfigInputs, PlanRequest, Settings};
use crate::plan::Mode;

/// The files and values that the configuration is read from.
pub(super) fn inputs(global: &Global) -> Result<ConfigInputs, Failure> {
    let working_folder = std::env::current_dir()
        .map_err(|error| Failure::caused("the working folder cannot be used", error))?;
    let Global { files, vars, var_files, .. } = global.clone();
    Ok(ConfigInputs { files, vars, var_files, working_folder })
}

impl From<&Global> for Settings {
    fn from(global: &Global) -> Self {
        let Global { context, kubeconfig, no_configured_kubeconfig, request_timeout, .. } = global.clone();
        let refuse_configured_kubeconfig = no_configured_kubeconfig;
        Self { context, kubeconfig, refuse_configured_kubeconfig, request_timeout, ..Self::default() }
    }
}

/// The settings of a command that plans.
pub(super) fn of_planning(global: &Global, planning: &PlanningArgs) -> Settings {
    Settings { parallelism: usize::from(planning.parallelism), ..Settings::from(global) }
}

/// The request that a plan is made for.
pub(super) fn request(mode: Mode, planning: &PlanningArgs) -> PlanRequest {
    let PlanningArgs {
        adopt,
        adopt_lineage,
        consent,
        move_to,
        without,
        target: targets,
        replace,
        parallelism: _,
    } = planning.clone();
    let adopt_lineage = adopt_lineage.map(|lineage| lineage.to_string());
    PlanRequest {
        targets,
        replace,
        adopt,
        consent,
        move_to,
        without,
        adopt_lineage,
        ..PlanRequest::all(mode)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Cli, Command};

    #[test]
    fn flags_become_settings() {
        let words = "regplan plan -f a -f b --var x=1 --var-file v --context c --kubeconfig k --no-configured-kubeconfig --parallelism 3 --request-timeout 20s \
                     --target registry.main --replace resource.a --adopt resource.b --consent resource.c";
        let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
        let Command::Plan(args) = &cli.command else { panic!("{cli:?}") };
        let inputs = inputs(&cli.global).unwrap();
        assert_eq!(inputs.files, ["a", "b"].map(std::path::PathBuf::from));
        assert_eq!((inputs.vars.as_slice(), inputs.var_files.len()), (["x=1".to_owned()].as_slice(), 1));
        let settings = of_planning(&cli.global, &args.planning);
        let expected = Settings {
            context: Some("c".into()),
            kubeconfig: Some("k".into()),
            refuse_configured_kubeconfig: true,
            in_cluster: false,
            parallelism: 3,
            on_trouble: crate::provider::OnTrouble::Wait,
            manual_records: crate::provider::dns::ManualRecords::Await,
            request_timeout: Some(std::time::Duration::from_secs(20)),
        };
        assert_eq!(settings, expected);
        let request = request(Mode::Destroy, &args.planning);
        let texts = [&request.targets, &request.replace, &request.adopt, &request.consent];
        let texts = texts.map(|addresses| addresses[0].to_string());
        assert_eq!(texts, ["registry.main", "resource.a", "resource.b", "resource.c"]);
        assert_eq!(request.mode, Mode::Destroy);
    }
}
