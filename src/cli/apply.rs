//! `regplan apply`.

use super::args::{ApplyArgs, Global};
use super::carry_out::{self, Approver, Failures, OnFailure};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::plan_file::NamedPlanFile;
use super::settings;
use crate::engine::PlanRequest;
use crate::plan::Mode;
use crate::provider::OnTrouble;

pub(super) async fn run(global: &Global, args: &ApplyArgs, output: Output) -> Result<Exit, Failure> {
    let failures = Failures {
        on_trouble: if args.fail_fast { OnTrouble::Fail } else { OnTrouble::Wait },
        on_failure: if args.rollback_on_failure { OnFailure::Undo } else { OnFailure::Keep },
    };
    if let Some(path) = &args.plan_file {
        let named = NamedPlanFile::read(path)?;
        let request = PlanRequest::from(&named.file);
        return carry_out::run(global, &args.run, request, Approver::File(&named), failures, output).await;
    }
    let request = settings::request(Mode::Apply, &args.run.planning);
    let approver = args.expect.as_deref().map_or(Approver::Person, Approver::Digest);
    carry_out::run(global, &args.run, request, approver, failures, output).await
}
