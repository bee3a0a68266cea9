// SPDX-License-Identifier: GPL-2.0-only
// Marks two root ports as outward facing, as a machine's firmware does for its hot-plug sockets:
// what is plugged in there is external and untrusted for Linux. QEMU's own table has the ports'
// nodes, named after slot and function (0xc0 is slot 0x18): external0 and external1 of harness.py.
DefinitionBlock ("", "SSDT", 2, "DEVGAT", "EXTPORT", 1)
{
	External (\_SB.PCI0.SC0, DeviceObj)
	External (\_SB.PCI0.SC8, DeviceObj)

	Scope (\_SB.PCI0.SC0)
	{
		Name (_DSD, Package ()
		{
			ToUUID ("efcc06cc-73ac-4bc3-bff0-76143807c389"),
			Package () { Package () { "ExternalFacingPort", 1 } }
		})
	}

	Scope (\_SB.PCI0.SC8)
	{
		Name (_DSD, Package ()
		{
			ToUUID ("efcc06cc-73ac-4bc3-bff0-76143807c389"),
			Package () { Package () { "ExternalFacingPort", 1 } }
		})
	}
}
