use super::*;

fn area(x: u16, y: u16, columns: u16, rows: u16) -> Area {
    Area { x, y, size: Size { columns, rows } }
}

/// A tile as `|`, `-` and `=` (columns, rows, stack) around names and sizes.
fn told(tile: &Tile<&str>) -> String {
    match tile {
        Tile::Pane(name) => (*name).to_owned(),
        Tile::Split { direction, parts } => {
            let sign = if *direction == Direction::Columns { " | " } else { " - " };
            let part = |(size, tile): &(u16, Tile<&str>)| format!("{}:{size}", told(tile));
            format!("({})", parts.iter().map(part).collect::<Vec<_>>().join(sign))
        }
        Tile::Stack { panes, unfolded } => {
            let title = |(at, name): (usize, &&str)| {
                if at == *unfolded { format!("[{name}]") } else { (*name).to_owned() }
            };
            format!("<{}>", panes.iter().enumerate().map(title).collect::<Vec<_>>().join(" = "))
        }
    }
}

#[track_caller]
fn check(panes: &[(&'static str, Area)], want: &str) {
    // The order in which a program tells of its panes is any.
    for turn in 0..panes.len().max(1) {
        let mut panes: Vec<_> =
            panes.iter().map(|(name, area)| (*area, Tile::Pane(*name))).collect();
        panes.rotate_left(turn);
        assert_eq!(arranged(panes).as_ref().map(told).unwrap_or_default(), want);
    }
}

#[test]
fn one_pane_is_no_split() {
    check(&[], "");
    check(&[("a", area(0, 1, 80, 20))], "a");
}

#[test]
fn nested_splits_are_found_from_where_panes_are() {
    let panes = [
        ("a", area(0, 0, 40, 24)),
        ("b", area(40, 0, 80, 10)),
        ("c", area(40, 10, 30, 14)),
        ("d", area(70, 10, 50, 14)),
    ];
    check(&panes, "(a:40 | (b:10 - (c:30 | d:50):14):80)");
}

#[test]
fn a_cross_is_cut_from_top_to_bottom() {
    let panes = [
        ("a", area(0, 0, 40, 12)),
        ("b", area(40, 0, 40, 12)),
        ("c", area(0, 12, 40, 12)),
        ("d", area(40, 12, 40, 12)),
    ];
    check(&panes, "((a:12 - c:12):40 | (b:12 - d:12):40)");
}

#[test]
fn what_was_left_out_leaves_no_gap() {
    // A column of 34 and a last row that are no panes of the user, and a hole between two.
    let panes = [("a", area(34, 0, 40, 22)), ("b", area(80, 0, 40, 22))];
    check(&panes, "(a:40 | b:40)");
}

#[test]
fn a_stack_is_a_tile_among_others() {
    let stack = |names: &[&'static str]| Tile::Stack { panes: names.to_vec(), unfolded: 1 };
    let tiles = vec![
        (area(0, 17, 40, 7), Tile::Pane("left")),
        (area(0, 8, 80, 1).around(area(0, 9, 80, 8)), stack(&["a", "b"])),
        (area(40, 17, 40, 7), Tile::Pane("right")),
        (area(0, 0, 80, 8), Tile::Pane("top")),
    ];
    let arranged = arranged(tiles).expect("there are some");
    assert_eq!(told(&arranged), "(top:8 - <a = [b]>:9 - (left:40 | right:40):7)");
}

#[test]
fn panes_around_a_middle_come_back_below_each_other() {
    let panes = [
        ("a", area(0, 0, 60, 8)),
        ("b", area(60, 0, 20, 16)),
        ("c", area(20, 16, 60, 8)),
        ("d", area(0, 8, 20, 16)),
        ("e", area(20, 8, 40, 8)),
    ];
    check(&panes, "(a:8 - b:16 - d:16 - e:8 - c:8)");
}

#[test]
fn areas_without_end_are_no_trouble() {
    let all = area(u16::MAX, u16::MAX, u16::MAX, u16::MAX);
    let tiles = [all, all, area(0, 0, 0, 0)].map(|area| (area, Tile::Pane("a")));
    assert!(arranged(tiles.to_vec()).is_some());
    assert_eq!(all.around(area(0, 0, 1, 1)).size.columns, u16::MAX);
}

#[test]
fn a_place_is_told_from_what_moves_along() {
    let place = |directory: &str| {
        Place::of(directory, "/home/sam/code/shop", Some("/home/sam"))
            .map(|Place { base, path }| (base, path.to_string()))
    };
    let told = |base, path: &str| Some((base, path.to_owned()));
    assert_eq!(place("/home/sam/code/shop"), told(Base::Repository, ""));
    assert_eq!(place("/home/sam/code/shop/a \"b\"/ü"), told(Base::Repository, "a \"b\"/ü"));
    assert_eq!(place("/home/sam/code/shopping"), told(Base::Home, "code/shopping"));
    assert_eq!(place("/home/sam"), told(Base::Home, ""));
    assert_eq!(place("/home/samantha"), told(Base::Root, "home/samantha"));
    assert_eq!(place("/"), told(Base::Root, ""));
    for untold in ["", "relative", "/a/../b", "/a//b", "/a\n/b", "/home/sam/\u{1b}[2J"] {
        assert_eq!(place(untold), None, "{untold:?}");
    }
}

#[test]
fn a_command_is_one_that_can_be_looked_at() {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let new = |all: &[&str]| PaneCommand::new(words(all));
    let command = new(&["/usr/bin/vim", "-p", "a b", "it's", ""]).expect("it is one");
    assert_eq!((command.name(), command.arguments().len()), ("vim", 4));
    for unfit in [&[][..], &[""], &["ls", "\u{1b}[2J"], &["a\u{202e}b"], &["a\0b"], &[" "]] {
        assert_eq!(new(unfit), Err(NoCommand::Unfit), "{unfit:?}");
    }
    assert_eq!(new(&["x"; 300]), Err(NoCommand::Unfit));
    assert_eq!(new(&[&"x".repeat(5000)]), Err(NoCommand::Unfit));
    let secret = words(&["curl", "-H", "Authorization: Bearer abcdefghijklmnopqrstuvwx"]);
    assert_eq!(PaneCommand::that_travels(secret), Err(NoCommand::Secret));
}

#[test]
fn a_shell_that_waits_is_no_command() {
    let is = |words: &[&str]| {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        PaneCommand::new(words).expect("it is one").is_waiting_shell()
    };
    assert!(is(&["-bash"]) && is(&["/bin/zsh", "-il"]) && is(&["nu"]) && is(&["fish", "-l"]));
    assert!(!is(&["bash", "-c", "top"]) && !is(&["vim"]) && !is(&["nu", "script.nu"]));
}

#[test]
fn a_name_is_what_it_looks_like() {
    let label = |text: &str| Label::of(text).map(|label| label.to_string());
    assert_eq!(label(" a \"b\" }\u{1b}[31m\n{ü "), Some("a \"b\" }[31m{ü".to_owned()));
    assert_eq!((label(""), label("\u{7}\u{200b} ")), (None, None));
    assert_eq!(label(&"ü".repeat(500)).map(|label| label.chars().count()), Some(128));
}

#[test]
fn only_what_is_part_of_every_zellij_is_built_in() {
    let built_in = |url: &str| PluginUrl::of(url).and_then(|url| url.built_in().map(str::to_owned));
    assert_eq!(built_in("zellij:strider"), Some("strider".to_owned()));
    for other in ["file:/tmp/evil.wasm", "zellij:../x", "zellij:", "https://x", "zellij:a\"b"] {
        assert_eq!(built_in(other), None, "{other}");
    }
    assert!(PluginUrl::of("zellij:a b").is_none() && PluginUrl::of(&"x".repeat(600)).is_none());
}

#[test]
fn a_pane_that_is_left_out_leaves_its_room_to_the_others() {
    let stack = Tile::Stack { panes: vec!["a", "gone", "b"], unfolded: 2 };
    let tile = Tile::Split {
        direction: Direction::Columns,
        parts: vec![(10, Tile::Pane("gone")), (20, stack)],
    };
    let tab = Tab {
        name: None,
        focused: true,
        size: Size::default(),
        tiled: Some(tile),
        floating: vec![Floating { area: Area::default(), pane: "gone" }],
        hides_floating: false,
    };
    let left = tab.map(&mut |pane| (pane != "gone").then_some(pane));
    assert_eq!(left.tiled.as_ref().map(told).as_deref(), Some("<a = [b]>"));
    assert!(left.floating.is_empty());
}
