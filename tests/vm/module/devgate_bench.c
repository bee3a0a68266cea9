// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loops over what the device policy guards, on QEMU's "edu" device, for
 * tests/bench/kernel. Built against the unpatched kernel and the patched one.
 *
 * Writing "PATH COUNT" to the device's attribute "measure" calls the path COUNT
 * times; reading it gives "PATH COUNT TICKS REFUSED". A tick is one of the time
 * stamp counter: an executed instruction under QEMU's -icount shift=0.
 *
 * For the suite exchange: writing the attribute "restore" saves the device's
 * state and restores it, as a suspend or a reset does; with 1 another revision is
 * remembered than the device has, with 0 its own. The kernel log then tells
 * whether memory can be mapped for it, and whether it is bus master.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/timex.h>

#define BENCH_ENTRIES	32
#define BENCH_BYTES	64	/* of one entry: no path may depend on it */

struct bench {
	struct pci_dev *pdev;
	void *buffer;
	phys_addr_t phys;
	struct scatterlist list[BENCH_ENTRIES];
	const struct bench_path *path;
	unsigned long count, refused;
	u64 ticks;
};

/*
 * @run: calls the path @count times and returns how often it was refused
 * @sleeps: the path cannot run with interrupts off
 */
struct bench_path {
	const char *name;
	unsigned long (*run)(struct bench *bench, unsigned long count);
	bool sleeps;
};

/* What the loop itself costs, for scale. */
static noinline unsigned long bench_empty(struct bench *bench, unsigned long count)
{
	while (count--)
		barrier();
	return 0;
}

static noinline unsigned long bench_map_phys(struct bench *bench, unsigned long count)
{
	struct device *dev = &bench->pdev->dev;
	unsigned long refused = 0;
	dma_addr_t addr;

	while (count--) {
		addr = dma_map_phys(dev, bench->phys, BENCH_BYTES, DMA_TO_DEVICE, 0);
		if (likely(addr != DMA_MAPPING_ERROR))
			dma_unmap_phys(dev, addr, BENCH_BYTES, DMA_TO_DEVICE, 0);
		else
			refused++;
	}
	return refused;
}

static unsigned long bench_map_sg(struct bench *bench, unsigned long count, int entries)
{
	struct device *dev = &bench->pdev->dev;
	unsigned long refused = 0;

	while (count--) {
		if (likely(dma_map_sg(dev, bench->list, entries, DMA_TO_DEVICE)))
			dma_unmap_sg(dev, bench->list, entries, DMA_TO_DEVICE);
		else
			refused++;
	}
	return refused;
}

static noinline unsigned long bench_map_sg_1(struct bench *bench, unsigned long count)
{
	return bench_map_sg(bench, count, 1);
}

static noinline unsigned long bench_map_sg_32(struct bench *bench, unsigned long count)
{
	return bench_map_sg(bench, count, BENCH_ENTRIES);
}

static noinline unsigned long bench_alloc(struct bench *bench, unsigned long count)
{
	struct device *dev = &bench->pdev->dev;
	unsigned long refused = 0;
	dma_addr_t addr;
	void *memory;

	while (count--) {
		memory = dma_alloc_coherent(dev, PAGE_SIZE, &addr, GFP_KERNEL);
		if (likely(memory))
			dma_free_coherent(dev, PAGE_SIZE, memory, addr);
		else
			refused++;
	}
	return refused;
}

static noinline unsigned long bench_ioremap(struct bench *bench, unsigned long count)
{
	resource_size_t start = pci_resource_start(bench->pdev, 0);
	unsigned long refused = 0;
	void __iomem *map;

	while (count--) {
		map = ioremap(start, PAGE_SIZE);
		if (likely(map))
			iounmap(map);
		else
			refused++;
	}
	return refused;
}

#ifdef CONFIG_DEVICE_POLICY
/*
 * Takes the device's verdicts away, as a change of its facts does. The caller
 * has interrupts off on the only processor: nothing can judge it again before
 * the loop ends.
 */
static noinline unsigned long bench_stale(struct bench *bench, unsigned long count)
{
	struct device *dev = &bench->pdev->dev;

	/* The word in force, and the one that would follow it. */
	atomic64_set(&dev->devpolicy.word, 0);
	atomic64_set(&dev->devpolicy.next, 0);
	return bench_map_phys(bench, count);
}
#endif

static const struct bench_path bench_paths[] = {
	{ .name = "empty", .run = bench_empty },
	{ .name = "map-phys", .run = bench_map_phys },
	{ .name = "map-sg-1", .run = bench_map_sg_1 },
	{ .name = "map-sg-32", .run = bench_map_sg_32 },
	{ .name = "alloc", .run = bench_alloc, .sleeps = true },
	{ .name = "ioremap", .run = bench_ioremap, .sleeps = true },
#ifdef CONFIG_DEVICE_POLICY
	{ .name = "stale", .run = bench_stale },
#endif
};

static void bench_run(struct bench *bench)
{
	const struct bench_path *path = bench->path;
	unsigned long flags = 0;
	u64 begin;

	if (!path->sleeps)
		local_irq_save(flags);
	begin = get_cycles();
	bench->refused = path->run(bench, bench->count);
	bench->ticks = get_cycles() - begin;
	if (!path->sleeps)
		local_irq_restore(flags);
}

static ssize_t measure_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t size)
{
	struct bench *bench = dev_get_drvdata(dev);
	unsigned long count;
	char name[16];
	int i;

	if (sscanf(buf, "%15s %lu", name, &count) != 2)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(bench_paths); i++) {
		if (strcmp(name, bench_paths[i].name))
			continue;
		bench->path = &bench_paths[i];
		bench->count = count;
		bench_run(bench);
		return size;
	}
	return -EOPNOTSUPP;
}

static ssize_t measure_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct bench *bench = dev_get_drvdata(dev);

	if (!bench->path)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%s %lu %llu %lu\n", bench->path->name, bench->count,
			  bench->ticks, bench->refused);
}
static DEVICE_ATTR_RW(measure);

static ssize_t restore_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t size)
{
	struct bench *bench = dev_get_drvdata(dev);
	bool exchange;
	u16 command;
	int ret;

	ret = kstrtobool(buf, &exchange);
	if (ret)
		return ret;
	pci_set_master(bench->pdev);
	pci_save_state(bench->pdev);
	if (exchange)
		bench->pdev->saved_config_space[PCI_CLASS_REVISION / 4] ^= 1;
	pci_restore_state(bench->pdev);
	/* Past the device's own word on whether it is there. */
	pci_bus_read_config_word(bench->pdev->bus, bench->pdev->devfn, PCI_COMMAND, &command);
	dev_info(dev, "restored: mapping %s, bus master %s\n",
		 bench_map_phys(bench, 1) ? "refused" : "allowed",
		 command & PCI_COMMAND_MASTER ? "on" : "off");
	return size;
}
static DEVICE_ATTR_WO(restore);

static struct attribute *bench_attrs[] = {
	&dev_attr_measure.attr,
	&dev_attr_restore.attr,
	NULL
};
ATTRIBUTE_GROUPS(bench);

static int bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct bench *bench;
	int ret, i;

	bench = devm_kzalloc(&pdev->dev, sizeof(*bench), GFP_KERNEL);
	if (!bench)
		return -ENOMEM;
	bench->buffer = devm_kzalloc(&pdev->dev, BENCH_ENTRIES * BENCH_BYTES, GFP_KERNEL);
	if (!bench->buffer)
		return -ENOMEM;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	bench->pdev = pdev;
	bench->phys = virt_to_phys(bench->buffer);
	sg_init_table(bench->list, BENCH_ENTRIES);
	for (i = 0; i < BENCH_ENTRIES; i++)
		sg_set_buf(&bench->list[i], bench->buffer + i * BENCH_BYTES, BENCH_BYTES);
	pci_set_drvdata(pdev, bench);
	return 0;
}

static const struct pci_device_id bench_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, bench_ids);

static struct pci_driver bench_driver = {
	.name = "devgate_bench",
	.id_table = bench_ids,
	.probe = bench_probe,
	.dev_groups = bench_groups,
};
module_pci_driver(bench_driver);

MODULE_DESCRIPTION("Loops over the calls that the device policy guards");
MODULE_LICENSE("GPL");
