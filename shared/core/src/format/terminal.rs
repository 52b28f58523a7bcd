//! The terminal as stored.
//!
//! What came later is not there where there is none of it, as before it came. Bounds are kept while
//! reading too: a save may come from a device that kept none.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::layout::{StoredLayout, load_layout, store_layout};
use crate::terminal::{EnvName, EnvValue, MOST_COMMANDS, Ran, Terminal, Withheld};

/// Values inside of values that are read; deeper ones would need more and more stack.
const DEEPEST: usize = 16;

/// Variables that are read.
const MOST_VARIABLES: usize = 1000;

#[derive(Encode, Decode)]
#[cbor(map)]
pub(super) struct StoredTerminal {
    #[n(0)]
    directory: String,
    #[n(1)]
    shell: Option<String>,
    #[n(2)]
    history: Option<Vec<StoredRan>>,
    #[n(3)]
    env: Option<Vec<StoredVariable>>,
    #[n(4)]
    missing: Option<Vec<StoredMissing>>,
    #[n(5)]
    layout: Option<StoredLayout>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredRan {
    #[n(0)]
    command: String,
    #[n(1)]
    time_ms: Option<i64>,
    #[n(2)]
    exit: Option<i64>,
    #[n(3)]
    directory: Option<String>,
}

#[derive(Encode, Decode)]
struct StoredVariable {
    #[n(0)]
    name: String,
    #[n(1)]
    value: StoredValue,
}

#[derive(Encode, Decode)]
struct StoredMissing {
    #[n(0)]
    name: String,
    #[n(1)]
    why: u8,
}

/// A value as an array of its kind and itself. None: of a kind that only a newer version knows.
struct StoredValue(Option<EnvValue>);

/// Numbers of the kinds: never reorder.
mod kind {
    pub(super) const NOTHING: u8 = 0;
    pub(super) const BOOL: u8 = 1;
    pub(super) const INT: u8 = 2;
    pub(super) const FLOAT: u8 = 3;
    pub(super) const DURATION: u8 = 4;
    pub(super) const SIZE: u8 = 5;
    pub(super) const DATE: u8 = 6;
    pub(super) const TEXT: u8 = 7;
    pub(super) const LIST: u8 = 8;
    pub(super) const RECORD: u8 = 9;
}

impl<C> Encode<C> for StoredValue {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        write(self.0.as_ref().unwrap_or(&EnvValue::Nothing), e)
    }
}

fn write<W: Write>(value: &EnvValue, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
    match value {
        EnvValue::Nothing => e.array(1)?.u8(kind::NOTHING)?.ok(),
        EnvValue::Bool(flag) => e.array(2)?.u8(kind::BOOL)?.bool(*flag)?.ok(),
        EnvValue::Int(number) => e.array(2)?.u8(kind::INT)?.i64(*number)?.ok(),
        EnvValue::Float(number) => e.array(2)?.u8(kind::FLOAT)?.f64(*number)?.ok(),
        EnvValue::Duration(nanos) => e.array(2)?.u8(kind::DURATION)?.i64(*nanos)?.ok(),
        EnvValue::Size(bytes) => e.array(2)?.u8(kind::SIZE)?.i64(*bytes)?.ok(),
        EnvValue::Date { nanos, offset } => {
            e.array(3)?.u8(kind::DATE)?.i64(*nanos)?.i32(*offset)?.ok()
        }
        EnvValue::Text(text) => e.array(2)?.u8(kind::TEXT)?.str(text)?.ok(),
        EnvValue::List(values) => {
            e.array(2)?.u8(kind::LIST)?.array(values.len() as u64)?;
            values.iter().try_for_each(|value| write(value, e))
        }
        EnvValue::Record(fields) => {
            e.array(2)?.u8(kind::RECORD)?.array(fields.len() as u64)?;
            fields.iter().try_for_each(|(name, value)| {
                e.array(2)?.str(name)?;
                write(value, e)
            })
        }
    }
}

impl<'b, C> Decode<'b, C> for StoredValue {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        read(d, DEEPEST).map(Self)
    }
}

fn read(d: &mut Decoder<'_>, depth: usize) -> Result<Option<EnvValue>, DecodeError> {
    let depth = depth.checked_sub(1).ok_or_else(|| DecodeError::message("too deep"))?;
    let mut items = length(d)?;
    let mut more = || -> Result<(), DecodeError> {
        items = items.checked_sub(1).ok_or_else(|| DecodeError::message("half a value"))?;
        Ok(())
    };
    more()?;
    let kind = d.u8()?;
    if kind != kind::NOTHING && kind <= kind::RECORD {
        more()?;
    }
    let value = match kind {
        kind::NOTHING => Some(EnvValue::Nothing),
        kind::BOOL => Some(EnvValue::Bool(d.bool()?)),
        kind::INT => Some(EnvValue::Int(d.i64()?)),
        kind::FLOAT => Some(d.f64()?).filter(|number| number.is_finite()).map(EnvValue::Float),
        kind::DURATION => Some(EnvValue::Duration(d.i64()?)),
        kind::SIZE => Some(EnvValue::Size(d.i64()?)),
        kind::DATE => {
            more()?;
            Some(EnvValue::Date { nanos: d.i64()?, offset: d.i32()? })
        }
        kind::TEXT => Some(EnvValue::Text(d.str()?.to_owned())),
        kind::LIST => all(d, |d| read(d, depth))?.map(EnvValue::List),
        kind::RECORD => all(d, |d| field(d, depth))?.map(EnvValue::Record),
        _ => None,
    };
    for _ in 0..items {
        d.skip()?;
    }
    Ok(value)
}

fn field(d: &mut Decoder<'_>, depth: usize) -> Result<Option<(String, EnvValue)>, DecodeError> {
    if length(d)? != 2 {
        return Err(DecodeError::message("no field"));
    }
    let name = d.str()?.to_owned();
    Ok(read(d, depth)?.map(|value| (name, value)))
}

/// All of an array, or none where one is of an unknown kind. Grows with what is there, not with
/// what is announced.
fn all<T>(
    d: &mut Decoder<'_>,
    mut item: impl FnMut(&mut Decoder<'_>) -> Result<Option<T>, DecodeError>,
) -> Result<Option<Vec<T>>, DecodeError> {
    let mut items = Some(Vec::new());
    for _ in 0..length(d)? {
        let read = item(d)?;
        items = items.zip(read).map(|(mut items, read)| {
            items.push(read);
            items
        });
    }
    Ok(items)
}

pub(super) fn length(d: &mut Decoder<'_>) -> Result<u64, DecodeError> {
    d.array()?.ok_or_else(|| DecodeError::message("no definite length"))
}

pub(super) fn store_terminal(terminal: &Terminal) -> StoredTerminal {
    let Terminal { directory, shell, history, env, missing, layout } = terminal;
    StoredTerminal {
        directory: directory.clone(),
        shell: shell.clone(),
        history: later(history, |ran| StoredRan {
            command: ran.command.clone(),
            time_ms: ran.time_ms,
            exit: ran.exit,
            directory: ran.directory.clone(),
        }),
        env: later(env, |(name, value)| StoredVariable {
            name: name.to_string(),
            value: StoredValue(Some(value.clone())),
        }),
        missing: later(missing, |(name, why)| StoredMissing {
            name: name.to_string(),
            why: number(*why),
        }),
        layout: layout.as_ref().map(store_layout),
    }
}

/// What came later: not there if there is none of it.
fn later<T, S>(items: &[T], store: impl FnMut(&T) -> S) -> Option<Vec<S>> {
    (!items.is_empty()).then(|| items.iter().map(store).collect())
}

fn number(why: Withheld) -> u8 {
    let at = Withheld::ALL.iter().position(|known| *known == why);
    at.and_then(|at| u8::try_from(at).ok()).expect("each is listed once")
}

/// What can't be is left out: of a terminal nothing else depends on it.
pub(super) fn load_terminal(stored: StoredTerminal) -> Terminal {
    let mut terminal =
        Terminal { directory: stored.directory, shell: stored.shell, ..Terminal::default() };
    let history = stored.history.unwrap_or_default();
    let surplus = history.len().saturating_sub(MOST_COMMANDS);
    terminal.history = history.into_iter().skip(surplus).map(load_ran).collect();
    for StoredVariable { name, value } in stored.env.unwrap_or_default() {
        let Ok(name) = name.parse::<EnvName>() else { continue };
        match value.0 {
            Some(value) => terminal.env.push((name, value)),
            None => terminal.missing.push((name, Withheld::NoForm)),
        }
    }
    for StoredMissing { name, why } in stored.missing.unwrap_or_default() {
        let why = Withheld::ALL.get(usize::from(why)).copied().unwrap_or(Withheld::NoForm);
        terminal.missing.extend(name.parse().ok().map(|name| (name, why)));
    }
    terminal.env.truncate(MOST_VARIABLES);
    terminal.missing.truncate(MOST_VARIABLES);
    terminal.layout = stored.layout.and_then(load_layout);
    terminal
}

fn load_ran(stored: StoredRan) -> Ran {
    let StoredRan { command, time_ms, exit, directory } = stored;
    Ran { command, time_ms, exit, directory }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::super::manifest::{decode_manifest, encode_manifest};
    use super::*;
    use crate::manifest::Manifest;

    fn terminal() -> Terminal {
        let name = |text: &str| text.parse().expect(text);
        let text = |text: &str| EnvValue::Text(text.to_owned());
        let record = vec![("on".to_owned(), EnvValue::Bool(true)), ("n".to_owned(), text("x"))];
        let ran = Ran {
            command: "cargo test".to_owned(),
            time_ms: Some(1_700_000_000_123),
            exit: Some(101),
            directory: Some("src".to_owned()),
        };
        let bare = Ran { command: "ls\n-l".to_owned(), time_ms: None, exit: None, directory: None };
        Terminal {
            directory: "src".to_owned(),
            shell: Some("nu".to_owned()),
            history: vec![bare, ran],
            env: vec![
                (name("APP"), EnvValue::Record(record)),
                (name("HOSTS"), EnvValue::List(vec![text("a"), EnvValue::Int(-1)])),
                (name("NONE"), EnvValue::Nothing),
                (name("RATIO"), EnvValue::Float(0.5)),
                (name("SIZE"), EnvValue::Size(1000)),
                (name("SINCE"), EnvValue::Date { nanos: 1_700_000_000_000_000_000, offset: 3600 }),
                (name("WAIT"), EnvValue::Duration(1_500_000_000)),
            ],
            missing: vec![(name("API_TOKEN"), Withheld::Secret)],
            layout: None,
        }
    }

    fn manifest(terminal: Terminal) -> Manifest {
        Manifest { terminal: Some(terminal), ..Manifest::default() }
    }

    const TERMINAL: &str = "\
        a2018002a5006373726301626e750282a100656c730a2d6ca4006a636172676f2074657374011b000001\
        8bcfe5687b02186503637372630387826341505082098282626f6e8201f582616e820761788265484f53\
        54538208828207616182022082644e4f4e4581008265524154494f8203fb3fe000000000000082645349\
        5a4582051903e8826553494e434583061b17979cfe362a0000190e1082645741495482041a59682f0004\
        8182694150495f544f4b454e02";

    #[test]
    fn the_stored_terminal_never_changes() {
        let bytes = encode_manifest(&manifest(terminal()));
        assert_eq!(HEXLOWER.encode(&bytes), TERMINAL);
        assert_eq!(decode_manifest(&bytes), Ok(manifest(terminal())));
    }

    #[test]
    fn a_terminal_without_what_came_later_is_stored_as_before_it_came() {
        let old = Terminal { shell: Some("nu".to_owned()), ..Terminal::default() };
        let bytes = encode_manifest(&manifest(old.clone()));
        assert_eq!(HEXLOWER.encode(&bytes), "a2018002a2006001626e75");
        assert_eq!(decode_manifest(&bytes), Ok(manifest(old)));
    }

    /// A terminal with one variable of this stored value.
    fn with_value(value: &[u8]) -> Result<Terminal, super::super::FormatError> {
        let bytes = [b"\xa2\x01\x80\x02\xa2\x00\x60\x03\x81\x82\x61A", value].concat();
        decode_manifest(&bytes).map(|manifest| manifest.terminal.expect("it has one"))
    }

    #[test]
    fn a_value_of_a_later_version_is_missing_and_nothing_else_is() {
        let newer = with_value(b"\x83\x18\x63\x61x\xa1\x00\x01").expect("it is passed over");
        assert_eq!(newer.missing, [("A".parse().expect("a name"), Withheld::NoForm)]);
        let inside = with_value(b"\x82\x08\x82\x82\x02\x01\x82\x18\x63\x01").expect("a list");
        assert_eq!((inside.env.len(), inside.missing.len()), (0, 1));
        let no_number = with_value(b"\x82\x03\xfb\x7f\xf8\0\0\0\0\0\0").expect("a float");
        assert_eq!((no_number.env.len(), no_number.missing.len()), (0, 1));
    }

    #[test]
    fn values_without_end_are_refused_at_once() {
        assert!(with_value(&b"\x82\x08\x81".repeat(100_000)).is_err());
        assert!(with_value(b"\x82\x08\x9b\x7f\xff\xff\xff\xff\xff\xff\xff").is_err());
        assert!(with_value(b"\x82\x08\x9f\x82\x02\x01\xff").is_err());
        assert!(with_value(b"\x80").is_err());
        assert!(with_value(b"\x81\x02").is_err());
    }

    #[test]
    fn a_save_with_more_than_may_travel_is_cut_to_that() {
        let ran = terminal().history[1].clone();
        let many = Terminal { history: vec![ran; 1000], ..terminal() };
        let read = decode_manifest(&encode_manifest(&manifest(many))).expect("it is read");
        assert_eq!(read.terminal.expect("it has one").history.len(), MOST_COMMANDS);
    }

    #[test]
    fn a_name_that_is_none_is_left_out() {
        let bytes = b"\xa2\x01\x80\x02\xa2\x00\x60\x03\x81\x82\x63A;x\x82\x02\x01";
        let read = decode_manifest(bytes).expect("it is read").terminal.expect("it has one");
        assert_eq!(read, Terminal::default());
    }
}
