# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the tests of this suite, which share one guest: its devices, policies and questions.
kernel_status=/sys/kernel/security/devpolicy/status
pins=/sys/fs/bpf/devgate
work=/run/policy-suite
mkdir -p $work
modprobe e1000e
nic=$(pci_by_id 8086:10d3 | sed -n 1p)
disk=$(pci_by_id 1b36:0010 | sed -n 1p)

# counter NAME: of the kernel's status
counter() {
	sed -n "s/^$1 //p" $kernel_status
}

# policy NAME VERSION RULES: compiles $work/NAME-VERSION.bpf.o; everything on the board is allowed.
policy() {
	cat >"$work/$1-$2.dgp" <<POLICY
policy "$1" version $2 abi 1;
default bind = deny;
default mmio, mmap, dma, dma-relaxed, connect, lock = allow;
default dma-private, accept = deny;
$3
allow "board" on bind where bus in { "platform", "acpi", "pnp", "serio", "usb" };
allow "inside" on bind where bus == "pci" and not pci.external;
POLICY
	devgate compile "$work/$1-$2.dgp" -o "$work/$1-$2.bpf.o"
}

# rebind DRIVER DEVICE: status of `attempt` at binding by hand
rebind() {
	attempt EPERM "/sys/bus/pci/drivers/$1/unbind" "$2" 2>/dev/null
	attempt EPERM "/sys/bus/pci/drivers/$1/bind" "$2"
}

behind_bound() {
	[ -n "$(driver_of "$(behind_port "$1")")" ]
}

# leave: back to no policy, for the next test
leave() {
	devgate detach >/dev/null 2>&1
	rm -rf $pins
	rebind e1000e "$nic" 2>/dev/null
	rebind nvme "$disk" 2>/dev/null
}
