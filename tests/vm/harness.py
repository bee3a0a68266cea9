# SPDX-License-Identifier: GPL-2.0-only
"""A guest of the tests: boots a kernel in QEMU (software emulation) on the host's own root.

The host root is mounted over 9p, read-only, under an overlay in the guest's memory: what was just
built is there at the same path, and nothing the guest writes reaches the host.

Four serial ports, because they need no PCI device that a policy could refuse:
  ttyS0  console, to a file that is searched for splats
  ttyS1  commands: the host sends `run ID LIMIT COMMAND`, the guest answers `out ID LINE`… and
         `end ID STATUS` (124: it ran past LIMIT seconds)
  ttyS2  requests of the guest (guest/vmctl): one line, answered by `ok TEXT` or `error TEXT`
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))

# The devices of a guest unless a suite names its own.
DEVICES = [
    "nvme,id=nvme0",
    "e1000e,id=nic0",
    "virtio-net-pci,id=nic1",
    "virtio-blk-pci,id=disk0",
    "qemu-xhci,id=xhci",
    "usb-storage,id=stick0,bus=xhci.0",
]
# Root ports for hot-plug: (id, PCI slot). The firmware calls the external ones outward facing.
PORTS = [("port0", 0x10), ("port1", 0x11), ("external0", 0x18), ("external1", 0x19)]
SCALE = float(os.environ.get("VM_TIMEOUT_SCALE", "1"))


class GuestError(Exception):
    """The guest could not do what the host asked: text for a person."""


class BootError(GuestError):
    """The guest never came to the point of taking commands."""


class GuestDied(GuestError):
    """The guest ended while something was going on in it."""


class GuestHung(GuestError):
    """The guest did not answer in time."""


class Splats:
    """Console lines that mean that the kernel went wrong: in `deny` and not in `allow`.

    KCSAN and kmemleak report on all of the kernel, and it has races and leaks of its own: of their
    reports those count that name our code (`ours`); of the others the first lines are in `others`.
    """

    def __init__(self, directory=os.path.join(HERE, "splat"), allow=()):
        self.deny = self._read(os.path.join(directory, "deny"))
        self.ours = self._read(os.path.join(directory, "ours"))
        self.allow = self._read(os.path.join(directory, "allow")) + [re.compile(p) for p in allow]
        self.others = []
        if not self.deny:
            raise GuestError(f"{directory}/deny has no pattern")

    @staticmethod
    def _read(path):
        try:
            with open(path, encoding="utf-8") as file:
                lines = [line.rstrip("\n") for line in file]
        except OSError as error:
            raise GuestError(f"pattern list {path}: {error.strerror}") from error
        return [re.compile(line) for line in lines if line and not line.startswith("#")]

    def find(self, lines):
        """The lines that fail a run; of a report on our code, all of its lines."""
        found = []
        for number, line in enumerate(lines):
            if not any(p.search(line) for p in self.deny) or self._allowed(lines, number):
                continue
            found += self._judge(self._race(lines, number) if "BUG: KCSAN: " in line else None, line)
        return found

    def _allowed(self, lines, number):
        """A pattern with line ends (`\\n`) is held against the lines that follow, too."""
        report = "\n".join(lines[number:number + 12])
        return any(p.search(report if "\\n" in p.pattern else lines[number]) for p in self.allow)

    def leaks(self, lines):
        """The same for what /sys/kernel/debug/kmemleak says."""
        reports = []
        for line in lines:
            if line.startswith("unreferenced object "):
                reports.append([])
            if reports:
                reports[-1].append(line)
        return [line for report in reports for line in self._judge(report, report[0])]

    def _judge(self, report, line):
        if report is None:
            return [line]
        if any(p.search(text) for p in self.ours for text in report):
            return report
        self.others.append(line)
        return []

    @staticmethod
    def _race(lines, number):
        """The report that begins on this line: a rule of `=` closes it."""
        end = number
        while end < len(lines) - 1 and "==========" not in lines[end]:
            end += 1
        return lines[number:end + 1]


class Guest:
    """One QEMU process. Use as a context manager; `run` executes a command as root inside.

    kernel: a directory as kernel/scripts/build prints it. devices: QEMU device strings; disks and
    serial numbers are supplied where they lack. build: the build directory, first in the guest's
    PATH. log: where the console goes. icount: QEMU's -icount words; the guest's clock then counts
    instructions, on one processor.
    """

    def __init__(self, kernel, *, build=None, iommu=False, cmdline="", devices=None, memory=1024,
                 cpus=2, log=None, arguments=(), console="file", icount=None):
        self.kernel = os.path.realpath(kernel)
        self.build = os.path.abspath(build or os.path.join(TOP, "build"))
        self.iommu = iommu
        self.cmdline = cmdline
        self.devices = DEVICES if devices is None else devices
        self.memory, self.cpus, self.arguments = memory, cpus, list(arguments)
        self.console_kind = console
        self.icount = icount
        if icount:
            self.cpus = 1
        self.log = log
        self.release = None
        self.process = None
        self._directory = None
        self._disks = 0
        self._ids = 0
        self._qmp_lock = threading.Lock()
        self._events = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # Start and end

    def start(self):
        for path in (TOP, self.build, self.kernel):
            if not re.fullmatch(r"[\w./+:@=-]+", path):
                raise GuestError(f"the guest cannot be told the path '{path}': it has odd characters")
        if not os.path.exists(os.path.join(self.kernel, "bzImage")):
            raise GuestError(f"no kernel in {self.kernel}: make kernel builds one")
        qemu = shutil.which("qemu-system-x86_64")
        if not qemu:
            raise GuestError("qemu-system-x86_64 is missing: run packaging/setup vm")
        self._directory = tempfile.mkdtemp(prefix="devgate-vm-", dir="/tmp")
        if not self.log:
            self.log = os.path.join(self._directory, "console")
        open(self.log, "wb").close()
        try:
            listeners = {name: self._listen(name) for name in ("qmp", "commands", "requests")}
            with open(os.path.join(self._directory, "qemu"), "wb") as errors:
                self.process = subprocess.Popen(
                    self._command(qemu), stderr=errors,
                    stdin=None if self.console_kind == "stdio" else subprocess.DEVNULL,
                    stdout=None if self.console_kind == "stdio" else subprocess.DEVNULL)
            streams = {name: self._accept(listener) for name, listener in listeners.items()}
            self._qmp = streams["qmp"]
            self._qmp_file = self._qmp.makefile("r", encoding="utf-8")
            self._qmp_file.readline()
            self.qmp("qmp_capabilities")
            self._commands = streams["commands"]
            self._buffer = b""
            threading.Thread(target=self._serve, args=(streams["requests"],), daemon=True).start()
        except BaseException:
            self.stop()
            raise

    def wait_ready(self, timeout=120):
        """Waits until the guest takes commands."""
        try:
            line = self._line(time.monotonic() + timeout * SCALE)
        except GuestDied as error:
            raise BootError(f"the guest ended before it was up: {error}") from error
        except GuestHung as error:
            raise BootError(f"the guest was not up within {timeout * SCALE:.0f} s") from error
        if not line.startswith("ready "):
            raise BootError(f"the guest said '{line}' where 'ready' was due")
        self.release = line.split()[1]

    def shutdown(self, timeout=20):
        """Powers off in an orderly way, so that the way down is seen on the console too."""
        try:
            self._commands.sendall(b"poweroff\n")
            self.process.wait(timeout * SCALE)
        except (OSError, subprocess.TimeoutExpired):
            pass
        self.stop()

    def stop(self):
        """Ends the guest at once and removes its files; may be called again."""
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    # What the tests use

    def run(self, command, timeout=60, on_line=None):
        """Runs a shell command in the guest; returns (status, [lines of stdout and stderr]).

        Raises GuestHung when the guest does not even report the end of its own time limit.
        """
        if "\n" in command:
            raise GuestError("a guest command is one line")
        self._ids += 1
        mine = str(self._ids)
        limit = max(1, round(timeout * SCALE))
        deadline = time.monotonic() + limit + 20 * SCALE
        lines = []
        self._commands.sendall(f"run {mine} {limit} {command}\n".encode())
        while True:
            verb, number, text = (self._line(deadline).split(" ", 2) + ["", ""])[:3]
            if number != mine:
                continue
            if verb == "end":
                if not text.isdigit():
                    raise GuestDied("it cannot tell how the command ended: its root is gone")
                return int(text), lines
            if verb == "out":
                lines.append(text)
                if on_line:
                    on_line(text)

    def mark(self, text, timeout=10):
        """Writes a line to the guest's kernel log and waits for it on the console: everything
        that the kernel printed before is in the file then."""
        self._commands.sendall(f"mark {text}\n".encode())
        end = time.monotonic() + timeout * SCALE
        while f"devgate-mark: {text}" not in "\n".join(self.console()[-200:]):
            if self.process.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def console(self):
        """The console's lines so far."""
        with open(self.log, "rb") as file:
            return file.read().decode(errors="replace").replace("\r", "").split("\n")

    def qmp(self, command, **arguments):
        """One QMP command; returns its value, raises GuestError with QEMU's words."""
        with self._qmp_lock:
            try:
                message = {"execute": command}
                if arguments:
                    message["arguments"] = arguments
                self._qmp.sendall(json.dumps(message).encode())
                while True:
                    line = self._qmp_file.readline()
                    if not line:
                        raise GuestDied("QEMU closed its control socket")
                    answer = json.loads(line)
                    if "event" in answer:
                        self._events.append(answer["event"])
                    elif "error" in answer:
                        raise GuestError(answer["error"]["desc"])
                    elif "return" in answer:
                        return answer["return"]
            except OSError as error:
                raise GuestDied(f"QEMU's control socket: {error.strerror}") from error

    def hmp(self, line):
        """One line for QEMU's monitor; anything it prints is returned."""
        return self.qmp("human-monitor-command", **{"command-line": line}).strip()

    def device_add(self, device):
        """Plugs a device in; disks are supplied where they lack."""
        device, disk = self._complete(device)
        if disk:
            self.qmp("blockdev-add", **{"node-name": disk[0], "driver": "raw",
                                        "file": {"driver": "file", "filename": disk[1]}})
        text = self.hmp(f"device_add {device}")
        if text:
            raise GuestError(text)

    def device_del(self, name):
        """Asks for a device to be unplugged: the guest completes it, or does not."""
        self.qmp("device_del", id=name)

    # Below: how

    def _command(self, qemu):
        ports = os.path.join(self._directory, "external.aml")
        self._compile_acpi(ports)
        accelerator = ["-accel", "tcg,thread=single"]
        if self.icount:
            accelerator = ["-accel", "tcg,thread=single", "-icount", self.icount]
        command = [
            qemu, "-M", "q35" + self._memory_above_4g(), *accelerator, "-cpu", "max",
            "-smp", str(self.cpus), "-m", str(self.memory),
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", os.path.join(self.kernel, "bzImage"), "-append", self._cmdline(),
            "-acpitable", f"file={ports}",
            # Without this, ports would be driven by ACPI hot-plug instead of their own.
            "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
        ]
        if self.iommu:
            command += ["-device", "intel-iommu,intremap=on"]
        if self.console_kind == "stdio":
            command += ["-chardev", f"stdio,id=console,signal=off,mux=on,logfile={self.log}",
                        "-mon", "console,mode=readline"]
        else:
            command += ["-chardev", f"file,id=console,path={self.log}"]
        command += ["-serial", "chardev:console"]
        for name in ("commands", "requests"):
            command += ["-chardev", f"socket,id={name},path={self._directory}/{name}.socket",
                        "-serial", f"chardev:{name}"]
        command += ["-qmp", f"unix:{self._directory}/qmp.socket"]
        root, _ = self._complete("virtio-9p-pci,fsdev=root,mount_tag=root")
        command += ["-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap",
                    "-device", root]
        for number, (name, slot) in enumerate(PORTS):
            command += ["-device", f"pcie-root-port,id={name},bus=pcie.0,addr={slot:#x},"
                                   f"chassis={number + 1},slot={number + 1}"]
        for device in self.devices:
            device, disk = self._complete(device)
            if disk:
                command += ["-blockdev", f"driver=raw,node-name={disk[0]},file.driver=file,"
                                         f"file.filename={disk[1]}"]
            command += ["-device", device]
        return command + self.arguments

    def _memory_above_4g(self):
        """Linux sets bounce buffers up only with memory above 4 GiB, and needs them for untrusted
        devices behind an IOMMU: without, an NVMe behind an external port never answers."""
        return ",max-ram-below-4g=512M" if self.iommu else ""

    def _cmdline(self):
        words = [
            # Emulated, a timer tick can come too late for the boot's test of it, which then panics.
            "no_timer_check",
            "console=ttyS0", "panic=-1", "printk.devkmsg=on", "rootfstype=9p", "root=root", "ro",
            "rootflags=trans=virtio,version=9p2000.L,msize=512000,cache=loose",
            # Software emulation on a busy machine is no reason to see stalls.
            "rcupdate.rcu_cpu_stall_timeout=120", "watchdog_thresh=60",
            f"init={HERE}/init", f"DG_TOP={TOP}", f"DG_BUILD={self.build}",
            f"DG_KERNEL={self.kernel}",
        ]
        if self.console_kind == "stdio":
            words += ["DG_SHELL=1", "quiet"]
        return " ".join(words + [self.cmdline]).strip()

    def _compile_acpi(self, target):
        if not shutil.which("iasl"):
            raise GuestError("iasl is missing: run packaging/setup vm")
        done = subprocess.run(["iasl", "-p", target, os.path.join(HERE, "external.asl")],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise GuestError("iasl: " + done.stdout + done.stderr)

    def _complete(self, device):
        """A device string with what it lacks, and (node, file) of a disk made for it or None."""
        driver, disk = device.split(",")[0], None
        # An NVMe controller of a subsystem has namespaces of its own.
        if (driver in ("nvme", "virtio-blk-pci", "usb-storage") and ",drive=" not in device
                and ",subsys=" not in device):
            self._disks += 1
            disk = (f"image{self._disks}", os.path.join(self._directory, f"image{self._disks}"))
            with open(disk[1], "wb") as file:
                file.truncate(16 << 20)
            device += f",drive={disk[0]}"
        if driver == "nvme" and ",serial=" not in device:
            name = re.search(r",id=([^,]+)", device)
            device += f",serial={name.group(1) if name else 'devgate'}"
        if driver in ("e1000e", "virtio-net-pci") and ",romfile=" not in device:
            device += ",romfile="
        # Virtio devices bypass an IOMMU unless told not to.
        if driver.startswith("virtio-") and self.iommu and "iommu_platform" not in device:
            device += ",disable-legacy=on,iommu_platform=on"
        return device, disk

    def _listen(self, name):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(self._directory, name + ".socket"))
        listener.listen(1)
        listener.settimeout(0.2)
        return listener

    def _accept(self, listener):
        end = time.monotonic() + 30 * SCALE
        try:
            while True:
                try:
                    return listener.accept()[0]
                except socket.timeout:
                    if self.process.poll() is not None or time.monotonic() > end:
                        with open(os.path.join(self._directory, "qemu"), encoding="utf-8",
                                  errors="replace") as file:
                            raise BootError("QEMU did not start: " + file.read().strip()) from None
        finally:
            listener.close()

    def _line(self, deadline):
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise GuestHung("no answer in time")
            self._commands.settimeout(left)
            try:
                data = self._commands.recv(65536)
            except socket.timeout:
                raise GuestHung("no answer in time") from None
            except OSError as error:
                raise GuestDied(f"the guest is gone: {error.strerror}") from error
            if not data:
                try:
                    self.process.wait(5)
                except subprocess.TimeoutExpired:
                    pass
                status = self.process.poll()
                raise GuestDied("the guest is gone" + (
                    f" (QEMU: {signal.Signals(-status).name})" if status and status < 0 else ""))
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")

    def _serve(self, stream):
        """Answers the guest's requests until it ends."""
        verbs = {
            "device_add": self.device_add,
            "device_del": self.device_del,
            "hmp": self.hmp,
            "qmp": lambda text: json.dumps(self.qmp(*text.split(" ", 1)[:1], **json.loads(
                (text.split(" ", 1) + ["{}"])[1]))),
        }
        try:
            for line in stream.makefile("r", encoding="utf-8", errors="replace"):
                verb, _, rest = line.strip().partition(" ")
                try:
                    if verb not in verbs:
                        raise GuestError(f"no such request: {verb}")
                    answer = "ok " + (verbs[verb](rest) or "")
                except (GuestError, ValueError) as error:
                    answer = f"error {error}"
                stream.sendall(answer.replace("\r", "").replace("\n", "\\n").encode() + b"\n")
        except OSError:
            pass
