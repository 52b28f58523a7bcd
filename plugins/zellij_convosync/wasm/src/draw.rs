//! Lines in the user's theme: Zellij colours its own text by levels, so that they are right in
//! light and dark themes.

use zellij_convosync::{Line, Role};
use zellij_tile::prelude::*;

/// Prints the lines, one below the other.
pub(crate) fn lines(lines: &[Line], columns: usize) {
    for (row, line) in lines.iter().enumerate() {
        if line.spans.is_empty() && !line.selected {
            continue;
        }
        print_text_with_coordinates(text(line), 0, row, Some(columns), None);
    }
}

/// Zellij counts letters here. Whatever is neither dim nor said to be light is bold.
fn text(line: &Line) -> Text {
    let whole = Text::new(line.text());
    let whole = if line.selected { whole.selected() } else { whole };
    line.letters().fold(whole, |text, (role, letters)| match role {
        Role::Plain => text.unbold_range(letters),
        Role::Strong => text,
        Role::Dim => text.dim_range(letters),
        Role::Title => text.color_range(0, letters),
        Role::Place => text.color_range(1, letters),
        Role::Branch => text.color_range(2, letters.clone()).unbold_range(letters),
        Role::Key => text.color_range(3, letters),
        Role::Success => text.success_color_range(letters),
        Role::Error => text.error_color_range(letters),
    })
}
