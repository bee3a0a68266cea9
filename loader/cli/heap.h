/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Make room on the heap for what becomes of the policy at @path, in huge pages where the kernel has
 * them: a compiler's memory is looked at all over, and more than half of the time would go into
 * finding small pages. Nothing is done for a small file, one whose size is not known, or under a
 * limit on the address space; nothing fails. It holds for the whole process, and may be called
 * again.
 */
void dg_heap_prepare(const char *path);
