//! The files of `export` and `import`.
//!
//! A file that is written is there whole or not at all, and never in the place of another.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use convosync_engine::{Engine, Refusal, Trouble};
use convosync_wire::{
    ExportFormat, ExportReport, ExportSessionArgs, ImportArgs, Reply, Request, Verb,
};

use crate::outcome::Outcome;

/// Runs a verb that works on a file; `None`: this one does not.
pub(crate) fn run(engine: &Engine<'_>, request: &Request) -> Option<Outcome> {
    let done = match &request.verb {
        Verb::Export(args) => to_file(engine, request, args).map(Reply::Exported),
        Verb::Import(args) => from_file(engine, request, args).map(Reply::Imported),
        _ => return None,
    };
    Some(told(done))
}

/// Runs an export whose output is the conversation itself.
pub(crate) fn to_output(
    engine: &Engine<'_>,
    request: &Request,
    args: &ExportSessionArgs,
    out: &mut dyn Write,
) -> Outcome {
    let mut out = BufWriter::new(Output { out, gone: false });
    let done = engine.export(request, args, &mut out).and_then(|report| {
        out.flush().map_err(|error| not_written("standard output", &error))?;
        Ok(report)
    });
    told(done.map(Reply::Exported))
}

fn told(done: Result<Reply, Trouble>) -> Outcome {
    match done {
        Ok(reply) => Outcome::Reply(Box::new(reply)),
        Err(Trouble::Decide(decision)) => Outcome::Decision(*decision),
        Err(trouble) => Outcome::Failure(trouble.failure()),
    }
}

fn to_file(
    engine: &Engine<'_>,
    request: &Request,
    args: &ExportSessionArgs,
) -> Result<ExportReport, Trouble> {
    let Some(output) = &args.output else { return Err(no_file().into()) };
    let path = Path::new(&request.directory).join(output);
    if fs::symlink_metadata(&path).is_ok() {
        return Err(taken(&path).into());
    }
    if let (None, None, Some(end)) = (args.format, ExportFormat::of_name(output), path.extension())
    {
        return Err(no_format(&end.to_string_lossy()).into());
    }
    let shown = path.display().to_string();
    let mut file = Unfinished::beside(&path).map_err(|error| not_written(&shown, &error))?;
    let report = engine.export(request, args, &mut file.out)?;
    match file.finish(&path) {
        Ok(()) => Ok(ExportReport { output: Some(shown), ..report }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(taken(&path).into()),
        Err(error) => Err(not_written(&shown, &error).into()),
    }
}

fn from_file(
    engine: &Engine<'_>,
    request: &Request,
    args: &ImportArgs,
) -> Result<convosync_wire::ImportReport, Trouble> {
    let path = Path::new(&request.directory).join(&args.file);
    // A pipe would be waited for without end, a folder can't be read.
    let opened = fs::metadata(&path).and_then(|facts| match facts.is_file() {
        true => File::open(&path),
        false => Err(io::Error::other("it is no file")),
    });
    let mut file = opened.map_err(|error| {
        let text = format!("can't read {}: {error}", path.display());
        Refusal::new("convosync::import::unreadable", text).argument("file")
    })?;
    engine.import(request, args, &mut file)
}

/// A file that is written beside its place; gone when dropped before its end.
struct Unfinished {
    out: BufWriter<File>,
    path: PathBuf,
}

impl Unfinished {
    fn beside(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
        let name = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
        let path = place.with_file_name(name);
        // Conversations are private.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { out: BufWriter::new(file), path })
    }

    /// Gives it its name, unless that is taken by now.
    fn finish(mut self, place: &Path) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        match fs::hard_link(&self.path, place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !place.exists() => {
                // This file system knows no links.
                fs::rename(&self.path, place)
            }
            linked => linked,
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Standard output, whose reader may go away, as `head` does: that is no failure.
struct Output<'a> {
    out: &'a mut dyn Write,
    gone: bool,
}

impl Output<'_> {
    fn unless_gone<T>(&mut self, done: io::Result<T>, instead: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(instead)
            }
            done => done,
        }
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        let written = self.out.write(bytes);
        self.unless_gone(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let flushed = self.out.flush();
        self.unless_gone(flushed, ())
    }
}

fn no_file() -> Refusal {
    Refusal::new("convosync::export::no-file", "into which file?")
        .help("say it with `--output FILE`: only the command line has a standard output")
        .argument("--output")
}

fn no_format(end: &str) -> Refusal {
    let text = format!("no format is known by a name that ends in .{end}");
    let formats = ExportFormat::ALL.map(ExportFormat::as_str).join(", ");
    Refusal::new("convosync::export::format", text)
        .help(format!("say which with `--format`: {formats}"))
        .argument("--output")
}

fn taken(path: &Path) -> Refusal {
    let text = format!("{} is there already and was left as it is", path.display());
    Refusal::new("convosync::export::exists", text).help("take another name").argument("--output")
}

fn not_written(what: &str, error: &io::Error) -> Refusal {
    let text = format!("can't write {what}: {error}");
    Refusal::new("convosync::export::not-written", text).argument("--output")
}
