# SPDX-License-Identifier: GPL-2.0-only
# Sourced by bash scripts: apt with a configuration directory of its own, so that neither the
# machine's sources nor its package lists change. The archive is the one the machine already uses.
#
#	apt_private_open SUITE…   makes the directory for these suites and downloads their lists
#	apt_private get ARGS…     apt-get, or apt_private cache ARGS… for apt-cache
#	apt_private_close         removes the directory
#
# apt_private_run is the prefix to run apt with (empty, or `sudo` for an installation).

apt_private_dir=
apt_private_run=()

# The Debian archive of the machine: "URI CODENAME" of the first source of this release's main.
apt_private_archive() {
	local codename
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[ -n "$codename" ] || return 1
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
		"Created-By: Packages" "Release: $codename" "Component: main" 2>/dev/null |
		awk 'NR == 1 { print; found = 1 } END { exit !found }'
}

# Every URI and suite of the machine's own that belong to its Debian release.
apt_private_own() {
	local codename=$1
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
		"Created-By: Packages" "Component: main" 2>/dev/null |
		awk -v c="$codename" '$2 == c || $2 == c "-updates" || $2 == c "-security"' | sort -u
}

apt_private_stanza() {
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$1" "$2"
	if [ -r "$keyring" ]; then
		printf 'Signed-By: %s\n' "$keyring"
	fi
	printf '\n'
}

apt_private() {
	local tool=$1
	shift
	"${apt_private_run[@]}" env DEBIAN_FRONTEND=noninteractive "apt-$tool" \
		-o Dir::Etc::sourcelist="$apt_private_dir/devgate.sources" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$apt_private_dir/lists" -o Dir::Cache="$apt_private_dir/cache" \
		-o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 \
		-o Acquire::Languages=none "$@"
}

# With "own" among the suites the machine's own ones are there too (an installation needs them).
apt_private_open() {
	local archive uri codename suite own_uri own_suite
	command -v apt-get >/dev/null || {
		echo "${0##*/}: apt-get not found: the set-up knows Debian only" >&2
		return 1
	}
	archive=$(apt_private_archive) || {
		echo "${0##*/}: no Debian archive among the machine's apt sources (see /etc/apt)" >&2
		return 1
	}
	read -r uri codename <<<"$archive"
	apt_private_dir=$(mktemp -d "${TMPDIR:-/var/tmp}/devgate-apt.XXXXXX") || return 1
	chmod 755 "$apt_private_dir"
	mkdir -p "$apt_private_dir"/lists/partial "$apt_private_dir"/cache/archives/partial
	for suite; do
		if [ "$suite" = own ]; then
			while read -r own_uri own_suite; do
				apt_private_stanza "$own_uri" "$own_suite"
			done < <(apt_private_own "$codename")
		else
			apt_private_stanza "$uri" "$suite"
		fi
	done >"$apt_private_dir/devgate.sources"
	if ! apt_private get update -q >"$apt_private_dir/log" 2>&1 </dev/null ||
	   grep -q '^[WE]: Failed' "$apt_private_dir/log"; then
		sed 's/^/    /' "$apt_private_dir/log" >&2
		echo "${0##*/}: the package lists of $* could not be downloaded from the machine's archive" >&2
		return 1
	fi
}

apt_private_close() {
	[ -z "$apt_private_dir" ] || "${apt_private_run[@]}" rm -rf "$apt_private_dir"
	apt_private_dir=
}
