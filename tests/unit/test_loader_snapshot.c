// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* nftw */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "protect.h"
#include "snapshot.h"

static char root[] = "/tmp/dg-test-XXXXXX";

static void path_of(char path[static PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/sys/%s", root, name);
}

/* Make the directories that @name needs. */
static void parents(const char *name)
{
	char path[PATH_MAX];

	path_of(path, name);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
}

static void put_bytes(const char *name, const void *data, size_t len)
{
	char path[PATH_MAX];
	FILE *file;

	parents(name);
	path_of(path, name);
	file = fopen(path, "w");
	cr_assert(file, "%s", path);
	fwrite(data, 1, len, file);
	fclose(file);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static void put_link(const char *name, const char *target)
{
	char path[PATH_MAX];

	parents(name);
	path_of(path, name);
	cr_assert_eq(symlink(target, path), 0, "%s", path);
}

static void begin(void)
{
	char path[PATH_MAX];

	cr_assert(mkdtemp(root));
	path_of(path, "");
	mkdir(path, 0700);
	path_of(path, "bus");
	mkdir(path, 0700);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void end(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(loader_snapshot, .init = begin, .fini = end);
TestSuite(loader_protect, .init = begin, .fini = end);

static struct dg_inventory *take(void)
{
	struct dg_inventory *inventory;
	struct dg_failure failure = {};

	cr_assert_eq(dg_snapshot_take(root, &inventory, &failure), 0, "%s", failure.text);
	return inventory;
}

static void expect_str(const struct dg_device *device, enum dg_attr_id attr, const char *value)
{
	const struct dg_fact *fact = &device->facts[attr];

	cr_assert(fact->known, "%s", dg_schema_attr(attr)->name);
	cr_expect_eq(fact->scalar.str.len, strlen(value), "%s", dg_schema_attr(attr)->name);
	cr_expect_eq(memcmp(fact->scalar.str.data, value, strlen(value)), 0, "%s: %.*s",
		     dg_schema_attr(attr)->name, (int)fact->scalar.str.len, fact->scalar.str.data);
}

static void expect_num(const struct dg_device *device, enum dg_attr_id attr, uint64_t value)
{
	const struct dg_fact *fact = &device->facts[attr];

	cr_assert(fact->known, "%s", dg_schema_attr(attr)->name);
	cr_expect_eq(fact->scalar.num, value, "%s: %llx", dg_schema_attr(attr)->name,
		     (unsigned long long)fact->scalar.num);
}

static void expect_unknown(const struct dg_device *device, enum dg_attr_id attr)
{
	cr_expect_not(device->facts[attr].known, "%s", dg_schema_attr(attr)->name);
}

#define NVME "devices/pci0000:00/0000:00:1f.7"

static void put_nvme(void)
{
	put(NVME "/vendor", "0x144d\n");
	put(NVME "/device", "0xa808\n");
	put(NVME "/subsystem_vendor", "0x144d\n");
	put(NVME "/subsystem_device", "0xa801\n");
	put(NVME "/class", "0x010802\n");
	put(NVME "/revision", "0x0a\n");
	put_link("bus/pci/devices/0000:00:1f.7", "../../../" NVME);
}

Test(loader_snapshot, nothing_there)
{
	struct dg_inventory *inventory = take();

	cr_expect_eq(inventory->device_count, 0);
	dg_inventory_free(inventory);
}

Test(loader_snapshot, no_sysfs)
{
	struct dg_inventory *inventory = (void *)1;
	struct dg_failure failure = {};

	end();
	mkdir(root, 0700);
	cr_expect_eq(dg_snapshot_take(root, &inventory, &failure), -ENOENT);
	cr_expect_eq(inventory, (void *)1, "output untouched");
	cr_expect(strstr(failure.text, "/sys/bus"), "%s", failure.text);
}

Test(loader_snapshot, pci_unbound)
{
	struct dg_inventory *inventory;
	const struct dg_device *device;

	put_nvme();
	inventory = take();
	cr_assert_eq(inventory->device_count, 1);
	device = inventory->devices[0];
	expect_str(device, DG_ATTR_BUS, "pci");
	expect_str(device, DG_ATTR_DEVICE_NAME, "0000:00:1f.7");
	expect_str(device, DG_ATTR_DEVICE_PATH, "/" NVME);
	expect_num(device, DG_ATTR_PCI_ID, 0x144da808);
	expect_num(device, DG_ATTR_PCI_SUBSYSTEM, 0x144da801);
	expect_num(device, DG_ATTR_PCI_CLASS, 0x010802);
	expect_num(device, DG_ATTR_PCI_REVISION, 10);
	expect_num(device, DG_ATTR_PCI_ADDRESS, 0x1f << 3 | 7);
	expect_num(device, DG_ATTR_PCI_SLOT, 0x1f);
	expect_num(device, DG_ATTR_PCI_FUNCTION, 7);
	expect_num(device, DG_ATTR_PCI_EXTERNAL, 0);
	expect_num(device, DG_ATTR_PCI_VIRTFN, 0);
	expect_num(device, DG_ATTR_IOMMU_DOMAIN, 0);
	expect_unknown(device, DG_ATTR_DRIVER_NAME);
	expect_unknown(device, DG_ATTR_DRIVER_MODULE);
	expect_unknown(device, DG_ATTR_DRIVER_BUILTIN);
	expect_unknown(device, DG_ATTR_USB_ID);
	cr_expect_eq(device->label.len, strlen("0000:00:1f.7"));
	dg_inventory_free(inventory);
}

Test(loader_snapshot, pci_external_virtfn_iommu)
{
	struct dg_inventory *inventory;

	put_nvme();
	put(NVME "/removable", "removable\n");
	put(NVME "/iommu_group/type", "DMA-FQ\n");
	put_link(NVME "/physfn", "../0000:00:1f.0");
	put(NVME "/../0000:00:1f.0/vendor", "0x1\n");
	inventory = take();
	expect_num(inventory->devices[0], DG_ATTR_PCI_EXTERNAL, 1);
	expect_num(inventory->devices[0], DG_ATTR_PCI_VIRTFN, 1);
	expect_num(inventory->devices[0], DG_ATTR_IOMMU_DOMAIN, 4);
	dg_inventory_free(inventory);
}

Test(loader_snapshot, module_driver)
{
	struct dg_inventory *inventory;

	put_nvme();
	put("module/nvme_mod/initstate", "live\n");
	put_link("bus/pci/drivers/nvme/module", "../../../../module/nvme_mod");
	put_link(NVME "/driver", "../../../bus/pci/drivers/nvme");
	inventory = take();
	expect_str(inventory->devices[0], DG_ATTR_DRIVER_NAME, "nvme");
	expect_str(inventory->devices[0], DG_ATTR_DRIVER_MODULE, "nvme_mod");
	expect_num(inventory->devices[0], DG_ATTR_DRIVER_BUILTIN, 0);
	dg_inventory_free(inventory);
}

Test(loader_snapshot, builtin_driver)
{
	struct dg_inventory *inventory;

	put_nvme();
	put("module/nvme_mod/parameters/x", "1\n");
	put_link("bus/pci/drivers/nvme/module", "../../../../module/nvme_mod");
	put_link(NVME "/driver", "../../../bus/pci/drivers/nvme");
	inventory = take();
	expect_str(inventory->devices[0], DG_ATTR_DRIVER_MODULE, "nvme_mod");
	expect_num(inventory->devices[0], DG_ATTR_DRIVER_BUILTIN, 1);
	dg_inventory_free(inventory);
}

Test(loader_snapshot, driver_that_names_no_module)
{
	struct dg_inventory *inventory;

	put_nvme();
	put("bus/pci/drivers/nvme/uevent", "");
	put_link(NVME "/driver", "../../../bus/pci/drivers/nvme");
	inventory = take();
	expect_unknown(inventory->devices[0], DG_ATTR_DRIVER_MODULE);
	expect_num(inventory->devices[0], DG_ATTR_DRIVER_BUILTIN, 1);
	dg_inventory_free(inventory);
}

Test(loader_snapshot, only_platform_devices_of_firmware)
{
	struct dg_inventory *inventory;

	put("devices/platform/soft/uevent", "");
	put_link("bus/platform/devices/soft", "../../../devices/platform/soft");
	put("devices/platform/board/firmware_node/modalias", "acpi:PNP0501:PNP0500:\n");
	put_link("bus/platform/devices/board", "../../../devices/platform/board");
	put_bytes("devices/platform/tree/of_node/compatible", "vendor,a\0vendor,b", 18);
	put_link("bus/platform/devices/tree", "../../../devices/platform/tree");
	inventory = take();
	cr_assert_eq(inventory->device_count, 2);
	expect_str(inventory->devices[0], DG_ATTR_DEVICE_NAME, "board");
	cr_assert_eq(inventory->devices[0]->facts[DG_ATTR_ACPI_IDS].element_count, 2);
	cr_expect_str_eq(inventory->devices[0]->facts[DG_ATTR_ACPI_IDS].elements[1].str.data,
			 "PNP0500");
	cr_assert_eq(inventory->devices[1]->facts[DG_ATTR_OF_COMPATIBLE].element_count, 2);
	cr_expect_str_eq(inventory->devices[1]->facts[DG_ATTR_OF_COMPATIBLE].elements[1].str.data,
			 "vendor,b");
	dg_inventory_free(inventory);
}

#define STICK "devices/pci0000:00/usb1/1-2"

static void put_stick(void)
{
	static const unsigned char descriptors[] = {
		18, 1,	0, 2, 0, 0,    0,    64, 1, 2, 3, 4, 0, 1, 1,	 2,    3, 1, 9,
		2,  32, 0, 1, 1, 0,    0x80, 50, 9, 4, 0, 0, 2, 8, 6,	 0x50, 0, 9, 4,
		0,  1,	4, 8, 6, 0x62, 0,    9,	 4, 0, 1, 4, 8, 6, 0x62, 0,    9, 4, /* cut short */
	};

	put(STICK "/idVendor", "0951\n");
	put(STICK "/idProduct", "1666\n");
	put(STICK "/bDeviceClass", "00\n");
	put(STICK "/bDeviceSubClass", "00\n");
	put(STICK "/bDeviceProtocol", "00\n");
	put(STICK "/serial", "S\"\\\n");
	put_bytes(STICK "/descriptors", descriptors, sizeof(descriptors));
	put(STICK "/1-2:1.0/bInterfaceClass", "08\n");
	put(STICK "/1-2:1.0/bInterfaceSubClass", "06\n");
	put(STICK "/1-2:1.0/bInterfaceProtocol", "50\n");
	put_link("bus/usb/devices/1-2", "../../../" STICK);
	put_link("bus/usb/devices/1-2:1.0", "../../../" STICK "/1-2:1.0");
}

Test(loader_snapshot, usb)
{
	struct dg_inventory *inventory;
	const struct dg_fact *interfaces;

	put_stick();
	inventory = take();
	cr_assert_eq(inventory->device_count, 2);
	expect_num(inventory->devices[0], DG_ATTR_USB_ID, 0x09511666);
	expect_num(inventory->devices[0], DG_ATTR_USB_CLASS, 0);
	expect_str(inventory->devices[0], DG_ATTR_USB_SERIAL, "S\"\\");
	expect_unknown(inventory->devices[0], DG_ATTR_USB_PRODUCT);
	expect_str(inventory->devices[0], DG_ATTR_USB_PORT, "1-2");
	expect_str(inventory->devices[1], DG_ATTR_USB_PORT, "1-2");
	expect_num(inventory->devices[1], DG_ATTR_USB_ID, 0x09511666);
	expect_num(inventory->devices[1], DG_ATTR_USB_CLASS, 0x080650);
	expect_str(inventory->devices[1], DG_ATTR_USB_SERIAL, "S\"\\");
	for (int i = 0; i < 2; i++) {
		interfaces = &inventory->devices[i]->facts[DG_ATTR_USB_INTERFACES];
		cr_assert(interfaces->known);
		cr_assert_eq(interfaces->element_count, 2,
			     "alternate settings too, each class once");
		cr_expect_eq(interfaces->elements[0].num, 0x080650);
		cr_expect_eq(interfaces->elements[1].num, 0x080662);
	}
	dg_inventory_free(inventory);
}

Test(loader_snapshot, a_root_hub_is_in_no_port)
{
	struct dg_inventory *inventory;

	put("devices/pci0000:00/usb1/idVendor", "1d6b\n");
	put("devices/pci0000:00/usb1/1-0:1.0/bInterfaceClass", "09\n");
	put_link("bus/usb/devices/usb1", "../../../devices/pci0000:00/usb1");
	put_link("bus/usb/devices/1-0:1.0", "../../../devices/pci0000:00/usb1/1-0:1.0");
	inventory = take();
	cr_assert_eq(inventory->device_count, 2);
	expect_unknown(inventory->devices[0], DG_ATTR_USB_PORT);
	expect_unknown(inventory->devices[1], DG_ATTR_USB_PORT);
	dg_inventory_free(inventory);
}

Test(loader_snapshot, long_string_is_unknown)
{
	struct dg_inventory *inventory;
	char text[300];

	put_stick();
	memset(text, 'x', sizeof(text));
	text[299] = 0;
	put(STICK "/product", text);
	inventory = take();
	expect_unknown(inventory->devices[0], DG_ATTR_USB_PRODUCT);
	dg_inventory_free(inventory);
}

Test(loader_snapshot, by_bus_then_name)
{
	struct dg_inventory *inventory;

	put_stick();
	put_nvme();
	put("devices/pnp0/00:01/id", "PNP0303\n");
	put_link("bus/pnp/devices/00:01", "../../../devices/pnp0/00:01");
	put("devices/pci0000:00/0000:00:02.0/vendor", "0x1\n");
	put_link("bus/pci/devices/0000:00:02.0", "../../../devices/pci0000:00/0000:00:02.0");
	put_link("bus/pci/devices/gone", "../../../devices/gone");
	inventory = take();
	cr_assert_eq(inventory->device_count, 5, "a link into nothing is a device that went away");
	expect_str(inventory->devices[0], DG_ATTR_DEVICE_NAME, "0000:00:02.0");
	expect_str(inventory->devices[1], DG_ATTR_DEVICE_NAME, "0000:00:1f.7");
	expect_str(inventory->devices[2], DG_ATTR_DEVICE_NAME, "1-2");
	expect_str(inventory->devices[4], DG_ATTR_BUS, "pnp");
	dg_inventory_free(inventory);
}

static bool has(const struct dg_protect *protect, const char *path)
{
	return dg_protect_has(protect, path, strlen(path));
}

Test(loader_protect, partition_and_all_above)
{
	struct dg_protect protect = {};

	put(NVME "/nvme/nvme0/nvme0n1/nvme0n1p2/dev", "259:2\n");
	put_link("dev/block/259:2", "../../" NVME "/nvme/nvme0/nvme0n1/nvme0n1p2");
	cr_assert_eq(dg_protect_add(root, makedev(259, 2), &protect), 0);
	cr_expect(has(&protect, "/" NVME));
	cr_expect(has(&protect, "/devices/pci0000:00"));
	cr_expect_not(has(&protect, "/devices/pci0000:00/0000:00:1f"), "a prefix of the name only");
	cr_expect_not(has(&protect, "/devices/pci0000:00/0000:00:02.0"));
	dg_protect_done(&protect);
}

Test(loader_protect, through_what_is_stacked)
{
	struct dg_protect protect = {};

	put("devices/a/block/sda/dev", "8:0\n");
	put("devices/b/block/sdb/dev", "8:16\n");
	put("devices/virtual/block/md0/dev", "9:0\n");
	put_link("devices/virtual/block/md0/slaves/sda", "../../../../a/block/sda");
	put_link("devices/virtual/block/md0/slaves/sdb", "../../../../b/block/sdb");
	put_link("devices/virtual/block/dm-0/slaves/md0", "../../md0");
	put_link("dev/block/253:0", "../../devices/virtual/block/dm-0");
	cr_assert_eq(dg_protect_add(root, makedev(253, 0), &protect), 0);
	cr_expect_eq(protect.count, 2);
	cr_expect(has(&protect, "/devices/a"));
	cr_expect(has(&protect, "/devices/b"));
	cr_expect_not(has(&protect, "/devices/virtual/block/dm-0"));
	dg_protect_done(&protect);
}

Test(loader_protect, unknown_device)
{
	struct dg_protect protect = {};

	cr_expect_eq(dg_protect_add(root, makedev(1, 2), &protect), -ENOENT);
	cr_expect_eq(protect.count, 0);
}

Test(loader_protect, mount_source)
{
	char source[64] = "untouched";

	cr_expect(dg_protect_mount_source(
		"20 1 0:18 / /proc rw - proc proc rw\n"
		"21 1 0:25 /@ / rw shared:1 - btrfs /dev/sda2 rw,subvol=/@\n"
		"22 1 0:26 / /home rw - btrfs /dev/sdb1 rw\n",
		source, sizeof(source)));
	cr_expect_str_eq(source, "/dev/sda2");
	cr_expect_not(dg_protect_mount_source("20 1 0:18 / /proc rw - proc proc rw\n", source,
					      sizeof(source)));
	cr_expect_not(dg_protect_mount_source("", source, sizeof(source)));
	cr_expect_str_eq(source, "/dev/sda2", "output untouched");
}
