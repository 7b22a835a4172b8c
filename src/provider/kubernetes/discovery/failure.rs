//! A question of discovery that gets no answer.

use crate::provider::kubernetes::problem::{self, About};
use crate::provider::kubernetes::transport::{CallError, Transport};
use crate::resource::{Identity, Problem, ProblemKind};

/// Why discovery gives no answer.
pub(super) fn problem(transport: &Transport, failure: CallError) -> Problem {
    let discovery = Identity::cluster("", "API", "discovery");
    let problem = problem::of(failure, About::new(&discovery), &transport.server_info);
    if problem.kind != ProblemKind::UnknownKind {
        return problem;
    }
    let server = &transport.server_info.server;
    let message = format!("{server} does not answer as a Kubernetes API server does");
    Problem::new(ProblemKind::Unreachable, message).caused_by(problem)
}
