// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio WAY PCI-ADDRESS: hands a device that is bound to vfio-pci to this process, so that the
 * process directs its DMA, and gives it back. Prints "ok", or the step that failed and the error's
 * name.
 *
 *	container	group and type1 container
 *	iommufd		character device and iommufd, then attached to an address space, and to
 *			another
 *	noiommu		group without an IOMMU
 *	noiommufd	character device and iommufd without an IOMMU
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of headers newer than this machine's. */
struct iommu_ioas_alloc {
	uint32_t size, flags, out_ioas_id;
};
#define IOMMU_IOAS_ALLOC _IO(';', 0x81)
#ifndef VFIO_DEVICE_BIND_IOMMUFD
struct vfio_device_bind_iommufd {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t out_devid;
};
struct vfio_device_attach_iommufd_pt {
	uint32_t argsz, flags, pt_id;
};
#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)
#endif

static int step(const char *name, int result)
{
	if (result >= 0)
		return result;
	printf("%s %s\n", name, strerrorname_np(errno));
	exit(1);
}

/* The one name in a directory of the device. */
static void entry(const char *directory, char name[NAME_MAX + 1])
{
	struct dirent *found;
	DIR *entries = opendir(directory);

	name[0] = '\0';
	while (entries && (found = readdir(entries)))
		if (found->d_name[0] != '.')
			strcpy(name, found->d_name);
	if (entries)
		closedir(entries);
	if (!name[0]) {
		printf("find ENOENT\n");
		exit(2);
	}
}

static void container(const char *address, bool without)
{
	char path[PATH_MAX], target[PATH_MAX] = "";
	int group, all, device;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
	step("find", (int)readlink(path, target, sizeof(target) - 1));
	snprintf(path, sizeof(path), "/dev/vfio/%s%.16s", without ? "noiommu-" : "",
		 strrchr(target, '/') + 1);
	all = step("container", open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
	group = step("group", open(path, O_RDWR | O_CLOEXEC));
	step("set-container", ioctl(group, VFIO_GROUP_SET_CONTAINER, &all));
	step("set-iommu",
	     ioctl(all, VFIO_SET_IOMMU, without ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1_IOMMU));
	device = step("device", ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address));
	close(device);
}

static uint32_t address_space(int iommu)
{
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc)};

	step("ioas", ioctl(iommu, IOMMU_IOAS_ALLOC, &alloc));
	return alloc.out_ioas_id;
}

static void iommufd(const char *address)
{
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind)};
	struct vfio_device_attach_iommufd_pt attach = {.argsz = sizeof(attach)};
	char path[PATH_MAX], name[NAME_MAX + 1];
	int device, iommu, i;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", address);
	entry(path, name);
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	device = step("device", open(path, O_RDWR | O_CLOEXEC));
	iommu = step("iommu", open("/dev/iommu", O_RDWR | O_CLOEXEC));
	bind.iommufd = iommu;
	step("bind", ioctl(device, VFIO_DEVICE_BIND_IOMMUFD, &bind));
	/* The second time the first address space is replaced. */
	for (i = 0; i < 2; i++) {
		attach.pt_id = address_space(iommu);
		step(i ? "replace" : "attach",
		     ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach));
	}
	close(device);
	close(iommu);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: vfio container|iommufd|noiommu|noiommufd PCI-ADDRESS\n");
		return 2;
	}
	if (strstr(argv[1], "iommufd"))
		iommufd(argv[2]);
	else
		container(argv[2], !strcmp(argv[1], "noiommu"));
	printf("ok\n");
	return 0;
}
