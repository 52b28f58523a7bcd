//! What Tab offers.

use std::time::Duration;

use convosync_wire::{ListArgs, Reply, SessionRow, Verb};
use nu_plugin::EngineInterface;
use nu_protocol::{Completion, DynamicSuggestion, Span};

use crate::clean;
use crate::front::Caller;

/// Kinds of devices, as they are offered.
pub(crate) const KINDS: Completion =
    Completion::new_list(&["desktop", "laptop", "tablet", "mobile", "server"]);

/// Completions block the start of other calls, so late ones are worth nothing.
const LIMIT: Duration = Duration::from_millis(700);

/// Every session that this device knows of. Nushell filters by what is typed; whatever goes wrong
/// here offers nothing.
pub(crate) fn sessions(engine: &EngineInterface, head: Span) -> Vec<DynamicSuggestion> {
    let Ok(caller) = Caller::of(engine, head) else { return Vec::new() };
    let known = ListArgs { all: true, offline: true, ..ListArgs::default() };
    match caller.quickly(Verb::List(known), LIMIT) {
        Some(Reply::Sessions(listed)) => listed.rows.iter().map(suggestion).collect(),
        _ => Vec::new(),
    }
}

fn suggestion(row: &SessionRow) -> DynamicSuggestion {
    let about = [row.branch.as_deref().unwrap_or_default(), &row.message].map(clean::line);
    DynamicSuggestion {
        value: clean::line(&row.session_id),
        description: Some(about.join("  ").trim().to_owned()),
        ..DynamicSuggestion::default()
    }
}
