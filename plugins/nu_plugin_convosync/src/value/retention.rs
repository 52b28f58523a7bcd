//! What was pinned, deleted, collected and set.

use convosync_wire::{Amount, ConfigReport, GcReport, KeptReport, KeptSession, RetentionState};
use nu_protocol::{Record, Value, record};

use super::Shape;

/// The bytes of `100 MB` or `123`, as the settings write a size.
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = text.split_once(' ').unwrap_or((text, "B"));
    let factor = match unit {
        "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

impl Shape {
    /// The record of `pin`, `unpin`, `delete` and `undelete`.
    pub(crate) fn kept(self, report: &KeptReport) -> Value {
        self.record(record! {
            "sessions" => self.list(&report.sessions, |row| self.kept_session(row)),
            "queued" => self.count(report.queued),
            "grace_days" => self.count(report.grace_days),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `gc`.
    pub(crate) fn collected(self, report: &GcReport) -> Value {
        self.record(record! {
            "dry_run" => self.flag(report.dry_run),
            "leaving" => self.list(&report.leaving, |row| self.kept_session(row)),
            "marked" => self.amount(report.marked),
            "waiting" => self.amount(report.waiting),
            "deleted" => self.amount(report.deleted),
            "store" => self.amount(report.store),
            "grace_days" => self.count(report.grace_days),
            "notes" => self.notes(&report.notes),
        })
    }

    /// What a status says of retention.
    pub(super) fn retention(self, state: &RetentionState) -> Value {
        self.record(record! {
            "quota" => state.quota.map_or_else(|| self.nothing(), |bytes| self.size(bytes)),
            "leaving" => self.list(&state.leaving, |row| self.kept_session(row)),
            "biggest" => self.list(&state.biggest, |row| self.kept_session(row)),
            "deleted" => self.count(state.deleted),
        })
    }

    /// The record of `config`: a setting a column, tables inside as in the file.
    pub(crate) fn settings(self, report: &ConfigReport) -> Value {
        let mut all = Record::new();
        for row in &report.settings {
            let value = self.setting_of(&row.key, &row.value);
            match row.key.split_once('.') {
                None => drop(all.insert(row.key.clone(), value)),
                Some((table, key)) => match all.get_mut(table) {
                    Some(Value::Record { val, .. }) => drop(val.to_mut().insert(key, value)),
                    _ => {
                        drop(all.insert(table, self.record(record! { key => value })));
                    }
                },
            }
        }
        all.insert("path", self.line(&report.path));
        self.record(all)
    }

    /// The value of the one setting that was asked for.
    pub(crate) fn setting(self, report: &ConfigReport) -> Value {
        let first = report.settings.first();
        first.map_or_else(|| self.nothing(), |row| self.setting_of(&row.key, &row.value))
    }

    /// A setting's value: sizes are written as texts in the file, and are sizes here.
    fn setting_of(self, key: &str, value: &serde_json::Value) -> Value {
        let is_size = matches!(key, "large.size" | "retention.quota");
        match value.as_str().filter(|_| is_size).and_then(bytes) {
            Some(bytes) => self.size(bytes),
            None => self.json(value),
        }
    }

    fn kept_session(self, row: &KeptSession) -> Value {
        self.record(record! {
            "session_id" => self.line(&row.session_id),
            "timestamp" => self.date(row.timestamp),
            "message" => self.text(&row.message),
            "repository" => self.line(&row.repository),
            "changed" => self.flag(row.changed),
            "size" => row.size.map_or_else(|| self.nothing(), |bytes| self.size(bytes)),
            "why" => self.maybe(row.why.as_ref()),
        })
    }

    fn amount(self, amount: Amount) -> Value {
        self.record(record! {
            "objects" => self.count(amount.objects),
            "size" => self.size(amount.bytes),
        })
    }

    fn json(self, value: &serde_json::Value) -> Value {
        match value {
            serde_json::Value::Bool(on) => self.flag(*on),
            serde_json::Value::Number(number) => self.count(number.as_u64().unwrap_or(0)),
            serde_json::Value::String(text) => self.text(text),
            serde_json::Value::Array(items) => self.list(items, |item| self.json(item)),
            serde_json::Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.clone(), self.json(value)));
                self.record(fields.collect())
            }
            serde_json::Value::Null => self.nothing(),
        }
    }
}

#[cfg(test)]
mod tests {
    use nu_protocol::Span;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_has_the_type_of_what_it_says() {
        let shape = Shape::at(Span::test_data());
        for (text, bytes) in [("100 MB", 100_000_000), ("5 KB", 5_000), ("123", 123), ("0", 0)] {
            let value = shape.setting_of("retention.quota", &json!(text));
            assert_eq!(value, Value::test_filesize(bytes), "{text}");
        }
        assert_eq!(shape.setting_of("save.mode", &json!("123")), Value::test_string("123"));
        assert_eq!(shape.setting_of("large.size", &json!("many")), Value::test_string("many"));
        let modes = shape.setting_of("save.repositories", &json!({"a/b": "stash"}));
        assert_eq!(modes, Value::test_record(record! {"a/b" => Value::test_string("stash")}));
    }
}
