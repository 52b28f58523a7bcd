use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use indicatif::TermLike;

use super::*;

/// A terminal that keeps what was written, and whether its line is clear.
#[derive(Debug, Clone, Default)]
struct Paper {
    written: Arc<Mutex<String>>,
    clear: Arc<AtomicBool>,
    columns: u16,
}

impl TermLike for Paper {
    fn width(&self) -> u16 {
        self.columns
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut written = self.written.lock().expect("no writer panics");
        written.push_str(text);
        written.push('\n');
        self.clear.store(false, Ordering::SeqCst);
        Ok(())
    }
    fn clear_line(&self) -> io::Result<()> {
        self.clear.store(true, Ordering::SeqCst);
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn of(columns: u16) -> Self {
        Self { columns, ..Self::default() }
    }

    fn target(&self) -> ProgressDrawTarget {
        ProgressDrawTarget::term_like_with_hz(Box::new(self.clone()), 100)
    }

    fn written(&self) -> String {
        self.written.lock().expect("no writer panics").clone()
    }

    #[track_caller]
    fn waits_for(&self, part: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        while !self.written().contains(part) {
            assert!(Instant::now() < end, "{part:?} is not in {:?}", self.written());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn what_is_over_at_once_shows_nothing() {
    let paper = Paper::of(80);
    // Nothing can be drawn while nobody waits: the thread has its patience to end first.
    for _ in 0..50 {
        let meter = Meter::on(paper.target(), Signs::Ascii, || false);
        meter.show("Pushing to origin/main", None);
    }
    assert_eq!(paper.written(), "");
}

#[test]
fn what_takes_long_is_told_and_cleared() {
    let paper = Paper::of(80);
    let meter = Meter::on(paper.target(), Signs::Ascii, || false);
    meter.show("Pushing to origin/main", None);
    paper.waits_for("Pushing to origin/main");
    meter.show("Uploading", Some(Counted { done: 1_200_000, of: 4_800_000, unit: Unit::Bytes }));
    paper.waits_for("Uploading 1.20 MB of 4.80 MB ====");
    meter.show("Copying", Some(Counted { done: 3, of: 7, unit: Unit::Objects }));
    paper.waits_for("Copying 3 of 7 ====");
    drop(meter);
    assert!(paper.clear.load(Ordering::SeqCst), "the line stays: {:?}", paper.written());
    assert!(paper.written().is_ascii(), "{:?}", paper.written());
}

#[test]
fn who_asked_to_stop_is_told_that_it_was_heard() {
    let paper = Paper::of(80);
    let meter = Meter::on(paper.target(), Signs::Unicode, || true);
    meter.show("Pushing to origin/main", None);
    paper.waits_for(STOPPING);
    drop(meter);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let paper = Paper::of(40);
    let meter = Meter::on(paper.target(), Signs::Unicode, || false);
    meter.show("日本語の長いブランチ名 ".repeat(9), None);
    paper.waits_for("日本語");
    drop(meter);
    let widest = paper.written().lines().map(indicatif_width).max().unwrap_or_default();
    assert!(widest <= 40, "{widest}: {:?}", paper.written());
}

/// Columns: what is not ASCII here is a spinner of one, or a letter of two.
fn indicatif_width(line: &str) -> usize {
    line.chars().map(|c| if c.is_ascii() || ('⠀'..='⣿').contains(&c) { 1 } else { 2 }).sum()
}

#[test]
fn a_hidden_one_starts_nothing() {
    let meter = Meter::on(ProgressDrawTarget::hidden(), Signs::Ascii, || false);
    meter.show("x", None);
    assert!(meter.work.is_none());
}
