// SPDX-License-Identifier: GPL-2.0-only
// Marks two root ports as outward facing, as a machine's firmware does for its hot-plug sockets:
// what is plugged in there is external and untrusted for Linux. The addresses are those of the
// ports external0 and external1 in harness.py.
DefinitionBlock ("", "SSDT", 2, "DEVGAT", "EXTPORT", 1)
{
	External (\_SB.PCI0, DeviceObj)

	Scope (\_SB.PCI0)
	{
		Device (DGX0)
		{
			Name (_ADR, 0x00180000)
			Name (_DSD, Package ()
			{
				ToUUID ("efcc06cc-73ac-4bc3-bff0-76143807c389"),
				Package () { Package () { "ExternalFacingPort", 1 } }
			})
		}

		Device (DGX1)
		{
			Name (_ADR, 0x00190000)
			Name (_DSD, Package ()
			{
				ToUUID ("efcc06cc-73ac-4bc3-bff0-76143807c389"),
				Package () { Package () { "ExternalFacingPort", 1 } }
			})
		}
	}
}
