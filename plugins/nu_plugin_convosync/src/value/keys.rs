//! Keys and devices.

use convosync_wire::{ApproveReport, KeyReport, ProtectReport, RenameReport};
use nu_protocol::{Value, record};

use super::Shape;

impl Shape {
    /// The record of `device rename`.
    pub(crate) fn renamed(self, report: &RenameReport) -> Value {
        self.record(record! {
            "changed" => self.flag(report.changed),
            "previous" => self.line(&report.previous),
            "name" => self.line(&report.name),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `device revoke`, `key rotate` and `key export`.
    pub(crate) fn key(self, report: &KeyReport) -> Value {
        self.record(record! {
            "changed" => self.flag(report.changed),
            "epoch" => self.count(u64::from(report.epoch)),
            "devices" => self.texts(&report.devices),
            "revoked" => report.revoked.as_ref().map_or_else(|| self.nothing(), |row| self.device(row)),
            "recovery_words" => self.maybe(report.recovery_words.as_ref()),
            "recovery_file" => self.maybe(report.recovery_file.as_ref()),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `key protect`.
    pub(crate) fn protected(self, report: &ProtectReport) -> Value {
        self.record(record! {
            "passphrase" => self.flag(report.passphrase),
            "keychain" => self.flag(report.keychain),
            "notes" => self.notes(&report.notes),
        })
    }

    /// The record of `device approve`.
    pub(crate) fn approved(self, report: &ApproveReport) -> Value {
        self.record(record! {
            "name" => self.line(&report.name),
            "kind" => self.line(&report.kind),
            "notes" => self.notes(&report.notes),
        })
    }
}
