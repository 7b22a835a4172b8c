//! Connections that were made already, so that a program that gives credentials runs once, however many clients there are.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tokio::sync::Mutex;

use super::settings::Settings;
use super::{Connection, connection};
use crate::resource::Problem;

/// The connections that were made in one environment.
#[derive(Default)]
pub struct Connections(Mutex<Vec<(Way, Connection)>>);

/// What makes two connections the same.
#[derive(PartialEq)]
struct Way {
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
    in_cluster: bool,
    secret_variables: BTreeSet<String>,
}

impl Connections {
    /// The connection that the settings lead to. Where it must be made, others wait for that: a person is asked once.
    pub(in crate::provider::kubernetes) async fn get(
        &self,
        settings: &Settings,
    ) -> Result<Connection, Problem> {
        let Settings { kubeconfig, context, in_cluster, secret_variables, .. } = settings.clone();
        let way = Way { kubeconfig, context, in_cluster, secret_variables };
        let mut made = self.0.lock().await;
        if let Some((_, connection)) = made.iter().find(|(known, _)| *known == way) {
            return Ok(connection.clone());
        }
        let connection = connection(settings).await?;
        made.push((way, connection.clone()));
        Ok(connection)
    }
}
