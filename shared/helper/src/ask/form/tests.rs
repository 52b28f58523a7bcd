use convosync_wire::{CallerEnv, PlannedConversation, SavePlan};

use super::*;
use crate::view::testing::{fancy, plain};

fn plan() -> SavePlan {
    SavePlan {
        branch: Some("feature/oauth".to_owned()),
        modified_files: 3,
        new_files: 2,
        conversation: Some(PlannedConversation {
            assistant: "claude-code".to_owned(),
            conversation_id: "11111111-2222-4333-8444-555555555555".to_owned(),
            title: None,
            message_count: 15,
            size: 120_000,
            resume_tokens: None,
            large: false,
        }),
        directory: "/home/me/app".to_owned(),
    }
}

fn form(message: &str) -> Form {
    let args = SaveArgs { message: Some(message.to_owned()), ..SaveArgs::default() };
    Form::new(SaveForm::new(args, plan()))
}

/// A screen on which these keys are pressed.
struct Scripted {
    keys: Vec<Key>,
    drawn: usize,
}

impl Screen for Scripted {
    fn size(&self) -> (usize, usize) {
        (80, 24)
    }

    fn draw(&mut self, _text: &str) {
        self.drawn += 1;
    }

    fn keys(&mut self) -> Option<Vec<Key>> {
        match self.keys.is_empty() {
            true => None,
            false => Some(vec![self.keys.remove(0)]),
        }
    }
}

#[track_caller]
fn filled(form: Form, keys: &[Key]) -> Option<SaveArgs> {
    let mut screen = Scripted { keys: keys.to_vec(), drawn: 0 };
    let filled = fill(form, &mut screen, &plain());
    assert!(screen.drawn > 0, "it was shown");
    filled
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

#[test]
fn the_form_is_that_of_the_specification() {
    let drawn = form("Implemented OAuth login").drawn(&fancy());
    let want = "\
┌──────────────────────────────────────────────────────────────────────────┐
│ ConvoSync Save Session                                                   │
├──────────────────────────────────────────────────────────────────────────┤
│ 📝 Commit message: Implemented OAuth login▏                              │
│ 🌿 Branch: feature/oauth                                                 │
│ 📊 Changes: 3 files modified, 2 new                                      │
│ 💬 Conversation: 15 messages                                             │
│                                                                          │
│ What to sync:                                                            │
│   ☑ Code changes (commit + push)                                         │
│   ☑ Conversation history                                                 │
│   ☑ Terminal session state                                               │
│   ☐ Environment variables                                                │
│                                                                          │
│   [Save & Sync]  [Cancel]                                                │
└──────────────────────────────────────────────────────────────────────────┘
Up/Down: move   Space: on/off   Enter: save   Esc: cancel";
    assert_eq!(bare(&drawn), want);
}

/// The line without colours.
fn bare(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => chars.by_ref().take_while(|char| *char != 'm').for_each(drop),
            char => out.push(char),
        }
    }
    out
}

#[test]
fn every_line_is_as_wide_as_the_box_and_none_as_wide_as_the_terminal() {
    let message =
        "日本語のとても長いメッセージ and then some more, so that it never fits at all, whatever";
    for look in [fancy(), plain()] {
        for width in [24, 40, 60, 79, 80, 100, 200] {
            for focus in ORDER {
                let form = Form { focus, ..form(message) };
                let drawn = bare(&form.drawn(&Look { width, ..look.clone() }));
                let columns: Vec<usize> = drawn.lines().map(UnicodeWidthStr::width).collect();
                let (hint, boxed) = columns.split_last().expect("there are lines");
                assert!(boxed.iter().all(|one| *one == boxed[0]), "{width} {focus:?}\n{drawn}");
                assert!(boxed[0] <= width && *hint <= width, "{width}\n{drawn}");
            }
        }
    }
}

#[test]
fn what_is_typed_and_switched_becomes_options() {
    let keys = [typed("Done"), vec![Key::Tab, Key::Clear], typed("fix"), vec![Key::Down]].concat();
    // Conversation and terminal off; the environment brings the terminal back.
    let rest = [Key::Down, Key::Char(' '), Key::Down, Key::Char(' '), Key::Down, Key::Char(' ')];
    let keys = [keys, rest.to_vec(), vec![Key::Down, Key::Enter]].concat();
    let args = filled(form(""), &keys).expect("it was saved");
    let want = SaveArgs {
        message: Some("Done".to_owned()),
        branch: Some("fix".to_owned()),
        no_conversation: true,
        env: Some(CallerEnv::default()),
        interactive: true,
        ..SaveArgs::default()
    };
    assert_eq!(args, want);
}

#[test]
fn enter_saves_from_wherever_it_is_pressed_but_cancel() {
    let message = Some("Done".to_owned());
    let want = SaveArgs { message, interactive: true, ..SaveArgs::default() };
    for steps in 0..ORDER.len() - 1 {
        let keys = [vec![Key::Down; steps], vec![Key::Enter]].concat();
        assert_eq!(filled(form("Done"), &keys).as_ref(), Some(&want), "{steps}");
    }
    // Without code there is no branch to commit on.
    let off = [Key::Down, Key::Down, Key::Char(' '), Key::Up, Key::Char('x'), Key::Up, Key::Enter];
    let args = filled(form("Done"), &off).expect("it was saved");
    assert_eq!((args.no_code, args.branch), (true, None));
}

#[test]
fn a_form_that_says_nothing_is_not_taken() {
    assert_eq!(filled(form(" "), &[Key::Enter, Key::Leave]), None);
    let mut nothing = form("x");
    for part in &FormPart::ALL[..3] {
        nothing.form.toggle(*part).expect("off");
    }
    assert_eq!(nothing.press(Key::Enter), Pressed::Nothing);
    assert_eq!(nothing.wrong, Some("Choose something to save."));
    for keys in [&[Key::Leave][..], &[Key::Up, Key::Enter], &[]] {
        assert_eq!(filled(form("x"), keys), None, "{keys:?}");
    }
}

#[test]
fn a_line_is_edited_where_its_cursor_is() {
    let mut field = Field::new("helo\nsecond line");
    for key in [Key::Left, Key::Char('l'), Key::Home, Key::Delete, Key::Char('H'), Key::Right] {
        field.press(key);
    }
    assert_eq!(field.value(), "Hello");
    field.press(Key::End);
    field.press(Key::Backspace);
    field.press(Key::Right);
    assert_eq!(field.value(), "Hell");
    field.press(Key::Clear);
    field.press(Key::Backspace);
    field.press(Key::Left);
    assert_eq!((field.value(), field.cursor), (String::new(), 0));
}
