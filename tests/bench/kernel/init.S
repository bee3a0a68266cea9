/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's first process of the boot measurement: has the machine reset at once, which stops
 * QEMU (-no-reboot -no-shutdown). Nothing is shut down on that way.
 */
	.globl _start
	.text
_start:
	mov	$165, %eax		/* mount("proc", "/proc", "proc", 0, NULL) */
	lea	proc(%rip), %rdi
	lea	place(%rip), %rsi
	mov	%rdi, %rdx
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	syscall
	mov	$2, %eax		/* open("/proc/sysrq-trigger", O_WRONLY) */
	lea	trigger(%rip), %rdi
	mov	$1, %esi
	syscall
	mov	%eax, %edi		/* write(…, "b", 1) */
	mov	$1, %eax
	lea	reset(%rip), %rsi
	mov	$1, %edx
	syscall
1:	pause
	jmp	1b
	.section .rodata
proc:	.asciz	"proc"
place:	.asciz	"/proc"
trigger: .asciz	"/proc/sysrq-trigger"
reset:	.ascii	"b"
	.section .note.GNU-stack,"",@progbits
