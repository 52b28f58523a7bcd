//! From an address and an environment to a bucket: which settings count, and which are missing.
//!
//! The variables are those that the services' own tools read; `object_store` names them too.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::ClientConfigKey;
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};
use object_store::list::PaginatedListStore;
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, RetryConfig, StaticCredentialProvider,
};

use super::address::{Address, Service};
use super::failure::cause;
use super::http::Connector;
use super::profile::{self, Profile};

/// What is asked of a service.
pub(super) trait Bucket: ObjectStore + PaginatedListStore {}

impl<T: ObjectStore + PaginatedListStore> Bucket for T {}

/// A bucket, and the server that it is on where it is not the service's own.
pub(super) struct Reached {
    pub(super) bucket: Arc<dyn Bucket>,
    pub(super) endpoint: Option<String>,
}

/// Why there is no way to a bucket. Repeats no value of a variable that may be secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unset {
    /// Nothing says who asks.
    Credentials(String),
    /// A setting that can't be used.
    Setting(String),
}

type Env = BTreeMap<String, String>;

/// Finds the settings. Nobody is asked yet.
pub(super) fn reach(address: &Address, env: &Env) -> Result<Reached, Unset> {
    match address.service {
        Service::S3 => s3(&address.bucket, env),
        Service::Google => google(&address.bucket, env),
        Service::Azure => azure(&address.bucket, env),
    }
}

/// What gives the credentials for a service, for people.
pub(super) fn credentials_of(service: Service) -> &'static str {
    match service {
        Service::S3 => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for a profile of \
             ~/.aws/credentials; AWS_REGION and, for a server that is not Amazon's, AWS_ENDPOINT_URL"
        }
        Service::Google => {
            "set GOOGLE_APPLICATION_CREDENTIALS to a service account's key file, or run \
             `gcloud auth application-default login`"
        }
        Service::Azure => {
            "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or \
             AZURE_STORAGE_CONNECTION_STRING"
        }
    }
}

/// How to make what holds the objects.
pub(super) fn how_to_make(address: &Address) -> String {
    let name = &address.bucket;
    match address.service {
        Service::S3 => format!("make it first, e.g. `aws s3 mb s3://{name}`"),
        Service::Google => {
            format!("make it first, e.g. `gcloud storage buckets create gs://{name}`")
        }
        Service::Azure => {
            format!("make it first, e.g. `az storage container create --name {name}`")
        }
    }
}

/// A variable that is set to something.
pub(super) fn set<'a>(env: &'a Env, name: &str) -> Option<&'a str> {
    env.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// Few tries close together: a save waits for them, and what fails is tried again later anyway.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: 4,
        retry_timeout: Duration::from_secs(10),
    }
}

/// The variables of a service as `object_store` knows them; those that it does not know are others'.
fn settings<K: std::str::FromStr>(env: &Env, prefix: &str) -> Vec<(K, String)> {
    let of_service =
        env.iter().filter(|(name, value)| name.starts_with(prefix) && !value.is_empty());
    of_service
        .filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value.clone())))
        .collect()
}

/// Whether an address without TLS may be used: on this machine, or where the user says so.
fn may_be_plain(endpoint: &str, allowed: bool, variable: &str) -> Result<bool, Unset> {
    let Some(rest) = endpoint.strip_prefix("http://") else { return Ok(allowed) };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let here = name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match allowed || here {
        true => Ok(true),
        false => Err(Unset::Setting(format!(
            "{name} is reached without TLS: use https, or set {variable}=true if nobody else is on the way"
        ))),
    }
}

/// The server without what could be a password.
fn shown(endpoint: &str) -> String {
    crate::store::url::without_credentials(endpoint.trim_end_matches('/'))
}

fn is_true(text: Option<&str>) -> bool {
    text.is_some_and(|text| {
        ["1", "true", "yes", "on"].contains(&text.to_ascii_lowercase().as_str())
    })
}

fn s3(bucket: &str, env: &Env) -> Result<Reached, Unset> {
    use AmazonS3ConfigKey as Key;
    let mut builder = AmazonS3Builder::new();
    for (key, value) in settings(env, "AWS_") {
        builder = builder.with_config(key, value);
    }
    let profile = Profile::read(env);
    if profile.is_none() && profile::chosen(env) != "default" {
        let name = profile::chosen(env);
        return Err(Unset::Credentials(format!("~/.aws knows no profile `{name}` (AWS_PROFILE)")));
    }
    let profile = profile.unwrap_or_default();
    let region = set(env, "AWS_REGION").or_else(|| set(env, "AWS_DEFAULT_REGION"));
    if let Some(region) = region.or_else(|| profile.get("region")) {
        builder = builder.with_region(region);
    }
    let endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
    let endpoint = endpoint.iter().find_map(|name| set(env, name));
    let endpoint = endpoint.or_else(|| profile.get("endpoint_url"));
    let allowed = is_true(set(env, "AWS_ALLOW_HTTP"));
    let plain = may_be_plain(endpoint.unwrap_or_default(), allowed, "AWS_ALLOW_HTTP")?;
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let [Some(_), None] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|v| set(env, v)) {
        let why = "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not";
        return Err(Unset::Credentials(why.to_owned()));
    }
    if !has_aws_credentials(env) {
        builder = of_profile(builder, &profile, profile::chosen(env))?;
    }
    let built = builder
        .with_bucket_name(bucket)
        // Not every server that speaks S3 knows how to delete many at once; one is enough.
        .with_config(Key::DisableBulkDelete, "true")
        .with_config(Key::Client(ClientConfigKey::AllowHttp), plain.to_string())
        .with_retry(retry())
        .with_http_connector(Connector::new(env))
        .build();
    Ok(Reached { bucket: Arc::new(built.map_err(unusable)?), endpoint: endpoint.map(shown) })
}

fn has_aws_credentials(env: &Env) -> bool {
    let names = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        // Who names the place asks for the machine's own role; else a desktop would wait for an
        // address that only cloud machines have.
        "AWS_METADATA_ENDPOINT",
    ];
    names.iter().any(|name| set(env, name).is_some()) || is_true(set(env, "AWS_SKIP_SIGNATURE"))
}

fn of_profile(
    builder: AmazonS3Builder,
    profile: &Profile,
    name: &str,
) -> Result<AmazonS3Builder, Unset> {
    if let Some(id) = profile.get("aws_access_key_id") {
        let secret = profile.get("aws_secret_access_key").unwrap_or_default();
        let builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        return Ok(match profile.get("aws_session_token") {
            Some(token) => builder.with_token(token),
            None => builder,
        });
    }
    if profile.get("credential_source") == Some("Ec2InstanceMetadata") {
        return Ok(builder);
    }
    let elsewhere = ["sso_session", "sso_start_url", "credential_process", "role_arn"];
    if elsewhere.iter().any(|key| profile.get(key).is_some()) {
        return Err(Unset::Credentials(format!(
            "profile `{name}` gets its keys from another program; put them into the environment: \
             `eval \"$(aws configure export-credentials --profile {name} --format env)\"`"
        )));
    }
    Err(Unset::Credentials("there are no credentials for it".to_owned()))
}

fn google(bucket: &str, env: &Env) -> Result<Reached, Unset> {
    let mut builder = GoogleCloudStorageBuilder::new();
    for (key, value) in settings(env, "GOOGLE_") {
        builder = builder.with_config(key, value);
    }
    let emulator = set(env, "STORAGE_EMULATOR_HOST").map(|host| match host.contains("://") {
        true => host.to_owned(),
        false => format!("http://{host}"),
    });
    let endpoint = emulator.clone().or_else(|| set(env, "GOOGLE_BASE_URL").map(str::to_owned));
    let allowed = is_true(set(env, "GOOGLE_ALLOW_HTTP"));
    let plain =
        may_be_plain(endpoint.as_deref().unwrap_or_default(), allowed, "GOOGLE_ALLOW_HTTP")?;
    if let Some(endpoint) = &endpoint {
        builder = builder.with_base_url(endpoint.trim_end_matches('/'));
    }
    if emulator.is_some() || is_true(set(env, "GOOGLE_SKIP_SIGNATURE")) {
        let nobody = StaticCredentialProvider::new(GcpCredential { bearer: String::new() });
        builder = builder.with_skip_signature(true).with_credentials(Arc::new(nobody));
    } else {
        builder = google_credentials(builder, env)?;
    }
    let built = builder
        .with_bucket_name(bucket)
        .with_client_options(ClientOptions::new().with_allow_http(plain))
        .with_retry(retry())
        .with_http_connector(Connector::new(env))
        .build();
    let endpoint = endpoint.as_deref().map(shown);
    Ok(Reached { bucket: Arc::new(built.map_err(unusable)?), endpoint })
}

/// The file that `gcloud` writes is named by us: `object_store` would look into the home of this
/// process, not of the caller.
fn google_credentials(
    builder: GoogleCloudStorageBuilder,
    env: &Env,
) -> Result<GoogleCloudStorageBuilder, Unset> {
    let own =
        ["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_SERVICE_ACCOUNT_KEY"];
    if own.iter().any(|name| set(env, name).is_some()) {
        return Ok(builder);
    }
    let gcloud = set(env, "CLOUDSDK_CONFIG").map(|folder| Path::new(folder).to_owned());
    let gcloud = gcloud.or_else(|| Some(Path::new(set(env, "HOME")?).join(".config/gcloud")));
    let file = gcloud.map(|folder| folder.join("application_default_credentials.json"));
    let file = match set(env, "GOOGLE_APPLICATION_CREDENTIALS") {
        Some(path) => Some(Path::new(path).to_owned()),
        None => file.filter(|file| file.is_file()),
    };
    match file {
        Some(file) if file.is_file() => {
            Ok(builder.with_application_credentials(file.to_string_lossy()))
        }
        Some(file) => Err(Unset::Credentials(format!(
            "GOOGLE_APPLICATION_CREDENTIALS names {}, which is not there",
            file.display()
        ))),
        None => Err(Unset::Credentials("there are no credentials for it".to_owned())),
    }
}

fn azure(container: &str, env: &Env) -> Result<Reached, Unset> {
    use AzureConfigKey as Key;
    // What comes first counts for us, what comes last for the builder.
    let mut values = settings(env, "AZURE_");
    let said = connection(set(env, "AZURE_STORAGE_CONNECTION_STRING").unwrap_or_default());
    values.extend(said);
    let get =
        |key: Key| values.iter().find(|(other, _)| *other == key).map(|(_, value)| value.as_str());
    if get(Key::AccountName).is_none() {
        return Err(Unset::Credentials("nothing says whose storage account it is".to_owned()));
    }
    let says_who = [
        Key::AccessKey,
        Key::SasKey,
        Key::Token,
        Key::ClientSecret,
        Key::FederatedTokenFile,
        Key::MsiEndpoint,
        Key::SkipSignature,
    ];
    let by_cli = is_true(get(Key::UseAzureCli)) || get(Key::CredentialType).is_some();
    if !by_cli && !says_who.into_iter().any(|key| get(key).is_some()) {
        return Err(Unset::Credentials("there are no credentials for it".to_owned()));
    }
    let endpoint = get(Key::Endpoint).map(str::to_owned);
    let allowed = is_true(set(env, "AZURE_ALLOW_HTTP"));
    let plain = may_be_plain(endpoint.as_deref().unwrap_or_default(), allowed, "AZURE_ALLOW_HTTP")?;
    let mut builder = MicrosoftAzureBuilder::new();
    for (key, value) in values.into_iter().rev() {
        builder = builder.with_config(key, value);
    }
    let built = builder
        .with_container_name(container)
        .with_allow_http(plain)
        .with_retry(retry())
        .with_http_connector(Connector::new(env))
        .build();
    let endpoint = endpoint.as_deref().map(shown);
    Ok(Reached { bucket: Arc::new(built.map_err(unusable)?), endpoint })
}

/// What an Azure connection string says
/// (<https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string>).
fn connection(text: &str) -> Vec<(AzureConfigKey, String)> {
    let pairs: BTreeMap<_, _> = text.split(';').filter_map(|pair| pair.split_once('=')).collect();
    let get = |name: &str| pairs.get(name).filter(|value| !value.is_empty()).copied();
    let endpoint = get("BlobEndpoint").map(str::to_owned).or_else(|| {
        let (name, suffix) = (get("AccountName")?, get("EndpointSuffix")?);
        let scheme = get("DefaultEndpointsProtocol").unwrap_or("https");
        Some(format!("{scheme}://{name}.blob.{suffix}"))
    });
    let own = |name: &str| get(name).map(str::to_owned);
    let found = [
        (AzureConfigKey::AccountName, own("AccountName")),
        (AzureConfigKey::AccessKey, own("AccountKey")),
        (AzureConfigKey::SasKey, own("SharedAccessSignature")),
        (AzureConfigKey::Endpoint, endpoint),
    ];
    found.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// Only what is ours to say is repeated: a parser's error may quote what it could not read.
fn unusable(error: object_store::Error) -> Unset {
    match cause::<super::http::Unusable>(&error) {
        Some(super::http::Unusable(why)) => Unset::Setting(why.clone()),
        None => Unset::Credentials("its settings or credentials can't be read".to_owned()),
    }
}
