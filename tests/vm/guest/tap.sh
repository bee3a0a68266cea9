# SPDX-License-Identifier: GPL-2.0-only
# Sourced by guest tests (`. tap.sh`): TAP in a few words. End with `finish`.
tap_count=0
tap_failed=0

ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $*"
}

not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $*"
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# check DESCRIPTION COMMAND…: passes when the command succeeds; its output is shown otherwise.
check() {
	tap_text=$1
	shift
	if tap_output=$("$@" 2>&1); then
		ok "$tap_text"
	else
		not_ok "$tap_text"
		note "$* failed (status $?): $tap_output"
	fi
}

# is DESCRIPTION EXPECTED GOT
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		note "expected '$2', got '$3'"
	fi
}

# skip DESCRIPTION REASON
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# wait_for SECONDS COMMAND…: until the command succeeds.
wait_for() {
	read -r tap_now _ </proc/uptime
	tap_end=$((${tap_now%.*} + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		read -r tap_now _ </proc/uptime
		[ "${tap_now%.*}" -le "$tap_end" ] || return 1
		sleep 0.1
	done
}

# driver_of PCI-ADDRESS: the name of the bound driver, nothing without one.
driver_of() {
	tap_link=$(readlink "/sys/bus/pci/devices/$1/driver") && echo "${tap_link##*/}"
}

# pci_by_id VENDOR:DEVICE: the addresses of such devices.
pci_by_id() {
	for tap_device in /sys/bus/pci/devices/*; do
		read -r tap_vendor <"$tap_device/vendor"
		read -r tap_id <"$tap_device/device"
		[ "${tap_vendor#0x}:${tap_id#0x}" != "$1" ] || echo "${tap_device##*/}"
	done
}

# behind_port SLOT: the PCI address of what is plugged into the root port in that slot (hex).
behind_port() {
	ls "/sys/bus/pci/devices/0000:00:$1.0" 2>/dev/null |
		grep -E '^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$' | sed -n 1p | grep .
}

finish() {
	echo "1..$tap_count"
	[ $tap_failed = 0 ]
	exit
}
