# SPDX-License-Identifier: GPL-2.0-only
"""Counts instructions in guests: QEMU's -icount shift=0 makes the time stamp counter count them."""

import os
import re
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "vm"))
import harness  # noqa: E402

CALLS = 100_000
SHORT = 10_000		# the slope is taken from here to SHORT + CALLS
PATHS = ["empty", "map-phys", "map-sg-1", "map-sg-32", "alloc", "ioremap"]
# With interrupts on, a timer's tick falls into the one length and not into the other.
REPEAT = {"alloc": 5, "ioremap": 5}
BINDS = 101
DEVICE = "/sys/bus/pci/drivers/devgate_bench/*:*"
STATUS = "/sys/kernel/security/devpolicy/status"


class BenchError(Exception):
    """Something could not be measured: text for a person."""


class BenchGuest:
    """A guest that counts, with the device and the module of the loops."""

    def __init__(self, kernel, build, iommu, log, mode):
        self.guest = harness.Guest(
            kernel, build=build, iommu=iommu, log=log, icount="shift=0,sleep=off",
            devices=["edu,id=edu0", "e1000e,id=nic0"], cmdline="devpolicy=" + mode)

    def __enter__(self):
        self.guest.__enter__()
        try:
            self.guest.wait_ready(300)
        except BaseException:
            self.guest.stop()
            raise
        return self

    def __exit__(self, *words):
        found = harness.Splats().find(self.guest.console())
        self.guest.__exit__(*words)
        if found and not words[0]:
            raise BenchError("the guest's kernel complained: " + found[0])

    def run(self, command, timeout=900):
        """The output of a command that must succeed."""
        status, lines = self.guest.run(command, timeout)
        text = "\n".join(line for line in lines if line)
        if status:
            raise BenchError(f"in the guest: {command}: status {status}: {text}")
        return text

    def ticks(self, path, count, refused=0):
        """Instructions of `count` calls, of which `refused` must have been refused."""
        words = self.run(f"echo {path} {count} >$(echo {DEVICE}/measure) && "
                         f"cat {DEVICE}/measure").split()
        if words[:2] != [path, str(count)] or int(words[3]) != refused:
            raise BenchError(f"{path}: {words[3]} of {count} calls were refused, not {refused}")
        return int(words[2])

    def slope(self, path):
        """Instructions of one call, by the difference of two lengths."""
        return statistics.median(
            (self.ticks(path, SHORT + CALLS) - self.ticks(path, SHORT)) / CALLS
            for _ in range(REPEAT.get(path, 1)))

    def slopes(self):
        self.run("modprobe devgate_bench && test -e " + DEVICE)
        return {path: self.slope(path) for path in PATHS}

    def rebind(self):
        """So that what the policy says of the device is judged."""
        self.run("cd /sys/bus/pci/drivers/devgate_bench && set -- *:* && "
                 "echo $1 >unbind && echo $1 >bind")

    def apply(self, policy):
        """The policy in force, the device bound and judged under it."""
        self.run(f"devgate apply {policy} && modprobe devgate_bench")
        self.rebind()

    def bind_cost(self, driver):
        """Median instructions of binding the driver's one device."""
        return int(self.run(f"cd /sys/bus/pci/drivers/{driver} && bindcost . *:* {BINDS}"))

    def counters(self):
        return {words[0]: int(words[1]) for words in
                (line.split() for line in self.run(f"cat {STATUS}").splitlines())
                if len(words) == 2 and words[1].isdigit()}

    def stale(self):
        """(instructions of one refused call, stale ones counted, decisions counted)

        The module takes the verdicts away with interrupts off: every call finds none. A worker
        judges the device when they are on again.
        """
        short = self.ticks("stale", SHORT, SHORT)
        self.rebind()
        before = self.counters()
        cost = (self.ticks("stale", SHORT + CALLS, SHORT + CALLS) - short) / CALLS
        after = self.counters()
        risen = {name: after[name] - before[name] for name in after}
        return cost, risen.pop("dma_stale"), sum(risen.values())


def boot(kernel, build, log):
    """Instructions from the reset to the first one of init, without idle ones."""
    directory = os.path.dirname(log)
    init = os.path.join(build, "bench-init")
    guest = harness.Guest(
        kernel, build=build, log=log, cmdline=f"devpolicy=off nokaslr init={init}",
        icount=f"shift=0,rr=record,rrfile={os.path.join(directory, 'boot.replay')}",
        arguments=["-no-shutdown"])
    with guest:
        end = time.monotonic() + 300 * harness.SCALE
        while guest.qmp("query-status")["status"] != "shutdown":
            if time.monotonic() > end:
                raise BenchError(f"the boot of {kernel} did not come to init, see {log}")
            time.sleep(0.2)
        text = guest.hmp("info replay")
        match = re.search(r"instruction count = (\d+)", text)
        if not match:
            raise BenchError(f"QEMU does not say how many instructions ran: {text}")
        return int(match.group(1))
