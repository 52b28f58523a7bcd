//! Rows of `list`, `log` and `device list`.

use convosync_wire::{DeviceRow, LogRow, SessionRow};
use nu_protocol::{Record, Type, Value, record};

use super::Shape;

/// The type of `convosync list`.
pub(crate) fn session_type() -> Type {
    Type::Table(session_columns().into())
}

/// The type of `convosync log`: the names of saves leave less room, so the message comes early. The
/// session, the same in every row, stands last, behind what is true of few saves.
pub(crate) fn log_type() -> Type {
    let mut columns = session_columns();
    columns[0].0 = "save".to_owned();
    let message = columns.remove(MESSAGE);
    columns.insert(MESSAGE_OF_LOG, message);
    columns.extend(["head", "parked", "note"].map(|name| (name.to_owned(), Type::Bool)));
    columns.push(("session_id".to_owned(), Type::String));
    Type::Table(columns.into())
}

/// Where the message stands in a row of `list`, and of `log`.
const MESSAGE: usize = 5;
const MESSAGE_OF_LOG: usize = 2;

/// A narrow terminal drops columns from the right, so the order is that of their weight.
fn session_columns() -> Vec<(String, Type)> {
    [
        ("session_id", Type::String),
        ("timestamp", Type::Date),
        ("device", Type::String),
        ("branch", Type::String),
        ("commit", Type::String),
        ("message", Type::String),
        ("message_count", Type::Int),
        ("size", Type::Filesize),
        ("repository", Type::String),
        ("working_directory", Type::String),
        ("conversation_id", Type::String),
        ("state", Type::String),
        ("pinned", Type::Bool),
        ("title", Type::String),
        ("holds", Type::list(Type::String)),
        ("uncommitted", Type::Int),
    ]
    .map(|(name, ty)| (name.to_owned(), ty))
    .to_vec()
}

impl Shape {
    /// The table of `list`.
    pub(crate) fn sessions(self, rows: &[SessionRow]) -> Value {
        self.list(rows, |row| self.session(row))
    }

    /// What `status` tells of them: where there is little room a table of all would be torn.
    pub(super) fn devices_in_short(self, rows: &[DeviceRow]) -> Value {
        self.list(rows, |row| {
            self.record(record! {
                "name" => self.line(&row.name),
                "kind" => self.line(&row.kind),
                "this_device" => self.flag(row.this_device),
                "last_sync" => row.last_sync.map_or_else(|| self.nothing(), |time| self.date(time)),
                "state" => self.line(row.state.as_str()),
            })
        })
    }

    /// One row of it.
    pub(crate) fn session(self, row: &SessionRow) -> Value {
        self.record(self.session_record(row))
    }

    /// The table of `log`.
    pub(crate) fn log(self, rows: &[LogRow]) -> Value {
        self.list(rows, |row| {
            let mut fields: Vec<_> = self.session_record(&row.row).into_iter().collect();
            fields[0] = ("save".to_owned(), self.line(&row.save));
            let message = fields.remove(MESSAGE);
            fields.insert(MESSAGE_OF_LOG, message);
            fields.push(("head".to_owned(), self.flag(row.head)));
            fields.push(("parked".to_owned(), self.flag(row.parked)));
            fields.push(("note".to_owned(), self.flag(row.note)));
            fields.push(("session_id".to_owned(), self.line(&row.row.session_id)));
            self.record(fields.into_iter().collect())
        })
    }

    /// The table of `device list`.
    pub(crate) fn devices(self, rows: &[DeviceRow]) -> Value {
        self.list(rows, |row| self.device(row))
    }

    /// One row of it.
    pub(crate) fn device(self, row: &DeviceRow) -> Value {
        self.record(record! {
            "device_id" => self.line(&row.device_id),
            "name" => self.line(&row.name),
            "kind" => self.line(&row.kind),
            "this_device" => self.flag(row.this_device),
            "last_sync" => row.last_sync.map_or_else(|| self.nothing(), |time| self.date(time)),
            "joined" => self.date(row.joined),
            "state" => self.line(row.state.as_str()),
        })
    }

    fn session_record(self, row: &SessionRow) -> Record {
        record! {
            "session_id" => self.line(&row.session_id),
            "timestamp" => self.date(row.timestamp),
            "device" => self.line(&row.device),
            "branch" => self.maybe(row.branch.as_ref()),
            "commit" => self.commit(row.commit.as_ref()),
            "message" => self.text(&row.message),
            "message_count" => self.count(row.message_count),
            "size" => self.size(row.size),
            "repository" => self.line(&row.repository),
            "working_directory" => self.line(&row.working_directory),
            "conversation_id" => self.maybe(row.conversation_id.as_ref()),
            "state" => self.line(row.state.as_str()),
            "pinned" => self.flag(row.pinned),
            "title" => self.maybe(row.title.as_ref()),
            "holds" => self.list(&row.holds, |part| self.line(part.as_str())),
            "uncommitted" => self.count(row.uncommitted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::sample;
    use nu_protocol::Span;

    const SHAPE: Shape = Shape { span: Span::test_data() };

    fn columns(table: &Value) -> Vec<String> {
        let rows = table.as_list().unwrap();
        rows[0].as_record().unwrap().columns().cloned().collect()
    }

    fn declared(ty: Type) -> Vec<String> {
        let Type::Table(columns) = ty else { panic!("{ty:?}") };
        columns.iter().map(|(name, _)| name.to_string()).collect()
    }

    #[test]
    fn the_columns_are_those_that_are_promised() {
        let want = "session_id timestamp device branch commit message message_count size \
                    repository working_directory conversation_id state pinned title holds uncommitted";
        let list = columns(&SHAPE.sessions(&sample::sessions()));
        assert_eq!(list.join(" "), want);
        assert_eq!(declared(session_type()), list);

        let log = columns(&SHAPE.log(&sample::log()));
        let rest = want.trim_start_matches("session_id timestamp ").replace(" message ", " ");
        let want = format!("save timestamp message {rest} head parked note session_id");
        assert_eq!(log.join(" "), want);
        assert_eq!(declared(log_type()), log);
    }

    #[test]
    fn what_another_device_wrote_can_not_write_to_the_terminal() {
        let mut rows = sample::sessions();
        rows[0].message = "fix\x1b]0;owned\x07\u{202e}".to_owned();
        rows[0].branch = Some("main\x1b[2J".to_owned());
        rows[0].device = "laptop\n\r".to_owned();
        let shown = SHAPE.sessions(&rows).to_expanded_string(" ", &nu_protocol::Config::default());
        assert!(!shown.contains(['\x1b', '\x07', '\r', '\u{202e}']), "{shown:?}");
    }
}
