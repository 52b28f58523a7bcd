//! Records of the store.

use convosync_wire::{ConsentReport, MoveReport, OriginRow, StoreReport, Visible};
use nu_protocol::{Value, record};

use super::Shape;

impl Shape {
    /// The record of `store`.
    pub(crate) fn storage(self, report: &StoreReport) -> Value {
        self.record(record! {
            "store" => self.line(&report.store),
            "kind" => self.line(report.store_kind.as_str()),
            "local_only" => self.flag(report.local_only),
            "reachable" => self.flag(report.reachable),
            "queued" => self.count(report.queued),
            "visible" => self.visible(report.visible.as_ref()),
            "origins" => self.list(&report.origins, |row| self.origin(row)),
            "join_with" => self.maybe(report.join_with.as_ref()),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `store move`.
    pub(crate) fn store_moved(self, report: &MoveReport) -> Value {
        self.record(record! {
            "changed" => self.flag(report.changed),
            "lost" => self.flag(report.lost),
            "from" => self.line(&report.from),
            "store" => self.line(&report.store),
            "objects" => self.count(report.objects),
            "copied" => self.count(report.copied),
            "bytes" => self.size(report.bytes),
            "other_devices" => self.texts(&report.other_devices),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `store allow` and `store forbid`.
    pub(crate) fn consented(self, report: &ConsentReport) -> Value {
        self.record(record! {
            "changed" => self.flag(report.changed),
            "origin" => self.origin(&report.origin),
            "notes" => self.notes(&report.notes),
        })
    }

    /// What whoever runs the store can see.
    pub(super) fn visible(self, visible: Option<&Visible>) -> Value {
        let Some(visible) = visible else { return self.nothing() };
        self.record(record! {
            "sessions" => self.count(visible.sessions),
            "saves" => self.count(visible.saves),
            "devices" => self.count(visible.devices),
            "size" => self.size(visible.bytes),
            "also" => self.texts(&visible.also),
        })
    }

    fn origin(self, row: &OriginRow) -> Value {
        self.record(record! {
            "repository" => self.line(&row.repository),
            "store" => self.line(&row.store),
            "allowed" => self.flag(row.allowed),
            "reachable" => self.flag(row.reachable),
        })
    }
}
