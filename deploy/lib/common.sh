# Shared by the scripts in deploy/; to be sourced. Bash 5, set -euo pipefail is the caller's.
# shellcheck shell=bash

# The root of the source tree, whatever the current directory is.
TOP=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
# The runnable distribution that deploy/build leaves, and the lab (see deploy/lib/lab --help).
# shellcheck disable=SC2034
DISTRIBUTION=$TOP/ilb-daemon/target/ilbd
# shellcheck disable=SC2034
LAB=$TOP/deploy/lib/lab
# The lowest Java release that builds and runs ilbd (maven.compiler.release in pom.xml).
JAVA_RELEASE=25

# ---- output -----------------------------------------------------------------------------------------------------------

# Colour only on a terminal that wants it (https://no-color.org).
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' YELLOW=$'\e[33m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
    BOLD='' DIM='' GREEN='' YELLOW='' RED='' PLAIN=''
fi

# title TEXT: the head of a section.
title() { printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"; }

# row LABEL TEXT...: one aligned line of result.
row() { local label=$1; shift; printf '  %-28s %s\n' "$label" "$*"; }

# good|bad LABEL TEXT...: a row that was checked.
good() { local label=$1; shift; printf '  %-28s %s%s%s\n' "$label" "$GREEN" "$*" "$PLAIN"; }
bad() { local label=$1; shift; printf '  %-28s %s%s%s\n' "$label" "$RED" "$*" "$PLAIN"; }

# note TEXT...: something by the way.
note() { printf '  %s%s%s\n' "$DIM" "$*" "$PLAIN"; }
warn() { printf '%s%s: %s%s\n' "$YELLOW" "${0##*/}" "$*" "$PLAIN" >&2; }

# die TEXT...: ends the script with exit code 1.
die() { printf '%s%s: %s%s\n' "$RED" "${0##*/}" "$*" "$PLAIN" >&2; exit 1; }

# ---- conditions -------------------------------------------------------------------------------------------------------

# wait_for SECONDS COMMAND...: waits until COMMAND succeeds; false when it did not within SECONDS. Its output is dropped.
wait_for() {
    local deadline=$((SECONDS + $1 + 1)); shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}

# ---- who and where ----------------------------------------------------------------------------------------------------

# True inside a user namespace: "root" there is a plain user outside.
in_user_namespace() { [[ $(tr -s ' ' <"/proc/self/uid_map") != ' 0 0 4294967295' ]]; }

is_real_root() { ((EUID == 0)) && ! in_user_namespace; }

# ---- packages ---------------------------------------------------------------------------------------------------------

# The Debian package of a command, where the two names differ.
package_of() {
    case $1 in
        ip | tc | bridge | ss) echo iproute2 ;;
        nft) echo nftables ;;
        nsenter | unshare | setpriv) echo util-linux ;;
        mvn) echo maven ;;
        ping) echo iputils-ping ;;
        sha256sum) echo coreutils ;;
        awk) echo mawk ;;
        nginx-stream) echo libnginx-mod-stream ;;
        *) echo "$1" ;;
    esac
}

# True if a command is there; /usr/sbin counts even when it is not on a plain user's PATH.
have() {
    case $1 in
        nginx-stream) [[ -e /usr/lib/nginx/modules/ngx_stream_module.so ]] ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# need COMMAND...: installs what is missing from Debian's packages, or says the line that does.
need() {
    local command missing=()
    for command; do
        have "$command" || missing+=("$(package_of "$command")")
    done
    ((${#missing[@]})) || return 0
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    if ! is_real_root; then
        die "these packages are missing; run as root: apt-get install ${missing[*]}"
    elif ! command -v apt-get >/dev/null; then
        die "these Debian packages, or what your system calls them, are missing: ${missing[*]}"
    fi
    note "installing ${missing[*]}"
    # Packages that bring a service must not start it: nobody asked for a web server on this host.
    local policy=/usr/sbin/policy-rc.d made=no
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made=yes
    fi
    local failed=no
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 \
        || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
            "${missing[@]}" >/dev/null; } || failed=yes
    [[ $made == no ]] || rm -f "$policy"
    [[ $failed == no ]] || die "could not install ${missing[*]}: see the lines above"
    for command; do
        have "$command" || die "$command is still missing after installing $(package_of "$command")"
    done
}

# ---- Java -------------------------------------------------------------------------------------------------------------

# The feature release of the JDK in a directory (25), nothing if it holds none.
jdk_release() {
    [[ -x $1/bin/javac && -r $1/release ]] || return 0
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

# Prints the home of a JDK that is new enough: JAVA_HOME, the one on the PATH, then the lowest that is installed.
find_jdk() {
    local home release
    for home in "${JAVA_HOME:-}" "$(dirname -- "$(dirname -- "$(readlink -f -- "$(command -v javac || true)")")")"; do
        [[ -n $home ]] || continue
        release=$(jdk_release "$home")
        if ((${release:-0} >= JAVA_RELEASE)); then echo "$home"; return; fi
    done
    for home in /usr/lib/jvm/* /opt/*jdk* /usr/local/*jdk* "${HOME:-/root}"/.sdkman/candidates/java/* "${HOME:-/root}"/.jdks/*; do
        release=$(jdk_release "$home")
        ((${release:-0} < JAVA_RELEASE)) || echo "$release $home"
    done | sort -n | sed -n '1s/^[0-9]* //p'
}

# Exports JAVA_HOME, or ends and says where a JDK comes from.
use_jdk() {
    local home package=openjdk-$JAVA_RELEASE-jdk-headless
    home=$(find_jdk)
    if [[ -z $home ]] && is_real_root && apt-cache show "$package" >/dev/null 2>&1; then
        note "installing $package"
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$package" >/dev/null || true
        home=$(find_jdk)
    fi
    if [[ -z $home ]]; then
        die "no JDK $JAVA_RELEASE or later found in JAVA_HOME, on the PATH, in /usr/lib/jvm or in /opt.
  Debian and Ubuntu, where the release has it:  apt-get install $package
  Otherwise unpack one (Eclipse Temurin, Oracle OpenJDK, ...) and set JAVA_HOME to its directory."
    fi
    export JAVA_HOME=$home
}

# A plain user's PATH often lacks the directories of ip, nginx and haproxy.
case :$PATH: in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin ;; esac
export PATH
