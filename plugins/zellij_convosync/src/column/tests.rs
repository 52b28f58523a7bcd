use std::collections::BTreeMap;

use super::*;

const URL: &str = "file:/p/convosync.wasm";

fn column() -> PluginPane {
    PluginPane { url: URL.to_owned(), configuration: BTreeMap::from([("role".into(), "x".into())]) }
}

fn at(id: PaneId, [x, y, columns, rows]: [usize; 4]) -> Pane {
    Pane { id, x, y, columns, rows, ..Pane::default() }
}

fn terminal(id: u32, place: [usize; 4]) -> Pane {
    at(PaneId::Terminal(id), place)
}

fn plugin(id: u32, url: &str, place: [usize; 4]) -> Pane {
    let plugin = PluginPane { url: url.to_owned(), configuration: BTreeMap::new() };
    Pane { plugin: Some(plugin), ..at(PaneId::Plugin(id), place) }
}

/// A tab of 120 x 30 with a bar at its end.
fn tab(panes: Vec<Pane>) -> Tab {
    let bar = plugin(9, "compact-bar", [0, 29, 120, 1]);
    let panes = [panes, vec![bar]].concat();
    Tab { id: 3, columns: 120, rows: 30, panes, ..Tab::default() }
}

/// One on the left, two on the right, opened in another order than they lie in.
fn three() -> Tab {
    tab(vec![
        terminal(5, [60, 0, 60, 13]),
        terminal(1, [60, 13, 60, 16]),
        terminal(7, [0, 0, 60, 29]),
    ])
}

#[track_caller]
fn back(tab: &Tab) -> (String, Returning) {
    match put_back(tab, &column()) {
        Some((Effect::Arrange(layout), returning)) => (layout, returning),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_column_comes_back_beside_the_panes_as_they_are() {
    let (layout, _) = back(&three());
    let want = r#"layout {
    tab {
        pane borderless=true {
            plugin location="file:/p/convosync.wasm" {
                "role" "x"
            }
        }
        pane size=1 borderless=true {
            plugin location="compact-bar" {
            }
        }
    }
    swap_tiled_layout name="convosync" {
        tab exact_panes=5 {
            pane split_direction="vertical" {
                pane size=34 borderless=true {
                    plugin location="file:/p/convosync.wasm" {
                        "role" "x"
                    }
                }
                pane size="50%"
                pane split_direction="horizontal" {
                    pane size="45%"
                    pane
                }
            }
            pane size=1 borderless=true {
                plugin location="compact-bar" {
                }
            }
        }
    }
}
"#;
    assert_eq!(layout, want, "{layout}");
}

#[test]
fn parts_of_nested_splits_are_told_by_the_whole() {
    let nested = |right: usize| {
        tab(vec![
            terminal(1, [0, 0, 120, 15]),
            terminal(2, [0, 15, 120 - right, 7]),
            terminal(3, [0, 22, 120 - right, 7]),
            terminal(4, [120 - right, 15, right, 14]),
        ])
    };
    let want = r#"
                pane split_direction="horizontal" {
                    pane size="52%"
                    pane split_direction="vertical" {
                        pane size="67%" split_direction="horizontal" {
                            pane size="24%"
                            pane
                        }
                        pane
                    }
                }
"#;
    let (layout, _) = back(&nested(40));
    assert!(layout.contains(want), "{layout}");
    assert_eq!(put_back(&nested(36), &column()), None, "Zellij would have none left for the last");
}

#[test]
fn panes_that_got_another_place_are_exchanged_until_all_are_in_their_own() {
    let mut before = three();
    before.panes[1].focused = true;
    let (_, returning) = back(&before);
    let arrived = |tab: Option<&Tab>| returning.arrived(tab, &column());
    assert_eq!(arrived(Some(&before)), None, "the column is not there yet");
    let after = tab(vec![
        plugin(4, URL, [0, 0, 34, 29]),
        terminal(1, [34, 0, 43, 29]),
        terminal(5, [77, 13, 43, 16]),
        terminal(7, [77, 0, 43, 13]),
    ]);
    // From left to right and down: 1, 7, 5; wanted are 7, 5, 1.
    let one = PaneId::Terminal(1);
    let want = [Effect::Exchange(one), Effect::Exchange(one), Effect::Focus(one)];
    assert_eq!(arrived(Some(&after)), Some(want.to_vec()));
    assert_eq!(arrived(None), Some(Vec::new()), "the tab is gone");
}

#[test]
fn panes_are_known_by_the_nearest_place_as_zellij_rounds() {
    let before = tab(vec![
        terminal(1, [0, 0, 60, 14]),
        terminal(2, [60, 0, 60, 14]),
        terminal(3, [0, 14, 30, 15]),
        terminal(4, [30, 14, 30, 15]),
        terminal(5, [60, 14, 60, 15]),
    ]);
    let (_, returning) = back(&before);
    let after = tab(vec![
        plugin(6, URL, [0, 0, 34, 29]),
        terminal(1, [34, 0, 43, 15]),
        terminal(3, [77, 0, 43, 15]),
        terminal(2, [34, 15, 22, 14]),
        terminal(4, [56, 15, 22, 14]),
        terminal(5, [78, 15, 42, 14]),
    ]);
    let want = vec![Effect::Exchange(PaneId::Terminal(3))];
    assert_eq!(returning.arrived(Some(&after), &column()), Some(want));
}

#[test]
fn what_floats_goes_back_to_where_it_was() {
    let floating = |place| Pane { floating: true, ..terminal(2, place) };
    let (here, there) = ([10, 5, 50, 12], [30, 5, 50, 12]);
    let before = tab(vec![terminal(1, [0, 0, 120, 29]), floating(here)]);
    let (_, returning) = back(&before);
    let column = plugin(4, URL, [0, 0, 34, 29]);
    let with = |place| tab(vec![column.clone(), terminal(1, [34, 0, 86, 29]), floating(place)]);
    let left = |place| returning.arrived(Some(&with(place)), &self::column());
    assert_eq!(left(here), Some(Vec::new()));
    let float = Effect::Float(vec![(PaneId::Terminal(2), here)]);
    assert_eq!(left(there), Some(vec![float.clone()]));
    let mut shown = Tab { floating_shown: true, ..before };
    shown.panes.iter_mut().for_each(|pane| pane.focused = true);
    let (_, returning) = back(&shown);
    let focus = [1, 2].map(|id| Effect::Focus(PaneId::Terminal(id)));
    let want = [&[float], &focus[..]].concat();
    assert_eq!(returning.arrived(Some(&with(there)), &self::column()), Some(want));
}

#[test]
fn where_a_layout_can_not_tell_how_panes_lie_the_column_floats() {
    let is_put_back = |tab: &Tab| put_back(tab, &column()).is_some();
    let pinwheel = tab(vec![
        terminal(1, [0, 0, 80, 10]),
        terminal(2, [80, 0, 40, 20]),
        terminal(3, [40, 20, 80, 9]),
        terminal(4, [0, 10, 40, 19]),
        terminal(5, [40, 10, 40, 10]),
    ]);
    assert!(!is_put_back(&pinwheel));
    assert!(!is_put_back(&Tab::default()), "there is nothing");
    let stack = tab(vec![terminal(1, [0, 0, 120, 1]), terminal(2, [0, 1, 120, 28])]);
    assert!(!is_put_back(&stack));
    let mut full = three();
    full.panes[0].fullscreen = true;
    assert!(!is_put_back(&full));
    let many = (0..9).map(|at| terminal(at, [0, 3 * at as usize, 120, 3])).collect();
    assert!(!is_put_back(&tab(many)));
    let narrow = Tab { columns: 60, ..tab(vec![terminal(1, [0, 0, 60, 29])]) };
    assert!(!is_put_back(&narrow));
}

#[test]
fn what_a_plugin_was_told_stays_inside_of_its_quotes() {
    let mut odd = tab(vec![terminal(1, [0, 0, 120, 29])]);
    let bar = odd.panes.last_mut().and_then(|pane| pane.plugin.as_mut()).expect("a bar");
    bar.configuration.insert("a\"b".into(), "} \\ \n pane command=\"rm\"".into());
    let (layout, _) = back(&odd);
    assert!(layout.contains(r#""a\"b" "} \\ \u{a} pane command=\"rm\"""#), "{layout}");
}

#[test]
fn a_plugin_that_floats_is_not_closed_for_it() {
    let mut tab = three();
    let picker = plugin(4, "zellij:strider", [20, 5, 40, 10]);
    tab.panes.push(Pane { floating: true, ..picker });
    assert_eq!(put_back(&tab, &column()), None);
}
