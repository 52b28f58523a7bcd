//! What Tab offers. Nushell filters by what is typed; whatever goes wrong here offers nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use convosync_wire::{ConfigArgs, ListArgs, Reply, SessionRow, Verb};
use nu_plugin::EngineInterface;
use nu_protocol::{Completion, DynamicSuggestion, Span};

use crate::front::Caller;
use convosync_wire::harmless;

/// Kinds of devices, as they are offered.
pub(crate) const KINDS: Completion =
    Completion::new_list(&["desktop", "laptop", "tablet", "mobile", "server"]);

/// Completions block the start of other calls, so late ones are worth nothing.
const LIMIT: Duration = Duration::from_millis(700);

/// What an argument is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// A session that this device knows of.
    Sessions,
    /// A session that can be brought back.
    Deleted,
    /// A branch that something was saved on.
    Branches,
    /// A device that saved something.
    Savers,
    /// A repository that something was saved in.
    Repositories,
    /// A device of the account.
    Devices,
    /// A setting.
    Settings,
    /// Nothing that can be guessed, and no file name.
    Nothing,
}

impl Offer {
    /// All there is of it.
    pub(crate) fn all(self, engine: &EngineInterface, head: Span) -> Vec<DynamicSuggestion> {
        if self == Self::Nothing {
            return Vec::new();
        }
        let Ok(caller) = Caller::of(engine, head) else { return Vec::new() };
        caller.quickly(self.verb(), LIMIT).map(|reply| self.of(&reply)).unwrap_or_default()
    }

    fn verb(self) -> Verb {
        let known = ListArgs { all: true, offline: true, ..ListArgs::default() };
        match self {
            Self::Devices => Verb::DeviceList,
            Self::Settings => Verb::Config(ConfigArgs::Show),
            Self::Deleted => Verb::List(ListArgs { deleted: true, ..known }),
            _ => Verb::List(known),
        }
    }

    fn of(self, reply: &Reply) -> Vec<DynamicSuggestion> {
        match (self, reply) {
            (Self::Sessions | Self::Deleted, Reply::Sessions(listed)) => {
                listed.rows.iter().map(session).collect()
            }
            (Self::Branches, Reply::Sessions(listed)) => {
                each_once(&listed.rows, |row| row.branch.as_deref())
            }
            (Self::Savers, Reply::Sessions(listed)) => {
                each_once(&listed.rows, |row| Some(&row.device))
            }
            (Self::Repositories, Reply::Sessions(listed)) => {
                each_once(&listed.rows, |row| Some(&row.repository))
            }
            (Self::Devices, Reply::Devices(listed)) => {
                listed.rows.iter().map(|row| suggestion(&row.name, &row.kind)).collect()
            }
            (Self::Settings, Reply::Config(report)) => {
                report.settings.iter().map(|row| suggestion(&row.key, &row.about)).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn session(row: &SessionRow) -> DynamicSuggestion {
    let about = format!("{}  {}", row.branch.as_deref().unwrap_or_default(), row.message);
    suggestion(&row.session_id, &about)
}

/// Each value with what was done last with it: the newest come first.
fn each_once<'r>(
    rows: &'r [SessionRow],
    value: impl Fn(&'r SessionRow) -> Option<&'r str>,
) -> Vec<DynamicSuggestion> {
    let mut known = BTreeSet::new();
    let values = rows.iter().filter_map(|row| Some((value(row)?, row)));
    let first = values.filter(|(value, _)| known.insert(*value));
    first.map(|(value, row)| suggestion(value, &row.message)).collect()
}

fn suggestion(value: &str, about: &str) -> DynamicSuggestion {
    DynamicSuggestion {
        value: harmless::line(value),
        description: Some(harmless::line(about).trim().to_owned()),
        ..DynamicSuggestion::default()
    }
}

/// The trait's method that answers Tab: which argument is which [`Offer`].
macro_rules! offers {
    ($($argument:pat $(if $guard:expr)? => $offer:expr,)+) => {
        #[expect(deprecated, reason = "Nushell marks what is experimental as deprecated")]
        fn get_dynamic_completion(
            &self,
            _plugin: &$crate::ConvoSyncPlugin,
            engine: &nu_plugin::EngineInterface,
            call: nu_plugin::DynamicCompletionCall,
            argument: nu_protocol::engine::ArgType,
            _experimental: nu_protocol::engine::ExperimentalMarker,
        ) -> Option<Vec<nu_protocol::DynamicSuggestion>> {
            let offer: $crate::complete::Offer = match argument {
                $($argument $(if $guard)? => $offer,)+
                _ => return None,
            };
            Some(offer.all(engine, call.call.head))
        }
    };
}
pub(crate) use offers;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::sample;

    fn offered(offer: Offer, reply: &Reply) -> Vec<String> {
        offer.of(reply).into_iter().map(|suggestion| suggestion.value).collect()
    }

    #[test]
    fn each_branch_and_device_is_offered_once_the_newest_first() {
        let mut rows = sample::sessions();
        rows.push(rows[0].clone());
        let branches: Vec<_> = rows.iter().take(2).filter_map(|row| row.branch.clone()).collect();
        let listed = Reply::Sessions(rows.into());
        assert_eq!(offered(Offer::Branches, &listed), branches);
        assert_eq!(offered(Offer::Sessions, &listed).len(), 3);
        assert!(offered(Offer::Devices, &listed).is_empty(), "another answer offers nothing");
    }

    #[test]
    fn what_another_device_wrote_can_not_write_to_the_terminal() {
        let mut rows = sample::sessions();
        rows[0].branch = Some("main\x1b[2J".to_owned());
        rows[0].message = "x\n\x07".to_owned();
        let offers = Offer::Branches.of(&Reply::Sessions(rows.into()));
        assert_eq!(offers[0].value, "main[2J");
        assert_eq!(offers[0].description.as_deref(), Some("x"));
    }
}
