//! How a store is reached. Credentials come from the environment and from the machine, never from the configuration.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use super::ObjectShelf;
use super::bucket::{Bucket, Language};
use crate::config::{ObjectState, ObjectStoreKind};
use crate::resource::{Problem, ProblemKind};

/// How long one request may take. A state is some megabytes at most.
const REQUEST: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(5);
/// For how long a request to Google's store waits that is repeated. It takes about one write of the same object in a
/// second, and answers 429 to the others; the journal is written more often.
const GCS_PAUSE: Duration = Duration::from_secs(1);
/// How often the store's client repeats a request by itself.
const REPETITIONS: usize = 4;

/// The variables from which credentials for S3 are taken, and the region where the configuration names none.
const S3_VARIABLES: [&str; 13] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_METADATA_ENDPOINT",
];

/// The same for Google Cloud Storage.
const GCS_VARIABLES: [&str; 3] =
    ["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS"];

/// The same for Azure.
const AZURE_VARIABLES: [&str; 9] = [
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "AZURE_AUTHORITY_HOST",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_MSI_ENDPOINT",
    "AZURE_USE_AZURE_CLI",
];

/// Looks up a variable of the environment.
type Variables<'v> = &'v (dyn Fn(&str) -> Option<String> + Send + Sync);

/// The shelf of these settings. Nothing is sent yet. A request takes `limit` at most, where that is shorter than usual, and
/// is repeated for as long: after twice the limit, none is under way any more.
///
/// # Errors
/// The settings, or the variables, cannot name a store.
pub fn connect(
    settings: &ObjectState,
    limit: Option<Duration>,
    variables: Variables<'_>,
) -> Result<ObjectShelf, Box<Problem>> {
    let limit = limit.map_or(REQUEST, |limit| limit.min(REQUEST));
    // An error says that one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let place = settings.place();
    let wrong = |error: object_store::Error| {
        let message = format!("{place}: {}", super::words::answer(&error));
        Box::new(
            Problem::new(ProblemKind::Settings, message)
                .help("correct `[state]`, or the variables that it names"),
        )
    };
    let prefix = Path::parse(&settings.prefix).map_err(|error| wrong(error.into()))?;
    let (store, language): (Arc<dyn ObjectStore>, _) = match &settings.store {
        ObjectStoreKind::S3 { region, endpoint, path_style } => {
            let s3 = s3(settings, region.as_deref(), endpoint.as_deref(), *path_style, variables);
            let s3 = s3.with_client_options(client(endpoint.as_deref(), limit)).with_retry(retries(limit));
            (Arc::new(s3.build().map_err(wrong)?), Language::S3)
        }
        ObjectStoreKind::Gcs { endpoint } => {
            let gcs = gcs(settings, endpoint.as_deref(), variables);
            let gcs = gcs
                .with_client_options(client(endpoint.as_deref(), limit))
                .with_retry(patient_retries(limit));
            (Arc::new(gcs.build().map_err(wrong)?), Language::Gcs)
        }
        ObjectStoreKind::Azblob { account, endpoint, path_style } => {
            let azure = azure(settings, account, endpoint.as_deref(), *path_style, variables);
            let azure =
                azure.with_client_options(client(endpoint.as_deref(), limit)).with_retry(retries(limit));
            (Arc::new(azure.build().map_err(wrong)?), Language::Azblob)
        }
    };
    Ok(ObjectShelf::new(store, Bucket { name: place.clone(), language }, prefix))
}

fn s3(
    settings: &ObjectState,
    region: Option<&str>,
    endpoint: Option<&str>,
    path_style: bool,
    variables: Variables<'_>,
) -> AmazonS3Builder {
    let mut s3 = AmazonS3Builder::new();
    for (key, value) in found::<AmazonS3ConfigKey>(&S3_VARIABLES, variables) {
        s3 = s3.with_config(key, value);
    }
    if let Some(region) = region {
        s3 = s3.with_region(region);
    }
    if let Some(endpoint) = endpoint {
        s3 = s3.with_endpoint(if path_style {
            endpoint.to_owned()
        } else {
            as_host(endpoint, &settings.bucket)
        });
    }
    s3.with_bucket_name(&settings.bucket)
        .with_virtual_hosted_style_request(!path_style)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // One request for one object: not every store knows the other one.
        .with_disable_bulk_delete(true)
}

fn gcs(
    settings: &ObjectState,
    endpoint: Option<&str>,
    variables: Variables<'_>,
) -> GoogleCloudStorageBuilder {
    let mut gcs = GoogleCloudStorageBuilder::new();
    for (key, value) in found::<GoogleConfigKey>(&GCS_VARIABLES, variables) {
        gcs = gcs.with_config(key, value);
    }
    if let Some(endpoint) = endpoint {
        gcs = gcs.with_base_url(endpoint.trim_end_matches('/'));
    }
    gcs.with_bucket_name(&settings.bucket)
}

fn azure(
    settings: &ObjectState,
    account: &str,
    endpoint: Option<&str>,
    path_style: bool,
    variables: Variables<'_>,
) -> MicrosoftAzureBuilder {
    let mut azure = MicrosoftAzureBuilder::new();
    for (key, value) in found::<AzureConfigKey>(&AZURE_VARIABLES, variables) {
        azure = azure.with_config(key, value);
    }
    if let Some(endpoint) = endpoint {
        azure = azure.with_endpoint(if path_style {
            format!("{}/{account}", endpoint.trim_end_matches('/'))
        } else {
            as_host(endpoint, account)
        });
    }
    azure.with_account(account).with_container_name(&settings.bucket)
}

/// The variables that are set, each with the setting that it stands for.
fn found<K: std::str::FromStr>(names: &[&str], variables: Variables<'_>) -> Vec<(K, String)> {
    let set =
        names.iter().filter_map(|name| Some((name, variables(name).filter(|value| !value.is_empty())?)));
    set.filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value))).collect()
}

/// The endpoint with the name of the bucket, or of the account, as the first part of its host.
fn as_host(endpoint: &str, name: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) => format!("{scheme}://{name}.{host}"),
        None => format!("{name}.{endpoint}"),
    }
}

fn client(endpoint: Option<&str>, limit: Duration) -> ClientOptions {
    ClientOptions::new()
        .with_timeout(limit)
        .with_connect_timeout(CONNECT.min(limit))
        // Whoever writes `http://` into the configuration means it.
        .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")))
}

fn retries(limit: Duration) -> RetryConfig {
    RetryConfig { backoff: BackoffConfig::default(), max_retries: REPETITIONS, retry_timeout: limit }
}

fn patient_retries(limit: Duration) -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: GCS_PAUSE, max_backoff: GCS_PAUSE * 2, ..BackoffConfig::default() };
    RetryConfig { backoff, ..retries(limit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_is_a_part_of_the_host_where_the_path_does_not_name_it() {
        assert_eq!(as_host("https://s3.example.com:9000", "states"), "https://states.s3.example.com:9000");
    }

    #[test]
    fn every_variable_stands_for_a_setting() {
        let set = |_: &str| Some("x".to_owned());
        assert_eq!(found::<AmazonS3ConfigKey>(&S3_VARIABLES, &set).len(), S3_VARIABLES.len());
        assert_eq!(found::<GoogleConfigKey>(&GCS_VARIABLES, &set).len(), GCS_VARIABLES.len());
        assert_eq!(found::<AzureConfigKey>(&AZURE_VARIABLES, &set).len(), AZURE_VARIABLES.len());
    }
}
