# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the kernel scripts: where things are, and the few helpers they share.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${DEVGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/devgate}
series_dir=${series_dir:-$top/kernel/patches/7.3}
# One bare repository holds every base as a commit: refs/base/<name>.
store=$cache/kernel.git

case $cache in
*[[:space:]:]*)
	echo "${0##*/}: the cache's path '$cache' has a character that make cannot take: set DEVGATE_CACHE" >&2
	exit 1
	;;
esac

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

say() {
	echo "kernel: $*" >&2
}

# The user's own git settings (hooks, signing, line endings) must not change what comes out.
git() {
	GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null command git \
		-c core.autocrlf=false -c core.fileMode=true -c commit.gpgSign=false \
		-c core.hooksPath=/dev/null -c gc.auto=0 -c advice.detachedHead=false \
		-c safe.directory='*' -c user.name=devgate -c user.email=devgate@localhost "$@"
}

# The patch files in the order of the series, one a line; nothing when the series is empty.
series() {
	[ ! -e "$series_dir/series" ] || sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' \
		"$series_dir/series"
}

# Holds the lock NAME of the cache until the script ends; says so when it has to wait.
hold_lock() {
	mkdir -p "$cache"
	exec {lock_fd}>"$cache/$1.lock"
	if ! flock -n "$lock_fd"; then
		say "another run is busy with the $1, waiting for it"
		flock "$lock_fd"
	fi
}

elapsed() {
	local seconds=$((SECONDS - ${1:-0}))
	printf '%d min %02d s' $((seconds / 60)) $((seconds % 60))
}

# Turns a tree object of the store into the base commit NAME. Author, date and message are fixed:
# the same source gives the same commit on every machine.
base_commit() {
	local name=$1 tree=$2 commit
	commit=$(GIT_AUTHOR_NAME=devgate GIT_AUTHOR_EMAIL=devgate@localhost \
		GIT_COMMITTER_NAME=devgate GIT_COMMITTER_EMAIL=devgate@localhost \
		GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' \
		git --git-dir="$store" commit-tree -m "base: pristine source" "$tree")
	git --git-dir="$store" update-ref "refs/base/$name" "$commit"
}

# Imports the directory $2 as the base $1 without changing it.
import_directory() {
	local name=$1 directory=$2 index
	index=$store/index-${name//\//-}
	GIT_INDEX_FILE=$index git --git-dir="$store" --work-tree="$directory" add -A -f .
	base_commit "$name" "$(GIT_INDEX_FILE=$index git --git-dir="$store" write-tree)"
}

# The file of the patch NAME: on another version than the series', what kernel/patches/VERSION has in
# its stead (see kernel/scripts/backport).
patch_file() {
	local other=${series_dir%/*}/${KERNEL_VERSION:-none}/$1
	if [ -e "$other" ]; then
		echo "$other"
	else
		echo "$series_dir/$1"
	fi
}

# The digest of what the patch file $1 changes, wherever that is in the files.
changes() {
	sed -n '/^diff --git /,$p' "$1" | grep -E '^(\+|-|diff --git )' | grep -vE '^(---|\+\+\+) ' |
		sha256sum | cut -c1-16
}

# Whether what is applied for the patch NAME was made from that patch as it is now.
belongs() {
	local file
	file=$(patch_file "$1")
	[ "$file" = "$series_dir/$1" ] ||
		grep -sqxF "$(changes "$series_dir/$1") $1" "${file%/*}/of"
}

# What a tree with the series applied is made of.
series_id() {
	{
		echo "$1"
		series | while read -r name; do
			echo "$name"
			cat "$(patch_file "$name")"
		done
	} | sha256sum | cut -d ' ' -f 1
}

# Notes in the work tree $1 that its HEAD is the series as it is now, on the base $2.
mark_applied() {
	git -C "$1" update-ref refs/devgate/base "$2"
	git -C "$1" update-ref refs/devgate/applied HEAD
	git -C "$1" config devgate.series "$(series_id "$2")"
}

# Applies the series to the work tree $1, whose HEAD is the base.
apply_series() {
	local tree=$1 patches=() name
	while read -r name; do
		[ -r "$series_dir/$name" ] || die "$series_dir/series names $name, which is not there"
		belongs "$name" ||
			die "$(patch_file "$name") was made from another $name: kernel/scripts/backport $KERNEL_VERSION"
		patches+=("$(patch_file "$name")")
	done < <(series)
	for name in "$series_dir"/*.patch; do
		[ -e "$name" ] || continue
		series | grep -qxF "${name##*/}" || die "${name##*/} is not in $series_dir/series"
	done
	if [ ${#patches[@]} -gt 0 ] &&
	   ! GIT_COMMITTER_NAME=devgate GIT_COMMITTER_EMAIL=devgate@localhost \
	     git -C "$tree" am -q --committer-date-is-author-date --keep-non-patch \
	     "${patches[@]}" >&2; then
		git -C "$tree" am --abort >&2 || true
		die "the series does not apply to $(cat "$cache/source")"
	fi
}
