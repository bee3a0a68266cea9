// SPDX-License-Identifier: GPL-2.0-only
/*
 * An importer of dma-bufs, as a driver of another device is one: maps a buffer for a PCI device and
 * gives the mapping back when the exporter revokes it.
 *
 * Writing "ADDRESS FD" to debugfs devgate_dmabuf/import imports until the file is closed; reading
 * gives "mapped", or "ERROR TIMES" with the error of mapping it anew and how often it was revoked.
 */
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/dma-direction.h>
#include <linux/dma-resv.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

struct import {
	struct pci_dev *pdev;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attachment;
	struct sg_table *table;	/* under the lock of the buffer's reservation */
	unsigned int revoked;
};

static struct dentry *directory;

/* Called with the lock held. */
static void import_give_back(struct import *import)
{
	if (import->table)
		dma_buf_unmap_attachment(import->attachment, import->table, DMA_BIDIRECTIONAL);
	import->table = NULL;
}

static void import_invalidate(struct dma_buf_attachment *attachment)
{
	struct import *import = attachment->importer_priv;

	import_give_back(import);
	import->revoked++;
}

static const struct dma_buf_attach_ops import_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = import_invalidate,
};

static int import_show(struct seq_file *m, void *unused)
{
	struct import *import = m->private;
	struct sg_table *table;

	if (!import->attachment)
		return -ENOTCONN;
	dma_resv_lock(import->dmabuf->resv, NULL);
	if (!import->table) {
		table = dma_buf_map_attachment(import->attachment, DMA_BIDIRECTIONAL);
		if (IS_ERR(table))
			seq_printf(m, "%ld %u\n", PTR_ERR(table), import->revoked);
		else
			import->table = table;
	}
	if (import->table)
		seq_puts(m, "mapped\n");
	dma_resv_unlock(import->dmabuf->resv);
	return 0;
}

static ssize_t import_write(struct file *file, const char __user *user, size_t count, loff_t *pos)
{
	struct import *import = ((struct seq_file *)file->private_data)->private;
	unsigned int domain, bus, slot, function;
	struct dma_buf_attachment *attachment;
	char text[48];
	int fd;

	if (count >= sizeof(text) || copy_from_user(text, user, count))
		return -EINVAL;
	text[count] = '\0';
	if (sscanf(text, "%x:%x:%x.%x %d", &domain, &bus, &slot, &function, &fd) != 5 ||
	    import->pdev)
		return -EINVAL;
	import->pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, function));
	if (!import->pdev)
		return -ENODEV;
	import->dmabuf = dma_buf_get(fd);
	if (IS_ERR(import->dmabuf)) {
		count = PTR_ERR(import->dmabuf);
		import->dmabuf = NULL;
		return count;
	}
	attachment = dma_buf_dynamic_attach(import->dmabuf, &import->pdev->dev, &import_ops,
					    import);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	import->attachment = attachment;
	return count;
}

static int import_open(struct inode *inode, struct file *file)
{
	struct import *import = kzalloc(sizeof(*import), GFP_KERNEL);
	int ret = import ? single_open(file, import_show, import) : -ENOMEM;

	if (ret)
		kfree(import);
	return ret;
}

static int import_release(struct inode *inode, struct file *file)
{
	struct import *import = ((struct seq_file *)file->private_data)->private;

	if (import->attachment) {
		dma_resv_lock(import->dmabuf->resv, NULL);
		import_give_back(import);
		dma_resv_unlock(import->dmabuf->resv);
		dma_buf_detach(import->dmabuf, import->attachment);
	}
	if (import->dmabuf)
		dma_buf_put(import->dmabuf);
	pci_dev_put(import->pdev);
	kfree(import);
	return single_release(inode, file);
}

static const struct file_operations import_fops = {
	.owner = THIS_MODULE,
	.open = import_open,
	.read = seq_read,
	.write = import_write,
	.llseek = seq_lseek,
	.release = import_release,
};

static int __init devgate_dmabuf_init(void)
{
	directory = debugfs_create_dir("devgate_dmabuf", NULL);
	debugfs_create_file("import", 0600, directory, NULL, &import_fops);
	return 0;
}
module_init(devgate_dmabuf_init);

static void __exit devgate_dmabuf_exit(void)
{
	debugfs_remove(directory);
}
module_exit(devgate_dmabuf_exit);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_DESCRIPTION("Imports dma-bufs for the tests of the device policy");
MODULE_LICENSE("GPL");
