# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the tests of this suite, which share one guest. A device behind an external port is
# exposed: before the first policy it is allowed nothing, and its twin inside the machine everything.
status=/sys/kernel/security/devpolicy/status
maps=/sys/kernel/debug/devpolicy_map
devices=/sys/bus/pci/devices
ENOMEM=12
outside=$(behind_port 18)
inside=$(pci_by_id 1b36:0005 | grep -vxF "$outside" | sed -n 1p)
modprobe devpolicy_map

# counter NAME: of the kernel's status
counter() {
	sed -n "s/^$1 //p" $status
}

# bar DEVICE NUMBER: its first address and its size, in hex
bar() {
	sed -n "$(($2 + 1))p" "$devices/$1/resource" |
		while read -r start end _; do printf '%#x %#x\n' "$start" $((end - start + 1)); done
}

# address DEVICE NUMBER: the first address of a BAR
address() {
	bar "$1" "$2" | cut -d' ' -f1
}

# kernel_map FUNCTION ERRNO "ADDRESS SIZE": the status of attempt
kernel_map() {
	attempt "$2" "$maps/$1" "$3" 2>/dev/null
	echo $?
}

# user_map FILE OFFSET SIZE: the status of map, which is to be denied with EPERM or allowed
user_map() {
	map EPERM "$@" 2>/dev/null
	echo $?
}

# proc_file DEVICE: its file in /proc/bus/pci
proc_file() {
	name=${1#*:}
	echo "/proc/bus/pci/${name%:*}/${name#*:}"
}

# hole: a page in a window of the host bridge that no resource covers
hole() {
	python3 - <<'PYTHON'
import re
windows, inner = [], []
for line in open("/proc/iomem"):
    depth = len(line) - len(line.lstrip())
    start, last, name = re.match(r" *([0-9a-f]+)-([0-9a-f]+) : (.*)", line).groups()
    start, last = int(start, 16), int(last, 16)
    if name == "PCI Bus 0000:00" and depth == 0 and start >= 1 << 20:
        windows.append((start, last))
    elif depth == 2:
        inner.append((start, last))
for start, last in windows:
    page = (last + 1 - 0x1000) & ~0xfff
    while page >= start:
        hit = [a for a, b in inner if a <= page + 0xfff and b >= page]
        if not hit:
            print(hex(page))
            raise SystemExit
        page = (min(hit) - 0x1000) & ~0xfff
raise SystemExit("no hole in any window")
PYTHON
}

# What follows is for the tests that bring a policy.
pins=/sys/fs/bpf/devgate
work=/run/mmio-suite
mkdir -p $work

# enforce VERSION RULES: a policy that allows all but what the rules forbid takes force
enforce() {
	cat >"$work/$1.dgp" <<POLICY
policy "mmio" version $1 abi 1;
default bind, mmio, mmap, dma, dma-relaxed, connect, lock = allow;
default dma-private, accept = deny;
$2
POLICY
	devgate compile "$work/$1.dgp" -o "$work/$1.bpf.o" && devgate apply --force "$work/$1.bpf.o"
}

# bind_to DRIVER DEVICE ERRNO: the status of attempt at binding by hand, once nothing is bound
bind_to() {
	attempt EPERM "$devices/$2/driver/unbind" "$2" 2>/dev/null
	attempt "$3" "/sys/bus/pci/drivers/$1/bind" "$2" 2>/dev/null
	echo $?
}

leave() {
	devgate detach >/dev/null 2>&1
	rm -rf $pins
}
