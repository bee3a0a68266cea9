// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "kernel.h"
#include "literal.h"
#include "snapshot.h"

/* Language page, section 2: the buses that discover hardware, by the kernel's names. */
static const char *const discovering_buses[] = {
	"pci",	"usb",	  "platform", "acpi",	     "pnp",	 "amba",      "of",
	"i2c",	"i3c",	  "spi",      "spmi",	     "mdio_bus", "soundwire", "mmc",
	"sdio", "pcmcia", "firewire", "thunderbolt", "cxl",	 "fsl-mc",    "cdx",
	"mhi",	"vmbus",  "xen",      "ccw",	     "serio",
};

struct reader {
	struct dg_arena *arena;
	struct dg_inventory *inventory;
	const char *root;
	size_t root_len; /* of the resolved @root: what to cut off a resolved path */
};

static void set_num(struct dg_device *device, enum dg_attr_id attr, uint64_t value)
{
	struct dg_fact *fact = &device->facts[attr];

	fact->known = true;
	fact->scalar.type = dg_schema_attr(attr)->type;
	fact->scalar.num = value;
	fact->scalar.mask = UINT64_MAX;
}

static int set_str(struct reader *reader, struct dg_device *device, enum dg_attr_id attr,
		   const char *value)
{
	struct dg_fact *fact = &device->facts[attr];
	size_t len = strlen(value);
	char *copy;

	if (len > DG_STR_BYTES)
		return 0;
	copy = dg_arena_copy(reader->arena, value, len);
	if (!copy)
		return -ENOMEM;
	fact->known = true;
	fact->scalar.type = DG_TYPE_STRING;
	fact->scalar.str = (struct dg_bytes){.data = copy, .len = len};
	return 0;
}

/* One sysfs attribute of the device directory @dir, without its newline. */
static int read_attr(const char *dir, const char *name, char *buffer, size_t size)
{
	char path[PATH_MAX];
	int len;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	len = dg_read_file(path, buffer, size);
	if (len > 0 && buffer[len - 1] == '\n')
		buffer[--len] = 0;
	return len;
}

static bool read_hex(const char *dir, const char *name, uint64_t *ret)
{
	char text[32], *end;
	uint64_t value;

	if (read_attr(dir, name, text, sizeof(text)) <= 0)
		return false;
	value = strtoull(text, &end, 16);
	if (end == text || *end)
		return false;
	*ret = value;
	return true;
}

static bool exists(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path) &&
	       !access(path, F_OK);
}

/* Last component of what a symbolic link names; false when there is no such link. */
static bool link_name(const char *dir, const char *name, char *ret, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	ssize_t len;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return false;
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return false;
	target[len] = 0;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) >= size)
		return false;
	strcpy(ret, last);
	return true;
}

static int read_driver(struct reader *reader, const char *dir, struct dg_device *device)
{
	char name[NAME_MAX + 1], path[PATH_MAX];
	bool builtin = true;
	int r;

	if (!link_name(dir, "driver", name, sizeof(name)))
		return 0;
	r = set_str(reader, device, DG_ATTR_DRIVER_NAME, name);
	if (r)
		return r;
	if (link_name(dir, "driver/module", name, sizeof(name))) {
		r = set_str(reader, device, DG_ATTR_DRIVER_MODULE, name);
		if (r)
			return r;
		snprintf(path, sizeof(path), "%s/sys/module/%s", reader->root, name);
		builtin = !exists(path, "initstate");
	}
	set_num(device, DG_ATTR_DRIVER_BUILTIN, builtin);
	return 0;
}

static void read_pci(const char *dir, const char *name, struct dg_device *device)
{
	unsigned int domain, bus, slot, function;
	uint64_t a, b;
	char text[32];
	int end = 0;

	if (read_hex(dir, "vendor", &a) && read_hex(dir, "device", &b))
		set_num(device, DG_ATTR_PCI_ID, a << 16 | b);
	if (read_hex(dir, "subsystem_vendor", &a) && read_hex(dir, "subsystem_device", &b))
		set_num(device, DG_ATTR_PCI_SUBSYSTEM, a << 16 | b);
	if (read_hex(dir, "class", &a))
		set_num(device, DG_ATTR_PCI_CLASS, a);
	if (read_hex(dir, "revision", &a))
		set_num(device, DG_ATTR_PCI_REVISION, a);
	if (sscanf(name, "%x:%x:%x.%x%n", &domain, &bus, &slot, &function, &end) == 4 &&
	    !name[end]) {
		set_num(device, DG_ATTR_PCI_ADDRESS,
			(uint64_t)domain << 16 | bus << 8 | slot << 3 | function);
		set_num(device, DG_ATTR_PCI_SEGMENT, domain);
		set_num(device, DG_ATTR_PCI_BUS, bus);
		set_num(device, DG_ATTR_PCI_SLOT, slot);
		set_num(device, DG_ATTR_PCI_FUNCTION, function);
	}
	set_num(device, DG_ATTR_PCI_EXTERNAL,
		read_attr(dir, "removable", text, sizeof(text)) > 0 && !strcmp(text, "removable"));
	set_num(device, DG_ATTR_PCI_VIRTFN, exists(dir, "physfn"));
}

/* Names of iommu.domain, and what sysfs calls them. */
static void read_iommu(const char *dir, bool pci, struct dg_device *device)
{
	static const char *const types[] = {
		NULL, "blocked", "identity", "DMA", "DMA-FQ", "unmanaged",
	};
	char text[32];

	if (!exists(dir, "iommu_group")) {
		if (pci)
			set_num(device, DG_ATTR_IOMMU_DOMAIN, 0);
		return;
	}
	if (read_attr(dir, "iommu_group/type", text, sizeof(text)) <= 0)
		return;
	for (size_t i = 1; i < ARRAY_SIZE(types); i++)
		if (!strcmp(text, types[i]))
			set_num(device, DG_ATTR_IOMMU_DOMAIN, i);
}

/* Append to a set-valued fact what is not in it yet. -E2BIG: over @max elements. */
static int add_element(struct reader *reader, struct dg_fact *fact,
		       const struct dg_literal *element, size_t max)
{
	struct dg_literal *elements;

	for (size_t i = 0; i < fact->element_count; i++)
		if (dg_literal_equal(&fact->elements[i], element))
			return 0;
	if (fact->element_count == max)
		return -E2BIG;
	if (!fact->elements) {
		elements = dg_arena_alloc(reader->arena, max * sizeof(*elements));
		if (!elements)
			return -ENOMEM;
		fact->elements = elements;
	}
	fact->elements[fact->element_count++] = *element;
	return 0;
}

/* A set with too many elements is unknown (language page, section 5). */
static int finish_set(struct dg_fact *fact, int r)
{
	if (r == -E2BIG) {
		*fact = (struct dg_fact){};
		return 0;
	}
	if (!r)
		fact->known = true;
	return r;
}

/* Split @text of @len bytes at @separator into the set-valued string attribute @attr. */
static int set_strings(struct reader *reader, struct dg_device *device, enum dg_attr_id attr,
		       const char *text, size_t len, char separator)
{
	struct dg_fact *fact = &device->facts[attr];
	const char *end = text + len;
	int r = 0;

	while (text < end && !r) {
		const char *stop = memchr(text, separator, end - text) ?: end;
		struct dg_literal element = {.type = DG_TYPE_STRING};

		element.str.len = stop - text;
		element.str.data = dg_arena_copy(reader->arena, text, element.str.len);
		if (!element.str.data)
			return -ENOMEM;
		if (element.str.len > DG_STR_BYTES)
			r = -E2BIG;
		else if (element.str.len)
			r = add_element(reader, fact, &element, DG_SET_MAX_STRINGS);
		text = stop + 1;
	}
	return finish_set(fact, r);
}

/* The ids of the firmware node, whatever bus the device is on. */
static int read_firmware(struct reader *reader, const char *dir, bool acpi,
			 struct dg_device *device)
{
	static const char prefix[] = "acpi:";
	char text[4096];
	int len, r;

	len = read_attr(dir, acpi ? "modalias" : "firmware_node/modalias", text, sizeof(text));
	if (len > 0 && !strncmp(text, prefix, sizeof(prefix) - 1)) {
		r = set_strings(reader, device, DG_ATTR_ACPI_IDS, text + sizeof(prefix) - 1,
				len - (sizeof(prefix) - 1), ':');
		if (r)
			return r;
	}
	len = read_attr(dir, "of_node/compatible", text, sizeof(text));
	if (len > 0)
		return set_strings(reader, device, DG_ATTR_OF_COMPATIBLE, text, len, 0);
	return 0;
}

static bool read_class(const char *dir, const char *class, const char *subclass,
		       const char *protocol, uint64_t *ret)
{
	uint64_t a, b, c;

	if (!read_hex(dir, class, &a) || !read_hex(dir, subclass, &b) ||
	    !read_hex(dir, protocol, &c))
		return false;
	*ret = a << 16 | b << 8 | c;
	return true;
}

/* Every interface of every configuration: the raw descriptors, as the device gave them. */
static int read_interfaces(struct reader *reader, const char *dir, struct dg_device *device)
{
	struct dg_fact *fact = &device->facts[DG_ATTR_USB_INTERFACES];
	_cleanup_free_ char *buffer = malloc(256 * 1024);
	const unsigned char *p;
	char path[PATH_MAX];
	int left, r = 0;

	if (!buffer)
		return -ENOMEM;
	if (snprintf(path, sizeof(path), "%s/descriptors", dir) >= (int)sizeof(path))
		return 0;
	left = dg_read_file(path, buffer, 256 * 1024);
	if (left <= 0)
		return 0;
	for (p = (void *)buffer; left >= 2 && p[0] >= 2 && p[0] <= left && !r;
	     left -= p[0], p += p[0]) {
		struct dg_literal element = {.type = DG_TYPE_CLASS, .mask = UINT64_MAX};

		if (p[1] != 4 || p[0] < 9) /* an interface descriptor */
			continue;
		element.num = (uint64_t)p[5] << 16 | p[6] << 8 | p[7];
		r = add_element(reader, fact, &element, DG_SET_MAX_CLASSES);
	}
	return finish_set(fact, r);
}

/* The port is the name of the device, @dir or what the interface @dir is of; a root hub is in none. */
static int read_port(struct reader *reader, const char *dir, bool interface,
		     struct dg_device *device)
{
	const char *end = interface ? strrchr(dir, '/') : dir + strlen(dir);
	char name[NAME_MAX + 1];
	const char *start;

	for (start = end; start > dir && start[-1] != '/';)
		start--;
	if ((size_t)(end - start) >= sizeof(name) || !strncmp(start, "usb", 3))
		return 0;
	memcpy(name, start, end - start);
	name[end - start] = 0;
	return set_str(reader, device, DG_ATTR_USB_PORT, name);
}

static int read_usb(struct reader *reader, const char *dir, struct dg_device *device)
{
	static const struct {
		const char *name;
		enum dg_attr_id attr;
	} strings[] = {
		{"serial", DG_ATTR_USB_SERIAL},
		{"product", DG_ATTR_USB_PRODUCT},
		{"manufacturer", DG_ATTR_USB_MANUFACTURER},
	};
	bool interface = exists(dir, "bInterfaceClass");
	char whole[PATH_MAX], text[1024];
	uint64_t a, b;
	int r;

	if (snprintf(whole, sizeof(whole), "%s%s", dir, interface ? "/.." : "") >=
	    (int)sizeof(whole))
		return 0;
	if (interface ? read_class(dir, "bInterfaceClass", "bInterfaceSubClass",
				   "bInterfaceProtocol", &a)
		      : read_class(dir, "bDeviceClass", "bDeviceSubClass", "bDeviceProtocol", &a))
		set_num(device, DG_ATTR_USB_CLASS, a);
	if (read_hex(whole, "idVendor", &a) && read_hex(whole, "idProduct", &b))
		set_num(device, DG_ATTR_USB_ID, a << 16 | b);
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		if (read_attr(whole, strings[i].name, text, sizeof(text)) < 0)
			continue;
		r = set_str(reader, device, strings[i].attr, text);
		if (r)
			return r;
	}
	r = read_port(reader, dir, interface, device);
	if (r)
		return r;
	return read_interfaces(reader, whole, device);
}

static int read_device(struct reader *reader, const char *bus, const char *dir)
{
	struct dg_inventory *inventory = reader->inventory;
	const char *name = strrchr(dir, '/') + 1;
	const char *path = dir + reader->root_len + strlen("/sys");
	bool pci = !strcmp(bus, "pci");
	struct dg_device *device;
	int r;

	device = dg_arena_new_of(reader->arena, struct dg_device);
	if (!device || !dg_arena_grow(reader->arena, &inventory->devices, inventory->device_count,
				      sizeof(*inventory->devices)))
		return -ENOMEM;
	r = set_str(reader, device, DG_ATTR_BUS, bus);
	if (!r)
		r = set_str(reader, device, DG_ATTR_DEVICE_NAME, name);
	if (!r)
		r = set_str(reader, device, DG_ATTR_DEVICE_PATH, path);
	if (!r)
		r = read_driver(reader, dir, device);
	if (!r)
		r = read_firmware(reader, dir, !strcmp(bus, "acpi"), device);
	if (!r && !strcmp(bus, "usb"))
		r = read_usb(reader, dir, device);
	if (r)
		return r;
	if (pci)
		read_pci(dir, name, device);
	read_iommu(dir, pci, device);
	device->label = device->facts[DG_ATTR_DEVICE_NAME].scalar.str;
	inventory->devices[inventory->device_count++] = device;
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int read_bus(struct reader *reader, const char *bus)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX], dir[PATH_MAX];
	int count, r = 0;

	snprintf(path, sizeof(path), "%s/sys/bus/%s/devices", reader->root, bus);
	count = scandir(path, &entries, no_dots, by_name);
	if (count < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		if (!r &&
		    snprintf(path, sizeof(path), "%s/sys/bus/%s/devices/%s", reader->root, bus,
			     entries[i]->d_name) < (int)sizeof(path) &&
		    realpath(path, dir) &&
		    (strcmp(bus, "platform") || exists(dir, "firmware_node") ||
		     exists(dir, "of_node")))
			r = read_device(reader, bus, dir);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int dg_snapshot_take(const char *root, struct dg_inventory **ret, struct dg_failure *failure)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	struct reader reader = {.root = root};
	char resolved[PATH_MAX];
	int r;

	if (*root) {
		if (!realpath(root, resolved))
			return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno, "%s", root);
		reader.root_len = strlen(resolved);
	}
	snprintf(resolved, sizeof(resolved), "%s/sys/bus", root);
	if (access(resolved, R_OK | X_OK))
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -errno,
				      "cannot read %s (is sysfs mounted?)", resolved);
	inventory = calloc(1, sizeof(*inventory));
	if (inventory)
		inventory->arena = dg_arena_new();
	if (!inventory || !inventory->arena)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "snapshot");
	reader.arena = inventory->arena;
	reader.inventory = inventory;
	for (size_t i = 0; i < ARRAY_SIZE(discovering_buses); i++) {
		r = read_bus(&reader, discovering_buses[i]);
		if (r)
			return dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "cannot read bus %s",
					      discovering_buses[i]);
	}
	*ret = TAKE_PTR(inventory);
	return 0;
}
