# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the tests of this suite: the devices, and questions to the DMA API on their behalf.
kernel_status=/sys/kernel/security/devpolicy/status
questions=/sys/kernel/debug/devgate_dma
work=/run/dma-suite
mkdir -p $work
modprobe devgate_dma
edu=$(pci_by_id 1234:11e8 | sed -n 1p)
edu2=$(pci_by_id 1234:11e8 | sed -n 2p)
edu3=$(pci_by_id 1234:11e8 | sed -n 3p)

# counter NAME: of the kernel's status
counter() {
	sed -n "s/^$1 //p" $kernel_status
}

# ask DEVICE ENTRY: what the entry of the DMA API says when it is entered for the device
ask() {
	echo "$1 $2" >$questions/ask && cat $questions/ask
}

# hold DEVICE: binds the driver that does nothing and leaves DMA to others
hold() {
	echo pci-stub >"/sys/bus/pci/devices/$1/driver_override"
	echo "$1" >/sys/bus/pci/drivers/pci-stub/bind
}

# drop DEVICE: no driver
drop() {
	echo "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
	echo >"/sys/bus/pci/devices/$1/driver_override"
}

behind_iommu() {
	[ -e "/sys/bus/pci/devices/$1/iommu_group" ]
}

# policy NAME VERSION RULES: compiles $work/NAME-VERSION.bpf.o; what no rule speaks of is allowed.
policy() {
	cat >"$work/$1-$2.dgp" <<POLICY
policy "$1" version $2 abi 1;
default bind, mmio, mmap, dma, dma-relaxed, connect, lock = allow;
default dma-private, accept = deny;
$3
POLICY
	devgate compile "$work/$1-$2.dgp" -o "$work/$1-$2.bpf.o"
}

# rebind DRIVER DEVICE: unbinds what is bound, and binds by hand
rebind() {
	echo "$2" >"/sys/bus/pci/devices/$2/driver/unbind" 2>/dev/null
	echo "$2" >"/sys/bus/pci/drivers/$1/bind" 2>"$work/error"
}

# disk_of DEVICE: its block device's node
disk_of() {
	for found in "/sys/bus/pci/devices/$1"/nvme/nvme*/nvme*n1 \
		"/sys/bus/pci/devices/$1"/virtio*/block/* \
		"/sys/bus/pci/devices/$1"/ata*/host*/target*/*/block/*; do
		[ ! -e "$found" ] || echo "/dev/${found##*/}"
	done | sed -n 1p
}

# reads DISK: 64 direct reads of different lengths; the error on stderr
reads() {
	dd if="$1" of=/dev/null iflag=direct bs=4096 count=32 2>&1 &&
		dd if="$1" of=/dev/null iflag=direct bs=128k count=32 2>&1
}
