//! `convosync explain CODE`: what docs/errors.md says of a code. The page is compiled in.

use convosync_engine::Refusal;
use convosync_wire::ExplainReport;

/// Every code, with its cause and what to do.
const PAGE: &str = include_str!("../../../docs/errors.md");

/// How every code begins.
const START: &str = "convosync::";

/// One entry of the page: the heading `### \`code\``, the cause, and what to do after an arrow.
struct Entry<'a> {
    code: &'a str,
    cause: String,
    help: String,
}

/// The entry of a code, which may lack its beginning.
pub(crate) fn explain(code: &str) -> Result<ExplainReport, Refusal> {
    let typed = code.trim().trim_start_matches(START);
    let wanted = format!("{START}{typed}");
    let found = entries(PAGE).find(|entry| entry.code == wanted);
    let entry = found.ok_or_else(|| unknown(&wanted, typed))?;
    let Entry { cause, help, .. } = entry;
    Ok(ExplainReport { code: wanted, cause, help, notes: Vec::new() })
}

/// Every code that the page has.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    entries(PAGE).map(|entry| entry.code)
}

fn unknown(code: &str, typed: &str) -> Refusal {
    let last = typed.rsplit("::").next().unwrap_or(typed);
    let alike: Vec<_> = codes().filter(|known| known.contains(last)).take(5).collect();
    let help = match alike.as_slice() {
        _ if last.is_empty() => "a code stands in `--json` and in Nushell's errors".to_owned(),
        [] => {
            "a code stands in `--json` and in Nushell's errors; docs/errors.md lists all".to_owned()
        }
        alike => format!("did you mean one of these?\n{}", alike.join("\n")),
    };
    let message = format!("there is no code `{}`", code.escape_debug());
    Refusal::new("convosync::explain::unknown", message).help(help).argument("code")
}

fn entries(page: &str) -> impl Iterator<Item = Entry<'_>> {
    page.split("\n### `").skip(1).filter_map(|text| {
        let (code, rest) = text.split_once("`\n")?;
        let body = rest.split("\n## ").next()?;
        let (cause, help) = body.split_once("\n→ ").unwrap_or((body, ""));
        Some(Entry { code, cause: joined(cause), help: joined(help) })
    })
}

/// A paragraph of the page as one line; the lines of a block of code stay.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_with_and_without_its_beginning() {
        let whole = explain("convosync::save::detached-head").expect("it is on the page");
        assert_eq!(explain("save::detached-head").expect("the same"), whole);
        assert_eq!(whole.code, "convosync::save::detached-head");
        assert!(!whole.cause.is_empty() && !whole.help.is_empty(), "{whole:?}");
    }

    #[test]
    fn a_code_that_is_not_there_is_answered_with_those_that_are_like_it() {
        let refusal = explain("detached-head").expect_err("the area is missing");
        assert_eq!(refusal.code, "convosync::explain::unknown");
        assert!(refusal.help.expect("help").contains("convosync::save::detached-head"));
        assert!(explain("\u{1b}[2J").expect_err("none").message.contains("\\u{1b}"));
    }

    #[test]
    fn every_entry_says_why_and_what_to_do() {
        for entry in entries(PAGE) {
            let Entry { code, cause, help } = entry;
            assert!(!cause.is_empty() && !help.is_empty(), "{code}: {cause:?} {help:?}");
        }
    }
}
