# SPDX-License-Identifier: GPL-2.0-only
# Sourced by bash scripts: apt with a configuration directory of its own, so that neither the
# machine's sources nor its package lists change. The archive is the one the machine already uses.
#
#	apt_private_open SUITE…   makes the directory for these suites and downloads their lists
#	apt_private get ARGS…     apt-get, or apt_private cache ARGS… for apt-cache
#	apt_private_close         removes the directory
#
# The suite `own` stands for the machine's own release with its updates. apt_private_run is the
# prefix to run apt with (empty, or `sudo` for an installation).

apt_private_dir=
apt_private_run=()

# "URI SUITE" of each source of the machine that belongs to its release's main. What apt would
# download tells it, whatever form the sources have; nothing need be downloaded yet.
apt_private_sources() {
	local codename
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[ -n "$codename" ] || return 1
	apt-get update --print-uris 2>/dev/null </dev/null | awk -v c="$codename" -F "'" '
		match($2, "/dists/[^/]+/main/binary-") {
			uri = substr($2, 1, RSTART - 1)
			suite = substr($2, RSTART + 7)
			sub("/.*", "", suite)
			if (suite == c || suite == c "-updates" || suite == c "-security")
				print uri, suite
		}' | sort -u
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

# Writes the sources for the archive URI $1 and the suites that follow; downloads their lists.
apt_private_try() {
	local archive=$1 suite uri own
	shift
	for suite; do
		if [ "$suite" != own ]; then
			apt_private_stanza "$archive" "$suite"
			continue
		fi
		while read -r uri own; do
			case $own in
			*-security) apt_private_stanza "$uri" "$own" ;;
			*) [ "$uri" != "$archive" ] || apt_private_stanza "$uri" "$own" ;;
			esac
		done <<<"$apt_private_known"
	done >"$apt_private_dir/devgate.sources"
	apt_private get update -q >"$apt_private_dir/log" 2>&1 </dev/null &&
		! grep -qE '^(E:|W: (Failed|GPG|An error|Some index))' "$apt_private_dir/log"
}

apt_private_open() {
	local archive apt_private_known
	command -v apt-get >/dev/null || {
		echo "${0##*/}: apt-get not found: the set-up knows Debian only" >&2
		return 1
	}
	apt_private_known=$(apt_private_sources)
	[ -n "$apt_private_known" ] || {
		echo "${0##*/}: no Debian archive among the machine's apt sources (see /etc/apt)" >&2
		return 1
	}
	apt_private_dir=$(mktemp -d "${TMPDIR:-/var/tmp}/devgate-apt.XXXXXX") || return 1
	chmod 755 "$apt_private_dir"
	mkdir -p "$apt_private_dir"/lists/partial "$apt_private_dir"/cache/archives/partial
	# Others may serve a suite of the release's name: the one whose signature holds is Debian's.
	while read -r archive; do
		! apt_private_try "$archive" "$@" || return 0
	done < <(awk '$2 !~ /-/ { print $1 }' <<<"$apt_private_known")
	sed 's/^/    /' "$apt_private_dir/log" >&2
	echo "${0##*/}: the package lists of $* could not be downloaded from the machine's archive" >&2
	return 1
}

apt_private_close() {
	[ -z "$apt_private_dir" ] || "${apt_private_run[@]}" rm -rf "$apt_private_dir"
	apt_private_dir=
}
