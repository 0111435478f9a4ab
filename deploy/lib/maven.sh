# Runs Maven and shows what matters of its output; to be sourced after common.sh.
# shellcheck shell=bash

# maven LOG ARGUMENT...: everything goes to the file LOG, progress and problems to the terminal. Maven's exit code.
maven() {
    local log=$1; shift
    mkdir -p "$(dirname -- "$log")"
    # Java takes the home directory from the user id, which is root's inside a user namespace.
    ! in_user_namespace || export MAVEN_OPTS="${MAVEN_OPTS:-} -Duser.home=$HOME"
    # Not --quiet: the progress is read from what it says.
    (cd "$TOP" && mvn --batch-mode --no-transfer-progress "$@" 2>&1) | tee "$log" | maven_progress
}

# One line for each module and each test class; problems as Maven says them.
maven_progress() {
    local line
    while IFS= read -r line; do
        case $line in
            *'Building ilb-'*) [[ $line =~ Building\ (ilb-[^ ]*) ]] && note "building ${BASH_REMATCH[1]}" ;;
            *'Tests run:'*' in '*)
                [[ $line =~ Tests\ run:\ ([0-9]+),\ Failures:\ ([0-9]+),\ Errors:\ ([0-9]+),.*elapsed:\ ([0-9.]+\ m?s).*\ in\ ([A-Za-z0-9_.$]+) ]] || continue
                local class=${BASH_REMATCH[5]##*.} text
                printf -v text '%4d tests %12s' "${BASH_REMATCH[1]}" "${BASH_REMATCH[4]}"
                if ((BASH_REMATCH[2] + BASH_REMATCH[3])); then
                    printf '  %-44s %s%s  %d failed%s\n' "$class" "$RED" "$text" $((BASH_REMATCH[2] + BASH_REMATCH[3])) "$PLAIN"
                else
                    printf '  %-44s %s\n' "$class" "$text"
                fi
                ;;
            # The compiler's warnings are errors here.
            '[WARNING] /'*.java:*) printf '%s\n' "${line#\[WARNING\] }" ;;
            '[ERROR]   '* | '[ERROR] /'* | '[ERROR] '*Failed\ to\ execute* | '[ERROR] '*resolve*) printf '%s\n' "${line#\[ERROR\] }" ;;
        esac
    done
}
