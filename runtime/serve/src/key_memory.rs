//! Evaluation keys in memory or mapped into it, within a limit.
//!
//! Memory is reserved before keys are loaded. Where there is too little, the keys that were used longest ago are let go, of
//! the tenant that holds most; keys in use stay, and who needs room waits for them.

use crate::ContentHash;
use crate::problem::{Kind, Problem};
use crate::tokens::Tenant;
use cloakwork_runtime::ExpandedKeys;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often someone who waits for room looks whether he is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// Whose keys, and which.
pub(crate) type Owner = (Tenant, ContentHash);

/// The keys in memory; `K` is [`ExpandedKeys`] but in tests.
pub(crate) struct KeyMemory<K = ExpandedKeys> {
    limit: u64,
    state: Mutex<State<K>>,
    changed: Condvar,
}

/// What has happened, and how much is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) bytes: u64,
    pub(crate) loads: u64,
    pub(crate) evictions: u64,
}

struct State<K> {
    entries: BTreeMap<Owner, Entry<K>>,
    usage: Usage,
    clock: u64,
}

struct Entry<K> {
    /// None while they are loaded.
    keys: Option<Arc<K>>,
    bytes: u64,
    used: u64,
}

/// Keys in use.
pub(crate) struct Lease<'m, K = ExpandedKeys> {
    keys: Option<Arc<K>>,
    memory: &'m KeyMemory<K>,
}

impl<K> KeyMemory<K> {
    pub(crate) fn new(limit: u64) -> Self {
        let state = State { entries: BTreeMap::new(), usage: Usage::default(), clock: 0 };
        Self { limit, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Refuses keys that cannot be loaded at all.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), Problem> {
        match bytes <= self.limit {
            true => Ok(()),
            false => {
                let limit = self.limit;
                let detail = format!(
                    "keys of this model take {bytes} bytes of memory, the service allows {limit} for all"
                );
                Err(Problem::new(Kind::KeysTooLarge, detail))
            }
        }
    }

    /// The keys of `owner`, which take so many bytes; loads them if they are not there.
    pub(crate) fn get(
        &self,
        owner: &Owner,
        bytes: u64,
        load: impl FnOnce() -> Result<K, Problem>,
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Lease<'_, K>, Problem> {
        self.check(bytes)?;
        let mut state = self.lock();
        loop {
            if is_cancelled() {
                return Err(Problem::new(Kind::Cancelled, "nobody waits for the result"));
            }
            state.clock += 1;
            let now = state.clock;
            let found = state.entries.get_mut(owner);
            let is_loading = found.is_some();
            if let Some(Entry { keys: Some(keys), used, .. }) = found {
                *used = now;
                return Ok(Lease { keys: Some(keys.clone()), memory: self });
            }
            // Where it is there without keys, someone else loads them.
            if !is_loading && state.make_room(owner, bytes, self.limit) {
                break;
            }
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        let used = state.clock;
        state.entries.insert(owner.clone(), Entry { keys: None, bytes, used });
        state.usage.bytes += bytes;
        state.usage.loads += 1;
        drop(state);
        let reservation = Reservation { memory: self, owner, is_kept: false };
        reservation.fill(load()?)
    }

    /// Lets keys go that were deleted; those in use go with their last run.
    pub(crate) fn forget(&self, owner: &Owner) {
        let mut state = self.lock();
        if state.entries.get(owner).is_some_and(|entry| entry.keys.is_some()) {
            state.remove(owner);
        }
        drop(state);
        self.changed.notify_all();
    }

    pub(crate) fn usage(&self) -> Usage {
        self.lock().usage
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for keys that are being loaded; it is given up if that fails or panics.
struct Reservation<'m, 'o, K> {
    memory: &'m KeyMemory<K>,
    owner: &'o Owner,
    is_kept: bool,
}

impl<'m, K> Reservation<'m, '_, K> {
    fn fill(mut self, keys: K) -> Result<Lease<'m, K>, Problem> {
        let keys = Arc::new(keys);
        if let Some(entry) = self.memory.lock().entries.get_mut(self.owner) {
            entry.keys = Some(keys.clone());
        }
        self.is_kept = true;
        self.memory.changed.notify_all();
        Ok(Lease { keys: Some(keys), memory: self.memory })
    }
}

impl<K> Drop for Reservation<'_, '_, K> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.memory.lock().remove(self.owner);
            self.memory.changed.notify_all();
        }
    }
}

impl<K> State<K> {
    /// Whether there is room for so many more bytes of `owner`, after letting go of keys that are not in use.
    fn make_room(&mut self, owner: &Owner, bytes: u64, limit: u64) -> bool {
        while self.usage.bytes + bytes > limit {
            let mut held: BTreeMap<&Tenant, u64> = BTreeMap::from([(&owner.0, bytes)]);
            for ((tenant, _), entry) in &self.entries {
                *held.entry(tenant).or_default() += entry.bytes;
            }
            let idle =
                |entry: &Entry<K>| entry.keys.as_ref().is_some_and(|keys| Arc::strong_count(keys) == 1);
            let idle = self.entries.iter().filter(|(_, entry)| idle(entry));
            let victim = idle.max_by_key(|((tenant, _), entry)| (held[tenant], Reverse(entry.used)));
            let Some(victim) = victim.map(|(owner, _)| owner.clone()) else { return false };
            self.remove(&victim);
            self.usage.evictions += 1;
        }
        true
    }

    fn remove(&mut self, owner: &Owner) {
        if let Some(entry) = self.entries.remove(owner) {
            self.usage.bytes -= entry.bytes;
        }
    }
}

impl<K> Deref for Lease<'_, K> {
    type Target = K;

    fn deref(&self) -> &K {
        self.keys.as_ref().expect("there until dropped")
    }
}

impl<K> Drop for Lease<'_, K> {
    fn drop(&mut self) {
        // First the keys, so that who is woken finds them idle.
        let _state = self.memory.lock();
        self.keys = None;
        self.memory.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn owner(tenant: &str, number: u8) -> Owner {
        (tenant.parse().expect("a name"), ContentHash::of(&[number]))
    }

    /// Uses keys of 10 bytes once; whether they were loaded for that.
    fn is_loaded(memory: &KeyMemory<u8>, owner: &Owner) -> bool {
        let before = memory.usage().loads;
        drop(memory.get(owner, 10, || Ok(1), &|| false).expect("room"));
        memory.usage().loads > before
    }

    #[test]
    fn the_oldest_keys_of_who_holds_most_are_let_go() {
        let memory = KeyMemory::new(40);
        let (quiet, greedy) = (owner("quiet", 0), |number| owner("greedy", number));
        assert!(is_loaded(&memory, &quiet));
        (1..=20).for_each(|number| assert!(is_loaded(&memory, &greedy(number))));
        assert!(!is_loaded(&memory, &quiet), "others cannot push it out");
        assert!(!is_loaded(&memory, &greedy(20)) && is_loaded(&memory, &greedy(1)));
        assert_eq!(memory.usage(), Usage { bytes: 40, loads: 22, evictions: 18 });
    }

    #[test]
    fn keys_in_use_stay_and_who_needs_room_waits() {
        let memory = KeyMemory::new(10);
        let (first, second) = (owner("a", 1), owner("b", 2));
        let lease = memory.get(&first, 10, || Ok(1), &|| false).expect("room");
        let patience = AtomicU64::new(2);
        let is_cancelled = || patience.fetch_sub(1, Ordering::Relaxed) == 0;
        let refused = memory.get(&second, 10, || Ok(2), &is_cancelled).err().expect("no room");
        assert_eq!(refused.kind, Kind::Cancelled);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| *memory.get(&second, 10, || Ok(2), &|| false).expect("room"));
            drop(lease);
            assert_eq!(waiting.join().expect("no panic"), 2);
        });
        assert_eq!(memory.usage().bytes, 10);
    }

    #[test]
    fn keys_are_loaded_once_for_all_who_wait() {
        let memory = KeyMemory::new(10);
        let count = AtomicU64::new(0);
        let load = || {
            std::thread::sleep(Duration::from_millis(30));
            Ok(count.fetch_add(1, Ordering::Relaxed) as u8)
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| drop(memory.get(&owner("a", 1), 10, load, &|| false).expect("room")));
            }
        });
        assert_eq!(count.into_inner(), 1);
    }

    #[test]
    fn what_fails_or_is_deleted_takes_no_memory() {
        let memory = KeyMemory::<u8>::new(10);
        let broken = || Err(Problem::new(Kind::UnfitKeys, "broken"));
        assert_eq!(
            memory.get(&owner("a", 1), 10, broken, &|| false).err().expect("broken").kind,
            Kind::UnfitKeys
        );
        assert_eq!(memory.usage().bytes, 0);
        assert!(is_loaded(&memory, &owner("a", 1)));
        memory.forget(&owner("a", 1));
        assert_eq!(memory.usage().bytes, 0);
        let refused = memory.get(&owner("a", 1), 11, || Ok(1), &|| false).err().expect("too large");
        assert_eq!(refused.kind, Kind::KeysTooLarge);
    }
}
