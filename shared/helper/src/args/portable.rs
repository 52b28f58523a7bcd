//! The options of `export` and `import`.

use clap::Args;
use convosync_wire::{ExportFormat, ExportSessionArgs, ImportArgs};

/// `convosync export`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    convosync export session-4k2m --output login.jsonl.gz\n  \
    convosync export session-4k2m --format markdown | less")]
pub(crate) struct Export {
    /// A session, or the beginning of its id
    pub(crate) session: String,
    /// jsonl, jsonl.gz, markdown or html; else as FILE ends, else jsonl
    #[arg(long, value_name = "FORMAT", value_parser = format())]
    pub(crate) format: Option<ExportFormat>,
    /// This save of the session, not its newest
    #[arg(long, value_name = "SAVE")]
    pub(crate) at: Option<String>,
    /// Write to this new file, not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<String>,
}

fn format() -> impl clap::builder::TypedValueParser<Value = ExportFormat> {
    use clap::builder::TypedValueParser as _;
    let names = ExportFormat::ALL.map(ExportFormat::as_str);
    clap::builder::PossibleValuesParser::new(names).try_map(|text| text.parse::<ExportFormat>())
}

impl From<Export> for ExportSessionArgs {
    fn from(export: Export) -> Self {
        let Export { session, format, at, output } = export;
        Self { session, format, at, output }
    }
}

/// `convosync import`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    convosync import login.jsonl.gz && convosync resume --latest")]
pub(crate) struct Import {
    /// A file that `export` wrote as jsonl or jsonl.gz, or a transcript of Claude Code
    pub(crate) file: String,
    /// What the session is called in lists, not the conversation's title
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
}

impl From<Import> for ImportArgs {
    fn from(import: Import) -> Self {
        Self { file: import.file, message: import.message }
    }
}
