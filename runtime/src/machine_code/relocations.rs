//! How addresses are written into machine code that was compiled to lie anywhere: the relocations of ELF that
//! LLVM makes for position-independent code without a global offset table.
//!
//! Formulas as in the processor supplements of ELF (System V ABI for x86-64; ELF for the Arm 64-bit architecture):
//! `S` is the symbol's address, `A` the addend, `P` the place.

use cloakwork_abi::processor::Architecture;
use object::elf;

/// One relocation, with `S + A` and `P` as numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relocation {
    pub(super) kind: u32,
    pub(super) value: u64,
    pub(super) place: u64,
}

/// Writes the address into `bytes`, which begin at the place.
pub(super) fn apply(
    architecture: Architecture,
    relocation: Relocation,
    bytes: &mut [u8],
) -> Result<(), String> {
    match architecture {
        Architecture::X86_64 => x86_64(relocation, bytes),
        Architecture::Aarch64 => aarch64(relocation, bytes),
    }
}

fn x86_64(Relocation { kind, value, place }: Relocation, bytes: &mut [u8]) -> Result<(), String> {
    let distance = value.wrapping_sub(place) as i64;
    match kind {
        elf::R_X86_64_64 => put(bytes, &value.to_le_bytes()),
        elf::R_X86_64_PC64 => put(bytes, &distance.to_le_bytes()),
        elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 => put(bytes, &narrow(distance)?.to_le_bytes()),
        other => {
            Err(format!("it has a relocation of kind {other}, which code of this compiler does not have"))
        }
    }
}

fn aarch64(Relocation { kind, value, place }: Relocation, bytes: &mut [u8]) -> Result<(), String> {
    let distance = value.wrapping_sub(place) as i64;
    let low = |shift: u32| match (value & 0xfff) % (1 << shift) {
        0 => Ok(((value & 0xfff) >> shift) as u32),
        _ => Err(format!("an address {value:#x} is not aligned to {} bytes", 1 << shift)),
    };
    // Bits of an instruction, with what is put there.
    let (mask, bits) = match kind {
        elf::R_AARCH64_ABS64 => return put(bytes, &value.to_le_bytes()),
        elf::R_AARCH64_PREL64 => return put(bytes, &distance.to_le_bytes()),
        elf::R_AARCH64_PREL32 => return put(bytes, &narrow(distance)?.to_le_bytes()),
        elf::R_AARCH64_ADR_PREL_PG_HI21 => {
            let pages = (value >> 12).wrapping_sub(place >> 12) as i64;
            let pages = signed(pages, 21)?;
            ((0b11 << 29) | (0x7_ffff << 5), (pages & 0b11) << 29 | (pages >> 2) << 5)
        }
        elf::R_AARCH64_ADD_ABS_LO12_NC | elf::R_AARCH64_LDST8_ABS_LO12_NC => (0xfff << 10, low(0)? << 10),
        elf::R_AARCH64_LDST16_ABS_LO12_NC => (0xfff << 10, low(1)? << 10),
        elf::R_AARCH64_LDST32_ABS_LO12_NC => (0xfff << 10, low(2)? << 10),
        elf::R_AARCH64_LDST64_ABS_LO12_NC => (0xfff << 10, low(3)? << 10),
        elf::R_AARCH64_LDST128_ABS_LO12_NC => (0xfff << 10, low(4)? << 10),
        elf::R_AARCH64_CALL26 | elf::R_AARCH64_JUMP26 if distance % 4 == 0 => {
            (0x3ff_ffff, signed(distance / 4, 26)?)
        }
        other => {
            return Err(format!(
                "it has a relocation of kind {other}, which code of this compiler does not have"
            ));
        }
    };
    let word: &mut [u8; 4] = bytes.first_chunk_mut().ok_or("a relocation ends behind its section")?;
    *word = (u32::from_le_bytes(*word) & !mask | bits).to_le_bytes();
    Ok(())
}

fn put(bytes: &mut [u8], value: &[u8]) -> Result<(), String> {
    let place = bytes.get_mut(..value.len()).ok_or("a relocation ends behind its section")?;
    place.copy_from_slice(value);
    Ok(())
}

fn narrow(distance: i64) -> Result<i32, String> {
    i32::try_from(distance).map_err(|_| format!("a distance of {distance} bytes does not fit 32 bits"))
}

/// The lowest bits of a number that fits them.
fn signed(number: i64, bits: u32) -> Result<u32, String> {
    let limit = 1i64 << (bits - 1);
    match (-limit..limit).contains(&number) {
        true => Ok(number as u32 & ((1 << bits) - 1)),
        false => Err(format!("a distance of {number} does not fit {bits} bits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(kind: u32, value: u64, place: u64, instruction: u32) -> Result<u32, String> {
        let mut bytes = instruction.to_le_bytes();
        apply(Architecture::Aarch64, Relocation { kind, value, place }, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    #[test]
    fn arm_instructions_are_those_of_an_assembler() {
        // `adrp x0, .` and its neighbours, as `llvm-mc -triple=aarch64 -show-encoding` writes them.
        let adrp =
            |value, place| patched(elf::R_AARCH64_ADR_PREL_PG_HI21, value, place, 0x9000_0000).unwrap();
        assert_eq!(adrp(0x5_1234, 0x4_0ff8), 0xb000_0080); // adrp x0, #0x11000
        assert_eq!(adrp(0x4_0000, 0x4_0ff8), 0x9000_0000);
        assert_eq!(adrp(0x3_f000, 0x4_0000), 0xf0ff_ffe0); // adrp x0, #-0x1000
        let low = |kind, value, instruction| patched(kind, value, 0, instruction);
        assert_eq!(low(elf::R_AARCH64_ADD_ABS_LO12_NC, 0x1234, 0x9100_0000).unwrap(), 0x9108_d000); // add x0, x0, #0x234
        assert_eq!(low(elf::R_AARCH64_LDST64_ABS_LO12_NC, 0x1238, 0xf940_0000).unwrap(), 0xf941_1c00); // ldr x0, [x0, #0x238]
        assert_eq!(low(elf::R_AARCH64_LDST128_ABS_LO12_NC, 0x1230, 0x3dc0_0000).unwrap(), 0x3dc0_8c00); // ldr q0, [x0, #0x230]
        assert!(low(elf::R_AARCH64_LDST64_ABS_LO12_NC, 0x1234, 0xf940_0000).is_err());
        let call = |value, place| patched(elf::R_AARCH64_CALL26, value, place, 0x9400_0000);
        assert_eq!(call(0x1000, 0).unwrap(), 0x9400_0400); // bl #0x1000
        assert_eq!(call(0, 4).unwrap(), 0x97ff_ffff); // bl #-4
        assert!(call(1 << 27, 0).is_err() && call(2, 0).is_err());
    }

    #[test]
    fn what_is_out_of_reach_is_refused() {
        let relocation = |kind, value| Relocation { kind, value, place: 0x1000 };
        let mut bytes = [0; 8];
        apply(Architecture::X86_64, relocation(elf::R_X86_64_PC32, 0xffc), &mut bytes).unwrap();
        assert_eq!(bytes[..4], [0xfc, 0xff, 0xff, 0xff]);
        apply(Architecture::X86_64, relocation(elf::R_X86_64_64, 0x0102), &mut bytes).unwrap();
        assert_eq!(bytes, [2, 1, 0, 0, 0, 0, 0, 0]);
        for (kind, value, length) in
            [(elf::R_X86_64_PC32, 1 << 40, 8), (elf::R_X86_64_64, 0, 7), (elf::R_X86_64_GOTPCREL, 0, 8)]
        {
            assert!(apply(Architecture::X86_64, relocation(kind, value), &mut bytes[..length]).is_err());
        }
    }
}
