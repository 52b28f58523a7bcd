# What `convosync shell-init zsh` prints: lets `convosync resume` change the directory of this shell.
convosync() {
    emulate -L zsh
    case " $* " in
        *" resume "*) ;;
        *)
            CONVOSYNC_SHELL=zsh CONVOSYNC_HISTORY=${HISTFILE-} command convosync "$@"
            return
            ;;
    esac
    local convosync_file convosync_status convosync_kind convosync_name convosync_value
    convosync_file=$(mktemp) || return
    CONVOSYNC_SHELL=zsh CONVOSYNC_HANDOVER=$convosync_file command convosync "$@"
    convosync_status=$?
    while IFS= read -r -d '' convosync_kind && IFS= read -r -d '' convosync_name &&
        IFS= read -r -d '' convosync_value; do
        case $convosync_kind in
            cd) builtin cd -- "$convosync_value" ;;
            env) export "$convosync_name=$convosync_value" ;;
            history) print -rs -- "$convosync_value" ;;
        esac
    done <"$convosync_file"
    command rm -f -- "$convosync_file"
    return "$convosync_status"
}
