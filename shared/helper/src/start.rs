//! Starts the assistant after a resume: this program becomes it.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use convosync_wire::Failure;

/// Becomes the program that goes on with the conversation, in its directory. Returns only where
/// that can't be: the session is back all the same.
pub(crate) fn become_program(words: &[String], directory: &Path) -> Failure {
    let [program, args @ ..] = words else {
        return failure("nothing", "there is nothing to start");
    };
    let error = Command::new(program).args(args).current_dir(directory).exec();
    failure(program, &error.to_string())
}

fn failure(program: &str, why: &str) -> Failure {
    Failure {
        code: "convosync::resume::run".to_owned(),
        message: format!("the session is back, but `{program}` could not be started: {why}"),
        help: Some("start it yourself, as it is said above".to_owned()),
        argument: Some("--run".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_started_is_told_with_its_name() {
        let words = ["no-such-assistant".to_owned(), "--resume".to_owned()];
        let told = become_program(&words, Path::new("/"));
        assert_eq!(told.code, "convosync::resume::run");
        assert!(told.message.contains("`no-such-assistant`"), "{}", told.message);
    }
}
