# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the tests of trust and trust-off: levels as user space sees them. Devices, policies and
# binding by hand are those of the policy suite.
. ../policy/common.sh

# shown ATTRIBUTE DEVICE: its value
shown() {
	cat "/sys/bus/pci/devices/$2/$1"
}

# bound_at DEVICE: driver, level and whether another one is pending
bound_at() {
	echo "$(driver_of "$1") $(shown trust "$1") $(shown trust_pending "$1")"
}

# listen: uevents from now on, to $work/uevents
listen() {
	uevents_pid=$(uevents "$work/uevents")
}

# heard ACTION DEVICE TEXT: such an event came
heard() {
	grep "^$1@.*/$2 " "$work/uevents" | grep -qw "$3"
}

# deaf: ends listening
deaf() {
	kill "$uevents_pid"
}

# ops NAME VERSION TEXT: a policy that allows the NIC what TEXT says, and everything else all
ops() {
	cat >"$work/$1-$2.dgp" <<POLICY
policy "$1" version $2 abi 1;
default bind, mmio, mmap, dma, dma-relaxed, connect, lock = allow;
default dma-private, accept = deny;
$3
POLICY
	devgate compile "$work/$1-$2.dgp" -o "$work/$1-$2.bpf.o"
}

tracing=/sys/kernel/tracing
# trace on|off
trace() {
	case $1 in
	on)
		echo >$tracing/trace
		echo 1 >$tracing/events/device_policy/enable
		;;
	off)
		echo 0 >$tracing/events/device_policy/enable
		;;
	esac
}

# traced PATTERN…: one line with all of them
traced() {
	cp $tracing/trace "$work/trace"
	for pattern; do
		grep -e "$pattern" "$work/trace" >"$work/trace.left" || return
		mv "$work/trace.left" "$work/trace"
	done
}
