use std/testing *
use std/assert
source ../convosync.nu

# Writes down what the helper would have: work trees below the home directory.
def written [rows: list<record>]: nothing -> nothing {
    let state = $nu.home-dir | path join .local state convosync
    mkdir $state
    $rows | each {|row| $row | to json --raw } | str join "\n" | save ($state | path join prompts.jsonl)
}

def row [name: string, waiting: int]: nothing -> record {
    {root: ($nu.home-dir | path join $name), session: $"session-($name)", saved: 0, waiting: $waiting}
}

def plain []: nothing -> string {
    convosync prompt | ansi strip
}

@test
def "the prompt shows the session of the work tree and what waits" [] {
    written [(row deep/inner 0) (row deep 2)]
    mkdir ~/deep/inner ~/deep/other ~/deeper
    cd ~/deep/other
    assert equal (plain) "session-deep ↑2"
    cd ~/deep/inner
    assert equal (plain) "session-deep/inner"
    cd ~/deeper
    assert equal (plain) ""
}

@test
def "the prompt is empty where there is nothing to show" [] {
    assert equal (convosync prompt) ""
    mkdir ~/.local/state/convosync
    "{half a li" | save ~/.local/state/convosync/prompts.jsonl
    assert equal (convosync prompt) ""
}

@test
def "without colours the prompt has no escapes" [] {
    written [(row here 0)]
    mkdir ~/here
    cd ~/here
    with-env {NO_COLOR: "1"} { assert equal (convosync prompt) "session-here" }
    assert str contains (convosync prompt) (ansi escape)
}

@test
def "a prompt that is there already stays beside it" [] {
    written [(row here 0)]
    mkdir ~/here
    cd ~/here
    $env.PROMPT_COMMAND_RIGHT = {|| "12:00" }
    $env.config.plugins.convosync.prompt = true
    convosync setup
    convosync setup
    assert equal (do $env.PROMPT_COMMAND_RIGHT | ansi strip) "session-here  12:00"
}

@test
def "changes that were not saved for too long are told" [] {
    written [(row here 0)]
    mkdir ~/here
    cd ~/here
    ^git init --quiet
    $env.config.plugins.convosync.remind_after = 1min
    assert equal (convosync overdue) null
    "x" | save new.txt
    let overdue = convosync overdue
    assert equal $overdue.files 1
    assert ($overdue.age > 365day)
    $env.config.plugins.convosync.remind_after = 100_000day
    assert equal (convosync overdue) null
}
