//! Why something did not work.

use convosync_wire::Failure;

use super::harmless;
use super::look::{Look, Sign};
use super::page::{Page, sentence};
use crate::exit::Exit;

/// The message behind its sign, details and help indented below.
pub(crate) fn failure(failure: &Failure, look: &Look) -> String {
    let mut page = Page::new(look);
    let message = if look.unicode { sentence(&failure.message) } else { failure.message.clone() };
    let cancelled = Exit::of(failure) == Exit::Cancelled;
    page.sign(if cancelled { Sign::Warning } else { Sign::Failed }, &message);
    if let Some(argument) = &failure.argument {
        page.line(&format!("   Argument: {argument}"));
    }
    if let Some(help) = &failure.help {
        page.blank();
        harmless::lines(help).iter().for_each(|line| page.line(&format!("   {line}")));
    }
    page.finish()
}
