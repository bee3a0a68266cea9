" SPDX-License-Identifier: GPL-2.0-only
" Vim syntax file of the devgate policy language (*.dgp); see docs/editors.md.
if exists("b:current_syntax")
	finish
endif

syntax case match
" An attribute or an operation is one word: pci.id, dma-relaxed.
syntax iskeyword @,48-57,_,.,-

syntax keyword dgpStatement allow assert default deny expect forbid import policy set test
syntax keyword dgpKeyword abi at audit by device from mode on reason until version where
syntax keyword dgpOperator and in is like not or
syntax keyword dgpConstant all always any denied false known never permissive true
syntax keyword dgpOperation bind mmio mmap dma dma-relaxed dma-private connect lock accept
syntax keyword dgpAttribute bus device.name device.path driver.name driver.module driver.builtin
syntax keyword dgpAttribute pci.id pci.subsystem pci.class pci.revision pci.address pci.segment
syntax keyword dgpAttribute pci.bus pci.slot pci.function pci.external pci.virtfn usb.id
syntax keyword dgpAttribute usb.class usb.interfaces usb.serial usb.product usb.manufacturer
syntax keyword dgpAttribute usb.port acpi.ids of.compatible iommu.domain ide.active tdi.state
syntax keyword dgpAttribute tdi.no-fw-update tdi.dma-without-pasid tdi.dma-with-pasid tdi.ats
syntax keyword dgpAttribute tdi.prs spdm.verified spdm.root spdm.leaf spdm.report attest.result
syntax match dgpAttribute /\<spdm\.meas\.\d\+\>/
syntax match dgpDigest /\<sha\%(256\|384\|512\):\x\+\>/
syntax match dgpComment /#.*$/ contains=@Spell
syntax region dgpString start=/"/ skip=/\\./ end=/"/ oneline contains=dgpEscape
syntax match dgpEscape /\\./ contained

highlight default link dgpStatement Statement
highlight default link dgpKeyword Keyword
highlight default link dgpOperator Operator
highlight default link dgpConstant Constant
highlight default link dgpOperation Function
highlight default link dgpAttribute Identifier
highlight default link dgpDigest Number
highlight default link dgpComment Comment
highlight default link dgpString String
highlight default link dgpEscape SpecialChar

let b:current_syntax = "devgate"
