use std/testing *
use std/assert
source ../convosync.nu

# A device with a store of its own, and a repository with one save in it.
def --env saved [] {
    ^git init --quiet --bare --initial-branch main ~/origin.git
    ^git clone --quiet ~/origin.git ~/app
    cd ~/app
    ^git config user.name somebody
    ^git config user.email somebody@example.org
    convosync init --store $"file://($nu.home-dir)/store" --yes --recovery-file ~/words | ignore
    convosync config set save.mode commit | ignore
    "one" | save one.txt
    convosync save "First" | ignore
}

@test
def "lists have dates sizes and numbers" [] {
    saved
    let row = convosync list | first
    assert equal ($row.timestamp | describe) "datetime"
    assert equal ($row.size | describe) "filesize"
    assert equal ($row.message_count | describe) "int"
    assert equal ($row.pinned | describe) "bool"
    assert equal (convosync list | where timestamp > (date now) - 1hr | length) 1
}

@test
def "ids rows and tables name sessions" [] {
    saved
    let id = convosync list | get 0.session_id
    assert equal (convosync pin $id).sessions.0.session_id $id
    assert equal (convosync list | convosync unpin).sessions.0.session_id $id
    assert equal ([$id] | convosync delete --yes).sessions.0.session_id $id
    assert equal (convosync list) []
    convosync list --deleted | first | convosync undelete | ignore
    assert equal ($id | convosync log | get message) ["First"]
}

@test
def "variables come back with their types" [] {
    saved
    convosync config set env.names [APP_*] | ignore
    $env.APP_LIST = [1 two 3.5]
    $env.APP_CONF = {debug: true, level: 3, wait: 90sec, room: 2kb}
    $env.APP_NUMBER = 7
    $env.APP_TOKEN = "hunter2"
    $env.APP_HOOK = {|| null }
    "two" | save two.txt
    let report = convosync save "Second" --env
    assert equal $report.env [APP_CONF APP_LIST APP_NUMBER]
    assert equal ($report.env_missing | to nuon) ([[name why]; [APP_HOOK no-form] [APP_TOKEN secret]] | to nuon)

    hide-env APP_LIST APP_CONF APP_NUMBER
    let report = convosync resume --latest
    assert equal $env.APP_LIST [1 two 3.5]
    assert equal $env.APP_CONF {debug: true, level: 3, wait: 90sec, room: 2kb}
    assert equal $env.APP_NUMBER 7
    assert equal $report.env.APP_CONF.wait 90sec
}

@test
def "a device that names no variables sets none" [] {
    saved
    convosync config set env.names [APP_*] | ignore
    $env.APP_MODE = "debug"
    "two" | save two.txt
    convosync save "Second" --env | ignore
    convosync config set env.names [] | ignore
    $env.APP_MODE = "mine"
    let report = convosync resume --latest
    assert equal $env.APP_MODE "mine"
    assert equal $report.env_missing.0.why "not-allowed"
}

@test
def "a save in a job gives its report" [] {
    saved
    "two" | save two.txt
    job spawn { convosync save "From a job" | job send 0 }
    assert equal (job recv --timeout 1min).committed "From a job [ConvoSync]"
}

@test
def "an environment that names nothing is refused with a code" [] {
    saved
    let error = try { convosync save "x" --env; null } catch {|error| $error }
    assert equal $error.details.code "convosync::env::no-names"
}
