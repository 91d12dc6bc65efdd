//! What the process does with memory that is free again.

/// Blocks of as many bytes go back to the system at once: those of keys while they are expanded, above all. Of itself glibc keeps
/// blocks of up to 32 MiB once one was freed, in as many heaps as there are threads, and so grows beyond what was ever needed at once.
#[cfg(target_env = "gnu")]
const LARGE: libc::c_int = 4 << 20;

/// To be called before there is much to allocate. Concerns the whole process.
pub(crate) fn give_large_blocks_back() {
    // SAFETY: sets a number; no pointer is passed.
    #[cfg(target_env = "gnu")]
    let _ = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
}
