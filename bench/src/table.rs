//! The table: what was measured, what it should be, what others need, how to measure it again.

use std::fmt::Write as _;

/// A figure's limit.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    /// There is none: the row is there to be compared.
    None,
    /// In the figure's own unit.
    AtMost(f64),
}

/// One figure.
#[derive(Debug)]
struct Row {
    what: String,
    figure: f64,
    unit: Unit,
    limit: Limit,
    command: String,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Milliseconds,
    Mebibytes,
    Processes,
    Requests,
    /// System calls.
    Calls,
    /// One figure divided by another.
    Times,
}

impl Unit {
    fn shown(self, figure: f64) -> String {
        match self {
            Self::Bytes => format!("{} B", grouped(figure)),
            Self::Milliseconds if figure < 100.0 => format!("{figure:.1} ms"),
            Self::Milliseconds => format!("{figure:.0} ms"),
            Self::Mebibytes => format!("{figure:.0} MiB"),
            Self::Processes | Self::Requests | Self::Calls => grouped(figure),
            Self::Times => format!("{figure:.2} x"),
        }
    }
}

/// Digits in groups of three.
fn grouped(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Rows in sections. Each is told on standard error as it is measured.
#[derive(Debug, Default)]
pub(crate) struct Table {
    sections: Vec<(String, Vec<Row>)>,
    notes: Vec<String>,
}

impl Table {
    pub(crate) fn section(&mut self, title: &str) {
        eprintln!("# {title}");
        self.sections.push((title.to_owned(), Vec::new()));
    }

    pub(crate) fn row(
        &mut self,
        what: impl Into<String>,
        (figure, unit): (f64, Unit),
        limit: Limit,
        command: impl Into<String>,
    ) {
        let row = Row { what: what.into(), figure, unit, limit, command: command.into() };
        eprintln!("{}: {} {}", row.what, unit.shown(figure), verdict(&row));
        self.sections.last_mut().expect("rows come after a section").1.push(row);
    }

    /// Something that could not be measured here.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    pub(crate) fn markdown(&self) -> String {
        let mut out = String::new();
        for (title, rows) in &self.sections {
            let _ = writeln!(out, "\n## {title}\n");
            out.push_str("| what | figure | limit | | measured by |\n|---|---:|---:|---|---|\n");
            for row in rows {
                let limit = match row.limit {
                    Limit::None => String::new(),
                    Limit::AtMost(limit) => row.unit.shown(limit),
                };
                let _ = writeln!(
                    out,
                    "| {} | {} | {limit} | {} | `{}` |",
                    row.what,
                    row.unit.shown(row.figure),
                    verdict(row),
                    row.command
                );
            }
        }
        if !self.notes.is_empty() {
            out.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(out, "- {note}");
        }
        out
    }
}

fn verdict(row: &Row) -> &'static str {
    match row.limit {
        Limit::None => "",
        Limit::AtMost(limit) if row.figure <= limit => "met",
        Limit::AtMost(_) => "**missed**",
    }
}
