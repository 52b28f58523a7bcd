# ConvoSync for the Nushell prompt: a picker behind a key, the session in the prompt, and hooks.
#
# Needs the plugin `nu_plugin_convosync`. Put this file into a directory of $nu.user-autoload-dirs,
# or `source` it after the configuration. It changes only what the configuration asks for:
#
#     $env.config.plugins.convosync = {
#         picker_key: "alt-r"      # this key opens `convosync pick`
#         prompt: true             # the session of the work tree stands on the right of the prompt
#         record_history: true     # records commands with their directory, so that they travel
#         remind_after: 30min      # on leaving: changes that were not saved for so long are told
#         save_on_leave: true      # on leaving a work tree: a quiet save, if `auto_sync` is on
#         leave_key: "ctrl-d"      # this key leaves by `convosync leave`, which asks first
#     }
#
# docs/nushell.md tells more.

# A module, so that only its commands come into the shell.
module convosync-module {
    # What the user has set. What is wrong in it the plugin says, at the place where it stands.
    def settings []: nothing -> record {
        $env.config.plugins? | default {} | get --optional convosync | default {}
    }

    # The folder of what ConvoSync keeps of this device's state.
    def state []: nothing -> path {
        let base = $env.XDG_STATE_HOME? | default ""
        if ($base | str starts-with "/") { $base } else { $nu.home-dir | path join .local state }
        | path join convosync
    }

    # The work tree that a directory lies in, as the helper has written it down: root, session, when it
    # was saved last, and how many saves wait on this device. Null if it has no session.
    def tree-of [directory: string]: nothing -> any {
        let parts = $directory | path split
        let above = 1..($parts | length) | each {|count| $parts | take $count | path join }
        # Deeper ones come first.
        try { open --raw (state | path join prompts.jsonl) | from json --objects } catch { [] }
        | where root in $above
        | get --optional 0
    }

    def is-inside [directory: string, root: string]: nothing -> bool {
        $directory == $root or ($directory | str starts-with $"($root)/")
    }

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
    @category convosync
    @search-terms session resume fuzzy
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

    # The session of this work tree, for a prompt: empty where there is none.
    #
    # Starts no program: it reads a small file that the helper keeps up to date. `↑2` after the session
    # says that two saves wait on this device.
    @category convosync
    @search-terms session status segment
    @example "On the right of the prompt" { $env.PROMPT_COMMAND_RIGHT = {|| convosync prompt } }
    export def "convosync prompt" []: nothing -> string {
        let tree = tree-of $env.PWD
        if $tree == null { return "" }
        let waiting = if $tree.waiting > 0 { $" ↑($tree.waiting)" } else { "" }
        if ($env.NO_COLOR? | is-not-empty) {
            $"($tree.session)($waiting)"
        } else {
            $"(ansi cyan)($tree.session)(ansi yellow)($waiting)(ansi reset)"
        }
    }

    # Changes of this work tree that were not saved for longer than `remind_after`. Null if there are none.
    @category convosync
    @search-terms unsaved changes reminder
    @example "What was not saved for too long here" { convosync overdue }
    export def "convosync overdue" [
        directory?: path # the work tree, or a directory in it; else this one
    ]: nothing -> any {
        let after = settings | get --optional remind_after
        let tree = tree-of ($directory | default $env.PWD)
        if $after == null or $tree == null or $tree.saved? == null { return null }
        let age = (date now) - ($tree.saved * 1_000_000 | into datetime)
        if $age < $after { return null }
        let status = try { ^git -C $tree.root status --porcelain | complete } catch { return null }
        let files = $status.stdout | lines | length
        if $files == 0 { return null }
        {root: $tree.root, session: $tree.session, files: $files, age: $age}
    }

    def told [overdue: record]: nothing -> string {
        let minutes = ($overdue.age // 1min) * 1min
        let files = if $overdue.files == 1 { "1 changed file was" } else { $"($overdue.files) changed files were" }
        $"($overdue.root): ($files) not saved for ($minutes)"
    }

    # Leave this shell; work that was not saved for longer than `remind_after` is told first.
    #
    # Make it what `exit` does: `alias exit = convosync leave`.
    @category convosync
    @search-terms exit quit logout reminder
    @example "Instead of exit" "alias exit = convosync leave"
    export def "convosync leave" [
        code: int = 0 # the exit code of the shell
    ]: nothing -> nothing {
        let overdue = convosync overdue
        if $overdue == null or not (is-terminal --stdin) { exit $code }
        print --stderr (told $overdue)
        let choices = ["save first" "leave as it is" "stay"]
        match ($choices | input list "Leave this shell?") {
            "save first" => {
                convosync save (input "What was done? ")
                exit $code
            }
            "leave as it is" => { exit $code }
            _ => {}
        }
    }

    # What the key does that leaves: as Ctrl-D, it ends the shell on an empty line, and deletes the
    # letter under the cursor on any other. Nushell has no hook that runs at its end.
    @category convosync
    export def "convosync leave-key" []: nothing -> nothing {
        let letters = commandline | split chars --grapheme-clusters
        if ($letters | is-empty) { return (convosync leave) }
        let at = commandline get-cursor
        commandline edit --replace ($letters | enumerate | where index != $at | get item | str join)
        commandline set-cursor $at
    }

    # The helper: the one that is configured, else the one on PATH.
    def program []: nothing -> string {
        let helper = settings | get --optional helper
        if $helper == null { "convosync" } else { $helper | path expand }
    }

    # What happens when the directory has changed. `convosync setup` puts it into the hooks.
    @category convosync
    export def "convosync hook left" [
        before: any # the directory that was left
        after: any # the directory now
    ]: nothing -> nothing {
        if $before == null or $before == $after { return }
        let tree = tree-of $before
        if $tree == null or (is-inside $after $tree.root) { return }
        if (settings).save_on_leave? == true {
            # Quiet, and over at once: the save itself goes on in the background.
            try { ^(program) -C $tree.root save --auto }
        }
        let overdue = convosync overdue $before
        if $overdue != null { print --stderr (told $overdue) }
    }

    # What happens before a command is run: it is remembered with its directory.
    @category convosync
    export def --env "convosync hook begins" []: nothing -> nothing {
        let line = commandline
        if ($line | is-empty) or ($line | str starts-with " ") { return }
        $env.CONVOSYNC_BEGUN = {line: $line, directory: $env.PWD}
    }

    # What happens before a prompt is shown: the command that has ended is recorded.
    @category convosync
    export def --env "convosync hook ended" []: nothing -> nothing {
        let begun = $env.CONVOSYNC_BEGUN?
        if $begun == null { return }
        $env.CONVOSYNC_BEGUN = null
        let nul = char nul
        let fields = [(date now | format date "%s") ($env.LAST_EXIT_CODE? | default 0) $begun.directory $begun.line]
        try { $"($nul)($nul)($fields | str join $nul)" | save --append --raw (recorded) }
    }

    # The file that the helper reads recorded commands from.
    def recorded []: nothing -> path {
        state | path join shell recorded
    }

    # Does what $env.config.plugins.convosync asks for. Run when this file is loaded; doing it again
    # changes nothing.
    @category convosync
    @search-terms config hooks key prompt
    @example "After the configuration was changed in a running shell" { convosync setup }
    export def --env "convosync setup" []: nothing -> nothing {
        let wanted = settings
        if $wanted.picker_key? != null { bind convosync_pick $wanted.picker_key "convosync pick" }
        if $wanted.leave_key? != null { bind convosync_leave $wanted.leave_key "convosync leave-key" }
        if $wanted.prompt? == true { show-in-prompt }
        if $wanted.remind_after? != null or $wanted.save_on_leave? == true {
            $env.config.hooks.env_change.PWD = ($env.config.hooks.env_change.PWD? | default [] | with-hook "convosync hook left $before $after")
        }
        # A history in SQLite has the directories itself.
        if $wanted.record_history? == true and $env.config.history.file_format == "plaintext" { record }
    }

    # A list of hooks with one more, if it is not there yet.
    def with-hook [code: string]: list -> list {
        let hooks = $in
        let same = {|hook| ($hook | describe | str starts-with record) and $hook.code? == $code }
        if ($hooks | any $same) { $hooks } else { $hooks | append {code: $code} }
    }

    def --env record []: nothing -> nothing {
        let file = recorded
        try {
            ^mkdir -p -m 700 ($file | path dirname)
            if ($file | path exists) and (ls $file).0.size > 2mb { mv --force $file $"($file).1" }
        }
        $env.config.hooks.pre_execution = ($env.config.hooks.pre_execution? | default [] | with-hook "convosync hook begins")
        $env.config.hooks.pre_prompt = ($env.config.hooks.pre_prompt? | default [] | with-hook "convosync hook ended")
    }

    def --env show-in-prompt []: nothing -> nothing {
        let before = $env.PROMPT_COMMAND_RIGHT?
        let is_closure = ($before | describe) == closure
        if $is_closure and (view source $before | str contains "convosync prompt") { return }
        $env.PROMPT_COMMAND_RIGHT = {||
            let rest = if $is_closure { do $before } else { $before | default "" }
            [(convosync prompt) $rest] | where {|part| $part | is-not-empty } | str join "  "
        }
    }

    # Binds a key to a command, in place of what the same name was bound to.
    def --env bind [name: string, key: string, command: string]: nothing -> nothing {
        let parts = $key | str lowercase | split row "-"
        let modifiers = {alt: alt, ctrl: control, "ctrl-alt": control_alt, "": none}
        let modifier = $modifiers | get --optional ($parts | drop | str join "-")
        let letter = $parts | last
        if $modifier == null or ($letter !~ '^([a-z0-9]|f[0-9]{1,2})$') or ($modifier == none and $letter !~ '^f[0-9]') {
            error make {
                msg: $"`($key)` is no key that a command can be bound to"
                code: "convosync::config::nushell"
                help: 'name it like "alt-r", "ctrl-g", "ctrl-alt-r" or "f5"'
                label: {text: "in $env.config.plugins.convosync", span: (metadata $key).span}
            }
        }
        let code = if ($letter | str length) == 1 { $"char_($letter)" } else { $letter }
        let others = $env.config.keybindings | where {|binding| $binding.name? != $name }
        $env.config.keybindings = ($others | append {
            name: $name, modifier: $modifier, keycode: $code, mode: [emacs vi_insert vi_normal]
            event: {send: executehostcommand, cmd: $command}
        })
    }
}

export use convosync-module *

export-env { convosync setup }
