//! Memory of a key as a kernel uses it: its own, in large pages where the system has them, or a part of a file that is mapped,
//! whose pages the system keeps.

use memmap2::{Mmap, MmapMut};
use std::fs::File;
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// What lies in a file as it lies in memory.
///
/// # Safety
///
/// There are no bytes between fields, whatever the bytes are, they are a value, and a page is a boundary of one.
pub(crate) unsafe trait Plain: Copy + Send + Sync + 'static {}

/// Elements of a key.
pub(crate) enum KeyData<T> {
    /// In memory of the process.
    Owned(MmapMut, PhantomData<T>),
    /// In a file.
    Mapped(MappedKey),
}

/// A file in memory.
pub(crate) type MappedFile = Arc<Mmap>;

/// Where a key lies in such a file.
#[derive(Clone)]
pub(crate) struct MappedKey {
    pub(crate) file: MappedFile,
    pub(crate) bytes: Range<usize>,
}

/// Maps a file of expanded keys.
pub(crate) fn map(file: &File) -> std::io::Result<MappedFile> {
    // SAFETY: such files are written once, beside their place, and never changed under their name; they lie in folders that
    // only who runs the process may write, which could as well write into its memory.
    unsafe { Mmap::map(file) }.map(Arc::new)
}

impl<T: Plain> KeyData<T> {
    /// `count` elements of zeros, as `fill` leaves them.
    pub(crate) fn filled(count: usize, fill: impl FnOnce(&mut [T])) -> Self {
        // An empty map is refused.
        let map = MmapMut::map_anon((count * size_of::<T>()).max(1));
        let mut map = map.expect("memory was asked for before a key is brought into it");
        // A bootstrap goes through all of a key: with small pages it waits for their addresses. Where there are none, it waits.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        // SAFETY: whatever the bytes are, they are values; a map begins on a page.
        let (_, elements, _) = unsafe { map.align_to_mut::<T>() };
        fill(&mut elements[..count]);
        Self::Owned(map, PhantomData)
    }

    /// The elements in those bytes of a file. They lie within it, and on the boundary of one.
    pub(crate) fn mapped(key: MappedKey) -> Self {
        // SAFETY: whatever the bytes are, they are values.
        let (before, _, after) = unsafe { key.file[key.bytes.clone()].align_to::<T>() };
        assert!(before.is_empty() && after.is_empty(), "checked: a key lies on a boundary, and is whole");
        Self::Mapped(key)
    }

    /// The elements as bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: there are no bytes between fields, so that all of them are set.
        let (before, bytes, after) = unsafe { self.align_to::<u8>() };
        debug_assert!(before.is_empty() && after.is_empty());
        bytes
    }
}

impl<T: Plain> Deref for KeyData<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        match self {
            // SAFETY: whatever the bytes are, they are values; a map begins on a page.
            Self::Owned(map, _) => unsafe { map.align_to::<T>() }.1,
            // SAFETY: whatever the bytes are, they are values; `mapped` found them within the file and on a boundary.
            Self::Mapped(key) => unsafe { key.file[key.bytes.clone()].align_to::<T>() }.1,
        }
    }
}
