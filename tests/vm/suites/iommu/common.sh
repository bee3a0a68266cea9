# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the tests of iommu and iommu-off: devices that write memory by themselves, and what came of
# it. Policies (`ops`) and binding by hand are those of the trust suite.
cd ../trust || exit
. ./common.sh

unblocked=/sys/kernel/security/devpolicy/unblocked
modprobe devgate_bench
for found in $(pci_by_id 1234:11e8); do
	# The one on its own is on the root bus, the two of a group are behind a bridge.
	case $(readlink -f "/sys/bus/pci/devices/$found") in
	*/pci0000:00/"$found") edu=$found ;;
	*) [ "${first:-}" ] && second=$found || first=$found ;;
	esac
done
[ -e "/sys/bus/pci/devices/$edu/iommu_group" ] && iommu=yes || iommu=

# writes DEVICE: is its write of a page at its physical address "written" or "unchanged"?
writes() {
	dmesg -C
	edu "$1"
}

# by_iommu SAID ELSE: SAID with an IOMMU, ELSE without
by_iommu() {
	[ $iommu ] && echo "$1" || echo "$2"
}

# faulted DEVICE: the IOMMU has reported it since the last write
faulted() {
	dmesg | grep -q "DMAR:.*\[DMA Write.*Request device \[$1\] fault addr"
}

# The kernel reports some faults in five seconds and is silent about the next.
fault_again() {
	faulted "$1" && return
	edu "$1" >/dev/null
	sleep 1
	faulted "$1"
}

# held WHAT DEVICE: it cannot write, and the IOMMU says so
held() {
	is "$1: the page is unchanged" unchanged "$(writes "$2")"
	check "$1: and the IOMMU has reported it" wait_for 15 fault_again "$2"
}

# reaches WHAT DEVICE
reaches() {
	is "$1: the page is written" written "$(writes "$2")"
}

# bind_to DRIVER DEVICE, unbind DEVICE; the status of attempt
bind_to() {
	attempt EPERM "/sys/bus/pci/drivers/$1/bind" "$2" 2>/dev/null
}
unbind() {
	attempt EPERM "/sys/bus/pci/devices/$1/driver/unbind" "$1" 2>/dev/null
}

# binds WHAT DEVICE, refused WHAT DEVICE TEXT: TEXT in the log
binds() {
	bind_to devgate_bench "$2"
	is "$1: it binds" 0 $?
}
refused() {
	dmesg -C
	bind_to devgate_bench "$2"
	is "$1: the bind is refused with EPERM" 1 $?
	check "$1: and the log says why" sh -c "dmesg | grep -q '$2: devpolicy: bind refused: .*$3'"
}

passed() {
	[ "$(counter passed_generation)" = "$(counter generation)" ]
}

# in_force NAME VERSION TEXT: such a policy takes force, devices have followed, and none of the test's
# has a driver
in_force() {
	ops "$@" && devgate apply --force "$work/$1-$2.bpf.o" && wait_for 30 passed || return
	for found in "$edu" "$first" "$second"; do
		[ ! -e "/sys/bus/pci/devices/$found/driver" ] || unbind "$found" || return
	done
}
