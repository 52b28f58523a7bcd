//! Exit codes. Scripts rely on them: never reuse one.

use std::process::ExitCode;

use convosync_wire::Failure;

/// The failure that is our own fault.
pub(crate) const INTERNAL: &str = "convosync::internal";

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// It did not work.
    Failed,
    /// The arguments are wrong.
    Usage,
    /// Nothing was changed; the user has to choose.
    Undecided,
    /// A fault of our own: `EX_SOFTWARE` of sysexits.h.
    Internal,
    /// The user stopped it: 128 + SIGINT, as shells say.
    Cancelled,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Undecided => 3,
            Self::Internal => 70,
            Self::Cancelled => 130,
        }
    }

    /// The end that a failure stands for.
    pub(crate) fn of(failure: &Failure) -> Self {
        match failure.code.as_str() {
            INTERNAL => Self::Internal,
            code if code.ends_with("::cancelled") => Self::Cancelled,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_how_the_program_ends() {
        let exit = |code: &str| {
            let failure =
                Failure { code: code.into(), message: String::new(), help: None, argument: None };
            Exit::of(&failure).code()
        };
        assert_eq!(exit("convosync::save::store"), 1);
        assert_eq!(exit("convosync::resume::cancelled"), 130);
        assert_eq!(exit("convosync::internal"), 70);
    }
}
