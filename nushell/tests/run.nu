# Runs every `@test` of the files beside this one, each in a Nushell of its own with a home of its own,
# and prints a line of JSON for each. `std/testing` brings the attribute and no runner.
#
# Usage: nu --no-config-file run.nu PLUGIN HELPER
def main [plugin: path, helper: path]: nothing -> nothing {
    let here = $env.FILE_PWD
    for file in (glob ($here | path join "test_*.nu") | sort) {
        let given = $"$env.config.plugins.convosync = {helper: ($helper | to nuon)}; source ($file | to nuon)"
        let names = "scope commands | where {|c| $c.attributes | any {|a| $a.name == test } } | get name | to json"
        let names = fresh-nu $plugin $"($given); ($names)"
        if $names.exit_code != 0 {
            print ({test: ($file | path basename), ok: false, error: $names.stderr} | to json --raw)
            continue
        }
        for name in ($names.stdout | from json) {
            let ran = fresh-nu $plugin $"($given); ($name)"
            print ({test: $name, ok: ($ran.exit_code == 0), error: $ran.stderr} | to json --raw)
        }
    }
}

# Runs a line in a Nushell that knows the plugin and nothing of the user's.
def fresh-nu [plugin: path, line: string]: nothing -> record {
    let home = mktemp --directory
    let ran = with-env {HOME: $home, XDG_STATE_HOME: ""} {
        ^$nu.current-exe --no-config-file --error-style plain --plugins $"[($plugin | to nuon)]" --commands $line
        | complete
    }
    rm --recursive $home
    $ran
}
