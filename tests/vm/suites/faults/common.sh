# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the tests of faults and faults-dma: which allocations can fail, and a sweep over them.
for fault in failslab fail_page_alloc; do
	for option in ignore-gfp-wait verbose; do
		echo 0 >/sys/kernel/debug/$fault/$option
	done
done
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

# sweep TEXT ALLOW|REFUSE ACTION…: some faults were injected and nothing was wrong
sweep() {
	text=$1
	shift
	sweep_out=$(fail_nth "$@" 2>&1)
	sweep_last=$(printf '%s\n' "$sweep_out" | tail -n 1)
	is "$text: nothing wrong" 0 "${sweep_last#* }"
	[ "${sweep_last#* }" = 0 ] || note "$sweep_out"
	check "$text: faults were injected" [ "${sweep_last% *}" -gt 0 ]
	note "$text: ${sweep_last% *} faults"
}
