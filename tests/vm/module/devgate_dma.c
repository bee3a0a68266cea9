// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enters the DMA API and the IOMMU's attach functions for a PCI device that the
 * guest's tests name, whether a driver is bound to it or not, and says what came
 * of it, in the terms of the entry.
 *
 * Writing "ADDRESS ENTRY" to debugfs devgate_dma/ask enters; reading gives
 * "ok", or the error value as its callers see it.
 *
 * Writing "ADDRESS ADDRESS CPU" to devgate_dma/storm has a timer interrupt on
 * that processor map memory for both devices until the file is closed; reading
 * gives, for each of them, how often that was allowed and refused.
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/hrtimer.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#ifdef CONFIG_DEVICE_POLICY
#include <linux/devpolicy.h>
#endif

/* Of drivers/iommu/iommu-priv.h, for which there is no header. */
int iommu_attach_group_handle(struct iommu_domain *domain, struct iommu_group *group,
			      struct iommu_attach_handle *handle);
void iommu_detach_group_handle(struct iommu_domain *domain, struct iommu_group *group);
int iommu_replace_group_handle(struct iommu_group *group, struct iommu_domain *new_domain,
			       struct iommu_attach_handle *handle);
int iommu_replace_device_pasid(struct iommu_domain *domain, struct device *dev, ioasid_t pasid,
			       struct iommu_attach_handle *handle);

#define BYTES	512
#define PASID	5

static DEFINE_MUTEX(ask_lock);
static char answer[32] = "nothing was asked";
static struct dentry *directory;

/* The DMA API. Each undoes what it did. */

static const char *mapping(struct device *dev, dma_addr_t addr)
{
	if (dma_mapping_error(dev, addr))
		return addr == DMA_MAPPING_ERROR ? "DMA_MAPPING_ERROR" : "odd";
	dma_unmap_phys(dev, addr, BYTES, DMA_TO_DEVICE, 0);
	return "ok";
}

static const char *ask_map_phys(struct device *dev, void *buffer)
{
	return mapping(dev, dma_map_phys(dev, virt_to_phys(buffer), BYTES, DMA_TO_DEVICE, 0));
}

static const char *ask_map_single(struct device *dev, void *buffer)
{
	return mapping(dev, dma_map_single(dev, buffer, BYTES, DMA_TO_DEVICE));
}

static const char *ask_map_resource(struct device *dev, void *buffer)
{
	phys_addr_t phys = pci_resource_start(to_pci_dev(dev), 0);
	dma_addr_t addr = dma_map_resource(dev, phys, BYTES, DMA_TO_DEVICE, 0);

	if (dma_mapping_error(dev, addr))
		return "DMA_MAPPING_ERROR";
	dma_unmap_resource(dev, addr, BYTES, DMA_TO_DEVICE, 0);
	return "ok";
}

static const char *number(long value)
{
	if (!value)
		return "ok";
	snprintf(answer, sizeof(answer), "%ld", value);
	return answer;
}

static const char *ask_map_sg(struct device *dev, void *buffer)
{
	struct scatterlist list;

	sg_init_one(&list, buffer, BYTES);
	if (dma_map_sg(dev, &list, 1, DMA_TO_DEVICE) != 1)
		return "0";
	dma_unmap_sg(dev, &list, 1, DMA_TO_DEVICE);
	return "ok";
}

static const char *ask_map_sgtable(struct device *dev, void *buffer)
{
	struct scatterlist list;
	struct sg_table table = { .sgl = &list, .orig_nents = 1, .nents = 1 };
	int ret;

	sg_init_one(&list, buffer, BYTES);
	ret = dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0);
	if (!ret)
		dma_unmap_sgtable(dev, &table, DMA_TO_DEVICE, 0);
	return number(ret);
}

static const char *allocated(struct device *dev, gfp_t gfp)
{
	dma_addr_t addr;
	void *memory = dma_alloc_coherent(dev, BYTES, &addr, gfp);

	if (!memory)
		return "NULL";
	dma_free_coherent(dev, BYTES, memory, addr);
	return "ok";
}

static const char *ask_alloc(struct device *dev, void *buffer)
{
	return allocated(dev, GFP_KERNEL);
}

static const char *ask_alloc_atomic(struct device *dev, void *buffer)
{
	return allocated(dev, GFP_ATOMIC);
}

static const char *ask_pool(struct device *dev, void *buffer)
{
	struct dma_pool *pool = dma_pool_create("devgate", dev, BYTES, 0, 0);
	dma_addr_t addr;
	void *memory;

	if (!pool)
		return "no pool";
	memory = dma_pool_alloc(pool, GFP_KERNEL, &addr);
	if (memory)
		dma_pool_free(pool, memory, addr);
	dma_pool_destroy(pool);
	return memory ? "ok" : "NULL";
}

static const char *ask_alloc_pages(struct device *dev, void *buffer)
{
	dma_addr_t addr;
	struct page *page = dma_alloc_pages(dev, PAGE_SIZE, &addr, DMA_TO_DEVICE, GFP_KERNEL);

	if (!page)
		return "NULL";
	dma_free_pages(dev, PAGE_SIZE, page, addr, DMA_TO_DEVICE);
	return "ok";
}

static const char *ask_noncontiguous(struct device *dev, void *buffer)
{
	struct sg_table *table = dma_alloc_noncontiguous(dev, 4 * PAGE_SIZE, DMA_TO_DEVICE,
							 GFP_KERNEL, 0);

	if (!table)
		return "NULL";
	dma_free_noncontiguous(dev, 4 * PAGE_SIZE, table, DMA_TO_DEVICE);
	return "ok";
}

/* An address space that is kept from one question to the next: the right may go in between. */
static struct dma_iova_state iova;

static const char *ask_iova(struct device *dev, void *buffer)
{
	struct dma_iova_state state;

	if (!dma_iova_try_alloc(dev, &state, 0, PAGE_SIZE))
		return "false";
	dma_iova_free(dev, &state);
	return "ok";
}

static const char *ask_iova_hold(struct device *dev, void *buffer)
{
	return dma_iova_try_alloc(dev, &iova, 0, PAGE_SIZE) ? "ok" : "false";
}

static const char *ask_iova_link(struct device *dev, void *buffer)
{
	int ret = dma_iova_link(dev, &iova, virt_to_phys(buffer), 0, PAGE_SIZE, DMA_TO_DEVICE, 0);

	if (!ret)
		dma_iova_unlink(dev, &iova, 0, PAGE_SIZE, DMA_TO_DEVICE, 0);
	return number(ret);
}

static const char *ask_iova_free(struct device *dev, void *buffer)
{
	dma_iova_free(dev, &iova);
	return "ok";
}

/* In an interrupt: what was not judged is not judged there. */

struct interrupt {
	struct hrtimer timer;
	struct completion done;
	struct device *dev;
	void *buffer;
	bool change;
	const char *mapped;
};

static enum hrtimer_restart interrupt_ask(struct hrtimer *timer)
{
	struct interrupt *interrupt = container_of(timer, struct interrupt, timer);

#ifdef CONFIG_DEVICE_POLICY
	if (interrupt->change)
		devpolicy_facts_changed(interrupt->dev);
#endif
	interrupt->mapped = ask_map_phys(interrupt->dev, interrupt->buffer);
	complete(&interrupt->done);
	return HRTIMER_NORESTART;
}

static const char *in_interrupt_ask(struct device *dev, void *buffer, bool change)
{
	struct interrupt interrupt = { .dev = dev, .buffer = buffer, .change = change };

	init_completion(&interrupt.done);
	hrtimer_setup_on_stack(&interrupt.timer, interrupt_ask, CLOCK_MONOTONIC,
			       HRTIMER_MODE_REL_HARD);
	hrtimer_start(&interrupt.timer, 0, HRTIMER_MODE_REL_HARD);
	wait_for_completion(&interrupt.done);
	hrtimer_cancel(&interrupt.timer);
	destroy_hrtimer_on_stack(&interrupt.timer);
	return interrupt.mapped;
}

static const char *ask_interrupt(struct device *dev, void *buffer)
{
	return in_interrupt_ask(dev, buffer, false);
}

/* A fact of the device changes, and DMA is asked for before anybody could judge it again. */
static const char *ask_interrupt_stale(struct device *dev, void *buffer)
{
	return in_interrupt_ask(dev, buffer, true);
}

/* What was judged of the device is gone, and nobody was told: whoever asks next judges. */
static const char *ask_forget(struct device *dev, void *buffer)
{
#ifdef CONFIG_DEVICE_POLICY
	atomic64_set(&dev->devpolicy.word, 0);
	atomic64_set(&dev->devpolicy.next, 0);
#endif
	return "ok";
}

/* The IOMMU. */

static const char *with_domain(struct device *dev,
			       int (*attach)(struct device *dev, struct iommu_domain *domain))
{
	struct iommu_domain *domain = iommu_paging_domain_alloc(dev);
	int ret;

	if (IS_ERR(domain))
		return "no domain";
	ret = attach(dev, domain);
	iommu_domain_free(domain);
	return number(ret);
}

static int attach_device(struct device *dev, struct iommu_domain *domain)
{
	int ret = iommu_attach_device(domain, dev);

	if (!ret)
		iommu_detach_device(domain, dev);
	return ret;
}

static int attach_group(struct device *dev, struct iommu_domain *domain)
{
	int ret = iommu_attach_group(domain, dev->iommu_group);

	if (!ret)
		iommu_detach_group(domain, dev->iommu_group);
	return ret;
}

static int attach_handle(struct device *dev, struct iommu_domain *domain)
{
	struct iommu_attach_handle handle = {};
	int ret = iommu_attach_group_handle(domain, dev->iommu_group, &handle);

	if (!ret)
		iommu_detach_group_handle(domain, dev->iommu_group);
	return ret;
}

static int replace_handle(struct device *dev, struct iommu_domain *domain)
{
	struct iommu_attach_handle handle = {};
	int ret = iommu_replace_group_handle(dev->iommu_group, domain, &handle);

	if (!ret)
		iommu_detach_group_handle(domain, dev->iommu_group);
	return ret;
}

static int attach_pasid(struct device *dev, struct iommu_domain *domain)
{
	int ret = iommu_attach_device_pasid(domain, dev, PASID, NULL);

	if (!ret)
		iommu_detach_device_pasid(domain, dev, PASID);
	return ret;
}

/* None is attached that could be replaced: what would be allowed is -EINVAL. */
static int replace_pasid(struct device *dev, struct iommu_domain *domain)
{
	struct iommu_attach_handle handle = {};

	return iommu_replace_device_pasid(domain, dev, PASID, &handle);
}

static const char *ask_sva(struct device *dev, void *buffer)
{
#ifdef CONFIG_IOMMU_SVA
	struct iommu_sva *sva = iommu_sva_bind_device(dev, current->mm);

	if (IS_ERR(sva))
		return number(PTR_ERR(sva));
	iommu_sva_unbind_device(sva);
	return "ok";
#else
	return "no SVA";
#endif
}

static const char *ask_claim_device(struct device *dev, void *buffer)
{
	int ret = iommu_device_claim_dma_owner(dev, &directory);

	if (!ret)
		iommu_device_release_dma_owner(dev);
	return number(ret);
}

static const char *ask_claim_group(struct device *dev, void *buffer)
{
	int ret = iommu_group_claim_dma_owner(dev->iommu_group, &directory);

	if (!ret)
		iommu_group_release_dma_owner(dev->iommu_group);
	return number(ret);
}

/*
 * @ask: enters, and says what came of it
 * @attach: the same for a domain of the device's own
 * @iommu: there is nothing to enter without one
 */
static const struct entry {
	const char *name;
	const char *(*ask)(struct device *dev, void *buffer);
	int (*attach)(struct device *dev, struct iommu_domain *domain);
	bool iommu;
} entries[] = {
	{ "map-phys", ask_map_phys },
	{ "map-single", ask_map_single },
	{ "map-resource", ask_map_resource },
	{ "map-sg", ask_map_sg },
	{ "map-sgtable", ask_map_sgtable },
	{ "alloc", ask_alloc },
	{ "alloc-atomic", ask_alloc_atomic },
	{ "pool", ask_pool },
	{ "alloc-pages", ask_alloc_pages },
	{ "alloc-noncontiguous", ask_noncontiguous },
	{ "iova", ask_iova },
	{ "iova-hold", ask_iova_hold },
	{ "iova-link", ask_iova_link, .iommu = true },
	{ "iova-free", ask_iova_free, .iommu = true },
	{ "forget", ask_forget },
	{ "interrupt", ask_interrupt },
	{ "interrupt-stale", ask_interrupt_stale },
	{ "attach-device", .attach = attach_device, .iommu = true },
	{ "attach-group", .attach = attach_group, .iommu = true },
	{ "attach-handle", .attach = attach_handle, .iommu = true },
	{ "replace-handle", .attach = replace_handle, .iommu = true },
	{ "attach-pasid", .attach = attach_pasid, .iommu = true },
	{ "replace-pasid", .attach = replace_pasid, .iommu = true },
	{ "sva", ask_sva, .iommu = true },
	{ "claim-device", ask_claim_device, .iommu = true },
	{ "claim-group", ask_claim_group, .iommu = true },
};

static struct pci_dev *device_named(const char *address)
{
	unsigned int domain, bus, slot, function;

	if (sscanf(address, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		return NULL;
	return pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, function));
}

static ssize_t ask_write(struct file *file, const char __user *user, size_t count, loff_t *pos)
{
	char text[64], address[32], name[32];
	struct pci_dev *pdev;
	const char *said;
	void *buffer;
	int i, ret = -EINVAL;

	if (count >= sizeof(text) || copy_from_user(text, user, count))
		return -EINVAL;
	text[count] = '\0';
	if (sscanf(text, "%31s %31s", address, name) != 2)
		return -EINVAL;
	buffer = (void *)get_zeroed_page(GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	pdev = device_named(address);
	guard(mutex)(&ask_lock);
	for (i = 0; i < ARRAY_SIZE(entries) && pdev; i++) {
		if (strcmp(entries[i].name, name))
			continue;
		said = "no IOMMU";
		if (entries[i].attach && pdev->dev.iommu_group)
			said = with_domain(&pdev->dev, entries[i].attach);
		else if (!entries[i].iommu || pdev->dev.iommu_group)
			said = entries[i].ask(&pdev->dev, buffer);
		/* A number is there already. */
		if (said != answer)
			strscpy(answer, said);
		ret = 0;
	}
	pci_dev_put(pdev);
	free_page((unsigned long)buffer);
	return ret ?: count;
}

static int answer_show(struct seq_file *m, void *unused)
{
	guard(mutex)(&ask_lock);
	seq_printf(m, "%s\n", answer);
	return 0;
}

static int ask_open(struct inode *inode, struct file *file)
{
	return single_open(file, answer_show, NULL);
}

static const struct file_operations ask_fops = {
	.owner = THIS_MODULE,
	.open = ask_open,
	.read = seq_read,
	.write = ask_write,
	.release = single_release,
};

/* Mapping in a timer interrupt, over and over. */

struct storm {
	struct hrtimer timer;
	struct pci_dev *pdev[2];
	void *buffer;
	unsigned long allowed[2], refused[2];
};

static enum hrtimer_restart storm_interrupt(struct hrtimer *timer)
{
	struct storm *storm = container_of(timer, struct storm, timer);
	dma_addr_t addr;
	int i;

	for (i = 0; i < 2; i++) {
		struct device *dev = &storm->pdev[i]->dev;

		addr = dma_map_single(dev, storm->buffer, BYTES, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, addr)) {
			storm->refused[i]++;
			continue;
		}
		dma_unmap_single(dev, addr, BYTES, DMA_TO_DEVICE);
		storm->allowed[i]++;
	}
	hrtimer_forward_now(timer, us_to_ktime(200));
	return HRTIMER_RESTART;
}

static void storm_start(void *data)
{
	struct storm *storm = data;

	hrtimer_start(&storm->timer, us_to_ktime(200), HRTIMER_MODE_REL_PINNED_HARD);
}

static ssize_t storm_write(struct file *file, const char __user *user, size_t count, loff_t *pos)
{
	struct storm *storm = ((struct seq_file *)file->private_data)->private;
	char text[80], first[32], second[32];
	unsigned int cpu;

	if (count >= sizeof(text) || copy_from_user(text, user, count))
		return -EINVAL;
	text[count] = '\0';
	if (sscanf(text, "%31s %31s %u", first, second, &cpu) != 3 || storm->pdev[0])
		return -EINVAL;
	storm->pdev[0] = device_named(first);
	storm->pdev[1] = device_named(second);
	if (!storm->pdev[0] || !storm->pdev[1])
		return -ENODEV;
	if (smp_call_function_single(cpu, storm_start, storm, 1))
		return -EINVAL;
	return count;
}

static int storm_show(struct seq_file *m, void *unused)
{
	struct storm *storm = m->private;

	seq_printf(m, "%lu %lu %lu %lu\n", storm->allowed[0], storm->refused[0],
		   storm->allowed[1], storm->refused[1]);
	return 0;
}

static int storm_open(struct inode *inode, struct file *file)
{
	struct storm *storm = kzalloc(sizeof(*storm), GFP_KERNEL);
	int ret;

	if (!storm)
		return -ENOMEM;
	storm->buffer = (void *)get_zeroed_page(GFP_KERNEL);
	hrtimer_setup(&storm->timer, storm_interrupt, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
	ret = storm->buffer ? single_open(file, storm_show, storm) : -ENOMEM;
	if (ret) {
		free_page((unsigned long)storm->buffer);
		kfree(storm);
	}
	return ret;
}

static int storm_release(struct inode *inode, struct file *file)
{
	struct storm *storm = ((struct seq_file *)file->private_data)->private;

	hrtimer_cancel(&storm->timer);
	pci_dev_put(storm->pdev[0]);
	pci_dev_put(storm->pdev[1]);
	free_page((unsigned long)storm->buffer);
	kfree(storm);
	return single_release(inode, file);
}

static const struct file_operations storm_fops = {
	.owner = THIS_MODULE,
	.open = storm_open,
	.read = seq_read,
	.write = storm_write,
	.release = storm_release,
};

static int __init devgate_dma_init(void)
{
	directory = debugfs_create_dir("devgate_dma", NULL);
	debugfs_create_file("ask", 0600, directory, NULL, &ask_fops);
	debugfs_create_file("storm", 0600, directory, NULL, &storm_fops);
	return 0;
}
module_init(devgate_dma_init);

static void __exit devgate_dma_exit(void)
{
	debugfs_remove(directory);
}
module_exit(devgate_dma_exit);

MODULE_IMPORT_NS("IOMMUFD_INTERNAL");
MODULE_DESCRIPTION("Enters the DMA API for the tests of the device policy");
MODULE_LICENSE("GPL");
