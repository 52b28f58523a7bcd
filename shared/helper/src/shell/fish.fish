# What `convosync shell-init fish` prints: lets `convosync resume` change the directory of this shell.
function convosync --description 'Put a coding session down on one machine and pick it up on another'
    if not contains -- resume $argv
        CONVOSYNC_SHELL=fish command convosync $argv
        return
    end
    set -l convosync_file (mktemp)
    or return
    CONVOSYNC_SHELL=fish CONVOSYNC_HANDOVER=$convosync_file command convosync $argv
    set -l convosync_status $status
    set -l convosync_fields (string split0 <$convosync_file)
    while set -q convosync_fields[3]
        switch $convosync_fields[1]
            case cd
                builtin cd -- $convosync_fields[3]
            case env
                set -gx $convosync_fields[2] $convosync_fields[3]
            case history
                if test (string split . $version)[1] -ge 4
                    builtin history append -- $convosync_fields[3]
                else
                    set -g __convosync_left yes
                end
        end
        set -e convosync_fields[1..3]
    end
    command rm -f -- $convosync_file
    if set -q __convosync_left
        set -e __convosync_left
        echo "convosync: this fish can't take commands into its history, fish 4 can" >&2
    end
    return $convosync_status
end
