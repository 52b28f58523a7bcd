//! Why something did not work.

use convosync_wire::Failure;

use super::harmless;
use super::look::{Look, Sign};
use super::page::Page;

/// The message behind its sign, details and help indented below.
pub(crate) fn failure(failure: &Failure, look: &Look) -> String {
    let mut page = Page::new(look);
    let message = if look.unicode { sentence(&failure.message) } else { failure.message.clone() };
    page.sign(Sign::Failed, &message);
    if let Some(argument) = &failure.argument {
        page.line(&format!("   Argument: {argument}"));
    }
    if let Some(help) = &failure.help {
        page.blank();
        harmless::lines(help).iter().for_each(|line| page.line(&format!("   {line}")));
    }
    page.finish()
}

/// The text with a capital letter first, as it stands alone.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
