//! The page of commands as Markdown.

use std::fmt::Write as _;

use serde_json::Value;

const START: &str = "\
# Commands

Made by `cargo xtask docs` from the definitions of the command line and the signatures of the Nushell
commands; a test holds it to them. The same is in `convosync COMMAND --help`, in the manual pages
(`man convosync-save`) and in Nushell's `help convosync save`.
";

/// A command of the command line.
pub(crate) struct Leaf<'a> {
    /// Its words after `convosync`.
    pub(crate) name: String,
    definition: &'a Value,
}

/// The page.
pub(crate) fn page(shells: &Value, nushell: &[Value]) -> String {
    let mut page = START.to_owned();
    everywhere(shells, &mut page);
    for leaf in leaves(shells) {
        let full = format!("convosync {}", leaf.name);
        let there = nushell.iter().find(|command| text(&command["name"]) == full);
        command(&leaf, there, &mut page);
    }
    for alone in nushell.iter().filter(|command| is_alone(command, shells)) {
        only_nu_script(alone, &mut page);
    }
    page
}

/// The commands that do something, in the order of the definitions.
pub(crate) fn leaves(shells: &Value) -> Vec<Leaf<'_>> {
    fn walk<'a>(command: &'a Value, above: &str, leaves: &mut Vec<Leaf<'a>>) {
        for below in items(&command["commands"]) {
            let name = format!("{above} {}", text(&below["name"])).trim().to_owned();
            // `config` and `store` do something by themselves, groups only hold others.
            let group = ["device", "key"].contains(&name.as_str());
            if !group {
                leaves.push(Leaf { name: name.clone(), definition: below });
            }
            walk(below, &name, leaves);
        }
    }
    let mut leaves = Vec::new();
    walk(shells, "", &mut leaves);
    leaves
}

/// A command of Nushell that the command line does not have.
fn is_alone(command: &Value, shells: &Value) -> bool {
    let name = text(&command["name"]);
    let leaves = leaves(shells);
    name != "convosync" && !leaves.iter().any(|leaf| format!("convosync {}", leaf.name) == name)
}

fn everywhere(shells: &Value, page: &mut String) {
    page.push_str(
        "\nIn shells every command takes these as well:\n\n| option | what it does |\n|---|---|\n",
    );
    for argument in items(&shells["global"]) {
        row(page, &[code(&in_shell(argument)), cell(text(&argument["about"]))]);
    }
}

fn command(leaf: &Leaf<'_>, nushell: Option<&Value>, page: &mut String) {
    let about = text(&leaf.definition["about"]);
    let _ = write!(page, "\n## `convosync {}`\n\n{about}.\n", leaf.name);
    table(leaf.definition, nushell, page);
    let after = text(&leaf.definition["after"]);
    block(page, "sh", &shell_examples(after));
    block(page, "nu", &nushell.map(nu_examples).unwrap_or_default());
    for paragraph in paragraphs(after) {
        let _ = write!(page, "\n{paragraph}\n");
    }
    if nushell.is_none() {
        page.push_str("\nNot in Nushell.\n");
    }
}

/// A row for each option of either side; those of the same name share one.
fn table(definition: &Value, nushell: Option<&Value>, page: &mut String) {
    let theirs = nushell.map(parameters).unwrap_or_default();
    let ours: Vec<_> = items(&definition["arguments"]).collect();
    if ours.is_empty() && theirs.is_empty() {
        return;
    }
    page.push_str("\n| shell | Nushell | what it does |\n|---|---|---|\n");
    for argument in &ours {
        let same = same(argument, &ours, &theirs);
        let there = same.map_or_else(String::new, |other| code(&in_nu(other)));
        row(page, &[code(&in_shell(argument)), there, cell(text(&argument["about"]))]);
    }
    for parameter in &theirs {
        let is_it = |other: &Value| std::ptr::eq(other, *parameter);
        if !ours.iter().any(|own| same(own, &ours, &theirs).is_some_and(is_it)) {
            let about = cell(text(&parameter["description"]));
            row(page, &[String::new(), code(&in_nu(parameter)), about]);
        }
    }
}

fn only_nu_script(command: &Value, page: &mut String) {
    let _ = write!(
        page,
        "\n## `{}` (Nushell)\n\n{}\n",
        text(&command["name"]),
        text(&command["description"])
    );
    let parameters = parameters(command);
    if !parameters.is_empty() {
        page.push_str("\n| Nushell | what it does |\n|---|---|\n");
    }
    for parameter in parameters {
        row(page, &[code(&in_nu(parameter)), cell(text(&parameter["description"]))]);
    }
    block(page, "nu", &nu_examples(command));
}

/// What a command of Nushell takes, the same for whatever is piped in.
fn parameters(command: &Value) -> Vec<&Value> {
    let signatures = command["signatures"].as_object().expect("signatures by input");
    let first = signatures.values().next().expect("a command has a signature");
    let is_taken = |parameter: &&Value| {
        let kind = text(&parameter["parameter_type"]);
        !["input", "output"].contains(&kind) && text(&parameter["parameter_name"]) != "help"
    };
    items(first).filter(is_taken).collect()
}

fn is_flag(parameter: &Value) -> bool {
    ["named", "switch"].contains(&text(&parameter["parameter_type"]))
}

/// The parameter of Nushell that is the same: an option by its name, the others by their place.
fn same<'v>(argument: &Value, ours: &[&Value], theirs: &[&'v Value]) -> Option<&'v Value> {
    if let Some(long) = argument["long"].as_str() {
        let is_it = |other: &&Value| is_flag(other) && text(&other["parameter_name"]) == long;
        return theirs.iter().copied().find(is_it);
    }
    let mut places = ours.iter().filter(|own| own["long"].is_null());
    let place = places.position(|own| std::ptr::eq(*own, argument))?;
    theirs.iter().copied().filter(|other| !is_flag(other)).nth(place)
}

fn in_shell(argument: &Value) -> String {
    let value = text(&argument["value"]);
    let words: Vec<_> = items(&argument["words"]).map(text).collect();
    let value = if words.is_empty() { value.to_owned() } else { words.join("|") };
    let short = argument["short"].as_str();
    match (argument["long"].as_str(), short) {
        (Some(long), None) => format!("--{long} {value}"),
        (Some(long), Some(short)) => format!("-{short}, --{long} {value}"),
        (None, Some(short)) => format!("-{short} {value}"),
        (None, None) if argument["required"] != true => format!("[{value}]"),
        (None, None) if argument["many"] == true => format!("{value}..."),
        (None, None) => value,
    }
    .trim_end()
    .to_owned()
}

fn in_nu(parameter: &Value) -> String {
    let (name, shape) = (text(&parameter["parameter_name"]), text(&parameter["syntax_shape"]));
    let short = parameter["short_flag"].as_str().filter(|short| !short.is_empty());
    let short = short.map(|short| format!(" (-{short})")).unwrap_or_default();
    match text(&parameter["parameter_type"]) {
        "switch" => format!("--{name}{short}"),
        "named" => format!("--{name}{short} <{shape}>"),
        "rest" => format!("...{name}"),
        _ if parameter["is_optional"] == true => format!("[{name}]"),
        _ => name.to_owned(),
    }
}

/// The indented lines after `Example:`.
fn shell_examples(after: &str) -> Vec<String> {
    let lines = after.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
    lines.take_while(|line| line.starts_with("  ")).map(|line| remarked(line.trim())).collect()
}

/// What stands behind a wide gap is a remark.
fn remarked(line: &str) -> String {
    match line.split_once("   ") {
        Some((command, remark)) => format!("{command}  # {}", remark.trim()),
        None => line.to_owned(),
    }
}

/// The rest, each paragraph on one line.
fn paragraphs(after: &str) -> Vec<String> {
    let paragraphs = after.split("\n\n").filter(|text| !text.starts_with("Example"));
    paragraphs.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn nu_examples(command: &Value) -> Vec<String> {
    let example = |example: &Value| {
        let told = format!("# {}", text(&example["description"]));
        [told]
            .into_iter()
            .chain(text(&example["example"]).lines().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    items(&command["examples"]).flat_map(example).collect()
}

fn block(page: &mut String, language: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = write!(page, "\n```{language}\n{}\n```\n", lines.join("\n"));
    }
}

fn row(page: &mut String, cells: &[String]) {
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
