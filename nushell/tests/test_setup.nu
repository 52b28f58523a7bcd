use std/testing *
use std/assert
source ../convosync.nu

def key [chosen: string]: nothing -> record {
    $env.config.plugins.convosync.picker_key = $chosen
    convosync setup
    $env.config.keybindings | where name? == convosync_pick | first
}

@test
def "nothing is changed that was not asked for" [] {
    let before = $env.config | reject plugins
    convosync setup
    assert equal ($env.config | reject plugins | to nuon --serialize) ($before | to nuon --serialize)
}

@test
def "the key of the picker is bound once" [] {
    let bound = key "alt-r"
    assert equal [$bound.modifier $bound.keycode] [alt char_r]
    let bound = key "ctrl-alt-g"
    assert equal [$bound.modifier $bound.keycode] [control_alt char_g]
    assert equal (key "f5").keycode "f5"
    assert equal ($env.config.keybindings | where name? == convosync_pick | length) 0 "only in its scope"
}

@test
def "the key that leaves is bound beside that of the picker" [] {
    $env.config.plugins.convosync = {picker_key: "alt-r", leave_key: "ctrl-d"}
    convosync setup
    convosync setup
    let bound = $env.config.keybindings | where name? =~ convosync | select name modifier keycode
    assert equal $bound [
        [name modifier keycode];
        [convosync_pick alt char_r]
        [convosync_leave control char_d]
    ]
}

@test
def "a key that is none is told" [] {
    for wrong in ["r", "alt-", "super-r", "alt-enter"] {
        let error = try { key $wrong; null } catch {|error| $error }
        assert equal $error.details.code "convosync::config::nushell" $wrong
    }
}

@test
def "hooks are added once and leave those of others" [] {
    $env.config.hooks.pre_prompt = [{|| null }]
    $env.config.plugins.convosync = {record_history: true, remind_after: 5min}
    convosync setup
    convosync setup
    assert equal ($env.config.hooks.pre_prompt | length) 2
    assert equal ($env.config.hooks.pre_execution | length) 1
    assert equal ($env.config.hooks.env_change.PWD | length) 1
}

@test
def "a recorded command is read with its directory" [] {
    mkdir ~/.local/state/convosync/shell
    $env.CONVOSYNC_BEGUN = {line: "cargo test\n--all", directory: "/code/app"}
    convosync hook ended
    assert equal $env.CONVOSYNC_BEGUN null
    convosync hook ended
    let fields = open --raw ~/.local/state/convosync/shell/recorded | decode utf-8 | split row (char nul)
    assert equal ($fields | length) 6
    assert equal ($fields | last 2) ["/code/app" "cargo test\n--all"]
}

@test
def "what is wrong in the configuration is told with a code" [] {
    for wrong in [{helpr: x}, {watch_interval: 10}, {prompt: "yes"}, 3] {
        $env.config.plugins.convosync = $wrong
        let error = try { convosync list; null } catch {|error| $error }
        assert equal $error.details.code "convosync::config::nushell"
    }
}

@test
def "who leaves a work tree saves it quietly if that is wanted" [] {
    mkdir ~/tree/src ~/.local/state/convosync
    {root: ($nu.home-dir | path join tree), session: session-x, saved: 0, waiting: 0} | to json --raw
    | save ~/.local/state/convosync/prompts.jsonl
    "#!/bin/sh\necho \"$@\" >> \"$HOME/called\"\n" | save ~/helper
    ^chmod +x ($nu.home-dir | path join helper)
    $env.config.plugins.convosync = {helper: ~/helper}
    convosync hook left ($nu.home-dir | path join tree) "/"
    assert not ("~/called" | path expand | path exists)
    $env.config.plugins.convosync.save_on_leave = true
    convosync hook left ($nu.home-dir | path join tree) ($nu.home-dir | path join tree src)
    assert not ("~/called" | path expand | path exists)
    convosync hook left ($nu.home-dir | path join tree src) "/"
    assert equal (open --raw ~/called | str trim) $"-C ($nu.home-dir | path join tree) save --auto"
}
