//! From a file's text to settings; every error says the line.

use std::collections::BTreeMap;

use convosync_engine::{AutoSync, HistoryScope, SaveMode, Settings};
use toml_edit::{Document, Item, TableLike, Value};

use super::error::SettingsError;
use super::keys::{ASK, Given, KEYS, Key, Kind, apply, nearest, size};

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) settings: Settings,
    /// The settings that it names.
    pub(super) set: Vec<&'static str>,
}

/// Reads a file's text. `name` is what errors call it.
pub(super) fn parse(text: &str, name: &str) -> Result<Parsed, SettingsError> {
    let place = |at: Option<std::ops::Range<usize>>| {
        let before = text.get(..at.map_or(0, |at| at.start)).unwrap_or_default();
        format!("{name}, line {}", before.matches('\n').count() + 1)
    };
    let document = Document::parse(text).map_err(|error| SettingsError::Syntax {
        place: place(error.span()),
        reason: error.message().replace('\n', "; "),
    })?;
    let mut parsed = Parsed::default();
    walk(document.as_table(), "", &place, &mut parsed)?;
    Ok(parsed)
}

type Place<'a> = dyn Fn(Option<std::ops::Range<usize>>) -> String + 'a;

fn walk(
    table: &dyn TableLike,
    above: &str,
    place: &Place<'_>,
    parsed: &mut Parsed,
) -> Result<(), SettingsError> {
    for (name, item) in table.iter() {
        let whole = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        let at = || {
            let key = table.key(name).and_then(toml_edit::Key::span);
            Some(place(key.or_else(|| item.span())))
        };
        let known = KEYS.iter().find(|key| key.name == whole);
        let inner = KEYS.iter().any(|key| key.name.starts_with(&format!("{whole}.")));
        match (known, item.as_table_like()) {
            (Some(key), _) => {
                let given = given(key, item, at())?;
                apply(&mut parsed.settings, key.name, given);
                parsed.set.push(key.name);
            }
            (None, Some(table)) if inner => walk(table, &whole, place, parsed)?,
            _ => return Err(unknown(&whole, at())),
        }
    }
    Ok(())
}

/// That there is no such setting.
pub(super) fn unknown(key: &str, place: Option<String>) -> SettingsError {
    if key.to_lowercase().contains("encrypt") {
        return SettingsError::Encryption { place };
    }
    let shown: String = key.escape_debug().take(80).collect();
    SettingsError::Unknown { place, nearest: nearest(key), key: shown }
}

/// The value of a setting, if it may be that.
pub(super) fn given(
    key: &'static Key,
    item: &Item,
    place: Option<String>,
) -> Result<Given, SettingsError> {
    let given = match key.kind {
        Kind::Switch => item.as_bool().map(Given::Switch),
        Kind::Texts => texts(item).map(Given::Texts),
        Kind::Number(least, most) => {
            let number = item.as_integer().and_then(|number| u32::try_from(number).ok());
            number.filter(|number| (least..=most).contains(number)).map(Given::Number)
        }
        Kind::Size => {
            let bytes = item.as_integer().and_then(|number| u64::try_from(number).ok());
            bytes.or_else(|| item.as_str().and_then(size)).map(Given::Size)
        }
        Kind::SaveMode => item.as_str().and_then(mode).map(Given::SaveMode),
        Kind::AutoSync => auto_sync(item).map(Given::AutoSync),
        Kind::SaveModes => modes(item).map(Given::SaveModes),
        Kind::History => item.as_str().and_then(scope).map(Given::History),
    };
    given.ok_or_else(|| SettingsError::Value {
        place,
        key: key.name,
        wanted: key.kind.wanted(),
        got: item.as_value().map_or_else(|| item.type_name().to_owned(), shown),
    })
}

fn mode(text: &str) -> Option<Option<SaveMode>> {
    if text == ASK { Some(None) } else { text.parse().ok().map(Some) }
}

/// `true` and `false` are how it was written first.
fn scope(text: &str) -> Option<HistoryScope> {
    HistoryScope::ALL.into_iter().find(|scope| scope.as_str() == text)
}

fn auto_sync(item: &Item) -> Option<AutoSync> {
    if let Some(on) = item.as_bool() {
        return Some(if on { AutoSync::Turn } else { AutoSync::Off });
    }
    let text = item.as_str()?;
    AutoSync::ALL.into_iter().find(|when| when.as_str() == text)
}

fn modes(item: &Item) -> Option<BTreeMap<String, SaveMode>> {
    let each = item.as_table_like()?.iter();
    each.map(|(name, item)| Some((name.to_owned(), item.as_str()?.parse().ok()?))).collect()
}

fn texts(item: &Item) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().filter(|text| fits(text)).map(str::to_owned);
    item.as_array()?.iter().map(text).collect()
}

/// A pattern is one line: it is handed to git in a file of lines.
fn fits(text: &str) -> bool {
    !text.is_empty() && text.len() <= 1024 && !text.contains(|c: char| c.is_control())
}

fn shown(value: &Value) -> String {
    let text = value.clone().decorated("", "").to_string();
    text.replace(|c: char| c.is_control(), " ").chars().take(60).collect()
}
