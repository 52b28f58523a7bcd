//! Pictures of what a terminal shows: `docs/pictures/<name>.svg`, for those who only look.
//!
//! What differs from run to run is replaced by something of the same width. `CONVOSYNC_PICTURES=write`
//! (`cargo xtask screenshots`) draws the files anew; look at them before you commit them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anstyle::{Color, RgbColor};
use anstyle_svg::{Palette, Term};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Says that pictures are to be drawn anew.
const WRITES: &str = "CONVOSYNC_PICTURES";

const PAPER: RgbColor = RgbColor(0x1e, 0x1e, 0x2e);
const INK: RgbColor = RgbColor(0xcd, 0xd6, 0xf4);

/// The sixteen colours of Catppuccin Mocha (<https://catppuccin.com/palette>).
const COLOURS: [RgbColor; 16] = [
    RgbColor(0x45, 0x47, 0x5a),
    RgbColor(0xf3, 0x8b, 0xa8),
    RgbColor(0xa6, 0xe3, 0xa1),
    RgbColor(0xf9, 0xe2, 0xaf),
    RgbColor(0x89, 0xb4, 0xfa),
    RgbColor(0xf5, 0xc2, 0xe7),
    RgbColor(0x94, 0xe2, 0xd5),
    RgbColor(0xba, 0xc2, 0xde),
    RgbColor(0x58, 0x5b, 0x70),
    RgbColor(0xf3, 0x8b, 0xa8),
    RgbColor(0xa6, 0xe3, 0xa1),
    RgbColor(0xf9, 0xe2, 0xaf),
    RgbColor(0x89, 0xb4, 0xfa),
    RgbColor(0xf5, 0xc2, 0xe7),
    RgbColor(0x94, 0xe2, 0xd5),
    RgbColor(0xa6, 0xad, 0xc8),
];

/// Compares what a terminal shows, with its colours, to the picture of that name.
///
/// # Panics
///
/// If they differ, or the picture can't be written where that is asked for.
#[track_caller]
pub fn matches_picture(name: &str, colours: &str) {
    if draw_picture(name, colours) {
        return;
    }
    let (drawn, file) = (draw(&steady(colours)), file(name));
    let there = fs::read_to_string(&file).unwrap_or_default();
    let differs = drawn.lines().zip(there.lines()).find(|(new, old)| new != old);
    let shown = file.display();
    assert!(drawn == there, "{shown} is stale: run `cargo xtask screenshots` ({differs:#?})");
}

/// Draws what a terminal shows as the picture of that name, where pictures are to be drawn anew.
///
/// # Panics
///
/// If it can't be written.
pub fn draw_picture(name: &str, colours: &str) -> bool {
    let draws = std::env::var(WRITES).is_ok_and(|how| how == "write");
    if draws {
        let file = file(name);
        fs::create_dir_all(file.parent().expect("it has a folder")).expect("a folder");
        fs::write(&file, draw(&steady(colours))).expect("a picture");
    }
    draws
}

/// Where a line begins, and how wide a cell is, in pixels of anstyle-svg.
const LEFT: f64 = 10.0;
const CELL: f64 = 8.4;

/// From one line to the next; anstyle-svg has 18.
const LINE: u32 = 17;

/// How a line of text begins.
const TEXT: &str = "    <tspan x=\"";

/// A font that is not as wide as a cell is made so, that lines have no gaps.
const STRETCHED: &str = "lengthAdjust=\"spacingAndGlyphs\"";

/// Asks for the coloured, wide form of the character before it.
const VARIATION: char = '\u{fe0f}';

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures").join(format!("{name}.svg"))
}

fn draw(colours: &str) -> String {
    Term::new()
        .palette(Palette(COLOURS))
        .fg_color(Color::Rgb(INK))
        .bg_color(Color::Rgb(PAPER))
        .min_width_px(0)
        .render_svg(colours)
        .lines()
        .map(|line| in_cells(&closer(line)) + "\n")
        .collect()
}

/// Moves lines together, so that upright ones have no gaps.
fn closer(line: &str) -> String {
    let moved = |name: &str, new: &dyn Fn(u32) -> u32| {
        let (before, from) = line.split_once(name)?;
        let (old, after) = from.split_once("px\"")?;
        Some(format!("{before}{name}{}px\"{after}", new(old.parse().ok()?)))
    };
    if line.starts_with("<svg") {
        return moved("height=\"", &|old| (old - 20) / 18 * LINE + 24).expect("it has a height");
    }
    let is_text = line.starts_with(TEXT);
    let moved = moved("y=\"", &|old| (old - 28) / 18 * LINE + 26).filter(|_| is_text);
    moved.unwrap_or_else(|| line.to_owned())
}

/// Says of each piece of a line where it begins, and begins a new one after each wide character:
/// fonts are not of one mind about how wide those are.
fn in_cells(line: &str) -> String {
    let Some((start, pieces)) = line.split_once("px\">").filter(|_| line.starts_with(TEXT)) else {
        return line.to_owned();
    };
    let mut out = format!("{start}px\">");
    let mut column = 0;
    for piece in pieces.split_inclusive("</tspan>") {
        let text = piece.strip_prefix("<tspan").and_then(|piece| piece.strip_suffix("</tspan>"));
        let Some((attributes, text)) = text.and_then(|text| text.split_once('>')) else {
            out.push_str(piece);
            continue;
        };
        for part in parts(text) {
            let text = plain(part);
            let width = text.width();
            let (x, long) = (LEFT + CELL * column as f64, CELL * width as f64);
            out.push_str(&format!("<tspan x=\"{x:.1}\"{attributes}"));
            // A picture among letters keeps its shape.
            if text.chars().all(|c| c.width() == Some(1)) {
                out.push_str(&format!(" textLength=\"{long:.1}\" {STRETCHED}"));
            }
            out.push_str(&format!(">{part}</tspan>"));
            column += width;
        }
    }
    out
}

/// Cuts a text after each wide character, and what belongs to it.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut wide) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        let joins = c == VARIATION;
        if wide && !joins {
            parts.push(&text[start..at]);
            start = at;
        }
        wide = joins || c.width() == Some(2);
    }
    parts.push(&text[start..]);
    parts
}

/// The text without what stands for another character in SVG.
fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// Ids and commits by names of the same width, the same thing by the same name.
fn steady(text: &str) -> String {
    let mut names = BTreeMap::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let (word, after) = from.split_at(end.unwrap_or(from.len()));
        // The end of an escape sequence is a letter that no word begins with.
        let escaped = before.ends_with('[') || before.ends_with(';');
        let (code, word) = match word.split_once('m').filter(|_| escaped) {
            Some((code, word)) => (&from[..=code.len()], word),
            None => ("", word),
        };
        out.push_str(before);
        out.push_str(code);
        out.push_str(&named(word, &mut names));
        rest = after;
    }
    out + rest
}

fn named(word: &str, names: &mut BTreeMap<String, String>) -> String {
    /// Beginnings of ids and commits, as they might be.
    const IDS: [&str; 6] = ["k7m2q4xd", "p3v6t2ha", "w5n7c4rb", "d2y6j3se", "g4f7u5lz", "b6o2i7mk"];
    const COMMITS: [&str; 6] = ["c306af4", "8d1e5b7", "41fa90c", "e97b2d6", "0b5c8f3", "a62d47e"];
    let next = |names: &BTreeMap<String, String>, of: &str| {
        names.values().filter(|name| name.starts_with("session-") == (of == "session")).count()
    };
    if let Some(known) = names.get(word) {
        return known.clone();
    }
    let hex = |text: &str| text.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
    let name = if word.len() == 16 && word.starts_with("session-") {
        format!("session-{}", IDS[next(names, "session") % IDS.len()])
    } else if word.len() == 7 && hex(word) {
        COMMITS[next(names, "commit") % COMMITS.len()].to_owned()
    } else {
        return word.to_owned();
    };
    names.insert(word.to_owned(), name.clone());
    name
}

#[test]
fn each_piece_of_a_line_stands_in_its_cell() {
    let line = "    <tspan x=\"10px\" y=\"28px\"><tspan>a⚠\u{fe0f} &lt;</tspan><tspan class=\"b\">c</tspan>";
    let piece = |at: &str, long: &str, rest: &str| {
        format!("<tspan x=\"{at}\"{long} {STRETCHED}{rest}</tspan>")
    };
    let want = [
        "    <tspan x=\"10px\" y=\"28px\"><tspan x=\"10.0\">a⚠\u{fe0f}</tspan>".to_owned(),
        piece("35.2", " textLength=\"16.8\"", "> &lt;"),
        piece("52.0", " class=\"b\" textLength=\"8.4\"", ">c"),
    ];
    assert_eq!(in_cells(line), want.concat());
    assert_eq!(in_cells("</tspan>"), "</tspan>");
}

#[test]
fn what_differs_from_run_to_run_is_replaced_by_what_is_as_wide() {
    let text = "\u{1b}[32msession-abcdefgh\u{1b}[0m │ 0123abc │ session-abcdefgh session-zzzzzzzz";
    let want = "\u{1b}[32msession-k7m2q4xd\u{1b}[0m │ c306af4 │ session-k7m2q4xd session-p3v6t2ha";
    assert_eq!(steady(text), want);
    assert_eq!(steady("\u{1b}[1;31mdesktop saved 3 files"), "\u{1b}[1;31mdesktop saved 3 files");
}
