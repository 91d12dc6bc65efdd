//! Machine code of an artifact, brought into memory without the system's loader: a relocatable ELF object whose only
//! needs are five functions of the C library.
//!
//! Sections lie in one mapping: code, constants, variables, each on pages of its own; nothing is ever writable and
//! executable at once. What the compiler does not make is refused: other relocations, other undefined symbols,
//! initialisers.

mod relocations;

use cloakwork_abi::processor::Architecture;
use object::elf::{EM_AARCH64, EM_X86_64, ET_REL, SHF_ALLOC, SHF_EXECINSTR, SHF_TLS, SHF_WRITE};
use object::read::elf::{ElfFile64, FileHeader};
use object::{
    Endianness, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionFlags,
    SectionIndex, SymbolSection,
};
use relocations::Relocation;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::ptr::NonNull;

/// Most bytes of all sections together, so that every distance fits 32 bits.
const MAX_BYTES: usize = 1 << 30;
/// Boundary between memory of different rights, on every machine a multiple of a page.
const PAGE: usize = 1 << 16;
/// Greatest boundary that a section may ask for: what a mapping lies on at least.
const MAX_ALIGN: u64 = 1 << 12;
/// Bytes of a jump to a function of the C library.
const JUMP: usize = 16;

type Elf<'a> = ElfFile64<'a, Endianness>;

/// Loaded code. It stays in place until this is dropped: whoever calls a function of it keeps it alive.
#[derive(Debug)]
pub(crate) struct MachineCode {
    memory: Memory,
    /// Offsets of global functions and constants.
    symbols: BTreeMap<String, usize>,
}

impl MachineCode {
    /// Loads an object for this processor. Its sections named `spec_section` must hold `spec`.
    pub(crate) fn load(object: &[u8], (spec_section, spec): (&str, &[u8])) -> Result<Self, String> {
        let architecture = Architecture::here().ok_or("there is no machine code for this processor")?;
        let file = parse(object, architecture)?;
        let spec_found = file.section_by_name(spec_section).and_then(|section| section.data().ok());
        if spec_found != Some(spec) {
            return Err("its machine code was compiled for another spec".to_owned());
        }
        let layout = Layout::of(&file)?;
        let mut memory = Memory::new(layout.total)?;
        for (&index, &(start, _)) in &layout.sections {
            let section = file.section_by_index(SectionIndex(index)).map_err(text)?;
            let data = section.data().map_err(text)?;
            memory.bytes()[start..start + data.len()].copy_from_slice(data);
        }
        for (number, &(_, address)) in layout.jumps.iter().enumerate() {
            let start = layout.jumps_at + number * JUMP;
            memory.bytes()[start..start + JUMP].copy_from_slice(&jump(architecture, address));
        }
        layout.relocate(&file, architecture, &mut memory)?;
        memory.protect(0, layout.constants_at, libc::PROT_READ | libc::PROT_EXEC)?;
        memory.protect(layout.constants_at, layout.variables_at, libc::PROT_READ)?;
        let mut symbols = BTreeMap::new();
        for symbol in file.symbols().filter(|symbol| symbol.is_global() && symbol.is_definition()) {
            let name = symbol.name().map_err(text)?.to_owned();
            symbols.insert(name, layout.place_of(&symbol)?);
        }
        Ok(Self { memory, symbols })
    }

    /// Address of a global symbol, valid as long as `self`.
    pub(crate) fn symbol(&self, name: &str) -> Option<*const c_void> {
        let offset = *self.symbols.get(name)?;
        Some(self.memory.start.as_ptr().wrapping_add(offset).cast_const().cast())
    }
}

fn parse(object: &[u8], architecture: Architecture) -> Result<Elf<'_>, String> {
    let file = Elf::parse(object).map_err(text)?;
    let machine = match architecture {
        Architecture::X86_64 => EM_X86_64,
        Architecture::Aarch64 => EM_AARCH64,
    };
    let (header, endian) = (file.elf_header(), file.endian());
    let is_ours = endian == Endianness::Little
        && header.e_machine(endian) == machine
        && header.e_type(endian) == ET_REL;
    if is_ours { Ok(file) } else { Err("its machine code is no object file for this processor".to_owned()) }
}

/// Where everything comes to lie.
#[derive(Default)]
struct Layout {
    /// By section: offset and length.
    sections: BTreeMap<usize, (usize, usize)>,
    /// Functions of the C library.
    jumps: Vec<(String, usize)>,
    jumps_at: usize,
    constants_at: usize,
    variables_at: usize,
    total: usize,
}

impl Layout {
    fn of(file: &Elf<'_>) -> Result<Self, String> {
        let mut layout = Self::default();
        for symbol in file.symbols().filter(|symbol| symbol.is_undefined() && symbol.name() != Ok("")) {
            let name = symbol.name().map_err(text)?;
            let address = library_function(name)
                .ok_or_else(|| format!("its machine code needs `{name}`, which is not there"))?;
            layout.jumps.push((name.to_owned(), address));
        }
        layout.total = layout.jumps.len() * JUMP;
        layout.place(file, SHF_EXECINSTR)?;
        layout.constants_at = layout.end_of_pages();
        layout.place(file, 0)?;
        layout.variables_at = layout.end_of_pages();
        layout.place(file, SHF_WRITE)?;
        layout.end_of_pages();
        Ok(layout)
    }

    /// Places all sections with those rights.
    fn place(&mut self, file: &Elf<'_>, rights: u32) -> Result<(), String> {
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags: flags } = section.flags() else { continue };
            if flags & u64::from(SHF_ALLOC) == 0
                || flags & u64::from(SHF_WRITE | SHF_EXECINSTR) != u64::from(rights)
            {
                continue;
            }
            let name = section.name().map_err(text)?;
            let is_initialiser = name.starts_with(".init") || name.starts_with(".fini");
            if flags & u64::from(SHF_TLS) != 0 || is_initialiser {
                return Err(format!(
                    "its machine code has a section `{name}`, which none of this compiler has"
                ));
            }
            let (length, align) = (section.size(), section.align().max(1));
            let fits = align.is_power_of_two() && align <= MAX_ALIGN && length <= MAX_BYTES as u64;
            let start = self.total.next_multiple_of(if fits { align as usize } else { 1 });
            if !fits || start + length as usize > MAX_BYTES {
                return Err(format!(
                    "its machine code has {length} bytes in `{name}`, allowed are {MAX_BYTES}"
                ));
            }
            self.sections.insert(section.index().0, (start, length as usize));
            self.total = start + length as usize;
        }
        Ok(())
    }

    fn end_of_pages(&mut self) -> usize {
        self.total = self.total.next_multiple_of(PAGE);
        self.total
    }

    /// Offset of a symbol.
    fn place_of<'d>(&self, symbol: &impl ObjectSymbol<'d>) -> Result<usize, String> {
        let name = symbol.name().map_err(text)?;
        let unknown = || format!("its machine code has a symbol `{name}` that lies nowhere");
        match symbol.section() {
            SymbolSection::Undefined => {
                let position = self.jumps.iter().position(|(jump, _)| jump == name);
                position.map(|position| self.jumps_at + position * JUMP).ok_or_else(unknown)
            }
            SymbolSection::Section(index) => {
                let &(start, length) = self.sections.get(&index.0).ok_or_else(unknown)?;
                let offset = usize::try_from(symbol.address()).ok().filter(|&offset| offset <= length);
                offset.map(|offset| start + offset).ok_or_else(unknown)
            }
            _ => Err(unknown()),
        }
    }

    fn relocate(
        &self,
        file: &Elf<'_>,
        architecture: Architecture,
        memory: &mut Memory,
    ) -> Result<(), String> {
        let base = memory.start.as_ptr().expose_provenance() as u64;
        for (&index, &(start, length)) in &self.sections {
            let section = file.section_by_index(SectionIndex(index)).map_err(text)?;
            for (offset, relocation) in section.relocations() {
                let (RelocationTarget::Symbol(symbol), RelocationFlags::Elf { r_type: kind }) =
                    (relocation.target(), relocation.flags())
                else {
                    return Err("its machine code has a relocation without a symbol".to_owned());
                };
                let symbol = self.place_of(&file.symbol_by_index(symbol).map_err(text)?)? as u64;
                let offset = usize::try_from(offset).ok().filter(|&offset| offset < length);
                let offset = offset.ok_or("a relocation lies behind its section")?;
                let value = (base + symbol).wrapping_add_signed(relocation.addend());
                let place = base + (start + offset) as u64;
                let bytes = &mut memory.bytes()[start + offset..start + length];
                relocations::apply(architecture, Relocation { kind, value, place }, bytes)?;
            }
        }
        Ok(())
    }
}

/// A jump to an address that may be farther away than calls reach.
fn jump(architecture: Architecture, address: usize) -> [u8; JUMP] {
    let mut code = [0; JUMP];
    match architecture {
        // jmp *[rip + 2]; two bytes over; the address
        Architecture::X86_64 => code[..6].copy_from_slice(&[0xff, 0x25, 2, 0, 0, 0]),
        // ldr x16, #8; br x16; the address
        Architecture::Aarch64 => code[..8].copy_from_slice(&[0x50, 0, 0, 0x58, 0, 2, 0x1f, 0xd6]),
    }
    code[8..].copy_from_slice(&(address as u64).to_le_bytes());
    code
}

/// The functions that LLVM makes out of loops.
fn library_function(name: &str) -> Option<usize> {
    unsafe extern "C" {
        fn bcmp(left: *const c_void, right: *const c_void, length: usize) -> i32;
    }
    let address = match name {
        "bcmp" => bcmp as *const c_void,
        "memcmp" => libc::memcmp as *const c_void,
        "memcpy" => libc::memcpy as *const c_void,
        "memmove" => libc::memmove as *const c_void,
        "memset" => libc::memset as *const c_void,
        _ => return None,
    };
    Some(address.expose_provenance())
}

/// Pages of this process, given back when dropped.
#[derive(Debug)]
struct Memory {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: after `load` the memory is only read and executed, or written by code that obeys `Entry`.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Zeros that can be written. `length` is a multiple of [`PAGE`].
    fn new(length: usize) -> Result<Self, String> {
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping at an address of the system's choice touches no other memory.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, rights, flags, -1, 0) };
        let start = if start == libc::MAP_FAILED { None } else { NonNull::new(start.cast()) };
        let start = start.ok_or_else(|| failed("memory for machine code cannot be had"))?;
        Ok(Self { start, length })
    }

    /// All of it, before any of it is protected.
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the mapping is ours, of this length, and writable until `protect`, after which nobody calls this.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }

    fn protect(&mut self, from: usize, to: usize, rights: i32) -> Result<(), String> {
        if from == to {
            return Ok(());
        }
        let start = self.start.as_ptr().wrapping_add(from);
        #[cfg(target_arch = "aarch64")]
        if rights & libc::PROT_EXEC != 0 {
            unsafe extern "C" {
                fn __clear_cache(start: *mut u8, end: *mut u8);
            }
            // SAFETY: the range lies in the mapping.
            unsafe { __clear_cache(start, self.start.as_ptr().wrapping_add(to)) };
        }
        // SAFETY: the range lies in the mapping, on boundaries of pages.
        match unsafe { libc::mprotect(start.cast(), to - from, rights) } {
            0 => Ok(()),
            _ => Err(failed("memory cannot be made executable")),
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing in it is used any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

fn failed(what: &str) -> String {
    format!("{what}: {}", std::io::Error::last_os_error())
}

fn text(error: object::Error) -> String {
    format!("its machine code cannot be read: {error}")
}
