# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Gets pinned files into $root/sources and from there, verified, into a library's work folder.
# Sourced by build, which defines root, lib, log and die.
#
# apt does the downloading, with its state in $root/apt and sources derived from the machine's own:
# nothing of the system's configuration is changed and no privilege is needed.

pins=$DEPS_SCRIPTS/pins
sources=$root/sources

# The versions of a package in the order of the table.
pin_versions()
{
    awk -v l="$lib" -v p="$1" '$1 == l && $2 == p && !seen[$3]++ { print $3 }' "$pins"
}

# "sha256 file" lines of one version.
pin_files()
{
    awk -v l="$lib" -v p="$1" -v v="$2" '$1 == l && $2 == p && $3 == v { print $4, $5 }' "$pins"
}

# check_file FILE SHA256 ADVICE: a file with other bytes than pinned ends everything.
check_file()
{
    local sum
    sum=$(sha256sum "$1") || die "cannot read $1: check the disk"
    sum=${sum%% *}
    sum=${sum#\\}
    [[ $sum == "$2" ]] || die "${1##*/}: wrong SHA-256 (want ${2:0:12}, got ${sum:0:12}): $3"
}

# One-line sources, Debian's own suites and component only (other vendors use the same suite names
# with components of their own).
apt_convert_list()
{
    awk -v type="$1" -v arch="$2" '
        ($1 == "deb" || $1 == "deb-src") {
            line = $0; options = ""
            sub(/^[^ \t]+[ \t]+/, "", line)
            if (match(line, /^\[[^]]*\][ \t]*/)) {
                options = substr(line, 2, index(line, "]") - 2)
                line = substr(line, RLENGTH + 1)
                gsub(/(^|[ \t])arch[+-]?=[^ \t]*/, "", options)
            }
            if (arch != "")
                options = "arch=" arch " " options
            n = split(line, f, /[ \t]+/)
            main = 0
            for (i = 3; i <= n; i++)
                if (f[i] == "main") main = 1
            if (main && f[2] ~ /^(bookworm|trixie|forky|oldstable|stable|testing|sid|unstable)([\/-](updates|security|proposed-updates|backports))?$/) {
                out = type (options == "" ? "" : " [" options "]") " " f[1] " " f[2] " main"
                if (!seen[out]++) print out
            }
        }' "${@:3}"
}

# deb822 sources, kept as stanzas because Signed-By may hold a whole key.
apt_convert_deb822()
{
    awk -v type="$1" -v arch="$2" '
        function flush(   n, i, f, suites) {
            n = split(field["suites"], f, /[ \t\n]+/)
            for (i = 1; i <= n; i++)
                if (f[i] ~ /^(bookworm|trixie|forky|oldstable|stable|testing|sid|unstable)([\/-](updates|security|proposed-updates|backports))?$/)
                    suites = suites " " f[i]
            if (suites != "" && (" " field["components"] " ") ~ /[ \t\n]main[ \t\n]/ &&
                tolower(field["enabled"]) !~ /no|false/) {
                print "Types: " type
                print "URIs:" field["uris"]
                print "Suites:" suites
                print "Components: main"
                if (arch != "") print "Architectures: " arch
                if ("signed-by" in field) print "Signed-By:" field["signed-by"]
                print ""
            }
            split("", field)
        }
        FNR == 1 { flush() }
        /^#/ { next }
        /^[ \t]*$/ { flush(); next }
        /^[ \t]/ { field[key] = field[key] "\n" $0; next }
        { key = tolower($0); sub(/[ \t]*:.*/, "", key); value = $0; sub(/^[^:]*:/, "", value); field[key] = value }
        END { flush() }' "${@:3}"
}

# Writes the private configuration for sources ("src") or for one architecture's packages.
apt_prepare()
{
    local kind=$1 dir=$root/apt/$1 type=deb-src arch='' lists=() stanzas=() f

    if [[ $kind != src ]]; then
        type=deb
        arch=$kind
    fi
    mkdir -p "$dir"/{sources.d,state/lists/partial,cache/archives/partial,files}
    : >"$dir/status"

    if [[ -n ${BERTH_APT_SOURCES:-} ]]; then
        [[ -r $BERTH_APT_SOURCES ]] ||
            die "BERTH_APT_SOURCES=$BERTH_APT_SOURCES cannot be read: name a sources.list file"
        lists=("$BERTH_APT_SOURCES")
    else
        for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
            [[ -r $f ]] && lists+=("$f")
        done
        for f in /etc/apt/sources.list.d/*.sources; do
            [[ -r $f ]] && stanzas+=("$f")
        done
    fi
    : >"$dir/new.list"
    : >"$dir/new.sources"
    if ((${#lists[@]})); then
        apt_convert_list "$type" "$arch" "${lists[@]}" >"$dir/new.list"
    fi
    if ((${#stanzas[@]})); then
        apt_convert_deb822 "$type" "$arch" "${stanzas[@]}" >"$dir/new.sources"
    fi
    if [[ ! -s $dir/new.list && ! -s $dir/new.sources ]]; then
        die 'no Debian archive in /etc/apt/sources.list*: name a sources.list file in BERTH_APT_SOURCES'
    fi
    # Other archives than last time: the lists must be fetched again.
    for f in list sources; do
        if cmp -s "$dir/new.$f" "$dir/sources.d/berth.$f"; then
            rm "$dir/new.$f"
        else
            mv "$dir/new.$f" "$dir/sources.d/berth.$f"
            rm -f "$dir/updated"
        fi
    done

    cat >"$dir/apt.conf" <<EOF
Dir::State "$dir/state/";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache/";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$dir/sources.d/";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
APT::Get::Download-Only "true";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
EOF
    if [[ -n $arch ]]; then
        cat >>"$dir/apt.conf" <<EOF
#clear APT::Architectures;
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
EOF
    fi
}

# True when the lists are there and less than a day old, or could be fetched now.
apt_update()
{
    local dir=$root/apt/$1
    [[ -n $(find "$dir/updated" -mmin -1440 2>/dev/null) ]] && return 0
    rm -f "$dir/updated"
    if apt-get -c "$dir/apt.conf" update; then
        : >"$dir/updated"
    else
        return 1
    fi
}

# Downloads one version of a package into apt/<kind>/files.
apt_download()
{
    local kind=$1 package=$2 version=$3 dir=$root/apt/$1
    (
        cd "$dir/files" || exit 1
        if [[ $kind == src ]]; then
            # The small .dsc first: a version that is gone costs no large download.
            apt-get -c "$dir/apt.conf" source --only-source --dsc-only "$package=$version" &&
                apt-get -c "$dir/apt.conf" source --only-source "$package=$version"
        else
            apt-get -c "$dir/apt.conf" download "$package=$version"
        fi
    )
}

# have_files DIR PACKAGE VERSION: DIR has every file of this version (bytes are checked later).
have_files()
{
    local sum file
    while read -r sum file; do
        [[ -e $1/$file ]] || return 1
    done < <(pin_files "$2" "$3")
}

# Puts the best version's files into the folder $2 and its number into the variable `version`.
fetch()
{
    local package=$1 into=$2 kind name from='' file sum reached=1 versions

    mapfile -t versions < <(pin_versions "$package")
    ((${#versions[@]})) || die "no version of $package in scripts/deps/pins: add one"
    kind=src
    name=${package#*:}
    if [[ $package == bin:* ]]; then
        kind=${name#*:}
        name=${name%%:*}
    fi

    mkdir -p "$sources"
    # One download at a time, and what the first build learns about the network serves the others.
    exec 8>"$sources/.lock"
    flock 8
    for version in "${versions[@]}"; do
        if [[ -n ${BERTH_SOURCES:-} ]] && have_files "$BERTH_SOURCES" "$package" "$version"; then
            from=$BERTH_SOURCES
        elif have_files "$sources" "$package" "$version"; then
            from=$sources
        elif [[ -z ${BERTH_SOURCES:-} ]] && ((reached)); then
            if [[ $(cat "$root/apt/unreachable" 2>/dev/null) == "$PPID" ]]; then
                exit 1
            fi
            command -v apt-get >/dev/null || die 'apt-get is not installed: set BERTH_SOURCES to a folder with the files named in scripts/deps/pins'
            apt_prepare "$kind" || exit 1
            if ! apt_update "$kind" >>"$log" 2>&1; then
                reached=0
            elif apt_download "$kind" "$name" "$version" >>"$log" 2>&1 &&
                have_files "$root/apt/$kind/files" "$package" "$version"; then
                while read -r sum file; do
                    check_file "$root/apt/$kind/files/$file" "$sum" 'the mirror sent something else, try another one' &&
                        mv "$root/apt/$kind/files/$file" "$sources/$file" || exit 1
                done < <(pin_files "$package" "$version")
                rm -f "$root/apt/$kind/files"/*
                from=$sources
            fi
        fi
        [[ -n $from ]] && break
    done
    if [[ -z $from ]]; then
        if no_space; then
            die_space
        elif [[ -n ${BERTH_SOURCES:-} ]]; then
            die "$(pin_files "$package" "${versions[0]}" | while read -r sum file; do
                [[ -e $BERTH_SOURCES/$file ]] || { echo "$file"; break; }
            done) is not in BERTH_SOURCES=$BERTH_SOURCES: copy the files named in scripts/deps/pins there, or unset it to download"
        elif ((!reached)); then
            echo "$PPID" >"$root/apt/unreachable"
            die "cannot reach the Debian archives: check the network, or set BERTH_SOURCES to a folder with the files named in scripts/deps/pins (log: $log)"
        fi
        die "no mirror has version ${versions[*]}: pin a newer one in scripts/deps/pins, or set BERTH_SOURCES (log: $log)"
    fi

    while read -r sum file; do
        cp "$from/$file" "$into/$file" || { no_space && die_space; die "cannot copy $from/$file to $into"; }
        check_file "$into/$file" "$sum" "delete $from/$file and run make again"
        if [[ $from == "${BERTH_SOURCES:-}" ]]; then
            cp "$into/$file" "$sources/.$file.tmp" && mv "$sources/.$file.tmp" "$sources/$file"
        fi
    done < <(pin_files "$package" "$version")
    exec 8>&-
}
