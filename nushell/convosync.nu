# ConvoSync for the Nushell prompt: pick a saved session and go on with it.
#
# Needs the plugin `nu_plugin_convosync`. Put this file into a directory of $nu.user-autoload-dirs,
# or `source` it. It defines commands and changes no configuration. For a key that opens the picker:
#
#     $env.config.keybindings ++= [{
#         name: convosync_pick, modifier: alt, keycode: char_r, mode: [emacs vi_insert vi_normal]
#         event: {send: executehostcommand, cmd: "convosync pick"}
#     }]

# What Tab offers after `convosync pick`: newest first. The plugin's own completions can't say their order.
def "nu-complete convosync sessions" []: nothing -> record {
    let sessions = try { convosync list --all --offline } catch { [] }
    {
        options: {sort: false, completion_algorithm: fuzzy}
        completions: ($sessions | sort-by --reverse timestamp | each {|session| {
            value: $session.session_id
            description: $"($session.branch)  ($session.message | lines | get --optional 0)"
        }})
    }
}

# Pick a saved session and resume it here.
#
# Rows of `convosync list` that come through the pipeline are what there is to pick from; without
# any it is every session. Questions are asked as `convosync resume` asks them.
@example "Pick from all sessions" { convosync pick }
@example "Pick from what the laptop saved" { convosync list --all | where device == laptop | convosync pick }
@example "Go on with a session; Tab offers the newest first" { convosync pick session-k3vq7m2a }
export def --env "convosync pick" [
    session?: string@"nu-complete convosync sessions" # id or a unique prefix, instead of picking
]: [nothing -> any, table -> any] {
    let rows = $in
    if $session != null {
        return (convosync resume $session)
    }
    let rows = $rows | default { convosync list --all }
    if ($rows | is-empty) {
        error make {
            msg: "there is no session to pick from"
            code: "convosync::pick::empty"
            help: "run `convosync save` first, or widen the filter"
        }
    }
    let rows = $rows | sort-by --reverse timestamp
    let picked = $rows | each {|row| summary $row } | input list --fuzzy --index "Resume which session?"
    if $picked != null {
        $rows | get $picked | convosync resume
    }
}

# What the picker shows of a session. A column that does not fit is not shown at all, so a message
# gets the room that dates, devices and branches of usual length leave.
def summary [row: record]: nothing -> record {
    let room = [20, ((term size).columns - 60)] | math max
    let message = $row.message? | default "" | lines | get --optional 0 | default ""
    {
        saved: $row.timestamp
        device: $row.device?
        branch: $row.branch?
        message: (if ($message | str length) > $room { $"($message | str substring ..<$room)…" } else { $message })
    }
}
