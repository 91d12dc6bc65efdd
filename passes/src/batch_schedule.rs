//! The order of work in which independent operations of one kind come together: few batches for all.
//!
//! An operation of a kind can join the next batch of that kind unless it waits for another one of its kind. A
//! batch that all of these are ready for loses nothing: whatever the best order is, it can begin with that
//! batch. Where no kind is as far, the one goes first that most is ready of. Pure: no IR in here.

/// An operation; `kind` is that of its batch, `None` if it goes wherever its operands are there.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// Places of earlier operations that it needs.
    pub(crate) needs: Vec<usize>,
    /// Kinds are numbered from 0 in the order in which they go when several are ready.
    pub(crate) kind: Option<usize>,
}

/// The operations, each named by its place in `works`, in an order that respects their needs. A group is a single
/// operation, or a batch of one kind.
pub(crate) fn schedule(works: &[Work]) -> Vec<Vec<usize>> {
    let kinds = works.iter().filter_map(|work| work.kind).max().map_or(0, |kind| kind + 1);
    let mut order = vec![];
    let mut left: Vec<usize> = (0..works.len()).collect();
    while !left.is_empty() {
        let progress = Progress::of(works, &left, kinds);
        order.extend(progress.free.iter().map(|&place| vec![place]));
        let mut batches: Vec<usize> = (0..kinds).filter(|&kind| progress.is_complete(kind)).collect();
        if batches.is_empty() {
            batches.extend(progress.most_complete());
        }
        let mut is_done = vec![false; works.len()];
        progress.free.iter().for_each(|&place| is_done[place] = true);
        for kind in batches {
            progress.ready[kind].iter().for_each(|&place| is_done[place] = true);
            order.push(progress.ready[kind].clone());
        }
        left.retain(|&place| !is_done[place]);
    }
    order
}

/// How far the work is.
struct Progress {
    /// Operations without a kind that can go now, in order.
    free: Vec<usize>,
    /// Of each kind those that wait for nothing.
    ready: Vec<Vec<usize>>,
    /// Of each kind how many wait for no other of it.
    joinable: Vec<usize>,
}

impl Progress {
    fn of(works: &[Work], left: &[usize], kinds: usize) -> Self {
        let mut progress = Self { free: vec![], ready: vec![vec![]; kinds], joinable: vec![0; kinds] };
        // Kinds that the result of an operation that is left waits for, its own included.
        let mut awaited: Vec<KindSet> = vec![KindSet::default(); works.len()];
        for &place in left {
            let work = &works[place];
            let mut waits_for = KindSet::default();
            work.needs.iter().for_each(|&need| waits_for.add_all(&awaited[need]));
            match work.kind {
                None if waits_for.is_empty() => progress.free.push(place),
                None => {}
                Some(kind) => {
                    if waits_for.is_empty() {
                        progress.ready[kind].push(place);
                    }
                    if !waits_for.has(kind) {
                        progress.joinable[kind] += 1;
                    }
                    waits_for.add(kind);
                }
            }
            awaited[place] = waits_for;
        }
        progress
    }

    fn is_complete(&self, kind: usize) -> bool {
        !self.ready[kind].is_empty() && self.ready[kind].len() == self.joinable[kind]
    }

    /// The first of the kinds that the greatest part is ready of.
    fn most_complete(&self) -> Option<usize> {
        let part = |kind: usize| self.ready[kind].len() as f64 / self.joinable[kind] as f64;
        let ready = (0..self.ready.len()).rev().filter(|&kind| !self.ready[kind].is_empty());
        ready.max_by(|&a, &b| part(a).total_cmp(&part(b)))
    }
}

/// A set of kinds, one bit each.
#[derive(Clone, Debug, Default)]
struct KindSet(Vec<u64>);

impl KindSet {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, kind: usize) -> bool {
        self.0.get(kind / 64).is_some_and(|bits| bits >> (kind % 64) & 1 == 1)
    }

    fn add(&mut self, kind: usize) {
        self.0.resize(self.0.len().max(kind / 64 + 1), 0);
        self.0[kind / 64] |= 1 << (kind % 64);
    }

    fn add_all(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(bits, more)| *bits |= more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn works(works: &[(Option<usize>, &[usize])]) -> Vec<Work> {
        works.iter().map(|&(kind, needs)| Work { needs: needs.to_vec(), kind }).collect()
    }

    #[test]
    fn one_kind_goes_by_depth() {
        let works = works(&[(Some(0), &[]), (None, &[0]), (Some(0), &[1]), (Some(0), &[]), (None, &[])]);
        assert_eq!(schedule(&works), [vec![4], vec![0, 3], vec![1], vec![2]]);
    }

    #[test]
    fn work_of_a_kind_waits_for_more_of_it() {
        // 0 could go at once, but 2 of its kind comes behind 1 of another.
        let works = works(&[(Some(0), &[]), (Some(1), &[]), (Some(0), &[1])]);
        assert_eq!(schedule(&works), [vec![1], vec![0, 2]]);
    }

    #[test]
    fn kinds_that_wait_for_each_other_are_split() {
        let works = works(&[(Some(0), &[]), (Some(1), &[0]), (Some(1), &[]), (Some(0), &[2])]);
        let order = schedule(&works);
        assert_eq!(order, [vec![0], vec![1, 2], vec![3]]);
    }

    /// Against every order of batches, on small random programs.
    #[test]
    fn few_batches_more_than_needed() {
        let mut seed = 7u64;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        let (mut found, mut least) = (0, 0);
        for _ in 0..200 {
            let works: Vec<Work> = (0..9)
                .map(|place| {
                    let needs = if place == 0 || random(3) == 0 { vec![] } else { vec![random(place)] };
                    Work { needs, kind: Some(random(3)) }
                })
                .collect();
            let order = schedule(&works);
            let mut is_done = [false; 9];
            for group in &order {
                assert!(group.iter().all(|&place| works[place].needs.iter().all(|&need| is_done[need])));
                group.iter().for_each(|&place| is_done[place] = true);
            }
            assert_eq!(is_done, [true; 9]);
            let best = fewest(&works, 0);
            assert!(best <= order.len());
            found += order.len();
            least += best;
        }
        assert!(found as f64 <= 1.03 * least as f64, "{found} batches, {least} are enough");
    }

    fn fewest(works: &[Work], done: u32) -> usize {
        let is_ready = |place: usize| {
            done >> place & 1 == 0 && works[place].needs.iter().all(|&need| done >> need & 1 == 1)
        };
        (0..3)
            .filter_map(|kind| {
                let ready =
                    (0..works.len()).filter(|&place| works[place].kind == Some(kind) && is_ready(place));
                let batch = ready.fold(0u32, |batch, place| batch | 1 << place);
                (batch != 0).then(|| 1 + fewest(works, done | batch))
            })
            .min()
            .unwrap_or(0)
    }
}
