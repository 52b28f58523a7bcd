# Records each command with its directory, so that the commands of a work tree travel with it.
__convosync_state=${XDG_STATE_HOME:-$HOME/.local/state}/convosync/shell
if command mkdir -p -m 700 -- "$__convosync_state" 2>/dev/null; then
    if [[ -n $(command find "$__convosync_state/recorded" -size +2048k 2>/dev/null) ]]; then
        command mv -f -- "$__convosync_state/recorded" "$__convosync_state/recorded.1"
    fi
    __convosync_record() {
        local convosync_exit=$? convosync_line
        convosync_line=$(HISTTIMEFORMAT= builtin history 1)
        if [[ $convosync_line =~ ^[[:space:]]*([0-9]+)\*?[[:space:]]+(.*)$ ]]; then
            if [[ -n ${__convosync_last-} && ${BASH_REMATCH[1]} != "$__convosync_last" ]]; then
                (umask 077 && printf '\0\0%s\0%s\0%s\0%s' "${EPOCHSECONDS:-$(date +%s)}" \
                    "$convosync_exit" "$__convosync_directory" "${BASH_REMATCH[2]}" \
                    >>"$__convosync_state/recorded") 2>/dev/null
            fi
            __convosync_last=${BASH_REMATCH[1]}
        else
            __convosync_last=0
        fi
        __convosync_directory=$PWD
        return "$convosync_exit"
    }
    if [[ " ${PROMPT_COMMAND[*]-} " != *__convosync_record* ]]; then
        if ((BASH_VERSINFO[0] > 5 || BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] >= 1)); then
            PROMPT_COMMAND=(__convosync_record ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"})
        else
            PROMPT_COMMAND=__convosync_record${PROMPT_COMMAND:+"; $PROMPT_COMMAND"}
        fi
    fi
fi
