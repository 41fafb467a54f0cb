# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Gets pinned files into $root/sources and from there, verified, into a library's work folder.
# Sourced by build, which defines root, lib, log, die and die_disk, and sends stderr to the log.
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
    sum=$(sha256sum <"$1") || die "cannot read $1: check the disk"
    sum=${sum%% *}
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
            die "BERTH_APT_SOURCES=$BERTH_APT_SOURCES cannot be read: name a .list or .sources file"
        case $BERTH_APT_SOURCES in
        *.sources) stanzas=("$BERTH_APT_SOURCES") ;;
        *) lists=("$BERTH_APT_SOURCES") ;;
        esac
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
        die 'no Debian archive in /etc/apt/sources.list*: name a .list or .sources file in BERTH_APT_SOURCES'
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

# True when this make has already said that the archives are out of reach.
said_unreachable()
{
    [[ -n $(find "$root/apt/unreachable" -mmin -5 2>/dev/null) ]] &&
        [[ $(<"$root/apt/unreachable") == "$PPID" ]]
}

# Downloads one version into $sources; false when no archive has it.  Sets `reached` to 0 when there
# is no network.
download()
{
    local package=$1 version=$2 kind=src name=${1#*:} sum file
    if [[ $package == bin:* ]]; then
        kind=${name#*:}
        name=${name%%:*}
    fi
    said_unreachable && exit 1
    command -v apt-get >/dev/null ||
        die 'apt-get is not installed: set BERTH_SOURCES to a folder with the files named in scripts/deps/pins'
    apt_prepare "$kind"
    if ! apt_update "$kind" >>"$log"; then
        reached=0
        return 1
    fi
    apt_download "$kind" "$name" "$version" >>"$log" || return 1
    have_files "$root/apt/$kind/files" "$package" "$version" || return 1
    while read -r sum file; do
        check_file "$root/apt/$kind/files/$file" "$sum" 'the mirror sent something else, try another one'
        mv "$root/apt/$kind/files/$file" "$sources/$file" || return 1
    done < <(pin_files "$package" "$version")
    rm -f "$root/apt/$kind/files"/*
}

# Why no version could be had, in one line.
die_missing()
{
    local package=$1 sum file
    if [[ -n ${BERTH_SOURCES:-} ]]; then
        while read -r sum file; do
            [[ -e $BERTH_SOURCES/$file ]] ||
                die "$file is not in BERTH_SOURCES=$BERTH_SOURCES: copy the files named in scripts/deps/pins there, or unset it to download"
        done < <(pin_files "$package" "${versions[0]}")
    fi
    if ((!reached)); then
        no_space || echo "$PPID" >"$root/apt/unreachable"
        die_disk "cannot reach the Debian archives: check the network, or set BERTH_SOURCES to a folder with the files named in scripts/deps/pins (log: $log)"
    fi
    die_disk "no archive has version ${versions[*]}: pin a newer one in scripts/deps/pins, or set BERTH_SOURCES (log: $log)"
}

# fetch PACKAGE DIR: puts the files of the best version that can be had, verified, into DIR; sets
# `version`.  With BERTH_SOURCES nothing is downloaded.
fetch()
{
    local package=$1 into=$2 from='' file sum reached=1 versions one

    mapfile -t versions < <(pin_versions "$package")
    ((${#versions[@]})) || die "no version of $package in scripts/deps/pins: add one"
    mkdir -p "$sources" || die_disk "cannot create $sources: check its owner"
    # One download at a time, and what the first learns about the network serves the others.
    exec {one}>"$sources/.lock"
    flock "$one"
    for version in "${versions[@]}"; do
        if [[ -n ${BERTH_SOURCES:-} ]] && have_files "$BERTH_SOURCES" "$package" "$version"; then
            from=$BERTH_SOURCES
        elif have_files "$sources" "$package" "$version"; then
            from=$sources
        elif [[ -z ${BERTH_SOURCES:-} ]] && ((reached)) && download "$package" "$version"; then
            from=$sources
        fi
        [[ -n $from ]] && break
    done
    [[ -n $from ]] || die_missing "$package"

    while read -r sum file; do
        cp "$from/$file" "$into/$file" || die_disk "cannot copy $from/$file: see $log"
        check_file "$into/$file" "$sum" "delete $from/$file, then run make again"
    done < <(pin_files "$package" "$version")
    exec {one}>&-
}
