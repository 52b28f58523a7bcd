//! Who called from where: what the command line adds to a verb.

use std::path::{Path, PathBuf};

use convosync_wire::{EnvValue, Failure, PROTOCOL, Request, SaveArgs, Variable, Verb};

use crate::shell;
use crate::surroundings::Env;

/// The process's environment, as far as it is text.
pub(crate) fn environment() -> Env {
    let text = |os: std::ffi::OsString| os.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

/// The caller's directory, absolute and without links; `-C` counts from the present one.
///
/// # Errors
///
/// If it is not there, is no directory, or its path is no text.
pub(crate) fn directory(chosen: Option<&Path>) -> Result<String, Failure> {
    let path = chosen.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let real = path.canonicalize().map_err(|error| {
        let name = chosen.map_or("the current directory".into(), |path| path.display().to_string());
        failure(format!("{name} can't be used: {error}"))
    })?;
    if !real.is_dir() {
        return Err(failure(format!("{} is no directory", path.display())));
    }
    let text = real.into_os_string().into_string();
    text.map_err(|path| Failure {
        help: Some(
            "other devices are told of it as text: move it to a path of plain letters".into(),
        ),
        ..failure(format!("the path {} is no UTF-8", path.display()))
    })
}

fn failure(message: String) -> Failure {
    Failure {
        code: "convosync::cli::directory".into(),
        message,
        help: Some("go to a directory that exists, or name one with `-C DIR`".into()),
        argument: Some("-C".into()),
    }
}

/// The request that a verb becomes.
pub(crate) fn request(verb: Verb, directory: &str, env: &Env) -> Request {
    let shell = env.get(shell::SHELL).or(env.get("SHELL"));
    let shell = shell.and_then(|path| path.rsplit('/').next());
    Request {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").into(),
        directory: directory.into(),
        env: env.clone(),
        shell: shell.filter(|name| !name.is_empty()).map(ToOwned::to_owned),
        passphrase: None,
        verb: with_env(verb, env),
    }
}

/// The verb with the caller's variables, if it takes them along.
fn with_env(mut verb: Verb, env: &Env) -> Verb {
    if let Verb::Save(SaveArgs { env: Some(wanted), .. }) = &mut verb {
        let variable = |(name, text): (&String, &String)| Variable {
            name: name.clone(),
            value: EnvValue::Text(text.clone()),
        };
        wanted.variables = env.iter().map(variable).collect();
    }
    verb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_absolute_or_refused_by_name() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let real = home.path().canonicalize().expect("it is there");
        assert_eq!(directory(Some(home.path())).expect("there"), real.to_string_lossy());
        let missing = directory(Some(&home.path().join("none"))).expect_err("not there");
        assert_eq!(missing.code, "convosync::cli::directory");
        assert!(missing.message.contains("none"), "{}", missing.message);
        std::fs::write(home.path().join("file"), "").expect("written");
        let file = directory(Some(&home.path().join("file"))).expect_err("a file");
        assert!(file.message.contains("no directory"), "{}", file.message);
    }

    #[test]
    fn a_request_names_protocol_version_and_shell() {
        let env = Env::from([("SHELL".into(), "/usr/bin/fish".into())]);
        let request = request(Verb::Status, "/w", &env);
        assert_eq!(request.protocol, PROTOCOL);
        assert_eq!(request.version, env!("CARGO_PKG_VERSION"));
        assert_eq!(request.shell.as_deref(), Some("fish"));
        assert_eq!(request.directory, "/w");
    }
}
